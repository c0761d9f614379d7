"""What the counts around a wall are a sum of: the wall, its cavity and the surroundings.

How bright each part is enters linearly and is solved for (variable projection; Golub and Pereyra,
SIAM J Numer Anal 1973, 10:413).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np
from scipy.linalg.lapack import dposv
from scipy.special import expit

from cubeview.learn.heart.wall import WALL_MM, Wall

# Numbers without another source were chosen on simulated pairs and on the real scans at hand; what
# they come to together is measured in docs/ventricle.md.

_APEX_SHARE = 0.8  # of the wall's thickness, at the apex
# How much slower the ventricle narrows towards the base than towards the apex.
_TAPER = 0.55
_LOGISTIC = 1.702  # expit(1.702 x) stays within 0.01 of the normal distribution function

PARTS = 14
"""Wall (mean, then eight smooth modes), cavity, surroundings (level, slopes)."""

# What holds the brightness of the parts: modes to even uptake and the cavity to no counts, each by
# a share of what the wall itself weighs; all else hardly.
_RIDGE = 0.05
_HELD = np.array([1e-3] + [1.0] * 9 + [1e-3] * 4)
_LEAST = np.array([1e-9] * 9 + [0.0] + [1e-9] * 4)
_DIAGONAL = np.arange(PARTS)

_T = TypeVar("_T")
_Edge = tuple[np.ndarray, np.ndarray]


def _kept(step: Callable[..., _T]) -> Callable[..., _T]:
    """Let a step from a wall to its parts answer again where its numbers are the first wall's."""

    @wraps(step)
    def once(self: "Mixture", *numbers: float) -> _T:
        known = self._known.get(step)
        if known is None:
            known = self._known[step] = numbers, step(self, *numbers)
        answer: _T = known[1] if known[0] == numbers else step(self, *numbers)
        return answer

    return once


