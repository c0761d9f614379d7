"""A mask that is being painted: strokes, fills and what else changes it, each undone as a whole."""

import numpy as np

from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.mask import Mask, MaskLabel, colour_of, laid_on, named
from cubeview.errors import CubeviewError

MOST_PAINTED = 255
"""Highest number that is painted with: a layer takes one byte a voxel."""


class Layer:
    """Labels on the grid of a cube, changed in place.

    Parameters
    ----------
    cube : Cube

    Attributes
    ----------
    values : ndarray, shape of the cube, uint8
        To be read only: what changes it is below.
    labels : tuple of MaskLabel
    """

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        self.values = np.zeros(cube.shape, np.uint8)
        self.labels: tuple[MaskLabel, ...] = named(["label 1"])
        self._undo: list[list[tuple[Box, np.ndarray]]] = []
        self._open = False

    @property
    def changed(self) -> bool:
        """There is something to undo."""
        return bool(self._undo)

    def mask(self) -> Mask:
        """Return it as a value; later strokes do not change that."""
        return Mask(self.values.copy(), self.labels, self.cube)

    def name(self, number: int, name: str) -> None:
        """Call a label otherwise, or begin one."""
        colours = {one.number: one.colour for one in self.labels}
        new = MaskLabel(number, name, colours.get(number, colour_of(number)))
        others = [one for one in self.labels if one.number != number]
        self.labels = tuple(sorted([*others, new], key=lambda one: one.number))

    def begin(self) -> None:
        """Begin what is undone as one: a drag is many strokes."""
        self._undo.append([])
        self._open = True

    def end(self) -> None:
        """End it; where nothing changed there is nothing to undo."""
        self._open = False
        if self._undo and not self._undo[-1]:
            self._undo.pop()

    def undo(self) -> bool:
        """Take back the last change; False where there is none."""
        self.end()
        if not self._undo:
            return False
        for box, before in reversed(self._undo.pop()):
            self.values[box] = before
        return True

    def stroke(
        self,
        axis: int,
        index: int,
        way: tuple[tuple[float, float], tuple[float, float]],
        radius: float,
        number: int,
    ) -> bool:
        """Paint a thick line in a plane; tell whether it changed anything.

        Parameters
        ----------
        axis, index : int
            The plane across `axis`.
        way : pair of points
            From and to, in voxels along the two other axes in order.
        radius : float
            In voxels; below 1 one voxel is painted.
        number : int
            Of the label; 0 erases.
        """
        points = np.array(way, float)
        sides = [n for a, n in enumerate(self.values.shape) if a != axis]
        low = np.maximum(np.floor(points.min(axis=0) - radius), 0).astype(int)
        high = np.minimum(np.ceil(points.max(axis=0) + radius).astype(int) + 1, sides)
        if (low >= high).any():
            return False
        rows = np.arange(low[0], high[0])[:, None] - points[0, 0]
        columns = np.arange(low[1], high[1])[None] - points[0, 1]
        step = points[1] - points[0]
        length = float(step @ step)
        share = np.clip((rows * step[0] + columns * step[1]) / length, 0, 1) if length else 0.0
        away = (rows - share * step[0]) ** 2 + (columns - share * step[1]) ** 2
        reach = max(radius - 0.5, 0.71) if radius >= 1 else 0.5
        spans = [slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
        spans.insert(axis, slice(index, index + 1))
        box: Box = (spans[0], spans[1], spans[2])
        return self._change(box, np.expand_dims(away <= reach**2, axis), number)

    def fill(self, axis: int, index: int, at: tuple[float, float], number: int) -> bool:
        """Fill what is enclosed in a plane around a place, up to voxels labelled otherwise."""
        from scipy.ndimage import label

        whole: list[slice] = [slice(0, n) for n in self.values.shape]
        whole[axis] = slice(index, index + 1)
        box: Box = (whole[0], whole[1], whole[2])
        plane = self.values[box].squeeze(axis)
        place = zip(at, plane.shape, strict=True)
        row, column = (int(np.clip(round(p), 0, n - 1)) for p, n in place)
        pieces, _ = label(plane == plane[row, column])
        inside = pieces == pieces[row, column]
        return self._change(box, np.expand_dims(inside, axis), number)

    def keep_above(self, number: int, share: float) -> bool:
        """Take a label off what is below a share of its largest value: a threshold inside it."""
        box = self._box(number)
        if box is None:
            return False
        mine = self.values[box] == number
        values = np.nan_to_num(self.cube.box(box), nan=-np.inf)
        return self._change(box, mine & ~(values >= share * values[mine].max()), 0)

    def put(self, values: np.ndarray, box: Box) -> bool:
        """Put labels into a box, as one step."""
        return self._change(box, self.values[box] != values, values)

    def take(self, mask: Mask) -> None:
        """Show a mask from elsewhere, as one step.

        Raises CubeviewError if it does not lie on this grid or has too many labels.
        """
        mask = laid_on(mask, self.cube)
        if mask.values.size and int(mask.values.max()) > MOST_PAINTED:
            raise CubeviewError(f"it has more than {MOST_PAINTED} labels; a layer holds no more.")
        z, y, x = (slice(0, n) for n in self.values.shape)
        self.put(mask.values.astype(np.uint8), (z, y, x))
        self.labels = mask.labels or self.labels

    def _box(self, number: int) -> Box | None:
        from scipy.ndimage import find_objects

        found = find_objects((self.values == number).astype(np.uint8))
        return found[0] if found else None

    def _change(self, box: Box, where: np.ndarray, number: int | np.ndarray) -> bool:
        """Set voxels of a box, and remember what they were."""
        before = self.values[box]
        changes = where & (before != number)
        if not changes.any():
            return False
        kept = before.copy()
        np.copyto(self.values[box], np.asarray(number, np.uint8), where=changes)
        if self._open:
            self._undo[-1].append((box, kept))
        else:
            self._undo.append([(box, kept)])
        return True
