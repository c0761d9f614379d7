"""The colour bars beside a row of slices: values, and the signed map over them."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy

from cubeview.cubes.reduce import to_steps, ventricle_maximum
from cubeview.gui.desk.display import bands_shown, move_level, reset_levels
from cubeview.gui.desk.measured import IMAGE
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.desk.units import map_unit, unit_text, value_unit
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.basic import painting, plain_tip
from cubeview.gui.widgets.colormaps import overlay_table, picture, table
from cubeview.gui.widgets.theme import DARK, colours
from cubeview.kinds import kind_of

_BAR_PX = 12
_HINT = "Drag the upper half for the upper level, the lower half for the lower; double click: anew"
FOR_OR_AGAINST = "against … for the class"
"""Along the colours of a map, from below."""


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
        self._held: tuple[int, float] | None = None
        if kind_of(self.cube).ventricle:
            self.setCursor(Qt.CursorShape.SizeVerCursor)
            self.setToolTip(plain_tip(_HINT))
        self.follow(
            (session.display_changed, self.update),
            (session.overlay_changed, self.update),
            (session.overlay_style_changed, self.update),
            (session.ventricles_changed, self.update),
            (session.white_changed, self.update),
            (session.measured_changed, self.update),
        )

    def sizeHint(self) -> QSize:
        """Return room for the bar and figures of six digits."""
        return QSize(_BAR_PX + 8 + QFontMetrics(self.font()).horizontalAdvance("−0.0e−00") + 6, 160)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take hold of the level whose end of the bar is nearer."""
        bars = self._bars() if kind_of(self.cube).ventricle else []
        own = next((n for n, (_, _, unit, _) in enumerate(bars) if unit == "%"), None)
        if event is not None and own is not None:
            middle = (own + 0.5) * self.height() / len(bars)
            self._held = int(event.position().y() < middle), event.position().y()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move that level: the length of the bar is 100 %."""
        if event is not None and self._held is not None:
            (end, last), now = self._held, event.position().y()
            self._held = end, now
            length = self.height() / max(len(self._bars()), 1)
            move_level(self.session, self.role, end, 100 * (last - now) / length)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go of it."""
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Choose the levels as the case opened with them."""
        if kind_of(self.cube).ventricle:
            reset_levels(self.session)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the bars."""
        with painting(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setPen(QColor(colours().dim))
        bars = self._bars()
        height = self.height() / max(len(bars), 1)
        for place, (rows, ends, unit, stretch) in enumerate(bars):
            self._bar(painter, place * height, height, rows, ends, unit, stretch)

    def _bars(self) -> list[tuple[np.ndarray, tuple[float, float], str, str]]:
        """Return colours, ends, unit and stretch of each scale there is, from the top."""
        session, display = self.session, self.session.display
        levels, overlay, style = display.levels or {}, session.overlay, session.overlay_style
        share, unit = 1.0, value_unit(self.cube)
        if kind_of(self.cube).ventricle:
            share = 100 / ventricle_maximum(self.cube, session.ventricles.get(self.role))
            unit = "%"
        bars = []
        if (image := session.measured.seen) is not None and IMAGE in levels:
            named = f"{image.name}, {unit_text(self.cube, image.unit)}".rstrip(", ")
            bars.append((table(display.colormap), levels[IMAGE], named, display.stretch))
        keys: tuple[str, ...] = (WHITE, self.role) if session.white else (self.role,)
        if kind_of(self.cube).flat:  # several bands in colour have no one scale
            shown = bands_shown(self.case, display)
            keys = shown if len(shown) == 1 else ()
        for key in keys:
            if key in levels:
                ends = levels[key][0] * share, levels[key][1] * share
                named = f"{WHITE}, {unit}".rstrip(", ") if key == WHITE else unit
                bars.append((table(display.colormap), ends, named, display.stretch))
        if overlay is not None and overlay.peak > 0 and style.visible:
            rows = overlay_table(1.0, style.threshold)
            ends, named = (-overlay.peak, overlay.peak), map_unit(overlay.unit) or FOR_OR_AGAINST
            bars.append((rows, ends, named, "linear"))
        return bars

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
        painter.fillRect(bar, QColor(DARK.ground))  # as under the pictures, in either theme
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
