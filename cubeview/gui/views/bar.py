"""The colour bars beside a row of slices: values, and the signed map over them."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy

from cubeview.cubes.reduce import to_steps, ventricle_maximum
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import value_unit
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.colormaps import overlay_table, picture, table
from cubeview.gui.widgets.theme import colours
from cubeview.kinds import kind_of

_BAR_PX = 12


class BarView(CaseView):
    """Colour bar of one role with its unit; of the overlay too while there is one.

    Hearts are read in % of the ventricle maximum.
    """

    def __init__(self, session: Session, role: str) -> None:
        super().__init__(session)
        self.role = role
        self.cube = self.case.cubes[role]
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.8)
        self.setFont(font)
        self.follow(
            (session.display_changed, self.update),
            (session.overlay_changed, self.update),
            (session.overlay_style_changed, self.update),
            (session.ventricles_changed, self.update),
        )

    def sizeHint(self) -> QSize:
        """Return room for the bar and figures of six digits."""
        return QSize(_BAR_PX + 8 + QFontMetrics(self.font()).horizontalAdvance("−0.0e−00") + 6, 160)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:  # Qt aborts the program over a painter that was left open
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        painter.setPen(QColor(colours().dim))
        overlay = self.session.overlay
        shown = overlay is not None and overlay.peak > 0 and self.session.overlay_style.visible
        height = self.height() / 2 if shown else float(self.height())
        levels = (self.session.display.levels or {}).get(self.role)
        display = self.session.display
        if levels is not None:
            low, high, unit = *levels, value_unit(self.cube)
            if kind_of(self.cube).ventricle:
                share = 100 / ventricle_maximum(self.cube, self.session.ventricles.get(self.role))
                low, high, unit = low * share, high * share, "%"
            self._bar(
                painter, 0.0, height, table(display.colormap), (low, high), unit, display.stretch
            )
        if overlay is not None and shown:
            style = self.session.overlay_style
            rows = overlay_table(1.0, style.threshold)
            ends = (-overlay.peak, overlay.peak)
            self._bar(painter, height, height, rows, ends, overlay.unit, "linear")

    def _bar(
        self,
        painter: QPainter,
        top: float,
        height: float,
        rows: np.ndarray,
        ends: tuple[float, float],
        unit: str,
        stretch: str,
    ) -> None:
        line = QFontMetrics(self.font()).height()
        bar = QRectF(4, top + line + 6, _BAR_PX, max(10.0, height - 1.5 * line - 12))
        count = max(2, int(bar.height()))
        values = np.linspace(1, 0, count, dtype=np.float32)
        painter.drawImage(bar, picture(rows[to_steps(values, 0, 1, stretch)][:, None]))
        painter.setPen(pg.mkPen(colours().line))
        painter.drawRect(bar)
        painter.setPen(QColor(colours().dim))
        width = self.width()
        metrics = QFontMetrics(self.font())
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if metrics.horizontalAdvance(unit) <= width - 4:
            painter.drawText(QRectF(2, top, width, line + 4), left, unit)
        else:
            painter.save()
            painter.translate(width - line / 2, bar.center().y())
            painter.rotate(-90)
            room = QRectF(-bar.height() / 2, -line / 2, bar.height(), line)
            unit = metrics.elidedText(unit, Qt.TextElideMode.ElideRight, int(bar.height()))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), unit)
            painter.restore()
        for share in (0.0, 0.5, 1.0):
            value = ends[0] + share * (ends[1] - ends[0])
            y = bar.bottom() - share * bar.height()
            room = QRectF(bar.right() + 4, y - line / 2, width, line)
            painter.drawText(room, left, figure(value, max(abs(ends[0]), abs(ends[1]))))


def figure(value: float, largest: float) -> str:
    """Write a value to three figures of the largest beside it."""
    if value == 0:
        return "0"
    text = f"{value:.1e}" if not 1e-2 <= largest < 1e5 else f"{value:.3g}"
    if largest >= 100 and "e" in text and largest < 1e5:
        text = f"{value:.0f}"
    return text.replace("-", "−")
