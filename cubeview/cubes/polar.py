"""The wall of a left ventricle rolled out flat: apex in the middle, base at the rim."""

import warnings
from functools import lru_cache

import numpy as np

from cubeview.cubes.cube import Box
from cubeview.cubes.ventricle import Ventricle

_RIM = 0.6 * np.pi  # angle from the apex that the rim stands for: a little beyond the middle
_DEPTHS = np.linspace(0.65, 1.0, 6)  # of the wall, in shares of the ellipsoid's radius


@lru_cache(maxsize=8)  # a map that is refined asks again and again
def wall_places(
    ventricle: Ventricle, spacing: tuple[float, float, float], side: int = 64
) -> np.ndarray:
    """Return which voxels of a cube the pixels of the disc speak for, shape (6, side, side, 3).

    Fractional voxels (z, y, x) from the inside of the wall to its outside; NaN off the disc.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    side : int
        Pixels of the disc along each side; rows go to inferior, columns to lateral.
    """
    line = (np.arange(side) + 0.5) / side * 2 - 1
    down, right = np.meshgrid(line, line, indexing="ij")
    radius = np.hypot(down, right)
    angle = np.where(radius <= 1, radius * _RIM, np.nan)
    across = np.sin(angle) / np.maximum(radius, 1e-9)
    # In the ventricle's own directions: to the base, to inferior, to lateral.
    own = np.stack([-np.cos(angle), across * down, across * right], axis=-1) * ventricle.radii
    places: np.ndarray = (
        ventricle.centre + _DEPTHS[:, None, None, None] * (own @ ventricle.axes)
    ) / np.array(spacing)
    places.setflags(write=False)
    return places


def wall_mean(values: np.ndarray, box: Box, places: np.ndarray) -> np.ndarray:
    """Return the mean of a map over the depth of the wall, shape (side, side), float32.

    NaN off the disc and where the map says nothing.

    Parameters
    ----------
    values : ndarray, shape of `box`
        NaN where the map says nothing.
    box : Box
        Which voxels of the cube `values` covers.
    places : ndarray, shape (depth, side, side, 3)
        From `wall_places`.
    """
    start = [part.start for part in box]
    outside = ~np.isfinite(places).all(axis=-1)
    index = np.rint(np.nan_to_num(places)).astype(int) - start
    outside |= ((index < 0) | (index >= values.shape)).any(axis=-1)
    index[outside] = 0
    found = np.where(outside, np.nan, values[tuple(np.moveaxis(index, -1, 0))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing at any depth
        mean: np.ndarray = np.nanmean(found, axis=0).astype(np.float32)
    return mean
