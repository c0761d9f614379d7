"""A small image with a place in it: what lies along a path against the spectral axis."""

from html import escape

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QWheelEvent

from cubeview.gui.widgets.colormaps import table
from cubeview.gui.widgets.theme import colours, new_colours


class PathImage(pg.GraphicsView):
    """An image over two axes; a click or a drag in it is told.

    Signals
    -------
    picked(float, float)
        The user pointed at (across, up), in the units of the axes.
    """

    picked = pyqtSignal(float, float)

    def __init__(self, name: str, height: int = 240) -> None:
        self._built = False  # Qt's constructor already sends change events
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot = pg.PlotItem(enableMenu=False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.across = pg.InfiniteLine(angle=90, movable=False)
        self.up = pg.InfiniteLine(angle=0, movable=False)
        self.plot.addItem(self.image)
        for line in (self.across, self.up):
            self.plot.addItem(line, ignoreBounds=True)
        self.setCentralItem(self.plot)
        self._built = True
        self._dress()

    def draw(
        self, steps: np.ndarray, rect: tuple[float, float, float, float], titles: tuple[str, str],
        colormap: str,
    ) -> None:  # fmt: skip
        """Draw an image.

        Parameters
        ----------
        steps : ndarray, shape (rows, columns), uint8
            As `cubeview.cubes.reduce.to_steps` makes them.
        rect : tuple of float
            Left, right, low and high edge, in the units of the axes.
        titles : tuple of str
            Of the axes across and up.
        colormap : str
        """
        left, right, low, high = rect
        where = QRectF(left, low, right - left, high - low)
        self.image.setImage(steps, autoLevels=False, lut=table(colormap), rect=where)
        self.plot.setXRange(left, right, padding=0)
        self.plot.setYRange(min(low, high), max(low, high), padding=0)
        for side, title in zip(("bottom", "left"), titles, strict=True):
            self.plot.getAxis(side).setLabel(escape(title), color=colours().dim)
            self.plot.getAxis(side).enableAutoSIPrefix(False)

    def point(self, across: float, up: float) -> None:
        """Mark a place."""
        self.across.setValue(across)
        self.up.setValue(up)

    def clear(self) -> None:
        """Take the image away."""
        self.image.clear()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell the place under the mouse."""
        self._pick(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the places a drag goes over."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to the panel, which scrolls."""
        if event is not None:
            event.ignore()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if self._built and event is not None and new_colours(event, None):
            self._dress()

    def _pick(self, event: QMouseEvent) -> None:
        if self.image.image is not None:
            scene = self.mapToScene(event.position().toPoint())
            point = self.plot.getViewBox().mapSceneToView(scene)
            self.picked.emit(point.x(), point.y())

    def _dress(self) -> None:
        theme = colours()
        self.setBackground(theme.card)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setPen(theme.line)
            self.plot.getAxis(side).setTextPen(theme.dim)
        for line in (self.across, self.up):
            line.setPen(pg.mkPen(theme.accent, width=1))
