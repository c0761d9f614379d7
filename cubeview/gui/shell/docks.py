"""What stands around the views: the docks with the panels, the menus and the toolbar."""

from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QActionGroup
from PyQt6.QtWidgets import QDockWidget, QLabel, QMenu, QToolBar, QToolButton, QWidget

from cubeview.gui.desk.actions import MENUS
from cubeview.gui.desk.samples import samples
from cubeview.gui.dialogs.sheets import RESEARCH_USE
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.widgets.basic import PanelArea, column
from cubeview.gui.widgets.theme import THEMES

if TYPE_CHECKING:
    from cubeview.gui.shell.window import Window

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


def add_docks(window: "Window") -> dict[str, QDockWidget]:
    """Put every panel into a dock of its own, in the factory layout; return them by name."""
    docks = {}
    display = QWidget()
    layout = column(display)
    layout.addWidget(LevelsControl(window.session))
    layout.addStretch(1)
    for name, title, panel, area in (
        ("cases", "Cases", window.cases, _LEFT),
        ("library", "Library", window.worklist, _LEFT),
        ("display", "Display", display, _LEFT),
        ("classify", "Classify", window.predict, _RIGHT),
        ("explain", "Explain", window.explain, _RIGHT),
        ("notes", "About this cube", window.notes, _RIGHT),
        ("labels", "Label", window.labels, _RIGHT),
        ("teach", "Teach", window.teach, _RIGHT),
        ("sources", "Sources", window.sources, _BOTTOM),
    ):
        dock = QDockWidget(title, window)
        dock.setObjectName(name)
        dock.setWidget(panel if name in ("cases", "library", "sources") else PanelArea(panel))
        window.addDockWidget(area, dock)
        docks[name] = dock
    docks["sources"].hide()
    window.tabifyDockWidget(docks["explain"], docks["notes"])
    window.tabifyDockWidget(docks["notes"], docks["teach"])
    docks["explain"].raise_()
    window.tabifyDockWidget(docks["cases"], docks["library"])
    docks["cases"].raise_()
    window.resizeDocks([docks["cases"], docks["classify"]], [306, 300], Qt.Orientation.Horizontal)
    window.resizeDocks([docks["cases"], docks["display"]], [560, 260], Qt.Orientation.Vertical)
    right = [docks["classify"], docks["explain"], docks["labels"]]
    window.resizeDocks(right, [290, 290, 260], Qt.Orientation.Vertical)
    return docks


def fill_menus(window: "Window") -> QMenu:
    """Make the menus and the toolbar from the table of actions; return the menu of recent files."""
    toolbar = _toolbar(window)
    menu_bar = window.menuBar()
    assert menu_bar is not None
    menus: dict[str, QMenu] = {}
    for name in MENUS:
        menu = menu_bar.addMenu(f"&{name}")
        assert menu is not None
        window.actions_table.fill(menu, name)
        menus[name] = menu
    later = window.actions_table["close_case"]
    recent = QMenu("Open &recent", window)
    menus["File"].insertMenu(later, recent)
    if found := samples():
        sample_menu = QMenu("Open s&ample", window)
        for sample in found:
            action = sample_menu.addAction(sample.title)
            assert action is not None
            action.triggered.connect(partial(window.open_sample, list(sample.paths)))
        menus["File"].insertMenu(later, sample_menu)
        button = QToolButton()
        button.setText("Samples")
        button.setMenu(sample_menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        toolbar.insertWidget(window.actions_table["play"], button)
    menus["File"].insertSeparator(later)
    menus["View"].addSeparator()
    for dock in window.docks.values():
        menus["View"].addAction(dock.toggleViewAction())
    menus["View"].addSeparator()
    menus["View"].addMenu(_theme_menu(window))
    badge = QLabel("research use only")
    badge.setProperty("part", "badge")
    badge.setToolTip(RESEARCH_USE)
    menu_bar.setCornerWidget(badge)
    return recent


def _toolbar(window: "Window") -> QToolBar:
    """The actions that have a short text."""
    bar = QToolBar("Toolbar")
    bar.setObjectName("toolbar")
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    window.addToolBar(bar)
    for entry, action in window.actions_table:
        if entry.toolbar:
            bar.addAction(action)
    return bar


def _theme_menu(window: "Window") -> QMenu:
    """Dark, light, or as the system has it."""
    menu = QMenu("&Theme", window)
    group = QActionGroup(menu)
    for name in THEMES:
        action = menu.addAction(name.capitalize())
        assert action is not None
        action.setCheckable(True)
        action.setChecked(name == window.memory.settings.theme)
        action.triggered.connect(lambda _=False, name=name: window.set_theme(name))
        group.addAction(action)
    return menu
