"""A histogram of a cube's values with a handle for each level, and a field for figures of any
size.
"""

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
    QValidator,
)
from PyQt6.QtWidgets import QDoubleSpinBox, QSizePolicy, QWidget

from cubeview.gui.widgets.basic import painting, steady
from cubeview.gui.widgets.colormaps import colormap
from cubeview.gui.widgets.theme import colours

_BINS = 96
_GRIP_PX = 6


class Histogram(QWidget):
    """How often values occur, and the two levels between which they are painted.

    Signals
    -------
    dragged(float, float)
        The user moved a level: (low, high).
    """

    dragged = pyqtSignal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(80, 36)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.low, self.high = 0.0, 1.0
        self._ends = (0.0, 1.0)
        self._counts = np.zeros(_BINS)
        self._colours = "gray"
        self._held: str | None = None

    def sizeHint(self) -> QSize:
        """Return a flat strip."""
        return QSize(160, 40)

    def set_values(self, values: np.ndarray, ends: tuple[float, float]) -> None:
        """Take the values to count, shape (n,), and the range to show."""
        self._ends = ends
        # As shares: single precision has no room for bins at its ends, nor between near numbers.
        span = (ends[1] - ends[0]) or 1.0
        shares = (values.astype(np.float64) - ends[0]) / span
        counts, _ = np.histogram(shares, bins=_BINS, range=(0.0, 1.0))
        self._counts = np.log1p(counts)
        self.update()

    def set_levels(self, levels: tuple[float, float], colours: str) -> None:
        """Show levels, and the colour map of this name between them."""
        (self.low, self.high), self._colours = levels, colours
        self.update()

    def place(self, value: float) -> float:
        """Return where a value lies, in pixels from the left."""
        share = (value - self._ends[0]) / (self._ends[1] - self._ends[0])
        return _GRIP_PX + share * (self.width() - 2 * _GRIP_PX)

    def value(self, place: float) -> float:
        """Return the value at a place; the inverse of `place`."""
        share = (place - _GRIP_PX) / max(1, self.width() - 2 * _GRIP_PX)
        return self._ends[0] + float(np.clip(share, 0, 1)) * (self._ends[1] - self._ends[0])

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take the nearer handle."""
        if event is None:
            return
        x = event.position().x()
        to_low, to_high = abs(x - self.place(self.low)), abs(x - self.place(self.high))
        self._held = "low" if to_low < to_high else "high"
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Drag the handle, no farther than the other one."""
        if self._held is None or event is None:
            return
        value = self.value(event.position().x())
        least = (self._ends[1] - self._ends[0]) / 1000
        if self._held == "low":
            self.dragged.emit(min(value, self.high - least), self.high)
        else:
            self.dragged.emit(self.low, max(value, self.low + least))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go."""
        self._held = None

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw counts, colours and handles."""
        with painting(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = colours()
        strip = 8.0
        bottom = self.height() - strip - 2
        left, right = self.place(self._ends[0]), self.place(self._ends[1])
        xs = np.linspace(left, right, _BINS)
        ys = bottom - self._counts / (self._counts.max() or 1.0) * (bottom - 2)
        outline = [QPointF(left, bottom), *map(QPointF, xs, ys), QPointF(right, bottom)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawPolygon(QPolygonF(outline))
        low = float(np.clip(self.place(self.low), left, right))
        high = float(np.clip(self.place(self.high), left, right))
        gradient = QLinearGradient(low, 0, max(high, low + 1), 0)
        for share in np.linspace(0, 1, 9):
            gradient.setColorAt(float(share), colormap(self._colours).map(share, mode="qcolor"))
        painter.setBrush(gradient)
        painter.drawRect(QRectF(left, bottom + 2, right - left, strip))
        painter.setPen(QColor(theme.accent))
        painter.setBrush(QColor(theme.accent))
        for x in (low, high):
            painter.drawLine(QPointF(x, 2), QPointF(x, bottom + strip + 2))
            painter.drawEllipse(QPointF(x, 4), 3, 3)


class FigureBox(QDoubleSpinBox):
    """A field for figures from 1e-20 to 1e20, written to four places."""

    def __init__(self) -> None:
        super().__init__()
        steady(self)
        self.setRange(-1e38, 1e38)
        self.setDecimals(40)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("−0.000e−00") + 24)

    def textFromValue(self, value: float) -> str:
        """Write short."""
        return f"{value:.4g}"

    def valueFromText(self, text: str | None) -> float:
        """Read what `textFromValue` wrote, with or without the unit."""
        try:
            return float((text or "").removesuffix(self.suffix()).strip())
        except ValueError:
            return self.value()

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Let anything be typed; `valueFromText` keeps the old value for what is no figure."""
        return QValidator.State.Acceptable, text or "", position
