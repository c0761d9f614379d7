"""The menus and the toolbar, made from the table of actions."""

from functools import partial

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QActionGroup
from PyQt6.QtWidgets import QLabel, QMainWindow, QMenu, QToolBar, QToolButton

from cubeview.gui.desk.actions import MENUS, Actions
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.samples import samples
from cubeview.gui.dialogs.sheets import RESEARCH_USE
from cubeview.gui.shell.docks import Docks
from cubeview.gui.widgets.basic import add_action, plain_tip
from cubeview.gui.widgets.theme import THEMES, ThemeName, theme


class Menus:
    """The menus of a window; `recent` is that of what was opened lately."""

    def __init__(self, window: QMainWindow, actions: Actions, docks: Docks, desk: Desk) -> None:
        opening = desk.opening
        self._opening, self._memory = opening, desk.memory
        toolbar = _toolbar(window, actions)
        menu_bar = window.menuBar()
        assert menu_bar is not None
        menus: dict[str, QMenu] = {}
        for name in MENUS:
            menu = menu_bar.addMenu(f"&{name}")
            assert menu is not None
            actions.fill(menu, name)
            menus[name] = menu
        later = actions["close_case"]
        self.recent = QMenu("Open &recent", window)
        menus["File"].insertMenu(later, self.recent)
        if found := samples():
            sample_menu = QMenu("Open s&ample", window)
            for sample in found:
                paths = list(sample.paths)
                add_action(sample_menu, sample.title, partial(opening.open, paths, remember=False))
            menus["File"].insertMenu(later, sample_menu)
            button = QToolButton()
            button.setText("Samples")
            button.setMenu(sample_menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            toolbar.insertWidget(actions["play"], button)
        menus["File"].insertSeparator(later)
        menus["View"].addSeparator()
        for dock in docks:
            menus["View"].addAction(dock.toggleViewAction())
        menus["View"].addSeparator()
        menus["View"].addMenu(self._theme_menu(window))
        badge = QLabel("research use only")
        badge.setProperty("part", "badge")
        badge.setToolTip(plain_tip(RESEARCH_USE))
        menu_bar.setCornerWidget(badge)
        opening.recent_changed.connect(self._fill_recent)
        self._fill_recent()

    def _fill_recent(self) -> None:
        recent = self._opening.recent()
        self.recent.clear()
        for title, paths in recent:
            add_action(self.recent, title, partial(self._opening.open, paths))
        self.recent.addSeparator()
        add_action(self.recent, "Clear the list", self._opening.forget_recent)
        self.recent.setEnabled(bool(recent))

    def _theme_menu(self, window: QMainWindow) -> QMenu:
        """Dark, light, or as the system has it."""
        menu = QMenu("&Theme", window)
        group = QActionGroup(menu)
        for name in THEMES:
            action = add_action(menu, name.capitalize(), partial(self.set_theme, name))
            action.setCheckable(True)
            action.setChecked(name == self._memory.settings.theme)
            group.addAction(action)
        return menu

    def set_theme(self, name: ThemeName) -> None:
        """Change the theme and remember it."""
        self._memory.change(theme=name)
        theme(name)


def _toolbar(window: QMainWindow, actions: Actions) -> QToolBar:
    """The actions that have a short text."""
    bar = QToolBar("Toolbar")
    bar.setObjectName("toolbar")
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    window.addToolBar(bar)
    for entry, action in actions:
        if entry.toolbar:
            bar.addAction(action)
    return bar
