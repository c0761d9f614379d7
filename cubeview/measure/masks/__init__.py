"""Of masks: how alike two are, what they hold, and cheap ways to make one."""
