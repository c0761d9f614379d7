"""Quality of raw projections: whether the patient lay still, where the camera turned about, counts.

What lies along the axis of rotation is seen at the same height from everywhere, so that heights of
two views taken soon after each other can be compared; across it a point runs along a sine of the
angle, and what leaves that suddenly has moved (Eisner et al. 1987, J Nucl Med 28:97; Burrell and
MacDonald 2006, J Nucl Med Technol 34:193).
"""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError

TELLING_MM = 6.5
"""Motion that may matter: about a pixel of the usual matrix (Matsumoto et al. 2001, J Nucl Med
42:687 saw artefacts from one pixel on)."""

_FEWEST = 12
_LAGS = (1, 2, 3)
_REACH = 5.0  # pixels between two views, at most
_STEPS = 6
_FAR = 3.0
_SPREAD, _SPREAD_A_DEGREE = 0.1, 0.02  # of a shift, pixels
_WHOLE_TURN = 340.0
_PACE, _SIGMAS, _LEAST_PX = 9, 4.0, 0.3
_EDGE = 0.15  # of the brightest column: there a body begins


@dataclass(frozen=True, eq=False)
class Turn:
    """What projections tell of the taking of them.

    Parameters
    ----------
    angles : ndarray, shape (n,), degrees
    axial, lateral : ndarray, shape (n,), mm
        Motion along the axis of rotation (down the picture) and across it (to its right), from the
        usual place. Across it sudden motion alone is told.
    centre_mm : float or None
        How far right of the middle of the picture the axis of rotation lies; None where a turn of
        less than the whole does not tell it.
    counts : ndarray, shape (n,)
        Of each projection.
    density : float
        Counts a pixel where a projection is brightest, the median of all.
    """

    angles: np.ndarray
    axial: np.ndarray
    lateral: np.ndarray
    centre_mm: float | None
    counts: np.ndarray
    density: float

    @property
    def moved(self) -> tuple[float, str, float]:
        """The largest motion: mm, which way, and at which angle the views before and after part."""
        span = {"axially": np.ptp(self.axial), "laterally": np.ptp(self.lateral)}
        way = max(span, key=lambda name: float(span[name]))
        trace = self.axial if way == "axially" else self.lateral
        step = int(np.argmax(np.abs(np.diff(trace))))
        return float(span[way]), way, float(self.angles[step + 1])

    @property
    def uneven(self) -> float:
        """How far the counts of one projection lie off those of its neighbours at most, %."""
        around = (np.roll(self.counts, 1) + np.roll(self.counts, -1)) / 2
        inner = np.abs(self.counts / np.maximum(around, 1e-9) - 1)[1:-1]
        return 100.0 * float(inner.max())

    @property
    def words(self) -> tuple[str, ...]:
        """What is told, a line each."""
        most, way, angle = self.moved
        centre = (
            "cannot be told from less than a whole turn"
            if self.centre_mm is None
            else f"{self.centre_mm:+.1f} mm from the middle".replace("-", "−")
        )
        return (
            f"{len(self.angles)} projections over {np.ptp(self.angles):.0f}°",
            f"motion up to {most:.1f} mm, {way}"
            + (f", most of it at {angle:.0f}°" if most >= TELLING_MM else ""),
            f"centre of rotation {centre}",
            f"{self.counts.sum() / 1000:.0f} thousand counts, {self.density:.0f} a pixel of the "
            f"brightest; one projection differs from its neighbours by {self.uneven:.0f} % at most",
        )


