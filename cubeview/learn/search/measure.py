"""Where exactly a detection lies and how large it is, measured on the data."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, label

from cubeview.cubes.normal import FWHM_TO_SIGMA
from cubeview.learn.search.filters import SKY_FWHM_PX, SPECTRAL_FWHM_PX


class Shape(NamedTuple):
    """Centre (z, y, x) in voxels, FWHM on the sky in voxels and along the spectrum in channels."""

    centre: tuple[float, float, float]
    sky_px: float
    channels: float


def measure(ratio: np.ndarray, place: np.ndarray, template: tuple[float, float]) -> Shape:
    """Measure a source around a peak.

    The data are smoothed with the smallest template, only then is what lies above half the peak
    taken: the centre is its weighted mean within the template, the size that of a disc of its
    area, the smoothing taken off again in quadrature (never below one voxel).

    Parameters
    ----------
    ratio : ndarray, shape (z, y, x)
        Light over sigma; NaN or minus infinity where there is no data.
    place : ndarray, shape (3,)
        The peak.
    template : pair of float
        Channels and sky voxels (FWHM) of the template that fitted best: how far to look.
    """
    reach = np.ceil(1.5 * np.array([template[0], template[1], template[1]]) + 2).astype(int)
    low = np.maximum(place - reach, 0)
    high = np.minimum(place + reach + 1, ratio.shape)
    part = ratio[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    part = np.where(np.isfinite(part), part, 0.0)
    flat = len(ratio) == 1
    widths = (0.0 if flat else SPECTRAL_FWHM_PX[0], SKY_FWHM_PX[0], SKY_FWHM_PX[0])
    smooth = gaussian_filter(
        part, [width * FWHM_TO_SIGMA for width in widths], mode="constant", truncate=3.0
    )
    near = tuple(slice(max(p - s - 2, 0), p - s + 3) for p, s in zip(place, low, strict=True))
    top = np.unravel_index(np.argmax(smooth[near]), smooth[near].shape)
    top = tuple(int(t) + n.start for t, n in zip(top, near, strict=True))
    regions, _ = label(smooth >= 0.5 * smooth[top])
    inside = (regions == regions[top]) & (smooth > 0)
    if not inside[top]:
        inside[top] = True
    grids = np.indices(smooth.shape)
    # A neighbour whose light runs into the source's must not draw the centre to itself.
    off = np.hypot(grids[1] - top[1], grids[2] - top[2])
    weights = np.where(inside & (off <= 0.5 * max(template[1], SKY_FWHM_PX[0]) + 0.5), smooth, 0.0)
    weights[top] = max(weights[top], 1e-6)
    centre = [float((grid * weights).sum() / weights.sum()) for grid in grids]
    area = inside[top[0]].sum()
    deep = inside[:, top[1], top[2]].sum()
    sky = np.sqrt(max(4.0 / np.pi * area - widths[1] ** 2, 1.0))
    channels = np.sqrt(max(float(deep) ** 2 - widths[0] ** 2, 1.0))
    z, y, x = (c + float(s) for c, s in zip(centre, low, strict=True))
    return Shape((z, y, x), float(sky), float(channels))
