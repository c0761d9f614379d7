"""The white-light image of a cube: its mean along axis 0."""

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import Report, nothing
from cubeview.io.voxels.cache import CachedPixels

_SLAB = 16 << 20


def white_light(cube: Cube, report: Report = nothing) -> np.ndarray:
    """Return the mean of a cube along axis 0, shape (y, x), float32; NaN where there is no value.

    Masked voxels do not count. Without a mask it comes from the copy of the spectra where there is
    one; else `report`, which may raise Cancelled, is
    called slab by slab. Raises CubeviewError if the cube cannot be read.
    """
    if isinstance(cube.pixels, CachedPixels) and cube.mask is None:
        summary = cube.pixels.summary()
        if summary is not None:
            return summary.white
    depth, height, width = cube.shape
    total = np.zeros((height, width))
    filled = np.zeros((height, width), np.int64)
    step = max(1, _SLAB // (4 * height * width))
    for start in range(0, depth, step):
        report(start / depth, "adding up the channels")
        now = slice(start, min(start + step, depth))
        slab = cube.box((now, slice(0, height), slice(0, width)))
        finite = np.isfinite(slab)
        total += np.where(finite, slab, 0).sum(axis=0, dtype=np.float64)
        filled += finite.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        white: np.ndarray = (total / filled).astype(np.float32)
    return white