def turn_of(cube: Cube) -> Turn:
    """Measure projections.

    Parameters
    ----------
    cube : Cube
        Angle, row and column; gates are read as their sum.

    Raises
    ------
    CubeviewError
        If it holds no projections with angles and sizes, too few of them, or no counts.
    """
    if not is_turn(cube):
        raise CubeviewError("these are no projections with their angles and the size of a pixel.")
    values = np.clip(np.nan_to_num(cube.pixels.read().astype(np.float64)), 0, None)
    angles = np.asarray(cube.axes[0].values, dtype=float)
    counts = values.sum(axis=(1, 2))
    if len(values) < _FEWEST or not counts.min() > 0:
        raise CubeviewError(f"fewer than {_FEWEST} projections with counts: nothing can be told.")
    high, wide = (abs(axis.world(1) - axis.world(0)) for axis in cube.axes[1:])
    bright = np.sort(values.reshape(len(values), -1), axis=1)[:, -max(values[0].size // 200, 1) :]
    shifts = _shifts(values)
    axial = _axial(shifts, angles) * high
    across = _lateral(np.array([shifts[n, n + 1][1] for n in range(len(values) - 1)]))
    centre = _centre(values, angles)
    return Turn(
        angles,
        axial - np.median(axial),
        (across - np.median(across)) * wide,
        None if centre is None else centre * wide,
        counts,
        float(np.median(bright.mean(axis=1))),
    )


def is_turn(cube: Cube) -> bool:
    """Tell whether a cube holds projections whose angles and pixels are known."""
    return (
        cube.view == "projections"
        and cube.axes[0].unit == "deg"
        and all(axis.unit == "mm" for axis in cube.axes[1:])
    )


def _shifts(values: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Return by how many pixels, down and right, views are shifted against ones soon before."""
    from scipy.ndimage import gaussian_filter

    smooth, n = gaussian_filter(values, (0, 1, 1)), len(values)
    pairs = [(first, first + lag) for lag in _LAGS for first in range(n - lag)]
    return {pair: _shift(smooth[pair[0]], smooth[pair[1]]) for pair in pairs}


def _shift(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return by how many pixels, down and right, a view lies further on than another.

    Least squares in place and brightness (Lucas and Kanade 1981, IJCAI 674).
    """
    from scipy.ndimage import shift

    by, weight = np.zeros(2), np.ones(one.size)
    for _ in range(_STEPS):
        moved = shift(one, by, order=1, mode="nearest")
        down, right = np.gradient(moved)
        columns = (-down, -right, moved, np.ones_like(moved))
        design = np.stack([column.ravel() for column in columns], axis=1)
        found = np.linalg.lstsq(design * weight[:, None], other.ravel() * weight, rcond=None)[0]
        by = np.clip(by + found[:2] / max(found[2], 0.1), -_REACH, _REACH)
        off = other.ravel() - design @ found
        weight = 1 / (1 + (off / (_FAR * np.median(np.abs(off)) + 1e-9)) ** 2)
    return by


def _axial(shifts: dict[tuple[int, int], np.ndarray], angles: np.ndarray) -> np.ndarray:
    """Return motion along the axis, pixels, shape (n,), that suits all shifts best.

    Attenuation changes little between views that are near to each other, and errors do not add up
    as in a sum of steps.
    """
    design = np.zeros((len(shifts), len(angles)))
    for row, (first, second) in enumerate(shifts):
        weight = 1 / (_SPREAD + _SPREAD_A_DEGREE * abs(angles[second] - angles[first]))
        design[row, [first, second]] = -weight, weight
    wanted = [by[0] for by in shifts.values()] * np.abs(design).max(axis=1)
    found: np.ndarray = np.linalg.lstsq(design, wanted, rcond=None)[0]
    return found


def _lateral(steps: np.ndarray) -> np.ndarray:
    """Return sudden motion across, pixels, against the first view, from that from view to view.

    Everything runs on a little, each depth at its own pace and hardly faster than a moment before:
    what leaves the pace of its neighbours has moved.
    """
    from scipy.ndimage import median_filter

    off = steps - median_filter(steps, size=_PACE, mode="nearest")
    spread = 1.48 * float(np.median(np.abs(off)))
    jumps = np.where(np.abs(off) > max(_SIGMAS * spread, _LEAST_PX), off, 0.0)
    return np.concatenate([[0.0], np.cumsum(jumps)])


def _centre(values: np.ndarray, angles: np.ndarray) -> float | None:
    """Return how far right of the middle the axis of rotation lies, pixels.

    The edges of a body, seen from one side and mirrored from the other, lie alike about the axis;
    rays along an edge are as long either way, so that attenuation does not move it. None for less
    than a whole turn, or where the body is cut off.
    """
    turn, n = float(abs(angles[-1] - angles[0])), len(angles)
    if turn + turn / (n - 1) < _WHOLE_TURN or n % 2:
        return None
    profiles = values.sum(axis=1)
    level = _EDGE * float(np.median(profiles.max(axis=1)))
    middle, found = (values.shape[2] - 1) / 2, []
    for one, other in zip(profiles, np.roll(profiles, n // 2, axis=0), strict=True):
        ends = _first_above(one, level), _first_above(other[::-1], level)
        if ends[0] is None or ends[1] is None:
            return None
        found.append((ends[0] + len(other) - 1 - ends[1]) / 2 - middle)
    return float(np.median(found))


def _first_above(profile: np.ndarray, level: float) -> float | None:
    """Return where a profile first rises above a level, in pixels; None if it begins above it."""
    above = int(np.argmax(profile > level))
    if not above or not profile[above] > level:
        return None
    low, high = profile[above - 1], profile[above]
    return above - 1 + float((level - low) / (high - low))
