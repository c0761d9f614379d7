"""Marks over a slice: the crosshair with a gap at its centre."""

import pyqtgraph as pg
from PyQt6.QtCore import QLineF, QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter


class Crosshair(pg.GraphicsObject):
    """Two lines through the cursor that leave the voxel itself free."""

    GAP_PX = 9

    def __init__(self) -> None:
        super().__init__()
        self._at = QPointF(0, 0)
        self._pen = pg.mkPen("w", width=1)
        self.setZValue(20)

    def set_colour(self, colour: QColor) -> None:
        """Paint the lines in another colour."""
        colour = QColor(colour)
        colour.setAlpha(190)
        self._pen = pg.mkPen(colour, width=1)
        self.update()

    def set_position(self, across: float, up: float) -> None:
        """Move to a voxel index of the view."""
        self._at = QPointF(across, up)
        self.update()

    def viewRangeChanged(self) -> None:
        """Span the new range."""
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the whole range of the view."""
        view = self.getViewBox()
        return QRectF() if view is None else view.viewRect()

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw four lines that stop short of the cursor."""
        whole = self.boundingRect()
        width, height = self.pixelLength(pg.Point(1, 0)), self.pixelLength(pg.Point(0, 1))
        if not width or not height or not whole.isValid():
            return
        gap_x, gap_y = self.GAP_PX * width, self.GAP_PX * height
        x, y = self._at.x(), self._at.y()
        painter.setPen(self._pen)
        painter.drawLines(
            [
                QLineF(whole.left(), y, x - gap_x, y),
                QLineF(x + gap_x, y, whole.right(), y),
                QLineF(x, whole.top(), x, y - gap_y),
                QLineF(x, y + gap_y, x, whole.bottom()),
            ]
        )
