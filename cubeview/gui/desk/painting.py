"""What is painted on the case shown: its layers, the brush, and who hears of a change."""

from dataclasses import dataclass, replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.mask import Mask
from cubeview.gui.desk.open_case import OpenCase
from cubeview.measure.masks.layer import MOST_PAINTED, Layer

MOST_RADIUS = 64.0


@dataclass(frozen=True)
class Brush:
    """What the mouse paints with.

    Parameters
    ----------
    on : bool
        The left button paints, and does not move the cursor.
    tool : {"brush", "fill"}
    number : int
        Of the label; 0 erases.
    radius : float
        In voxels.
    opacity : float
        0 to 1, of all masks.
    """

    on: bool = False
    tool: str = "brush"
    number: int = 1
    radius: float = 3.0
    opacity: float = 0.5


class Painting(QObject):
    """The layers of the case shown, by role.

    Signals
    -------
    changed()
        Voxels or labels of a layer, or the case.
    brush_changed()
        `brush`.
    """

    changed = pyqtSignal()
    brush_changed = pyqtSignal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.brush = Brush()
        self._shown: OpenCase | None = None
        self._last: list[str] = []

    def show(self, shown: OpenCase) -> None:
        """Take the case that is shown now."""
        self._shown = shown
        self.changed.emit()

    def layer(self, role: str) -> Layer | None:
        """Return what is painted on a cube; None where nothing is."""
        return None if self._shown is None else self._shown.masks.get(role)

    def begun(self, role: str) -> Layer:
        """Return the layer of a cube, made where there is none."""
        assert self._shown is not None
        assert self._shown.case is not None
        if role not in self._shown.masks:
            self._shown.masks[role] = Layer(self._shown.case.cubes[role])
        return self._shown.masks[role]

    def set_brush(self, **changes: Any) -> None:
        """Change fields of `brush`."""
        brush = replace(self.brush, **changes)
        brush = replace(
            brush,
            radius=min(max(brush.radius, 0.5), MOST_RADIUS),
            number=min(max(brush.number, 0), MOST_PAINTED),
        )
        if brush != self.brush:
            self.brush = brush
            self.brush_changed.emit()

    def stroke(
        self,
        role: str,
        plane: tuple[int, int],
        way: tuple[tuple[float, float], tuple[float, float]],
        *,
        erase: bool = False,
    ) -> None:
        """Paint with the brush in a plane: its axis and its index."""
        number = 0 if erase else self.brush.number
        layer = self.begun(role)
        if number and number not in {one.number for one in layer.labels}:
            layer.name(number, f"label {number}")  # chosen in another case
        if self.brush.tool == "fill" and not erase:
            changed = layer.fill(*plane, way[1], number)
        else:
            changed = layer.stroke(*plane, way, self.brush.radius, number)
        if changed:
            self.tell(role)

    def take(self, role: str, mask: Mask) -> None:
        """Show a mask from elsewhere on a cube; CubeviewError if it does not fit."""
        self.begun(role).take(mask)
        self.tell(role)

    def tell(self, role: str) -> None:
        """Say that a layer was changed."""
        self._last = [role]
        self.changed.emit()

    def undo(self) -> None:
        """Take back what was painted last."""
        roles = [*self._last, *(self._shown.masks if self._shown else ())]
        for role in roles:
            layer = self.layer(role)
            if layer is not None and layer.undo():
                self.changed.emit()
                return
