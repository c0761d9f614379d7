"""Parts of a cube: where they lie and how they are cut out."""

import numpy as np

from cubeview.cubes.cube import Box, Cube


def window_at(cube: Cube, z: float, y: float, x: float, size: int = 32) -> Box:
    """Return the window of a sky cube that is centred on a voxel.

    Parameters
    ----------
    cube : Cube
    z, y, x : float
        Voxel index, 0-based, may be fractional; clipped into the cube.
    size : int
        Voxels along each axis.

    Returns
    -------
    Box
        `size` voxels along each axis, the voxel nearest to the place at index ``size // 2``.
        Near an edge the window is cut short there: its slices never leave the cube.
    """
    slices = []
    for place, length in zip((z, y, x), cube.shape, strict=True):
        nearest = min(max(round(place), 0), length - 1)
        start = nearest - size // 2
        slices.append(slice(max(start, 0), min(start + size, length)))
    return slices[0], slices[1], slices[2]


def brightest(cube: Cube) -> tuple[int, int, int]:
    """Return the voxel (z, y, x) that stands out most from the noise; reads the whole cube."""
    whole = (slice(0, cube.shape[0]), slice(0, cube.shape[1]), slice(0, cube.shape[2]))
    values = np.nan_to_num(cube.box(whole), nan=-np.inf)
    if cube.uncertainty is not None:
        sigma = cube.uncertainty.box(whole)
        values = np.where(sigma > 0, values / np.where(sigma > 0, sigma, 1), -np.inf)
    z, y, x = np.unravel_index(int(np.argmax(values)), cube.shape)
    return int(z), int(y), int(x)
