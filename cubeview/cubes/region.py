"""Parts of a cube: where they lie and how they are cut out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box, Cube
from cubeview.errors import CubeviewError


def window_at(
    cube: Cube, z: float, y: float, x: float, size: int | tuple[int, int, int] = 32
) -> Box:
    """Return the window of a sky cube that is centred on a voxel.

    The voxel nearest to the place is at index ``size // 2`` along each axis. Near an edge the
    window is cut short there: its slices never leave the cube.

    Parameters
    ----------
    cube : Cube
    z, y, x : float
        Voxel index, 0-based, may be fractional; clipped into the cube.
    size : int or tuple of int
        Voxels along each axis.
    """
    slices = []
    sizes = (size,) * 3 if isinstance(size, int) else size
    for place, length, extent in zip((z, y, x), cube.shape, sizes, strict=True):
        nearest = min(max(round(place), 0), length - 1)
        start = nearest - extent // 2
        slices.append(slice(max(start, 0), min(start + extent, length)))
    return slices[0], slices[1], slices[2]


def nearest_voxel(cube: Cube, position: Iterable[float]) -> tuple[int, int, int]:
    """Return the voxel of a cube that is nearest to a fractional index (z, y, x)."""
    z, y, x = (
        int(np.clip(round(float(value)), 0, length - 1))
        for value, length in zip(position, cube.shape, strict=True)
    )
    return z, y, x


def placed(case: Case, at: Sequence[float]) -> Case:
    """Return a case with its window around a place; CubeviewError if that lies outside the cube.

    World coordinates are in the order and the units of the cube's axes.
    """
    voxel = case.main.index(*at)
    if not all(-0.5 <= v <= n - 0.5 for v, n in zip(voxel, case.main.shape, strict=True)):
        units = ", ".join(f"{axis.name} in {axis.unit or 'voxels'}" for axis in case.main.axes)
        raise CubeviewError(f"{case.name}: the place lies outside the cube. Give {units}.")
    z, y, x = (round(v) for v in voxel)
    return replace(case, window=window_at(case.main, z, y, x))


def holds(box: Box, voxel: tuple[int, int, int]) -> bool:
    """Tell whether a voxel (z, y, x) lies in a part of a cube."""
    return all(part.start <= place < part.stop for part, place in zip(box, voxel, strict=True))


def fits(box: Box, cube: Cube) -> bool:
    """Tell whether a part lies within a cube."""
    return all(
        0 <= part.start < part.stop <= length for part, length in zip(box, cube.shape, strict=True)
    )


def middle(box: Box) -> tuple[int, int, int]:
    """Return the voxel (z, y, x) in the middle of a part of a cube."""
    z, y, x = ((part.start + part.stop) // 2 for part in box)
    return z, y, x


def drawn_box(
    cube: Cube,
    cursor: tuple[int, int, int],
    spans: Mapping[int, tuple[float, float]],
    former: Box | None = None,
) -> Box:
    """Return the window whose extent was drawn along some axes, at least one voxel long.

    It is cut short at the edges of the cube.

    Parameters
    ----------
    cube : Cube
    cursor : tuple of int
        Voxel (z, y, x).
    spans : mapping of axis to (from, to)
        What was drawn, fractional voxel indices in any order; each voxel touched belongs to it.
    former : Box, optional
        A window drawn before: it stays as it was along the other axes. Without one they get the
        usual extent around the cursor.
    """
    parts = list(former or window_at(cube, *cursor))
    for axis, ends in spans.items():
        last = cube.shape[axis] - 1
        start, stop = (min(max(round(end), 0), last) for end in sorted(ends))
        parts[axis] = slice(start, stop + 1)
    return parts[0], parts[1], parts[2]


def brightest(cube: Cube) -> tuple[int, int, int]:
    """Return the voxel (z, y, x) that stands out most from the noise; reads the whole cube."""
    whole = (slice(0, cube.shape[0]), slice(0, cube.shape[1]), slice(0, cube.shape[2]))
    values = np.nan_to_num(cube.box(whole), nan=-np.inf)
    if cube.uncertainty is not None:
        sigma = cube.uncertainty.box(whole)
        values = np.where(sigma > 0, values / np.where(sigma > 0, sigma, 1), -np.inf)
    z, y, x = np.unravel_index(int(np.argmax(values)), cube.shape)
    return int(z), int(y), int(x)


class Aperture(Protocol):
    """Voxels of the two last axes of a cube that are added up, each by a share."""

    def cover(self, shape: tuple[int, int, int]) -> tuple[slice, slice, np.ndarray]:
        """Return rows and columns of a cube of (z, y, x), and the share of each, float64."""
        ...


@dataclass(frozen=True, eq=False)
class Drawn:
    """An aperture of any shape, as the share of each voxel of some rows and columns."""

    rows: slice
    columns: slice
    share: np.ndarray  # shape (rows, columns), float64

    def cover(self, shape: tuple[int, int, int]) -> tuple[slice, slice, np.ndarray]:
        """Return rows and columns of the cube it was drawn on, and the share of each voxel."""
        return self.rows, self.columns, self.share


@dataclass(frozen=True)
class Circle:
    """A round aperture on the two last axes of a cube; holds for all of the first.

    Centre, a voxel index from 0, and radius are in voxels. Round on the sky it is an ellipse of
    voxels where those are not square: `stretch` is its reach along y over that along x.
    """

    y: float
    x: float
    radius: float  # along x
    stretch: float = 1.0

    def cover(self, shape: tuple[int, int, int]) -> tuple[slice, slice, np.ndarray]:
        """Return which rows and columns of a cube of (z, y, x) it touches, and how far.

        The last, float64, is the share of each voxel that lies inside, exactly; empty beyond the
        edges of the cube. A radius of 0 stands for the voxel at the centre.
        """
        _, height, width = shape
        if self.radius <= 0:
            rows, columns = (slice(round(p), round(p) + 1) for p in (self.y, self.x))
            inside = 0 <= rows.start < height and 0 <= columns.start < width
            return (rows, columns, np.ones((1, 1))) if inside else _NOWHERE
        reach = self.radius * self.stretch
        rows = _touched(self.y, reach, height)
        columns = _touched(self.x, self.radius, width)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return _NOWHERE
        edges_y = (np.arange(rows.start, rows.stop + 1) - 0.5 - self.y) / reach
        edges_x = (np.arange(columns.start, columns.stop + 1) - 0.5 - self.x) / self.radius
        below = _disc_below(edges_x[None, :], edges_y[:, None])
        share = np.diff(np.diff(below, axis=0), axis=1) * reach * self.radius
        return rows, columns, np.clip(share, 0.0, 1.0)


def circle_on(cube: Cube, y: float, x: float, radius: float) -> Circle:
    """Return an aperture that is round on the sky of a cube.

    Parameters
    ----------
    cube : Cube
    y, x : float
        Centre, a voxel index from 0.
    radius : float
        In voxels, of the shorter side where they are not square.
    """
    if cube.wcs is None:
        return Circle(y, x, radius)
    _, height, width = cube.spacing
    return Circle(y, x, radius * min(height, width) / width, width / height)


_NOWHERE = (slice(0, 0), slice(0, 0), np.zeros((0, 0)))


def _touched(centre: float, reach: float, length: int) -> slice:
    """Return the voxels along an axis that an aperture touches."""
    if not math.isfinite(centre + reach):  # as of a place behind the projection
        return slice(0, 0)
    start = max(math.floor(centre - reach + 0.5), 0)
    return slice(start, min(math.ceil(centre + reach + 0.5), length))


def _disc_below(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the area of the part of the unit disc left of x and below y.

    The upper half of the disc above y is left out of the whole left of x, or, for y below the
    centre, the lower half above it: both are integrals of sqrt(1 - u²) - |y|.
    """
    x, y = np.clip(x, -1.0, 1.0), np.clip(y, -1.0, 1.0)

    def half(u: np.ndarray) -> np.ndarray:
        found: np.ndarray = (u * np.sqrt(1.0 - u**2) + np.arcsin(u)) / 2.0
        return found

    chord = np.sqrt(1.0 - y**2)
    end = np.clip(x, -chord, chord)
    cap = half(end) - half(-chord) - np.abs(y) * (end + chord)
    found: np.ndarray = np.where(y >= 0, 2.0 * (half(x) - half(np.array(-1.0))) - cap, cap)
    return found
