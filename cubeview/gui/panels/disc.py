"""A heart's map as a mean over the wall, on a disc; a click goes to the place."""

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cubeview.cubes.polar import wall_mean, wall_places
from cubeview.cubes.reduce import to_steps
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.colormaps import overlay_table, picture
from cubeview.gui.widgets.theme import DARK, colours

_SIDE = 64
_SMALLEST = 150


class WallDisc(QWidget):
    """One disc for each state of a heart whose wall is known; hidden where there is no map.

    Apex in the middle, inferior wall below, lateral wall to the right.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._discs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("The map as a mean over the wall: apex in the middle. Click to go there.")
        self.setAccessibleName("Map as a mean over the wall")
        for signal in (session.overlay_changed, session.ventricles_changed):
            signal.connect(self._take)
        session.overlay_style_changed.connect(self.update)
        self._take()

    def sizeHint(self) -> QSize:
        """Return room for the discs side by side and their names."""
        return QSize(2 * _SMALLEST, _SMALLEST + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return what a narrow dock can do with."""
        return QSize(_SMALLEST, _SMALLEST + self.fontMetrics().height())

    def mean(self, role: str) -> np.ndarray:
        """Return what a state's disc shows, shape (side, side)."""
        return self._discs[role][0]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint a disc for each state."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        theme, style = colours(), self._session.overlay_style
        rows = overlay_table(1.0, style.threshold)
        peak = max((np.nanmax(np.abs(m)) for m, _ in self._discs.values()), default=0.0)
        for role, (mean, _) in self._discs.items():
            where = self._where(role)
            painter.setPen(QColor(theme.line))
            painter.setBrush(QColor(DARK.raised))  # as under the slices, in either theme
            painter.drawEllipse(where)
            if peak and style.visible:
                painter.drawImage(where, picture(rows[to_steps(mean, -peak, peak)]))
            painter.setPen(QColor(theme.dim))
            line = painter.fontMetrics().height()
            under = QRectF(where.left(), where.bottom(), where.width(), line)
            painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, role)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Put the cursor into the middle of the wall at the place clicked."""
        if event is None:
            return
        for role in self._discs:
            voxel = self._voxel(role, event.position())
            if voxel is not None:
                self._session.set_cursor(*self._session.from_role(role, voxel))

    def _voxel(self, role: str, at: QPointF) -> list[float] | None:
        where = self._where(role)
        if not where.contains(at):
            return None
        away = at - where.topLeft()
        shares = away.x() / where.width(), away.y() / where.height()
        column, row = (min(_SIDE - 1, int(_SIDE * share)) for share in shares)
        voxel = self._discs[role][1][:, row, column].mean(axis=0)
        return None if np.isnan(voxel).any() else [float(v) for v in voxel]

    def _where(self, role: str) -> QRectF:
        place, count = list(self._discs).index(role), len(self._discs)
        room = self.width() / count
        side = min(room - 4, self.height() - self.fontMetrics().height() - 2)
        return QRectF(room * place + (room - side) / 2, 1, side, side)

    def _take(self) -> None:
        overlay, case = self._session.overlay, self._session.case
        self._discs = {}
        if overlay is not None and case is not None:
            for role, values in overlay.values.items():
                ventricle = self._session.ventricles.get(role)
                if ventricle is None:
                    continue
                places = wall_places(ventricle, case.cubes[role].spacing, _SIDE)
                mean = wall_mean(values, overlay.boxes[role], places)
                if np.isfinite(mean).any():
                    self._discs[role] = mean, places
        self.setVisible(bool(self._discs))
        self.update()
