"""Bars that paint themselves: probabilities, and the colours of a signed map."""

from collections.abc import Mapping

import numpy as np
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cubeview.gui.widgets.colormaps import overlay_table, picture
from cubeview.gui.widgets.theme import DARK, colours


class Bars(QWidget):
    """Probabilities as bars, one row each: name, bar, number."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, float, bool]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_values(self, values: Mapping[str, float], marked: str) -> None:
        """Show probabilities in the order given, one of them in the accent colour."""
        self._rows = [(name, value, name == marked) for name, value in values.items()]
        # A painted widget says nothing to a screen reader unless told.
        self.setAccessibleDescription(
            ", ".join(f"{name} {value:.2f}" for name, value in values.items())
        )
        self.updateGeometry()
        self.update()

    @property
    def rows(self) -> list[tuple[str, float, bool]]:
        """Name, value and whether it is the marked one, as painted."""
        return list(self._rows)

    def sizeHint(self) -> QSize:
        """Return a height that fits the rows in the current font."""
        return QSize(220, self._row_height() * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        """Return the least size in which names stay readable."""
        return QSize(150, self._row_height() * len(self._rows))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, metrics, height = colours(), self.fontMetrics(), self._row_height()
        names = max((metrics.horizontalAdvance(name) for name, _, _ in self._rows), default=0) + 10
        names = min(names, self.width() // 2)
        numbers = metrics.horizontalAdvance("0.00") + 8
        for place, (name, value, marked) in enumerate(self._rows):
            top = place * height
            painter.setPen(QColor(c.text if marked else c.dim))
            side = Qt.AlignmentFlag.AlignVCenter
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names - 6)
            painter.drawText(QRectF(0, top, names, height), side, shown)
            number = QRectF(self.width() - numbers, top, numbers, height)
            painter.drawText(number, side | Qt.AlignmentFlag.AlignRight, f"{value:.2f}")
            track = QRectF(names, top + height / 2 - 4, self.width() - names - numbers, 8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.raised))
            painter.drawRoundedRect(track, 4, 4)
            # A probability near 0 stays a mark, not nothing.
            track.setWidth(max(track.width() * value, 3.0))
            painter.setBrush(QColor(c.accent if marked else c.dim))
            painter.drawRoundedRect(track, min(4, track.width() / 2), 4)

    def _row_height(self) -> int:
        return QFontMetrics(self.font()).height() + 7


class SignedBar(QWidget):
    """The colour bar of a map: from what speaks against to what speaks for, zero in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._peak, self._unit, self._threshold = 0.0, "", 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_scale(self, peak: float, unit: str, threshold: float) -> None:
        """Show another scale.

        Parameters
        ----------
        peak : float, in `unit`
            The scale goes from ``-peak`` to ``peak``.
        unit : str
        threshold : float
            Share of `peak` below which a map is clear.
        """
        self._peak, self._unit, self._threshold = peak, unit, threshold
        self.setAccessibleDescription(
            f"from −{peak:.3g} against to +{peak:.3g} for the class {unit}".strip()
        )
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the bar and one line of numbers."""
        return QSize(220, self.fontMetrics().height() * 2 + 16)

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the bar with its end values and what they mean."""
        painter = QPainter(self)
        c, line = colours(), self.fontMetrics().height()
        width, bar = self.width(), QRectF(0, line + 3, self.width(), 9)
        rows = overlay_table(1.0, self._threshold)[1:]
        painter.fillRect(bar, QColor(DARK.ground))  # as under the pictures, in either theme
        painter.drawImage(bar, picture(rows[None, np.arange(width) * len(rows) // width]))
        painter.setPen(QColor(c.dim))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        over, under = QRectF(0, 0, width, line), QRectF(0, bar.bottom() + 3, width, line)
        painter.drawText(over, left, "against")
        painter.drawText(over, right, "for")
        painter.drawText(over, Qt.AlignmentFlag.AlignHCenter, self._unit)
        painter.drawText(under, left, f"−{self._peak:.3g}")
        painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, "0")
        painter.drawText(under, right, f"+{self._peak:.3g}")
