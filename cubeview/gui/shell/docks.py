"""The panels around the views: the table of them, and the docks they lie in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QByteArray, QSize, Qt
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget

from cubeview.gui.desk.actions import Need, suits
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.samples import samples
from cubeview.gui.panels.cases import CasesPanel
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.gui.panels.labels import LabelPanel
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.predict import PredictPanel
from cubeview.gui.panels.sources import SourcesPanel
from cubeview.gui.panels.teach import TeachPanel
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.gui.widgets.basic import PanelArea
from cubeview.gui.widgets.layout import column

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
_WIDE_PX = 1280
_HIGH_PX = 860
_LAYOUT_VERSION = 2


@dataclass(frozen=True)
class Panel:
    """One panel of the window.

    Parameters
    ----------
    name : str
        Stable, for the remembered layout.
    title : str
    make : callable
        Makes the panel from what it needs of the desk.
    area : Qt.DockWidgetArea
    behind : str
        The panel it lies behind, as a tab, on the first start; empty for a place of its own.
    scrolls : bool
        False for a panel that fills its dock by itself.
    shown : bool
        On the first start.
    needs : str
        It is away while a case of a kind that never has this is open; as an action's.
    """

    name: str
    title: str
    make: Callable[[Desk], QWidget]
    area: Qt.DockWidgetArea = _RIGHT
    behind: str = ""
    scrolls: bool = True
    shown: bool = True
    needs: Need = ""


def _display(desk: Desk) -> QWidget:
    panel = QWidget()
    layout = column(panel)
    layout.addWidget(LevelsControl(desk.session))
    layout.addStretch(1)
    return panel


PANELS = (
    Panel("cases", "Cases", lambda d: CasesPanel(d.session, samples()), _LEFT, scrolls=False),
    Panel(
        "library",
        "Library",
        lambda d: WorklistPanel(d.records, d.subject, d.library_cases, d.memory),
        _LEFT,
        behind="cases",
        scrolls=False,
    ),
    Panel("display", "Display", _display, _LEFT),
    Panel("classify", "Classify", lambda d: PredictPanel(d.session, d.jobs, d.questions)),
    Panel("explain", "Explain", lambda d: ExplainPanel(d.session, d.jobs, d.memory, d.questions)),
    Panel("notes", "About this cube", lambda d: NotesPanel(d.session, d.memory), behind="explain"),
    Panel("labels", "Label", lambda d: LabelPanel(d.session, d.records, d.subject, d.labelling)),
    Panel(
        "teach",
        "Teach",
        lambda d: TeachPanel(d.session, d.jobs, d.records, d.memory),
        behind="explain",
    ),
    Panel(
        "sources",
        "Sources",
        lambda d: SourcesPanel(d.session, d.jobs, d.memory, d.questions),
        _BOTTOM,
        scrolls=False,
        shown=False,
        needs="sky",
    ),
)


class Docks:
    """A dock for every panel of a table; `panels` are those panels by name."""

    def __init__(self, window: QMainWindow, desk: Desk, table: Iterable[Panel] = PANELS) -> None:
        self._window, self._memory, self._session = window, desk.memory, desk.session
        self._table = tuple(table)
        self._away: set[str] = set()
        self._docks: dict[str, QDockWidget] = {}
        self.panels: dict[str, Any] = {}
        for entry in self._table:
            panel = self.panels[entry.name] = entry.make(desk)
            dock = self._docks[entry.name] = QDockWidget(entry.title, window)
            dock.setObjectName(entry.name)
            dock.setWidget(PanelArea(panel) if entry.scrolls else panel)
            window.addDockWidget(entry.area, dock)
            if entry.behind:
                window.tabifyDockWidget(self._docks[entry.behind], dock)
                self._docks[entry.behind].raise_()
            if not entry.shown:
                dock.hide()
        desk.session.case_changed.connect(self._suit)

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def __iter__(self) -> Iterator[QDockWidget]:
        return iter(self._docks.values())

    def show(self, name: str) -> QDockWidget:
        """Bring a panel to the front; return its dock."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        return dock

    def show_large(self, name: str) -> None:
        """Bring a panel of the right to the front, with room."""
        docks = [self._docks["classify"], self.show(name)]
        self._window.resizeDocks(docks, [150, 700], Qt.Orientation.Vertical)
        self._window.resizeDocks(docks[1:], [380], Qt.Orientation.Horizontal)

    def arrange(self, room: QSize) -> None:
        """Lay the docks out for the room there is, then as they were left the last time."""
        window, docks = self._window, self._docks
        ways = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        window.resizeDocks([docks["cases"], docks["classify"]], [306, 300], ways[0])
        window.resizeDocks([docks["cases"], docks["display"]], [560, 260], ways[1])
        right = [docks["classify"], docks["explain"], docks["labels"]]
        window.resizeDocks(right, [290, 290, 260], ways[1])
        # On a small screen the pictures come first; the View menu brings the panel back.
        docks["display"].setVisible(room.width() >= _WIDE_PX)
        if room.height() < _HIGH_PX:
            window.tabifyDockWidget(docks["notes"], docks["labels"])
            docks["explain"].raise_()
        if room.width() < _WIDE_PX:
            for name, dock in docks.items():
                if name != "display" and window.dockWidgetArea(dock) == _LEFT:
                    window.tabifyDockWidget(docks["classify"], dock)
            docks["classify"].raise_()
        self._factory = window.saveState(_LAYOUT_VERSION)
        if (left := self._memory.layout()) is not None:
            window.restoreGeometry(left[0])
            window.restoreState(left[1], _LAYOUT_VERSION)

    def reset(self) -> None:
        """Put all docks back where they were on the first start."""
        self._window.restoreState(self._factory, _LAYOUT_VERSION)
        self._away.clear()

    def keep(self) -> None:
        """Remember the layout, with what is away for the open case only."""
        for name in self._away:
            self._docks[name].show()
        state: QByteArray = self._window.saveState(_LAYOUT_VERSION)
        self._memory.save_layout(self._window.saveGeometry(), state)

    def _suit(self) -> None:
        """Take away the panels that say nothing of this kind of case, and bring them back."""
        for entry in self._table:
            dock, fits = self._docks[entry.name], suits(entry.needs, self._session.case)
            toggle = dock.toggleViewAction()
            assert toggle is not None
            toggle.setVisible(fits)
            if fits and entry.name in self._away:
                self._away.discard(entry.name)
                dock.show()
            elif not fits and not dock.isHidden():
                self._away.add(entry.name)
                dock.hide()