class Mixture:
    """What each place is made of, for one wall after another.

    The walls that a fit tries differ in one number, and half of the numbers leave a wall in its
    place: what the first wall in a place needed is kept for the others there.

    Parameters
    ----------
    places : ndarray, shape (3, n), cube mm
    root : ndarray, shape (n,), optional
        What the parts at each place are multiplied by; 1 by default.
    """

    def __init__(self, places: np.ndarray, root: np.ndarray | None = None) -> None:
        self._places, self._root = places, root
        self._where, self._axes, self._centre = b"", np.eye(3), np.zeros(3)
        self._known: dict[Callable[..., Any], tuple[tuple[float, ...], Any]] = {}

    def shares(self, wall: Wall) -> tuple[np.ndarray, np.ndarray]:
        """Return how much of each place is wall and how much is cavity, shape (n,), 0 to 1."""
        self._go(wall)
        long, wide = wall.long_mm, wall.wide_mm
        outer, inner = self._blurred(wall.roundness, long, wide, wall.blur_mm)
        cut = self._cut(wall.roundness, wall.base * long, wall.gap_mm, wall.fade_mm)
        return (outer - inner) * cut, inner * cut

    def parts(self, wall: Wall) -> np.ndarray:
        """Return what the counts are a sum of, times the root of their weight, (`PARTS`, n)."""
        share, cavity = self.shares(wall)
        outside = 1.0 - cavity - share
        if self._root is not None:
            share, cavity, outside = share * self._root, cavity * self._root, outside * self._root
        parts = np.empty((PARTS, len(share)))
        parts[0], parts[9], parts[10] = share, cavity, outside
        np.multiply(share, self._modes(wall.roundness, wall.long_mm, wall.wide_mm), parts[1:9])
        np.multiply(outside, self._slopes(), parts[11:])
        return parts

    def _go(self, wall: Wall) -> None:
        """To the place of a wall."""
        where = wall.axes.tobytes() + wall.centre.tobytes()
        if where != self._where:
            self._where, self._axes, self._centre = where, wall.axes, wall.centre
            self._known.clear()

    @_kept
    def _away(self) -> np.ndarray:
        """Places from the wall's centre, in the precision they came in."""
        away: np.ndarray = self._places - self._centre.astype(self._places.dtype)[:, None]
        return away

    @_kept
    def _slopes(self) -> np.ndarray:
        return np.ascontiguousarray(self._away() / 50.0, dtype=np.float64)

    @_kept
    def _own(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places in the wall's own frame, their tapered height, and 1 towards the apex."""
        own = self._axes.astype(self._places.dtype) @ self._away()
        height = own[0] * np.where(own[0] > 0, _TAPER, 1.0)
        return own, height, (height < 0).astype(np.float64)

    @_kept
    def _around(self, roundness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places across the axis, made round: towards inferior and lateral, distance squared."""
        own, _, _ = self._own()
        down, right = own[1] / (1 + roundness), own[2] / (1 - roundness)
        return down, right, down**2 + right**2

    @_kept
    def _septal(self, roundness: float) -> np.ndarray:
        """How septal each place lies, 0 to 1."""
        _, right, rho2 = self._around(roundness)
        septal: np.ndarray = np.maximum(-right / (np.sqrt(rho2) + 1e-6), 0.0) ** 2
        return septal

    @_kept
    def _cut(self, roundness: float, base_mm: float, gap_mm: float, fade_mm: float) -> np.ndarray:
        """How much of each place lies before the basal plane."""
        own, _, _ = self._own()
        cut: np.ndarray = expit(
            4.0 / fade_mm * (base_mm - gap_mm * self._septal(roundness) - own[0])
        )
        return cut

    @_kept
    def _modes(self, roundness: float, long_mm: float, wide_mm: float) -> np.ndarray:
        """Smooth modes of the uptake on the wall's sphere, shape (8, n)."""
        _, height, _ = self._own()
        down, right, _ = self._around(roundness)
        modes = np.empty((8, len(height)), dtype=height.dtype)
        z, y, x = first = modes[:3]
        np.divide(height, long_mm, out=z)
        np.divide(down, wide_mm, out=y)
        np.divide(right, wide_mm, out=x)
        first /= np.sqrt(z * z + y * y + x * x) + 1e-6
        np.subtract(y * y, x * x, out=modes[3])
        twice = 2 * x
        np.multiply(twice, y, out=modes[4])
        np.multiply(twice, z, out=modes[5])
        np.multiply(2 * y, z, out=modes[6])
        np.subtract(1.5 * z * z, 0.5, out=modes[7])
        return modes

    @_kept
    def _edges(self, roundness: float, long_mm: float, wide_mm: float) -> list[_Edge]:
        _, height, below = self._own()
        _, _, rho2 = self._around(roundness)
        inside = long_mm - _APEX_SHARE * WALL_MM, wide_mm - WALL_MM
        return [_edge(height**2, rho2, below, *size) for size in ((long_mm, wide_mm), inside)]

    @_kept
    def _blurred(
        self, roundness: float, long_mm: float, wide_mm: float, blur_mm: float
    ) -> list[np.ndarray]:
        """How much of each place lies inside the outer and the inner surface."""
        slope, blur2 = -_LOGISTIC / blur_mm, blur_mm**2
        edges = self._edges(roundness, long_mm, wide_mm)
        return [expit(slope * (distance + blur2 * bend)) for distance, bend in edges]


def _edge(height2: np.ndarray, rho2: np.ndarray, below: np.ndarray, a: float, b: float) -> _Edge:
    """Distance to an ellipsoid of revolution, negative inside, and how its edge is bent there.

    First order in the distance. Blur moves the half level of a curved edge towards its centre of
    curvature by the mean curvature times the blur squared: 3 mm at the apex.
    """
    along, beside = height2 / a**2, rho2 / b**2
    s2 = along + beside
    s = np.sqrt(s2)
    slope = np.sqrt(along / a**2 + beside / b**2) / np.maximum(s, 1e-3)
    at_apex, at_side = a / b**2, 0.5 / b + 0.5 * b / a**2
    bend = at_side + (at_apex - at_side) * (along * below / np.maximum(s2, 1e-6))
    return (s - 1.0) / np.maximum(slope, 1.0 / a), bend


@dataclass(frozen=True, eq=False)
class Around:
    """The counts around a wall.

    Parameters
    ----------
    places : ndarray, shape (3, n), cube mm
    values : ndarray, shape (n,)
        In units of about the wall's own brightness.
    weight : ndarray, shape (n,)
        1 near the wall, 0 beyond reach.
    """

    places: np.ndarray
    values: np.ndarray
    weight: np.ndarray

    @property
    def energy(self) -> float:
        """How much the counts vary."""
        mean = self.weight @ self.values / self.weight.sum()
        return float(self.weight @ (self.values - mean) ** 2) + 1e-6 * len(self.values)

    @cached_property
    def root(self) -> np.ndarray:
        """Of the weight."""
        root: np.ndarray = np.sqrt(self.weight).astype(np.float64)
        return root

    @cached_property
    def _target(self) -> np.ndarray:
        """The values times the root of their weight."""
        target: np.ndarray = (self.values * np.sqrt(self.weight)).astype(np.float64)
        return target

    def explained(self, design: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weighted residuals under the best brightness of each part, and that.

        Parameters
        ----------
        design : ndarray, shape (`PARTS`, n)
            `Mixture.parts` of a mixture with this `root`.
        """
        target = self._target
        normal = design @ design.T
        normal[_DIAGONAL, _DIAGONAL] += _HELD * (_RIDGE * normal[0, 0]) + _LEAST
        right = design @ target
        _, brightness, failed = dposv(normal, right)
        if failed:
            brightness = np.linalg.solve(normal, right)
        residual: np.ndarray = target - brightness @ design
        return residual, brightness


def shares(wall: Wall, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each place, shape (3, n), is wall and how much is cavity, 0 to 1."""
    return Mixture(places).shares(wall)
