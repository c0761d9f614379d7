"""How much the wall of a gated heart thickens, by its counts.

A wall thinner than about twice what the scanner resolves brightens as it thickens (partial volume:
Galt et al. 1990, IEEE Trans Med Imaging 9:144); how much brighter each place is at the end of
systole than at the end of diastole is read as its thickening (Cooke et al. 1994, J Nucl Med
35:1185, who fit the first harmonic of the beat at each place). Here the course of each place is
fitted by that of the whole wall: it has no harmonics left out, and noise does not thicken.
"""

from dataclasses import replace

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.measure.heart.beatfit import basis, waves_of
from cubeview.measure.heart.ejection import gains_of
from cubeview.measure.heart.segments import PolarMap, peaks, polar_map, wall_voxels

WHAT = (
    "thickening is how much brighter the wall becomes from diastole to systole (counts, after "
    "Cooke et al. 1994): less than the wall thickens where it is thicker than the scanner "
    "resolves, and checked on phantoms only"
)
"""Said wherever it is shown."""
LEAST = 3.0
"""% by which the whole wall must brighten for its course to be told from noise."""

_HALF = 0.5  # of the brightness of the middle of the wall: there it ends
_REACH = np.linspace(0.8, 1.4, 25)
_MIDDLE, _EACH = slice(8, 16), 3  # heights, and every so many of the turns


def thickening(cube: Cube, ventricle: Ventricle) -> PolarMap:
    """Return how much brighter each place of the wall becomes over the beat, in % of diastole.

    Below 0 where it grows thinner while the others thicken.

    Parameters
    ----------
    cube : Cube
        With gates.
    ventricle : Ventricle
        Fitted to their sum.

    Raises
    ------
    CubeviewError
        If its gates are no beat (see `gains_of`), or the wall hardly changes over it.
    """
    gains, polar = gains_of(cube, []), polar_map(cube, ventricle)
    gates = [
        gain * np.nan_to_num(gate.pixels.read())
        for gate, gain in zip(cube.gates, gains, strict=True)
    ]
    base = _Base(cube.spacing, ventricle)
    lengths = _course(np.array([base.length(counts) for counts in gates]))
    seen = np.stack(
        [
            peaks(counts, cube.spacing, ventricle, length / lengths.max())
            for counts, length in zip(gates, lengths, strict=True)
        ]
    )
    course = _course((seen * polar.volumes).sum(axis=(1, 2)) / polar.volumes.sum())
    rise = 100.0 * float(np.ptp(course)) / float(course.min())
    if rise < LEAST:
        raise CubeviewError(
            f"the wall brightens by {rise:.0f} % over the beat: too little to tell thickening."
        )
    share = (course - course.min()) / np.ptp(course)  # 0 at the end of diastole, 1 of systole
    off = share - share.mean()
    slope = np.tensordot(off, seen, axes=1) / (off @ off)
    rest = np.maximum(seen.mean(axis=0) - slope * share.mean(), 0.05 * seen.mean())
    return replace(polar, values=100.0 * slope / rest)


def _course(counts: np.ndarray) -> np.ndarray:
    """Return the course of the whole wall, shape (gates,), without what changes faster."""
    gates = len(counts)
    phases = 2 * np.pi * (np.arange(gates) + 0.5) / gates
    waves = basis(phases, min(waves_of(gates), (gates - 1) // 2))
    found: np.ndarray = waves @ np.linalg.lstsq(waves, counts, rcond=None)[0]
    return found


class _Base:
    """Where the wall ends in a gate: the base comes down, and what is read beyond is no wall."""

    def __init__(self, spacing: tuple[float, float, float], ventricle: Ventricle) -> None:
        rows = [wall_voxels(ventricle, spacing, float(along))[:, -1, ::_EACH] for along in _REACH]
        self._ends = np.moveaxis(np.stack(rows), -1, 0)  # (3, lengths, depths, turns)
        self._middle = np.moveaxis(wall_voxels(ventricle, spacing)[:, _MIDDLE, ::_EACH], -1, 0)

    def length(self, counts: np.ndarray) -> float:
        """Return how far from the apex the wall is half as bright, in its usual lengths."""
        from scipy.ndimage import map_coordinates

        bright = map_coordinates(counts, self._ends, order=1).max(axis=1).mean(axis=1)
        usual = float(np.median(map_coordinates(counts, self._middle, order=1).max(axis=0)))
        low = np.flatnonzero(bright < _HALF * usual)
        if not len(low):
            return float(_REACH[-1])
        first = max(int(low[0]), 1)
        part = (bright[first - 1] - _HALF * usual) / max(bright[first - 1] - bright[first], 1e-9)
        return float(_REACH[first - 1] + np.clip(part, 0, 1) * (_REACH[1] - _REACH[0]))
