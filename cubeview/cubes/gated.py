"""Curves over the gates of a scan: the volume within the ventricle's wall, or the counts."""

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle

_HEIGHTS = np.linspace(-0.98, 0.7, 22)
"""Along the long axis, in units of its radius: from the apex to before the valve plane."""

_TURNS = 36
_BEYOND = 1.15
"""How far rays run past the fitted ellipsoid, which is the sum's: a gate may be wider."""


def midwall_volume(values: np.ndarray, spacing: tuple[float, ...], ventricle: Ventricle) -> float:
    """Return the volume within the middle of the ventricular wall, ml.

    Rays run from the long axis outward; on each the brightest place is the middle of the wall.
    The surface through them is smoothed by a median over neighbours and closed at apex and base.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    spacing : tuple of three float, mm
    ventricle : Ventricle
        Fitted to the sum of the gates.
    """
    long, down, right = ventricle.axes
    radii = ventricle.radii
    turns = np.linspace(0.0, 2 * np.pi, _TURNS, endpoint=False)
    steps = np.linspace(0.0, _BEYOND * float(radii[1:].max()), 64)
    outward = np.cos(turns)[:, None] * down + np.sin(turns)[:, None] * right  # (turns, 3)
    middle = ventricle.centre + _HEIGHTS[:, None] * radii[0] * long  # (heights, 3)
    places = middle[:, None, None] + outward[None, :, None] * steps[:, None]  # (h, t, s, 3)
    seen = _sampled(values, places / np.asarray(spacing))
    outside = steps > _BEYOND * _outline(turns, radii)[..., None]  # (h, t, s)
    seen[outside] = -np.inf
    peak = steps[np.argmax(seen, axis=2)]  # (heights, turns)
    smooth = _median(peak)
    area = 0.5 * (smooth**2).sum(axis=1) * (2 * np.pi / _TURNS)
    return float(np.trapezoid(area, _HEIGHTS * radii[0])) / 1000.0


def volume_curve(cube: Cube, ventricle: Ventricle) -> np.ndarray:
    """Return the volume within the middle of the wall in each gate, ml, shape (gates,).

    The ventricle is one fitted to the sum of the gates.
    """
    return np.array(
        [midwall_volume(gate.pixels.read(), cube.spacing, ventricle) for gate in cube.gates]
    )


def count_curve(cube: Cube) -> np.ndarray:
    """Return the sum of the values of each gate, in ``cube.unit``, shape (gates,)."""
    return np.array([float(np.nansum(g.pixels.read(), dtype=np.float64)) for g in cube.gates])


def _outline(turns: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return how far the ellipsoid reaches on each ray, shape (heights, turns), mm."""
    flat = 1.0 / np.hypot(np.cos(turns) / radii[1], np.sin(turns) / radii[2])
    across = np.sqrt(1.0 - _HEIGHTS**2)
    reach: np.ndarray = np.maximum(across, 0.35)[:, None] * flat
    return reach


def _median(peak: np.ndarray) -> np.ndarray:
    """Return a surface with each place the median of itself and its eight neighbours."""
    around = np.concatenate([peak[:1], peak, peak[-1:]])
    rolled = [np.roll(around, turn, axis=1) for turn in (-1, 0, 1)]
    stack = [part[row : row + len(peak)] for part in rolled for row in range(3)]
    smooth: np.ndarray = np.median(stack, axis=0)
    return smooth


def _sampled(values: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """Return values, shape (z, y, x), at fractional voxels, shape (..., 3); 0 outside the cube.

    Linear in each direction.
    """
    low = np.floor(voxels).astype(int)
    part = voxels - low
    total = np.zeros(voxels.shape[:-1])
    limits = np.array(values.shape)
    filled = np.nan_to_num(values)
    for corner in np.ndindex(2, 2, 2):
        index = low + corner
        weight = np.prod(np.where(np.array(corner) == 1, part, 1.0 - part), axis=-1)
        inside = ((index >= 0) & (index < limits)).all(axis=-1)
        z, y, x = (index[..., axis][inside] for axis in range(3))
        total[inside] += weight[inside] * filled[z, y, x]
    return total
