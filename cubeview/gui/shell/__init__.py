"""The window itself: what holds views, panels and menus, and its start."""
