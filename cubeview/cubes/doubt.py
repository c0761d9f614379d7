"""A look at a few voxels: whether what a name calls noise or a mask can be one."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from cubeview.cubes.cube import Box, Cube, Pixels
from cubeview.cubes.guesses import questions

_PLANES, _SIDE = 4, 32
_LARGEST_SN = 1e6
"""No voxel of any instrument stands out so far: what gives such a figure is no sigma."""

_NEARLY_ALL = 0.9


def unlike_noise(flux: Pixels, sigma: Pixels) -> str:
    """Return in words why an array cannot be the noise of a cube; empty where it can."""
    box = _middle(flux.shape)
    values, noise = flux.box(box), sigma.box(box)
    lit = np.isfinite(values) & (values != 0)
    if not lit.any():
        return ""
    known = lit & np.isfinite(noise) & (noise > 0)
    if not known.any():
        return "it has no value above zero where there is light"
    sn = float(np.median(np.abs(values[known].astype(np.float64)) / noise[known]))
    if sn > _LARGEST_SN or sn < 1 / _LARGEST_SN:
        return f"a voxel would have a signal-to-noise of {sn:.0e}"
    return ""


@lru_cache(maxsize=16)
def believed(cube: Cube) -> Cube:
    """Return a cube of a file without a noise that can be none, unless the user said what it is.

    Whoever measures asks it, so that all measure with the noise that is believed where a file is
    described.
    """
    if cube.uncertainty is None or cube.source is None:
        return cube
    if not unlike_noise(cube.pixels, cube.uncertainty):
        return cube
    if any(one.key == "error meaning" and one.answered for one in questions(cube)):
        return cube
    return replace(cube, uncertainty=None)


def leaves_nothing(flux: Pixels, mask: Pixels) -> bool:
    """Tell whether a mask would leave out nearly all voxels that hold a value."""
    box = _middle(flux.shape)
    values = flux.box(box)
    lit = np.isfinite(values) & (values != 0)
    return bool(lit.any() and (mask.box(box)[lit] > 0).mean() > _NEARLY_ALL)


def _middle(shape: tuple[int, int, int]) -> Box:
    """Return a few voxels in the middle of a cube."""
    z, y, x = (
        slice(max(0, n // 2 - most // 2), min(n, n // 2 - most // 2 + most))
        for n, most in zip(shape, (_PLANES, _SIDE, _SIDE), strict=True)
    )
    return z, y, x
