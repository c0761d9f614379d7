"""A look at a few voxels: whether what a name calls noise or a mask can be one."""

import numpy as np

from cubeview.cubes.cube import Box, Pixels

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
