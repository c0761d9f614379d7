"""Marks of our own: crosshair with a gap, handles, letters in the margins, error band."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from cubeview.gui.widgets.theme import DARK


class Spanning(pg.GraphicsObject):
    """An item as large as the view it lies in."""

    def viewRangeChanged(self) -> None:
        """Span the new range."""
        self.prepareGeometryChange()
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the whole range of the view."""
        view = self.getViewBox()
        return QRectF() if view is None else view.viewRect()

    def pixel(self) -> tuple[float, float]:
        """Return width and height of a pixel of the screen, in the view's units; 0 if unknown.

        pyqtgraph's own way, through the transforms, took a tenth of a step through the channels.
        """
        view = self.getViewBox()
        if view is None or not view.width() or not view.height():
            return 0.0, 0.0
        shown = view.viewRect()
        return shown.width() / view.width(), shown.height() / view.height()


class Crosshair(Spanning):
    """Two lines through the cursor that leave the voxel itself free.

    Where only one of them moves, the picture is painted anew around it alone.
    """

    GAP_PX = 9
    HALO_PX = 3

    def __init__(self) -> None:
        super().__init__()
        self._at = QPointF(0, 0)
        self._colour = QColor(DARK.accent)  # lies on pictures, dark in either theme
        self._halo = QColor(0, 0, 0, 80)  # seen on any colour map
        self.setZValue(20)

    def set_position(self, across: float, up: float) -> None:
        """Move to a voxel index of the view."""
        to = QPointF(across, up)
        if to == self._at:
            return
        whole, was = self.boundingRect(), self._at
        width, height = self.pixel()
        # Qt paints all of the rectangle around what is named here: a strip, where only one of the
        # lines moves. It is as wide as the gap, which the other line's ends keep from it.
        if not width or not height or (to.x() != was.x() and to.y() != was.y()):
            self.update()
        elif to.x() != was.x():
            left, right = sorted((was.x(), to.x()))
            gap = (self.GAP_PX + 1) * width
            self.update(QRectF(left - gap, whole.top(), right - left + 2 * gap, whole.height()))
        else:
            low, high = sorted((was.y(), to.y()))
            gap = (self.GAP_PX + 1) * height
            self.update(QRectF(whole.left(), low - gap, whole.width(), high - low + 2 * gap))
        self._at = to

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw four lines that stop short of the cursor."""
        whole = self.boundingRect()
        width, height = self.pixel()
        if not width or not height or not whole.isValid():
            return
        gap_x, gap_y = self.GAP_PX * width, self.GAP_PX * height
        x, y = self._at.x(), self._at.y()
        for colour, thick in ((self._halo, self.HALO_PX), (self._colour, 1)):
            # Filled, not stroked: strokes with a transparent colour cost as much as the picture.
            wide, high = thick * width, thick * height
            for part in (
                QRectF(QPointF(whole.left(), y - high / 2), QPointF(x - gap_x, y + high / 2)),
                QRectF(QPointF(x + gap_x, y - high / 2), QPointF(whole.right(), y + high / 2)),
                QRectF(QPointF(x - wide / 2, whole.top()), QPointF(x + wide / 2, y - gap_y)),
                QRectF(QPointF(x - wide / 2, y + gap_y), QPointF(x + wide / 2, whole.bottom())),
            ):
                if part.isValid():
                    painter.fillRect(part, colour)


class Handles(Spanning):
    """A line and the points by which a shape is dragged, as large on the screen at any zoom."""

    RADIUS_PX = 5.0
    REACH_PX = 9.0

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, QPointF] = {}
        self._line: QLineF | None = None
        self._colour = QColor("white")
        self.setZValue(30)

    def set_places(
        self, places: dict[str, QPointF], line: QLineF | None, colour: QColor | None = None
    ) -> None:
        """Take the points and the line.

        Parameters
        ----------
        places : dict of name to QPointF
            Voxel indices across and up; a name that starts with ``turn`` is drawn hollow.
        line : QLineF or None
            Along the long axis.
        colour : QColor, optional
            None keeps the one there was.
        """
        self.prepareGeometryChange()
        self.places, self._line = places, line
        self._colour = colour or self._colour
        self.update()

    def near(self, point: QPointF) -> str:
        """Return the name of the handle at a point of the view, or an empty text."""
        width, height = self.pixel()
        if not width or not height:
            return ""
        far = {
            name: np.hypot((point.x() - at.x()) / width, (point.y() - at.y()) / height)
            for name, at in self.places.items()
        }
        name = min(far, key=lambda name: far[name], default="")
        return name if name and far[name] <= self.REACH_PX else ""

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw the line, then the points."""
        width, height = self.pixel()
        if not width or not height:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._line is not None:
            painter.setPen(pg.mkPen(self._colour, width=1, style=Qt.PenStyle.DotLine))
            painter.drawLine(self._line)
        across, up = self.RADIUS_PX * width, self.RADIUS_PX * height
        for name, at in self.places.items():
            hollow = name.startswith("turn")
            painter.setPen(pg.mkPen(self._colour if hollow else "#14171c", width=2))
            painter.setBrush(Qt.BrushStyle.NoBrush if hollow else self._colour)
            painter.drawEllipse(at, across, up)


