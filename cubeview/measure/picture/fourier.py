"""How barred a galaxy is without a network: the second Fourier term of its light, where its phase
is steady with radius.

Source: Aguerri, Beckman & Prieto 1998, AJ 116:2136, section 4, of the deprojected disc; the phase
of spiral arms turns with radius, that of a bar does not (Elmegreen & Elmegreen 1985, ApJ 288:438).
"""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

_ANGLES = 72
_STEPS = 24
_INSIDE = (0.1, 0.7)
"""Radii that are looked at, over that of the whole."""

_SPAN = 9
"""Rings over which a phase must be steady: from one radius to twice it, as the rings lie."""

_FAINT = 0.1
"""Rings fainter than this share of the brightest say nothing."""


def bar_strength(light: np.ndarray) -> float:
    """Return the strongest second term with a steady phase, over the mean light; 0 for none.

    Parameters
    ----------
    light : ndarray, shape (y, x)
        Of one galaxy in the middle of a sky of nought, filling most of the picture.
    """
    centre, turn, flat, reach = _disc_of(light)
    radii = np.geomspace(*_INSIDE, _STEPS) * reach
    angles = 2 * np.pi * np.arange(_ANGLES) / _ANGLES
    along, across = np.outer(radii, np.cos(angles)), np.outer(radii, np.sin(angles)) * flat
    y = centre[0] + np.sin(turn) * along + np.cos(turn) * across
    x = centre[1] + np.cos(turn) * along - np.sin(turn) * across
    rings = map_coordinates(light, [y, x], order=1, mode="constant")
    mean = rings.mean(axis=1)
    lit = mean > _FAINT * max(float(mean.max()), 1e-12)
    second = np.zeros(_STEPS, complex)
    second[lit] = 2 * (rings[lit] * np.exp(2j * angles)).mean(axis=1) / mean[lit]
    spans = np.lib.stride_tricks.sliding_window_view(second, _SPAN).mean(axis=1)
    return float(np.abs(spans).max())


def _disc_of(light: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """Return centre, direction of the long axis, flattening and radius, from its outer light."""
    smooth = gaussian_filter(light, 1.0)
    rows, columns = light.shape
    middle = slice(rows // 3, rows - rows // 3), slice(columns // 3, columns - columns // 3)
    place = np.unravel_index(np.argmax(smooth[middle]), smooth[middle].shape)
    centre = np.array([p + part.start for p, part in zip(place, middle, strict=True)], dtype=float)
    y, x = np.nonzero(smooth > 0.12 * smooth[middle].max())
    y, x = y - centre[0], x - centre[1]
    near = np.hypot(y, x) < min(rows, columns) / 2
    spread = np.cov(x[near], y[near]) if near.sum() > 8 else np.eye(2)
    values, vectors = np.linalg.eigh(spread)
    flat = float(np.clip(np.sqrt(max(values[0], 0.0) / max(values[1], 1e-9)), 0.3, 1.0))
    turn = float(np.arctan2(vectors[1, 1], vectors[0, 1]))
    # Of an even ellipse the variance along an axis is a quarter of its square.
    return centre, turn, flat, float(2 * np.sqrt(max(values[1], 1.0)))
