"""The labelled windows of a sky cube, drawn on one slice of it."""

import pyqtgraph as pg
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QPainter

from cubeview.gui.styles import Mark


class WindowMarks(pg.GraphicsObject):
    """Thin outlines of the windows that the slice passes through, in the colour of their class."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[tuple[QRectF, QColor]] = []
        self.setZValue(14)

    def set_marks(
        self, marks: tuple[Mark, ...], axis: int, index: int, across: int, up: int
    ) -> None:
        """Show the windows cut by plane `index` across `axis`."""
        self.prepareGeometryChange()
        self._shown = [
            (
                QRectF(
                    mark.box[across].start - 0.5,
                    mark.box[up].start - 0.5,
                    mark.box[across].stop - mark.box[across].start,
                    mark.box[up].stop - mark.box[up].start,
                ),
                QColor(mark.colour),
            )
            for mark in marks
            if mark.box[axis].start <= index < mark.box[axis].stop
        ]
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what holds all outlines."""
        whole = QRectF()
        for outline, _ in self._shown:
            whole = whole.united(outline)
        return whole.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw the outlines, dark below light, so that they are seen on any colour map."""
        for outline, colour in self._shown:
            painter.setPen(pg.mkPen((0, 0, 0, 110), width=3))
            painter.drawRect(outline)
            painter.setPen(pg.mkPen(colour, width=1))
            painter.drawRect(outline)
