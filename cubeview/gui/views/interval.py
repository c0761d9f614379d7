"""The interval of a spectrum and its continuum windows: drawn, moved and resized by the mouse."""

from collections.abc import Iterable

import pyqtgraph as pg
from PyQt6.QtGui import QColor

from cubeview.cubes.axes import Axis
from cubeview.gui.desk.session import Session
from cubeview.gui.views.plot import Plot
from cubeview.gui.widgets.theme import Colours

_REACH_PX = 6
Ends = tuple[float, float]


class IntervalMarks:
    """Draws on a plot what is measured, and takes what the mouse does there with the tool.

    With the left button: a drag from an edge moves the edge, from the inside the whole, from
    elsewhere draws a new interval, or with Shift a continuum window.
    """

    def __init__(self, session: Session, plot: Plot, axis: Axis) -> None:
        self._session, self._plot, self._axis = session, plot, axis
        self._line = _region(plot, -8)
        self._windows: list[pg.LinearRegionItem] = []
        self._held: tuple[int, int] | None = None  # which interval, which end (2: the whole)
        self._start, self._was = 0.0, (0.0, 0.0)
        self._new = False
        self._colours = (QColor("white"), QColor("grey"))
        plot.measure_began.connect(self._begin)
        plot.measured.connect(self._drag)
        plot.measure_ended.connect(self._end)

    def follow(self) -> None:
        """Draw what the session says."""
        asked = self._session.measured
        self._plot.measures = asked.tool in ("interval", "lines")
        while len(self._windows) < len(asked.continuum):
            self._windows.append(_region(self._plot, -9))
        for item in self._windows[len(asked.continuum) :]:
            item.hide()
        if asked.interval is None:
            self._line.hide()
        else:
            self._place(self._line, asked.interval)
        for item, ends in zip(self._windows, asked.continuum, strict=False):
            self._place(item, ends)
        self._paint()

    def paint(self, theme: Colours) -> None:
        """Take the colours of a theme."""
        self._colours = (QColor(theme.accent), QColor(theme.dim))
        self._paint()

    def _paint(self) -> None:
        for item, colour in ((self._line, self._colours[0]), *(
            (window, self._colours[1]) for window in self._windows
        )):  # fmt: skip
            fill = QColor(colour)
            fill.setAlpha(50)
            item.setBrush(fill)
            for edge in item.lines:
                edge.setPen(pg.mkPen(colour, width=1))

    def _place(self, item: pg.LinearRegionItem, ends: Ends) -> None:
        # A channel takes part if its centre lies inside: edges are drawn where they are.
        item.setRegion([self._axis.index(end) for end in ends])
        item.show()

    def _begin(self, at: float, more: bool) -> None:
        asked = self._session.measured
        self._held = None
        if asked.tool != "interval":
            return
        reach = _REACH_PX * self._plot.voxels_to_pixel()
        self._start, self._new = at, True
        known = [asked.interval, *asked.continuum]
        self._held = None if more else self._near(known, at, reach)
        if self._held is None:
            place = len(known) if more else 0
            self._held, self._was = (place, 1), (at, at)
        else:
            ends = known[self._held[0]]
            assert ends is not None
            self._was = self._axis.index(ends[0]), self._axis.index(ends[1])

    def _near(
        self, known: Iterable[Ends | None], at: float, reach: float
    ) -> tuple[int, int] | None:
        places = [
            (number, [self._axis.index(end) for end in ends])
            for number, ends in enumerate(known)
            if ends is not None
        ]
        for number, ends in places:
            for end in (0, 1):
                if abs(at - ends[end]) <= reach:
                    return number, end
        for number, ends in places:
            if min(ends) < at < max(ends):
                return number, 2
        return None

    def _drag(self, to: float) -> None:
        if self._held is None:
            return
        number, end = self._held
        ends = list(self._was)
        if end == 2:
            ends = [edge + to - self._start for edge in ends]
        else:
            ends[end] = to
        last = len(self._axis) - 0.5
        low, high = sorted(self._axis.world(min(max(edge, -0.5), last)) for edge in ends)
        asked = self._session.measured
        note, self._new = self._new, False
        if number == 0:
            self._session.set_measured(note=note, interval=(low, high), image_shown=True)
            return
        windows = list(asked.continuum)
        windows[number - 1 :] = [(low, high), *windows[number:]]
        self._session.set_measured(note=note, continuum=tuple(windows))

    def _end(self) -> None:
        self._held = None


def _region(plot: Plot, depth: int) -> pg.LinearRegionItem:
    item = pg.LinearRegionItem(movable=False)
    item.setZValue(depth)
    item.hide()
    plot.box.addItem(item, ignoreBounds=True)
    return item
