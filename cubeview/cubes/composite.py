"""Bands of a picture as one coloured one.

Source: Lupton et al. 2004, PASP 116:133, eq. 2: the mean of the bands is stretched and the colour
kept, so that what is bright is not white. astropy's `make_lupton_rgb` gives the same, and takes
0.6 s to be loaded.
"""

from collections.abc import Sequence

import numpy as np

from cubeview.cubes.reduce import Stretch


def composite(
    bands: Sequence[np.ndarray], levels: Sequence[tuple[float, float]], stretch: Stretch = "linear"
) -> np.ndarray:
    """Return red, green and blue of a picture, shape (y, x, 3), uint8; what is unknown counts as 0.

    Parameters
    ----------
    bands : three of ndarray, shape (y, x)
        From long to short waves.
    levels : three of (low, high), in the unit of its band
        What is painted black, and what in full colour.
    stretch : {"linear", "sqrt", "log", "asinh"}
        As in `cubeview.cubes.reduce.to_steps`.
    """
    scaled = np.empty((*bands[0].shape, 3), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for place, (band, (low, high)) in enumerate(zip(bands, levels, strict=True)):
            scaled[..., place] = (band - np.float32(low)) / np.float32(high - low)
    np.nan_to_num(scaled, copy=False, posinf=1e6)
    np.clip(scaled, 0.0, 1e6, out=scaled)
    light = scaled.mean(axis=-1, keepdims=True)
    scaled *= _stretched(light, stretch) / np.maximum(light, np.float32(1e-12))
    scaled /= np.maximum(scaled.max(axis=-1, keepdims=True), 1.0)
    painted: np.ndarray = np.rint(255.0 * scaled).astype(np.uint8)
    return painted


def _stretched(light: np.ndarray, stretch: Stretch) -> np.ndarray:
    if stretch == "sqrt":
        light = np.sqrt(light)
    elif stretch == "log":
        light = np.log1p(1000.0 * light) / np.float32(np.log1p(1000.0))
    elif stretch == "asinh":
        light = np.arcsinh(10.0 * light) / np.float32(np.arcsinh(10.0))
    return light
