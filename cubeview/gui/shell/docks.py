"""The panels around the views: the table of them, and the docks they lie in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QByteArray, QRect, QSize, Qt
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from cubeview.gui.desk.actions import Need, suits
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.samples import samples
from cubeview.gui.desk.still import AtRest
from cubeview.gui.panels.cases import CasesPanel
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.gui.panels.explore import ExplorePanel
from cubeview.gui.panels.labels import LabelPanel
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.panels.masks import MasksPanel
from cubeview.gui.panels.measure import MeasurePanel
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.predict import PredictPanel
from cubeview.gui.panels.quality import QualityPanel
from cubeview.gui.panels.reading import ReadingPanel
from cubeview.gui.panels.redshift import RedshiftPanel
from cubeview.gui.panels.sources import SourcesPanel
from cubeview.gui.panels.teach import TeachPanel
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.gui.widgets.basic import PanelArea
from cubeview.gui.widgets.layout import column

_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
_WIDE_LINES = 91
_HIGH_LINES = 61
"""Heights of a line of text: with large letters a screen is as small as a smaller one."""
_LABEL_LINES = 23
_TITLE_PX = 40
"""Of a dock, with its frame."""
_BELOW = 0.45  # of the window's height
_SWEEP_MS = 200
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


def _cases(desk: Desk) -> QWidget:
    panel, records = CasesPanel(desk.session, samples(), desk.labelling.label_of), desk.records
    for signal in (records.row_changed, records.rows_changed, desk.subject.known):
        signal.connect(panel.refill)
    return panel


PANELS = (
    Panel("cases", "Cases", _cases, _LEFT, scrolls=False),
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
        "redshift",
        "Redshift",
        lambda d: RedshiftPanel(d.session, d.jobs, d.records, d.labelling),
        behind="explain",
        needs="spectral",
    ),
    Panel(
        "reading",
        "Reading",
        lambda d: ReadingPanel(d.session, d.jobs, d.records, d.subject, d.labelling),
        behind="explain",
        shown=False,
        needs="ventricle",
    ),
    Panel(
        "quality",
        "Quality",
        lambda d: QualityPanel(d.session, d.jobs),
        behind="explain",
        shown=False,
        needs="patient",
    ),
    Panel(
        "teach",
        "Teach",
        lambda d: TeachPanel(d.session, d.jobs, d.records, d.memory),
        behind="explain",
    ),
    Panel(
        "measure",
        "Measure",
        MeasurePanel,
        behind="explain",
        scrolls=False,
        shown=False,
        needs="sky",
    ),
    Panel(
        "masks",
        "Mask",
        lambda d: MasksPanel(d.session, d.jobs, d.records, d.subject, d.memory),
        behind="explain",
        shown=False,
    ),
    Panel(
        "explore",
        "Explore",
        lambda d: ExplorePanel(d.exploring, d.looking, d.session, d.memory),
        _BOTTOM,
        scrolls=False,
        shown=False,
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
        self._sweep_soon = AtRest(self._sweep, window, _SWEEP_MS)
        for dock in self:
            dock.visibilityChanged.connect(self._sweep_soon.start)
            dock.dockLocationChanged.connect(self._sweep_soon.start)

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def __iter__(self) -> Iterator[QDockWidget]:
        return iter(self._docks.values())

    def is_behind(self, widget: QWidget) -> bool:
        """Tell whether a widget is of a panel that lies behind another; to Qt it is visible."""
        return any(dock.isAncestorOf(widget) and dock.visibleRegion().isEmpty() for dock in self)

    def show(self, name: str) -> QDockWidget:
        """Bring a panel to the front; return its dock."""
        dock = self._docks[name]
        dock.show()
        dock.raise_()
        return dock

    def show_high(self, name: str) -> None:
        """Bring a panel below the views to the front, with near half of the window's height."""
        dock, high = self.show(name), round(_BELOW * self._window.height())
        if dock.height() < high and not dock.isFloating():
            self._window.resizeDocks([dock], [high], Qt.Orientation.Vertical)

    def show_large(self, name: str) -> None:
        """Bring a panel of the right to the front, with the room that the answer leaves."""
        window, labels = self._window, self._docks["labels"]
        right = [dock for dock in self if window.dockWidgetArea(dock) == _RIGHT]
        room = sum(dock.height() for dock in right if not dock.visibleRegion().isEmpty())
        docks = [self._docks["classify"], self.show(name)]
        heights = [min(self.panels["classify"].needed + _TITLE_PX, room // 2)]
        if not labels.isHidden() and labels not in window.tabifiedDockWidgets(docks[1]):
            docks.append(labels)
            room -= labels.minimumSizeHint().height()
        heights += [room - heights[0], labels.minimumSizeHint().height()]
        window.resizeDocks(docks, heights[: len(docks)], Qt.Orientation.Vertical)
        window.resizeDocks(docks[1:2], [380], Qt.Orientation.Horizontal)

    def arrange(self, room: QSize) -> None:
        """Lay the docks out for the room there is, then as they were left the last time."""
        window, docks = self._window, self._docks
        ways = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        line = window.fontMetrics().height()
        # As wide as the tabs need to be read.
        window.resizeDocks([docks["cases"], docks["classify"]], [22 * line] * 2, ways[0])
        window.resizeDocks([docks["cases"], docks["display"]], [560, 260], ways[1])
        wide, high = room.width() >= _WIDE_LINES * line, room.height() >= _HIGH_LINES * line
        right, labels = [docks["classify"], docks["explain"], docks["labels"]], _LABEL_LINES * line
        # All classes are to be seen; the others scroll.
        window.resizeDocks(right, [*2 * [(840 - labels) // 2], labels], ways[1])
        # On a small screen the pictures come first; the View menu brings the panel back.
        docks["display"].setVisible(wide)
        if not high:
            window.tabifyDockWidget(docks["notes"], docks["labels"])
            docks["explain"].raise_()
        if not wide:
            for name, dock in docks.items():
                if name != "display" and window.dockWidgetArea(dock) == _LEFT:
                    window.tabifyDockWidget(docks["classify"], dock)
            docks["classify"].raise_()
            window.resizeDocks([docks["classify"]], [20 * line], ways[0])
        self._factory = window.saveState(_LAYOUT_VERSION)
        if (left := self._memory.layout()) is not None:
            window.restoreGeometry(left[0])
            window.restoreState(left[1], _LAYOUT_VERSION)
            # What was left on a larger screen is not to hang over the edges of this one.
            if window.minimumSizeHint().width() > room.width():
                self.reset()
        if (layout := window.layout()) is not None:
            layout.activate()  # or the least width is still that of the other arrangement
        window.resize(window.size().boundedTo(room))

    def reset(self) -> None:
        """Put all docks back where they were on the first start."""
        self._window.restoreState(self._factory, _LAYOUT_VERSION)
        self._away.clear()
        self._suit()  # the first start had no case, and every panel
        self._sweep_soon.start()

    def layout(self) -> str:
        """Return how the panels lie, as a text."""
        return bytes(self._window.saveState(_LAYOUT_VERSION).toBase64().data()).decode("ascii")

    def lay_out(self, text: str) -> None:
        """Lay the panels out as a text of `layout` says; one that says nothing changes nothing."""
        state = QByteArray.fromBase64(text.encode("ascii", "replace"))
        if self._window.restoreState(state, _LAYOUT_VERSION):
            self._away.clear()
            self._suit()
            self._sweep_soon.start()

    def _sweep(self) -> None:
        """Hide bars of tabs that Qt has left behind: they are seen through the views."""
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        titles = {
            bar: {bar.tabText(place) for place in range(bar.count())}
            for bar in self._window.findChildren(QTabBar, options=direct)
        }
        used: set[QTabBar] = set()
        for dock in (dock for dock in self if not dock.visibleRegion().isEmpty()):
            place = dock.geometry()

            def far(bar: QTabBar, place: QRect = place) -> int:
                return abs(bar.y() - place.bottom()) + abs(bar.x() - place.x())

            here = (dock, *self._window.tabifiedDockWidgets(dock))
            together = {other.windowTitle() for other in here}
            bars = [bar for bar in titles if dock.windowTitle() in titles[bar] <= together]
            used |= {min(bars, key=far)} if bars else set()
        for bar in titles.keys() - used:
            if any(titles[bar] & titles[other] for other in used):
                bar.hide()

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
