"""Lines by their names over a spectrum, at a redshift that is dragged along it."""

import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.spectral_places import frequency_at, line_places
from cubeview.gui.views.marks import Spanning
from cubeview.gui.views.plot import Plot
from cubeview.gui.widgets.theme import Colours
from cubeview.measure.sky.lines import rest_frequency_hz

_REACH_PX = 6
_GAP_PX = 4


class LineMarks(Spanning):
    """Dotted lines with names; names that would lie on each other are left out."""

    def __init__(self, session: Session, plot: Plot, cube: Cube) -> None:
        super().__init__()
        self._session, self._plot, self._cube = session, plot, cube
        self._colour = QColor("white")
        self._held = 0.0  # frequency at rest of the line that is dragged, Hz
        self._new = False
        self.places: dict[str, float] = {}
        self._at: float | None = None
        self.setZValue(-4)
        self.hide()
        plot.box.addItem(self, ignoreBounds=True)
        plot.measure_began.connect(self._begin)
        plot.measured.connect(self._drag)

    def follow(self) -> None:
        """Draw what the session says."""
        asked = self._session.measured
        self.setVisible(asked.lines_shown)
        if not asked.lines_shown or asked.redshift == self._at:
            return
        self._at = asked.redshift
        try:
            self.places = line_places(self._cube, asked.redshift)
        except CubeviewError:
            self.places = {}  # the panel says why
        self.update()

    def paint_like(self, theme: Colours) -> None:
        """Take the colours of a theme."""
        self._colour = QColor(theme.warn)
        self.update()

    def name_at(self, place: float) -> str:
        """Return the name of the line at a place in voxels; empty where there is none."""
        if not self.isVisible() or not self.places:
            return ""
        name = self._nearest(place)
        near = abs(self.places[name] - place) <= _REACH_PX * self._plot.voxels_to_pixel()
        return name if near else ""

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw the lines that are in view, and the names there is room for."""
        view = self.boundingRect()
        pen = pg.mkPen(self._colour, width=1, style=Qt.PenStyle.DotLine)
        painter.setPen(pen)
        for place in self.places.values():
            if view.left() <= place <= view.right():
                painter.drawLine(QPointF(place, view.top()), QPointF(place, view.bottom()))
        to_screen = painter.transform()
        painter.resetTransform()
        painter.setPen(self._colour)
        metrics, free = painter.fontMetrics(), -1e9
        top = to_screen.mapRect(view).top() + metrics.ascent()
        for name, place in sorted(self.places.items(), key=lambda one: one[1]):
            x = to_screen.map(QPointF(place, view.top())).x() + 2
            if view.left() <= place <= view.right() and x >= free:
                painter.drawText(QPointF(x, top), name)
                free = x + metrics.horizontalAdvance(name) + _GAP_PX
        painter.setTransform(to_screen)

    def _nearest(self, place: float) -> str:
        return min(self.places, key=lambda name: abs(self.places[name] - place))

    def _begin(self, at: float, more: bool) -> None:
        self._held, self._new = 0.0, True
        if self._session.measured.tool == "lines" and self.places:
            self._held = rest_frequency_hz(self._nearest(at))

    def _drag(self, to: float) -> None:
        if not self._held:
            return
        hertz = frequency_at(self._cube, to)
        if hertz > 0:
            note, self._new = self._new, False
            redshift = round(self._held / hertz - 1, 7)
            if redshift > -1:
                self._session.set_measured(note=note, redshift=redshift)
