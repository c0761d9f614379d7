"""Curves over the gates of a scan: the volume within the ventricle's wall, or the counts."""

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle

HEART_RATE, REJECTED = "Heart rate", "Rejected beats"
"""Facts of a gated scan; the second in words of `beats_left_out`."""
SEVERAL_BEATS = "R-R interval"
"""Stands in the names of gates that are of several kinds of beat."""

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
    return _Rays(values.shape, spacing, ventricle).volume(values)


def volume_curve(cube: Cube, ventricle: Ventricle) -> np.ndarray:
    """Return the volume within the middle of the wall in each gate, ml, shape (gates,).

    The ventricle is one fitted to the sum of the gates.
    """
    rays = _Rays(cube.shape, cube.spacing, ventricle)
    return np.array([rays.volume(gate.pixels.read()) for gate in cube.gates])


def count_curve(cube: Cube) -> np.ndarray:
    """Return the sum of the values of each gate, in ``cube.unit``, shape (gates,)."""
    return np.array([float(np.nansum(g.pixels.read(), dtype=np.float64)) for g in cube.gates])


def beats_left_out(accepted: float, rejected: float) -> str:
    """Return in words which share of the beats was left out; of none at all nothing."""
    beats = accepted + rejected
    return f"{100 * rejected / beats:.0f} % of {beats:.0f}" if beats > 0 else ""


def rejected_percent(cube: Cube) -> float | None:
    """Return which share of the beats was left out, %; None where the file does not say."""
    said = cube.facts.get(REJECTED, "").split()
    return float(said[0]) if said else None


def about_beats(cube: Cube) -> str:
    """Return gates, heart rate and rejected beats in words, as far as the file states them."""
    known = [name for name in (HEART_RATE, REJECTED) if name in cube.facts]
    told = [f"{len(cube.gates)} gates", *(f"{n.lower()} {cube.facts[n]}" for n in known)]
    return ", ".join(told)


class _Rays:
    """Rays from the long axis of a ventricle, laid once through all gates of a scan.

    Parameters
    ----------
    shape : tuple of three int
        Of the gates.
    spacing : tuple of three float, mm
    ventricle : Ventricle
    """

    def __init__(
        self, shape: tuple[int, ...], spacing: tuple[float, ...], ventricle: Ventricle
    ) -> None:
        long, down, right = ventricle.axes
        radii = ventricle.radii
        turns = np.linspace(0.0, 2 * np.pi, _TURNS, endpoint=False)
        self._steps = steps = np.linspace(0.0, _BEYOND * float(radii[1:].max()), 64)
        outward = np.cos(turns)[:, None] * down + np.sin(turns)[:, None] * right  # (turns, 3)
        middle = ventricle.centre + _HEIGHTS[:, None] * radii[0] * long  # (heights, 3)
        places = middle[:, None, None] + outward[None, :, None] * steps[:, None]  # (h, t, s, 3)
        self._corners = _corners(shape, places / np.asarray(spacing))
        self._outside = steps > _BEYOND * _outline(turns, radii)[..., None]  # (h, t, s)
        self._long_mm = radii[0]

    def volume(self, values: np.ndarray) -> float:
        """Return the volume within the brightest places of a gate, shape (z, y, x), ml."""
        filled = np.nan_to_num(values).ravel()
        seen = np.zeros(self._outside.shape)
        for index, weight in self._corners:
            seen += weight * filled[index]
        seen[self._outside] = -np.inf
        peak = self._steps[np.argmax(seen, axis=2)]  # (heights, turns)
        smooth = _median(peak)
        area = 0.5 * (smooth**2).sum(axis=1) * (2 * np.pi / _TURNS)
        return float(np.trapezoid(area, _HEIGHTS * self._long_mm)) / 1000.0


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


def _corners(shape: tuple[int, ...], voxels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the eight voxels around fractional ones, shape (..., 3), and their weights.

    Linear in each direction; what lies outside the cube weighs nothing. The voxels are indices of
    the flat cube, shape (...).
    """
    low = np.floor(voxels).astype(int)
    part = voxels - low
    limits = np.array(shape)
    corners = []
    for corner in np.ndindex(2, 2, 2):
        index = low + corner
        weight = np.prod(np.where(np.array(corner) == 1, part, 1.0 - part), axis=-1)
        weight[((index < 0) | (index >= limits)).any(axis=-1)] = 0.0
        z, y, x = np.moveaxis(np.clip(index, 0, limits - 1), -1, 0)
        corners.append(((z * shape[1] + y) * shape[2] + x, weight))
    return corners
