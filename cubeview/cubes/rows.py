"""A heart cut along its own axes: rows of short, vertical long and horizontal long axis slices.

The cube keeps its world coordinates; only what is shown is cut along the ventricle, so scans that
lie along the body's axes are read as those of a short axis are. The lie of the slices is that of
ACC/AHA/SNM 1992 (Circulation 86:338), carried into the ASNC guidelines: short axis with anterior
up and septum left, vertical long axis with anterior up and apex right, horizontal long axis with
apex up and septum left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.ventricle import BASE_AT, Ventricle

Way = tuple[int, int]
"""A row of `Ventricle.axes` (0 to base, 1 to inferior, 2 to lateral), +1 along it or -1 against."""

_MARGIN = 1.3
"""Half the side of a slice in the longest radius: the wall, and a little of what lies beside it."""


@dataclass(frozen=True)
class Cut:
    """One of the three ways a heart is cut.

    Parameters
    ----------
    name, short : str
        In words, and as readers write it.
    through, down, right : Way
        From the first slice to the last; where the rows of a slice go to, and its columns.
    first, last : str
        What the first slice is next to, and the last.
    edges : tuple of str
        Letters at the left, right, top and bottom of a slice.
    """

    name: str
    short: str
    through: Way
    down: Way
    right: Way
    first: str
    last: str
    edges: tuple[str, str, str, str]


CUTS = (
    Cut("Short axis", "SA", (0, 1), (1, 1), (2, 1), "apex", "base", ("SEP", "LAT", "ANT", "INF")),
    Cut(
        "Vertical long axis",
        "VLA",
        (2, 1),
        (1, 1),
        (0, -1),
        "septal",
        "lateral",
        ("BASE", "APEX", "ANT", "INF"),
    ),
    Cut(
        "Horizontal long axis",
        "HLA",
        (1, -1),
        (0, 1),
        (2, 1),
        "inferior",
        "anterior",
        ("SEP", "LAT", "APEX", "BASE"),
    ),
)


@dataclass(frozen=True)
class Grid:
    """The slices of one cut, the same for all states of a case: matched by anatomy.

    Parameters
    ----------
    cut : Cut
    offsets : tuple of float, mm
        Of the slices from the ventricle's centre, along `cut.through`, first to last.
    side : int
        Pixels along each side of a slice.
    step : float, mm
        Of a pixel.
    """

    cut: Cut
    offsets: tuple[float, ...]
    side: int
    step: float


def grid(ventricles: Mapping[str, Ventricle], cut: Cut, count: int, step: float) -> Grid:
    """Return `count` slices that share out the larger of the ventricles evenly.

    Each stands in the middle of its share, so that neither end is a slice past the wall.

    Parameters
    ----------
    ventricles : mapping of role to Ventricle
        Of all states; at least one.
    cut : Cut
    count : int
        Slices, at least 1.
    step : float, mm
        Of a pixel, for instance the cube's smallest voxel side.
    """
    radii = np.max([ventricle.radii for ventricle in ventricles.values()], axis=0)
    reach = float(radii[cut.through[0]])
    stop = BASE_AT if cut.through[0] == 0 else 1.0
    shares = (np.arange(count) + 0.5) / count * (1.0 + stop) - 1.0
    side = 2 * int(np.ceil(_MARGIN * radii.max() / step)) + 1  # odd: the axis is a pixel's middle
    return Grid(cut, tuple(float(reach * share) for share in shares), side, step)


def voxel_at(
    ventricle: Ventricle,
    spacing: tuple[float, float, float],
    where: Grid,
    place: tuple[float, float, float],
) -> tuple[float, float, float]:
    """Return the voxel (z, y, x) of a cube that a place in a row shows, fractional.

    Parameters
    ----------
    ventricle : Ventricle
        Of that cube.
    spacing : tuple of three float, mm
        Voxel size of that cube along (z, y, x).
    where : Grid
    place : tuple of three float
        Slice (of `where.offsets`, counted from 0), row and column in it. It may lie off the cube.
    """
    number, row, column = place
    middle = (where.side - 1) / 2
    offset = float(np.interp(number, np.arange(len(where.offsets)), where.offsets))
    z, y, x = _voxels(
        ventricle,
        spacing,
        where.cut,
        np.array(offset),
        np.array((row - middle) * where.step),
        np.array((column - middle) * where.step),
    )
    return float(z), float(y), float(x)


def place_of(
    ventricle: Ventricle,
    spacing: tuple[float, float, float],
    where: Grid,
    voxel: Iterable[float],
) -> tuple[int, float, float]:
    """Return where a voxel (z, y, x) lies in a row: nearest slice, row and column in it.

    Rows and columns may lie off the slice; a voxel beyond either end belongs to the last slice
    there. The other way round of `voxel_at`; parameters as there.
    """
    own = ventricle.axes @ (np.array(list(voxel)) * spacing - ventricle.centre)
    through, down, right = (
        float(sign * own[axis])
        for axis, sign in (where.cut.through, where.cut.down, where.cut.right)
    )
    middle = (where.side - 1) / 2
    number = int(np.argmin(np.abs(np.array(where.offsets) - through)))
    return number, middle + down / where.step, middle + right / where.step


def slices(
    values: np.ndarray, ventricle: Ventricle, spacing: tuple[float, float, float], where: Grid
) -> np.ndarray:
    """Return the slices of a row, shape (slices, side, side), float32.

    Trilinear between the voxels; NaN off the cube and where a voxel that counts is NaN.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    ventricle : Ventricle
        Of that cube.
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    where : Grid
    """
    from scipy.ndimage import map_coordinates

    voxels = _voxels_of(ventricle, spacing, where)
    cut: np.ndarray = map_coordinates(
        np.asarray(values, dtype=np.float32), voxels, order=1, mode="constant", cval=np.nan
    )
    return cut


def labels_in(
    labels: np.ndarray, ventricle: Ventricle, spacing: tuple[float, float, float], where: Grid
) -> np.ndarray:
    """Return the labels of the nearest voxels in a row, shape (slices, side, side); 0 off the cube.

    Parameters are those of `slices`.
    """
    voxels = np.rint(_voxels_of(ventricle, spacing, where)).astype(int)
    shape = np.array(labels.shape)[:, None, None, None]
    within = ((voxels >= 0) & (voxels < shape)).all(axis=0)
    found = np.zeros(within.shape, labels.dtype)
    z, y, x = voxels[:, within]
    found[within] = labels[z, y, x]
    return found


def _voxels_of(
    ventricle: Ventricle, spacing: tuple[float, float, float], where: Grid
) -> np.ndarray:
    """Return the voxels that the pixels of a row show, shape (3, slices, side, side)."""
    line = (np.arange(where.side) - (where.side - 1) / 2) * where.step
    return _voxels(
        ventricle,
        spacing,
        where.cut,
        np.array(where.offsets)[:, None, None],
        line[None, :, None],
        line[None, None, :],
    )


def _voxels(
    ventricle: Ventricle,
    spacing: tuple[float, float, float],
    cut: Cut,
    through: np.ndarray,
    down: np.ndarray,
    right: np.ndarray,
) -> np.ndarray:
    """Return voxels (3, ...) of places in mm along the directions of a cut, which broadcast."""
    ways = [sign * ventricle.axes[axis] for axis, sign in (cut.through, cut.down, cut.right)]
    found: np.ndarray = np.stack(
        [
            (middle + through * a + down * b + right * c) / size
            for middle, a, b, c, size in zip(ventricle.centre, *ways, spacing, strict=True)
        ]
    )
    return found