class Letter(pg.GraphicsWidget):
    """A mark in a margin, upright along the sides so that the width is left to the picture."""

    def __init__(self, side: str) -> None:
        super().__init__()
        self.text = ""
        self._upright = side in ("left", "right")
        self._colour = QColor("white")
        self._font = QFont()
        self._font.setPointSizeF(self._font.pointSizeF() * 0.85)
        self.set_text("", "white")

    def set_text(self, text: str, colour: str) -> None:
        """Write a mark; without text the margin is given up."""
        self.text, self._colour = text, QColor(colour)
        room = QFontMetrics(self._font).height() + 3 if text else 0
        if self._upright:
            self.setFixedWidth(room)
        else:
            self.setFixedHeight(room)
        self.update()

    def paint(self, painter: QPainter, *args: object) -> None:
        """Write in the middle."""
        painter.setFont(self._font)
        painter.setPen(self._colour)
        area = self.rect()
        if self._upright:
            painter.translate(area.center())
            painter.rotate(-90)
            area = QRectF(-area.height() / 2, -area.width() / 2, area.height(), area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), self.text)


class Band(Spanning):
    """The range from low to high around each voxel of a curve, filled.

    Painted as a picture, a column of it for each column of the screen: a filled outline of 3,681
    channels took 300 ms. The picture is kept: each step of the cursor paints a strip of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._low = self._high = np.zeros(0)
        self._picture: QImage | None = None
        self._made_for: tuple[object, ...] = ()
        self._colour = QColor("white")
        self.setZValue(-5)

    def set_colour(self, colour: QColor) -> None:
        """Fill with another colour."""
        self._colour = QColor(colour)
        self._picture = None
        self.update()

    def set_range(self, low: np.ndarray, high: np.ndarray) -> None:
        """Take both limits at each voxel, shape (n,); NaN leaves a gap."""
        self.prepareGeometryChange()
        self._low, self._high = low, high
        self._picture = None
        self.update()

    def paint(self, painter: QPainter, *args: object) -> None:
        """Draw what is in view."""
        view = self.boundingRect()
        column, row = self.pixel()
        if not len(self._low) or not column or not row:
            return
        wanted = (view.getRect(), column, row)
        if self._picture is None or self._made_for != wanted:
            self._picture, self._made_for = self._painted(view, column, row), wanted
        painter.drawImage(view, self._picture)

    def _painted(self, view: QRectF, column: float, row: float) -> QImage:
        columns, rows = round(view.width() / column), round(view.height() / row)
        voxels = view.left() + (np.arange(columns) + 0.5) * column
        starts = np.clip(np.rint(voxels), 0, len(self._low) - 1).astype(int)
        # A column takes all voxels up to the next one's, or the one it lies in.
        low = (np.fmin.reduceat(self._low, starts) - view.top()) / row
        high = (np.fmax.reduceat(self._high, starts) - view.top()) / row
        outside = (voxels < -0.5) | (voxels > len(self._low) - 0.5)
        low[outside] = np.nan
        level = np.arange(rows)[:, None] + 0.5
        filled = np.where((level >= low) & (level <= high), np.uint32(self._colour.rgba()), 0)
        pixels = np.ascontiguousarray(filled, dtype=np.uint32)
        image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
        return image.copy()  # Qt does not keep the bytes
