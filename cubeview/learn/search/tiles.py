"""A cube in overlapping tiles, so that one of any size can be searched in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from cubeview.cubes.cube import Box, Cube
from cubeview.learn.sky.prepare import channel_sigma, cut

HALO = 16
"""Voxels a tile holds beyond what it answers for: the filters reach 13, the features 12."""

CORE = (64, 192, 192)
"""Most voxels a tile answers for. A halo included, 5 million: a quarter of a gigabyte at work."""

_STEP = 4  # tiles begin on the same grid as the features of the network


@dataclass(frozen=True, eq=False)
class Tile:
    """A part of a cube with its surroundings.

    Parameters
    ----------
    start : tuple of int
        Voxel of the cube at index 0 of the arrays; negative beyond its edge.
    core : Box
        What the tile answers for, in voxels of the arrays.
    flux, sigma : ndarray, shape (z, y, x), float32
        NaN beyond the cube and where there is no data.
    """

    start: tuple[int, int, int]
    core: Box
    flux: np.ndarray
    sigma: np.ndarray


def tile_boxes(shape: tuple[int, int, int]) -> list[Box]:
    """Return the parts of a cube the tiles answer for; together they cover it once."""
    ranges = []
    for length, most in zip(shape, CORE, strict=True):
        count = -(-length // most)
        side = -(-length // (count * _STEP)) * _STEP
        ranges.append([slice(a, min(a + side, length)) for a in range(0, length, side)])
    return [(z, y, x) for z, y, x in product(*ranges)]


def tiles(cube: Cube) -> Iterator[Tile]:
    """Read a cube tile by tile.

    Where the file states no uncertainty, the noise is estimated channel by channel in the tile.
    """
    for part in tile_boxes(cube.shape):
        start = tuple(p.start - HALO for p in part)
        size = tuple(p.stop - p.start + 2 * HALO for p in part)
        flux, sigma = cut(cube, start, size)
        if sigma is None:
            sigma = channel_sigma(flux).astype(np.float32)
        with np.errstate(invalid="ignore"):
            known = np.isfinite(flux) & (sigma > 0) & np.isfinite(sigma)
        flux[~known] = sigma[~known] = np.nan
        z, y, x = (slice(HALO, HALO + p.stop - p.start) for p in part)
        yield Tile((start[0], start[1], start[2]), (z, y, x), flux, sigma)
