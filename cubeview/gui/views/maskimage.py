"""What is painted on a slice: its labels in their colours, and the strokes of the mouse."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage

from cubeview.cubes.plane import PlaneFrame
from cubeview.cubes.rows import labels_in
from cubeview.gui.desk.painting import Painting
from cubeview.gui.desk.session import Session
from cubeview.gui.views.canvas import PlaneCanvas
from cubeview.gui.views.strips import Strip
from cubeview.gui.widgets.colormaps import picture
from cubeview.measure.masks.layer import Layer


class MaskImage(pg.ImageItem):
    """The layer of one cube in one plane, on a canvas whose left button paints.

    Parameters
    ----------
    painting : Painting
    canvas : PlaneCanvas
    role : str
    axis : int
    frame : PlaneFrame
    """

    def __init__(
        self, painting: Painting, canvas: PlaneCanvas, role: str, axis: int, frame: PlaneFrame
    ) -> None:
        super().__init__(axisOrder="row-major")
        self.setZValue(6)
        self._painting, self._canvas, self._role = painting, canvas, role
        self._axis, self._frame, self._index = axis, frame, 0
        self._last: tuple[float, float] | None = None
        canvas.box.addItem(self, ignoreBounds=True)
        canvas.brushed.connect(self._brush)
        canvas.lifted.connect(self._lift)
        self.follow_brush()

    def follow_brush(self) -> None:
        """Let the left button paint, or not, and the masks be as clear as is wanted."""
        self._canvas.paints = self._painting.brush.on
        self.draw(self._index)

    def draw(self, index: int) -> None:
        """Show a plane."""
        self._index = index
        layer = self._painting.layer(self._role)
        if layer is None or not 0 <= index < layer.values.shape[self._axis]:
            self.clear()
            return
        plane = np.take(layer.values, index, axis=self._axis)
        plane = plane.T if self._frame.transposed else plane
        rows, columns = plane.shape
        self.setImage(
            plane,
            levels=(0, 255),
            lut=label_colours(layer, self._painting.brush.opacity),
            rect=QRectF(-0.5, -0.5, columns, rows),
        )

    def _brush(self, across: float, up: float, first: bool, erase: bool) -> None:
        ordered = self._frame.across < self._frame.up
        here = (across, up) if ordered else (up, across)
        if first:
            self._painting.begun(self._role).begin()
        elif self._painting.brush.tool == "fill":
            return
        before = here if first or self._last is None else self._last
        self._last = here
        self._painting.stroke(self._role, (self._axis, self._index), (before, here), erase=erase)

    def _lift(self) -> None:
        self._last = None
        if (layer := self._painting.layer(self._role)) is not None:
            layer.end()


def mask_pictures(session: Session, strip: Strip) -> list[QImage]:
    """Return what is painted on each slice of a row; empty where nothing is."""
    layer, ventricle = session.painting.layer(strip.role), session.ventricles.get(strip.role)
    if layer is None or ventricle is None or not layer.values.any():
        return []
    found = labels_in(layer.values, ventricle, layer.cube.spacing, strip.grid)
    return [picture(plane) for plane in label_colours(layer, session.painting.brush.opacity)[found]]


def label_colours(layer: Layer, opacity: float) -> np.ndarray:
    """Return the colour of each number, shape (256, 4), clear where there is no label."""
    table = np.zeros((256, 4), np.uint8)
    for label in layer.labels:
        colour = QColor(label.colour)
        if label.number < len(table):
            table[label.number] = (
                colour.red(), colour.green(), colour.blue(), round(255 * opacity),
            )  # fmt: skip
    return table
