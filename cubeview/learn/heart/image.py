"""A heart scan as the ventricle finder looks at it, and the fit of a wall to its counts."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.cubes.cube import Cube
from cubeview.learn.heart.candidates import measured, resample
from cubeview.learn.heart.wall import Fit, Wall, fit_wall, predict, reach_of, shares

STEP_MM = 6.0
"""Of the grid that walls are fitted on."""

_BLUR_MM = 3.0
_NEAR_MM = 80.0
_CUT = 1.15  # brighter is cut, in units of the wall's own brightness
_TRUSTED = 0.25  # a voxel this far from the model counts half
_FEWEST = 200  # voxels to fit to
_WALL_SHARE = 0.6  # of the greatest share of wall that a voxel has: all wall, or nearly


@dataclass(frozen=True, eq=False)
class HeartImage:
    """One scan on a grid for fitting.

    Parameters
    ----------
    values : ndarray, shape (z, y, x), float32
        Counts, zero where there are none.
    spacing : ndarray, shape (3,), mm
        Of `values`.
    work : ndarray, float32
        Counts on an isotropic grid of `STEP_MM` with the same first voxel.
    places : ndarray, shape (3, n), cube mm
        Of the voxels of `work`.
    seen : ndarray of bool, shape (n,)
        Whether a mask left the counts there.
    """

    values: np.ndarray
    spacing: np.ndarray
    work: np.ndarray
    places: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True, eq=False)
class Around:
    """The counts around a wall.

    Parameters
    ----------
    places : ndarray, shape (3, n), cube mm
    values : ndarray, shape (n,)
        In units of about the wall's own brightness.
    weight : ndarray, shape (n,)
        1 near the wall, 0 beyond reach.
    """

    places: np.ndarray
    values: np.ndarray
    weight: np.ndarray

    @property
    def energy(self) -> float:
        """How much the counts vary."""
        mean = self.weight @ self.values / self.weight.sum()
        return float(self.weight @ (self.values - mean) ** 2) + 1e-6 * len(self.values)


def heart_image(cube: Cube) -> HeartImage:
    """Return a cube on the grid for fitting."""
    z, y, x = cube.shape
    values = np.nan_to_num(
        cube.box((slice(0, z), slice(0, y), slice(0, x))), nan=0.0, posinf=0.0, neginf=0.0
    )
    spacing = np.array(cube.spacing)
    work = resample(values, spacing, STEP_MM, _BLUR_MM).astype(np.float32)
    places = np.indices(work.shape, dtype=np.float32).reshape(3, -1) * np.float32(STEP_MM)
    seen = measured(values, spacing, STEP_MM, _BLUR_MM).ravel()
    return HeartImage(values, spacing, work, places, seen)


def blank_image(cube: Cube) -> HeartImage:
    """Return an image with nothing in it, for a cube that cannot show a heart."""
    blank = np.zeros((2, 2, 2), dtype=np.float32)
    places = np.zeros((3, 8), dtype=np.float32)
    return HeartImage(blank, np.array(cube.spacing), blank, places, np.ones(8, dtype=bool))


def near(image: HeartImage, wall: Wall) -> np.ndarray:
    """Return which voxels of the grid a wall is fitted to, (n,) of bool.

    What a mask took away is no evidence.
    """
    middle = (wall.centre - 0.2 * wall.long_mm * wall.axes[0]).astype(np.float32)
    close: np.ndarray = ((image.places - middle[:, None]) ** 2).sum(axis=0) < _NEAR_MM**2
    seen = close & image.seen
    return seen if seen.sum() > _FEWEST else close


def around(
    image: HeartImage, wall: Wall, reach_mm: float, edge_mm: float, cut: float
) -> Around | None:
    """Return the counts within reach of a wall (see `wall.reach_of`); None if there are too few.

    Counts are cut at `cut` times the wall's own.

    Parameters
    ----------
    image : HeartImage
    wall : Wall
    reach_mm : float
    edge_mm : float
        Width of the soft edge of the reach.
    cut : float
    """
    chosen = near(image, wall)
    places, counts = image.places[:, chosen], image.work.ravel()[chosen]
    weight = reach_of(wall, places, reach_mm, edge_mm)
    within = weight > 0.01
    places, counts, weight = places[:, within], counts[within], weight[within]
    level = level_of(counts, shares(wall, places)[0]) if within.sum() > _FEWEST else 0.0
    if not level > 0:
        return None
    return Around(places, np.minimum(counts / level, cut), weight)


def level_of(counts: np.ndarray, share: np.ndarray) -> float:
    """Return the brightness of a wall, given each voxel's share of it; 0 where it is not seen."""
    inside = share > _WALL_SHARE * share.max()
    return float(np.percentile(counts[inside], 60)) if inside.sum() > 20 else 0.0


def missing(image: HeartImage, wall: Wall) -> float:
    """Return the share of a wall where there is no image, or none is left by a mask."""
    line = np.arange(-72.0, 73.0, STEP_MM)
    offsets = np.stack(np.meshgrid(line, line, line, indexing="ij")).reshape(3, -1)
    places = wall.centre[:, None] + offsets
    whole = shares(wall, places)[0]
    voxels = np.rint(places / image.spacing[:, None])
    seen = map_coordinates(image.values, voxels, order=0, mode="constant", cval=0.0) != 0
    return float(1.0 - whole[seen].sum() / max(float(whole.sum()), 1e-6))


def fit_to(
    image: HeartImage, wall: Wall, rounds: tuple[int, ...], every: int = 1, shape: bool = True
) -> Fit:
    """Fit to the counts around a wall: its shape, or only its place and direction.

    Parameters
    ----------
    image : HeartImage
    wall : Wall
        To start from.
    rounds : tuple of int
        As `fit_counts`.
    every : int
        Use one voxel in so many.
    shape : bool
    """
    chosen = near(image, wall)
    counts = image.work.ravel()[chosen][::every]
    return fit_counts(image.places[:, chosen][:, ::every], counts, wall, rounds, shape)


def fit_counts(
    places: np.ndarray,
    counts: np.ndarray,
    wall: Wall,
    rounds: tuple[int, ...],
    shape: bool = True,
) -> Fit:
    """Fit in rounds of so many steps; voxels far from the last round's model count less.

    So neither a liver beside the wall nor a defect that smooth modes cannot follow pulls the
    shape.

    Parameters
    ----------
    places : ndarray, shape (n, 3), mm
    counts : ndarray, shape (n,)
    wall : Wall
        The start.
    rounds : tuple of int
    shape : bool
        Fit the shape too, not place and direction alone.
    """
    trust = np.ones(len(counts), dtype=np.float32)
    found = Fit(wall, 2.0, 0.0, np.zeros(14))
    for steps in rounds:
        share, cavity, _ = shares(found.wall, places)
        level = level_of(counts, share)
        if not level > 0:
            break
        values = np.minimum(counts / level, _CUT)
        if found.brightness[0] > 0:
            off = (values - predict(found, places)) / _TRUSTED
            trust = 1.0 / (1.0 + off**2)
        else:
            # As bright as the wall, but outside of it: another organ.
            outside = (share < 0.35 * share.max()) & (cavity < 0.5)
            trust[outside & (values > 0.8)] = 0.2
        found = fit_wall(found.wall, places, values, trust, steps=steps, shape=shape)
    return found
