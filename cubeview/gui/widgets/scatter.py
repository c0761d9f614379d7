"""Many thousand points in a plane: drawn as one picture, zoomed, and chosen with a lasso.

The points are set into the picture by numpy: a hundred thousand of them take some milliseconds,
where an item of a graphics scene each takes seconds.
"""

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cubeview.gui.widgets.basic import painting
from cubeview.gui.widgets.theme import colours

_NEAR_PX = 9.0
_ZOOM = 1.2
_NOTCH = 120.0
_EDGE = 0.04  # of the span, left free around all points
_FAINT = 0.25  # how strong points are drawn beside chosen ones
_SIZES = ((3_000, 3), (30_000, 2))
"""Radius of a point, in pixels, up to so many points; 1 for more."""


class Scatter(QWidget):
    """Points with two titles and a legend.

    A click takes the point under it, a drag draws a lasso, with Ctrl to add to what is chosen; the
    wheel zooms, the middle button or Shift pans, a double click opens a point or fits all.

    Signals
    -------
    picked(int)
        The point that was clicked; -1 beside all.
    opened(int)
        A point was double-clicked.
    lassoed(object, bool)
        Places of the points within the lasso, ndarray of int; to be added to those chosen or not.
    """

    picked = pyqtSignal(int)
    opened = pyqtSignal(int)
    lassoed = pyqtSignal(object, bool)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Scatter of the cases")
        self._places = np.zeros((0, 2))
        self._inks = np.zeros(0, np.uint32)
        self._chosen = np.zeros(0, bool)
        self._current = -1
        self._titles = ("", "")
        self._legend: Sequence[tuple[str, str]] = ()
        self._view = QRectF(0, 0, 1, 1)  # what is shown, in the units of the points, up is up
        self._image: QImage | None = None
        self._lasso: list[QPointF] = []
        self._panned: QPointF | None = None

    def set_points(self, places: np.ndarray, titles: tuple[str, str]) -> None:
        """Take other points, and show all of them.

        Parameters
        ----------
        places : ndarray, shape (n, 2)
            Across and up.
        titles : tuple of str
            Of the two axes.
        """
        self._places, self._titles = np.ascontiguousarray(places, np.float64), titles
        if len(self._chosen) != len(places):
            self._chosen = np.zeros(len(places), bool)
            self._inks = np.zeros(len(places), np.uint32)
            self._current = -1
        self.fit()

    def set_inks(self, inks: np.ndarray, legend: Sequence[tuple[str, str]]) -> None:
        """Take other colours.

        Parameters
        ----------
        inks : ndarray, shape (n, 3), uint8
            Red, green, blue of each point.
        legend : sequence of (word, colour)
        """
        parts = inks.astype(np.uint32)
        packed = 0xFF000000 | parts[:, 0] << 16 | parts[:, 1] << 8 | parts[:, 2]
        self._inks = packed.astype(np.uint32)
        self._legend = legend
        self._draw_anew()

    def set_chosen(self, chosen: np.ndarray, current: int) -> None:
        """Show which points are chosen, and which one is current.

        Parameters
        ----------
        chosen : ndarray of int
            Their places.
        current : int
            -1 for none.
        """
        mask = np.zeros(len(self._places), bool)
        mask[chosen] = True
        self._chosen, self._current = mask, current
        self._draw_anew()

    def fit(self) -> None:
        """Show all points."""
        if len(self._places):
            low, high = self._places.min(axis=0), self._places.max(axis=0)
            spans = np.maximum(high - low, 1e-9)
            low, spans = low - _EDGE * spans, spans * (1 + 2 * _EDGE)
            self._view = QRectF(*low, *spans)
        self._draw_anew()

    def where(self, point: int) -> QPointF:
        """Return where a point is drawn."""
        room, view = self._room(), self._view
        across, up = self._places[point]
        return QPointF(
            room.left() + (across - view.left()) / view.width() * room.width(),
            room.bottom() - (up - view.top()) / view.height() * room.height(),
        )

    def within(self, outline: Sequence[QPointF]) -> np.ndarray:
        """Return the points within an outline on the widget, ndarray of int.

        A point lies within what a ray from it crosses an odd number of times.
        """
        at = self._on_widget()
        inside = np.zeros(len(at), bool)
        corners = np.array([(corner.x(), corner.y()) for corner in outline])
        for (x0, y0), (x1, y1) in zip(np.roll(corners, 1, axis=0), corners, strict=True):
            if y0 != y1:
                between = (at[:, 1] < y0) != (at[:, 1] < y1)
                inside ^= between & (at[:, 0] < x0 + (x1 - x0) * (at[:, 1] - y0) / (y1 - y0))
        return np.flatnonzero(inside)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(420, 320)

    def minimumSizeHint(self) -> QSize:
        """Return what a narrow dock can do with."""
        return QSize(160, 120)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Zoom with plus and minus, fit with Home."""
        assert event is not None
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(self._room().center(), 1)
        elif event.key() == Qt.Key.Key_Minus:
            self._zoom(self._room().center(), -1)
        elif event.key() == Qt.Key.Key_Home:
            self.fit()
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom about the mouse."""
        if event is not None:
            self._zoom(event.position(), event.angleDelta().y() / _NOTCH)
            event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin a lasso, or to pan."""
        assert event is not None
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.MiddleButton or shift:
            self._panned = event.position()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._lasso = [event.position()]

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Go on with it."""
        assert event is not None
        if self._panned is not None:
            moved, room, view = event.position() - self._panned, self._room(), self._view
            view.translate(
                -moved.x() / room.width() * view.width(), moved.y() / room.height() * view.height()
            )
            self._panned = event.position()
            self._draw_anew()
        elif self._lasso:
            self._lasso.append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Tell what was taken."""
        assert event is not None
        lasso, self._lasso = self._lasso, []
        panned, self._panned = self._panned, None
        if panned is not None or not lasso:
            return
        far = max((point - lasso[0]).manhattanLength() for point in lasso)
        if far < _NEAR_PX:
            self.picked.emit(self._nearest(event.position()))
        else:
            added = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self.lassoed.emit(self.within(lasso), added)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Open the point, or fit all."""
        assert event is not None
        self._lasso = []
        found = self._nearest(event.position())
        if found < 0:
            self.fit()
        else:
            self.opened.emit(found)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw for the new size."""
        super().resizeEvent(event)
        self._draw_anew()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._draw_anew()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the picture of the points and what lies over it."""
        theme, room, line = colours(), self._room(), self.fontMetrics().height()
        with painting(self) as painter:
            painter.fillRect(self.rect(), QColor(theme.card))
            painter.setPen(QColor(theme.line))
            painter.drawRect(room)
            if len(self._places):
                self._image = self._image or self._drawn(room)
                painter.drawImage(room.topLeft(), self._image)
            painter.setPen(QColor(theme.dim))
            below = QRectF(room.left(), room.bottom() + 2, room.width(), line)
            painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), self._titles[0])
            painter.save()
            painter.translate(0, room.center().y())
            painter.rotate(-90)
            beside = QRectF(-room.height() / 2, 2, room.height(), line)
            painter.drawText(beside, int(Qt.AlignmentFlag.AlignCenter), self._titles[1])
            painter.restore()
            self._write_legend(painter, room, line)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if 0 <= self._current < len(self._places):
                painter.setPen(QPen(QColor(theme.text), 2.0))
                painter.drawEllipse(self.where(self._current), 7, 7)
            if self._lasso:
                painter.setPen(QPen(QColor(theme.accent), 1.5))
                painter.drawPolygon(QPolygonF(self._lasso))
            if self.hasFocus():
                painter.setPen(QColor(theme.accent))
                painter.drawRect(room)

    def _write_legend(self, painter: QPainter, room: QRectF, line: int) -> None:
        theme = colours()
        for place, (word, colour) in enumerate(self._legend):
            top = room.top() + 4 + place * line
            painter.fillRect(QRectF(room.left() + 6, top + line / 2 - 4, 8, 8), QColor(colour))
            painter.setPen(QColor(theme.text))
            painter.drawText(QPointF(room.left() + 20, top + line * 0.8), word)

    def _room(self) -> QRectF:
        line = self.fontMetrics().height() + 4
        return QRectF(line, 4, max(self.width() - line - 4, 1), max(self.height() - line - 4, 1))

    def _on_widget(self) -> np.ndarray:
        """Return where all points are drawn, shape (n, 2)."""
        room, view = self._room(), self._view
        scale = np.array([room.width() / view.width(), -room.height() / view.height()])
        start = np.array([room.left(), room.bottom()])
        found: np.ndarray = start + (self._places - (view.left(), view.top())) * scale
        return found

    def _nearest(self, at: QPointF) -> int:
        if not len(self._places):
            return -1
        apart = np.hypot(*(self._on_widget() - (at.x(), at.y())).T)
        found = int(apart.argmin())
        return found if apart[found] <= _NEAR_PX else -1

    def _zoom(self, at: QPointF, notches: float) -> None:
        room, view, factor = self._room(), self._view, _ZOOM**-notches
        share = (at.x() - room.left()) / room.width(), (room.bottom() - at.y()) / room.height()
        wide, high = view.width() * factor, view.height() * factor
        left = view.left() + share[0] * (view.width() - wide)
        low = view.top() + share[1] * (view.height() - high)
        self._view = QRectF(left, low, wide, high)
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._image = None
        self.update()

    def _drawn(self, room: QRectF) -> QImage:
        """Return the picture of the points, for the pixels of the screen."""
        dots = self.devicePixelRatioF()
        wide, high = max(round(room.width() * dots), 1), max(round(room.height() * dots), 1)
        radius = next((size for most, size in _SIZES if len(self._places) <= most), 1)
        at = (self._on_widget() - (room.left(), room.top())) * dots
        pixels = dotted(at, self._inks, self._chosen, (high, wide), max(round(radius * dots), 1))
        image = QImage(pixels.tobytes(), wide, high, 4 * wide, QImage.Format.Format_ARGB32)
        image = image.copy()  # the pixels go with this call
        image.setDevicePixelRatio(dots)
        return image


