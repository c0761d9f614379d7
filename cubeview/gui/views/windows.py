"""Windows of a sky cube: those with labels drawn on a slice and a spectrum, and one being drawn."""

from collections.abc import Mapping

import pyqtgraph as pg
from PyQt6.QtCore import QLineF, QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter

from cubeview.cubes.cube import Box
from cubeview.cubes.region import drawn_box, middle
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import Mark
from cubeview.gui.views.marks import Spanning

_CORNER = 0.2
"""Share of a side that an outline has at each corner: whole sides hide a field of many windows."""
_FILL = 26
"""Opacity, of 255, of an interval under a spectrum."""


def draw_window(session: Session, spans: Mapping[int, tuple[float, float]]) -> None:
    """Make what the user drew along some axes, in voxels, the window that is asked and labelled."""
    case = session.case
    if case is None:
        return
    box = drawn_box(case.main, session.cursor, spans, session.window if session.drawn else None)
    session.set_window(None)
    session.set_cursor(*middle(box))
    session.set_window(box, drawn=True)


class WindowMarks(pg.GraphicsObject):
    """Corners of the windows that the slice passes through; the name of a class at the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[QRectF, QColor, str]] = []
        self._cursor = QPointF()
        self.setZValue(14)

    def set_cursor(self, across: float, up: float) -> None:
        """Name the windows around a voxel of the plane, and no others."""
        was, self._cursor = self.named, QPointF(across, up)
        if self.named != was:
            self.update()

    @property
    def named(self) -> list[str]:
        """The classes of the windows around the cursor."""
        return [name for area, _, name in self._shown if area.contains(self._cursor)]

    def set_marks(
        self, marks: tuple[Mark, ...], axis: int, index: int, across: int, up: int
    ) -> None:
        """Show the windows that a plane cuts.

        Parameters
        ----------
        marks : tuple of Mark
        axis, index : int
            The plane across this axis of the cube at this voxel index.
        across, up : int
            Axes of the cube to the right and up in the plane.
        """
        self.prepareGeometryChange()
        self._shown = []
        for mark in marks:
            if mark.box[axis].start <= index < mark.box[axis].stop:
                x, y = mark.box[across], mark.box[up]
                area = QRectF(x.start - 0.5, y.start - 0.5, x.stop - x.start, y.stop - y.start)
                self._shown.append((area, QColor(mark.colour), mark.text))
        self.setVisible(bool(self._shown))
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what holds all outlines."""
        whole = QRectF()
        for outline, *_ in self._shown:
            whole = whole.united(outline)
        return whole.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw the corners, dark below light, so that they are seen on any colour map."""
        halo = QColor(0, 0, 0, 110)
        for outline, colour, _ in self._shown:
            for pen in (pg.mkPen(halo, width=3), pg.mkPen(colour, width=1)):
                painter.setPen(pen)
                painter.drawLines(*_corners(outline))
        # Names in pixels of the screen, where the outline has room for them.
        to_screen = painter.transform()
        painter.resetTransform()
        metrics = painter.fontMetrics()
        for outline, colour, name in self._shown:
            if not outline.contains(self._cursor):
                continue
            area = to_screen.mapRect(outline).adjusted(4, 2, -4, -2)
            if metrics.horizontalAdvance(name) > area.width() or metrics.height() > area.height():
                continue
            at = area.topLeft() + QPointF(0, metrics.ascent())
            painter.setPen(halo)
            painter.drawText(at + QPointF(1, 1), name)
            painter.setPen(colour)
            painter.drawText(at, name)
        painter.setTransform(to_screen)


def _corners(area: QRectF) -> list[QLineF]:
    """Return two lines at each corner of an area."""
    wide, high = _CORNER * area.width(), _CORNER * area.height()
    lines = []
    for corner, right, down in (
        (area.topLeft(), wide, high),
        (area.topRight(), -wide, high),
        (area.bottomLeft(), wide, -high),
        (area.bottomRight(), -wide, -high),
    ):
        ends = corner + QPointF(right, 0), corner + QPointF(0, down)
        lines += [QLineF(corner, end) for end in ends]
    return lines


class Intervals(Spanning):
    """The spectral intervals of windows around the spectrum's place: a faint fill and its ends."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[slice, QColor]] = []
        self.setZValue(-10)

    def set_windows(
        self, marks: tuple[Mark, ...], window: Box | None, y: int, x: int, colour: str
    ) -> None:
        """Show those windows whose part of the sky holds a place, the one asked about among them.

        Parameters
        ----------
        marks : tuple of Mark
        window : Box or None
            What is asked about.
        y, x : int
            The spectrum's place.
        colour : str
            Of `window`; a mark has its own.
        """
        boxes = [(mark.box, mark.colour) for mark in marks]
        boxes += [(window, colour)] if window is not None else []
        shown = [
            (box[0], QColor(paint))
            for box, paint in boxes
            if box[1].start <= y < box[1].stop and box[2].start <= x < box[2].stop
        ]
        if shown != self.shown:
            self.shown = shown
            self.update()

    def paint(self, painter: QPainter, *args: object) -> None:
        """Fill the intervals over the whole height of the view."""
        view = self.boundingRect()
        for interval, colour in self.shown:
            area = QRectF(
                interval.start - 0.5, view.top(), interval.stop - interval.start, view.height()
            )
            fill = QColor(colour)
            fill.setAlpha(_FILL)
            painter.fillRect(area, fill)
            painter.setPen(pg.mkPen(colour, width=1))
            painter.drawLine(area.topLeft(), area.bottomLeft())
            painter.drawLine(area.topRight(), area.bottomRight())