def dotted(
    at: np.ndarray, inks: np.ndarray, strong: np.ndarray, shape: tuple[int, int], radius: int
) -> np.ndarray:
    """Return a picture of round dots, shape `shape`, uint32 ARGB, clear between them.

    Parameters
    ----------
    at : ndarray, shape (n, 2)
        Across and down, in pixels.
    inks : ndarray, shape (n,), uint32 ARGB
    strong : ndarray of bool, shape (n,)
        These lie above the others, which are faint then; where none is, all are strong.
    shape : tuple of int
        Rows and columns.
    radius : int, px
    """
    high, wide = shape
    picture = np.zeros((high + 2 * radius, wide + 2 * radius), np.uint32)
    flat, stride = picture.reshape(-1), wide + 2 * radius
    seen = ((at >= 0) & (at < (wide, high))).all(axis=1)
    across, down = at[seen].astype(np.int32).T
    centres = (down + radius) * stride + across + radius
    colour, above = inks[seen], strong[seen]
    layers = [(centres, colour)]
    if strong.any():
        faint = (colour & 0x00FFFFFF) | np.uint32(int(255 * _FAINT) << 24)
        layers = [(centres[~above], faint[~above]), (centres[above], colour[above])]
    rows, columns = np.indices((2 * radius + 1,) * 2) - radius
    disc = rows**2 + columns**2 <= radius**2 + 0.5
    for places, tints in layers:
        for step in (rows * stride + columns)[disc]:
            flat[places + step] = tints
    return np.ascontiguousarray(picture[radius : radius + high, radius : radius + wide])
