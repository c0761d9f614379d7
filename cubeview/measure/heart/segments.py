"""Relative perfusion in the 17 segments of the left ventricle, and the scores it suggests.

Segments after Cerqueira et al. 2002, Circulation 105:539: basal 1 to 6, mid 7 to 12, apical 13 to
16, apex 17, each ring counted from anterior by the septum. Counts are the largest across the wall
on each ray, as readers' polar maps take them (Garcia et al. 1985, J Nucl Med 26:17): the mean would
fall with the thickness of the wall.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.errors import CubeviewError

APEX_MM = 10.0
"""Thickness of the apical cap: segment 17 is the myocardium beyond the end of the cavity, and a
healthy wall is about 10 mm thick (Cerqueira et al. 2002)."""

HEIGHTS, TURNS = 24, 72
_DEPTHS = np.linspace(0.55, 1.1, 12)
"""Of the ellipsoid, whose surface is the outside of the wall: from the cavity to beyond it."""
_SMOOTH = (0.7, 1.5)  # heights and turns: about a third of a segment


@dataclass(frozen=True, eq=False)
class PolarMap:
    """The largest counts across the wall, rolled out.

    Parameters
    ----------
    values : ndarray, shape (`HEIGHTS`, `TURNS`), % of the largest
        Rows from the apex to the base; columns from anterior on by septal, inferior and lateral.
    segments : ndarray of int, the same shape
        1 to 17.
    volumes : ndarray, the same shape, ml
        Of the wall that each place speaks for.
    """

    values: np.ndarray
    segments: np.ndarray
    volumes: np.ndarray

    def means(self) -> tuple[float, ...]:
        """Return the mean of each of the 17 segments, % of the largest."""
        weights = np.bincount(self.segments.ravel(), self.volumes.ravel(), minlength=18)[1:]
        sums = np.bincount(
            self.segments.ravel(), (self.volumes * self.values).ravel(), minlength=18
        )
        return tuple(float(value) for value in sums[1:] / weights)

    def below(self, percent: float) -> tuple[float, float, float]:
        """Return how much of the wall lies below a level: % of it, ml, and its mean deficit in %.

        Parameters
        ----------
        percent : float
            Of the largest counts.
        """
        low = self.values < percent
        volume = float(self.volumes[low].sum())
        if not volume:
            return 0.0, 0.0, 0.0
        deficit = float((self.volumes * (percent - self.values))[low].sum()) / volume
        return 100.0 * volume / float(self.volumes.sum()), volume, deficit


@dataclass(frozen=True)
class Scores:
    """Segment scores, 0 (normal) to 4 (absent), and their sums over the 17 segments.

    Parameters
    ----------
    states : mapping of role to tuple of int
        17 each.
    """

    states: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def sss(self) -> int | None:
        """Summed stress score, 0 to 68; None without a stress state."""
        return sum(self.states["stress"]) if "stress" in self.states else None

    @property
    def srs(self) -> int | None:
        """Summed rest score."""
        return sum(self.states["rest"]) if "rest" in self.states else None

    @property
    def sds(self) -> int | None:
        """Summed difference score: stress above rest, segment by segment, never below 0."""
        if self.states.keys() < {"stress", "rest"}:
            return None
        both = zip(self.states["stress"], self.states["rest"], strict=True)
        return sum(max(stress - rest, 0) for stress, rest in both)


def polar_map(cube: Cube, ventricle: Ventricle, values: np.ndarray | None = None) -> PolarMap:
    """Sample the wall of a left ventricle by its largest counts.

    Parameters
    ----------
    cube : Cube
        Counts; gates are read as their sum.
    ventricle : Ventricle
    values : ndarray, shape of `cube`, optional
        The counts, where they are at hand.

    Raises
    ------
    CubeviewError
        If there are no counts in the wall.
    """
    counts = np.nan_to_num(cube.pixels.read() if values is None else values).astype(np.float32)
    long, wide = ventricle.radii[0], float(np.sqrt(ventricle.radii[1] * ventricle.radii[2]))
    heights = -1.0 + (1.0 + BASE_AT) * (np.arange(HEIGHTS) + 0.5) / HEIGHTS
    turns = 2 * np.pi * (np.arange(TURNS) + 0.5) / TURNS
    around = np.sqrt(1.0 - heights**2)[:, None]
    own = (
        np.stack(
            [
                np.repeat(heights[:, None], TURNS, axis=1),
                -around * np.cos(turns),  # towards inferior
                -around * np.sin(turns),  # towards lateral
            ],
            axis=-1,
        )
        * ventricle.radii
    )
    places = ventricle.centre + _DEPTHS[:, None, None, None] * (own @ ventricle.axes)
    voxels = np.moveaxis(places / np.array(cube.spacing), -1, 0)
    sampled = map_coordinates(counts, voxels, order=1, mode="constant")
    brightest = gaussian_filter(sampled.max(axis=0), _SMOOTH, mode=("nearest", "wrap"))
    top = float(brightest.max())
    if not top > 0:
        raise CubeviewError("there are no counts in the wall of the ventricle: check its place.")
    segments = np.array([[_segment(h, t, long) for t in turns] for h in heights])
    step = (1.0 + BASE_AT) * long / HEIGHTS
    ring = 2 * np.pi * wide * around * min(APEX_MM, wide) * step / TURNS / 1000.0
    return PolarMap(100.0 * brightest / top, segments, np.repeat(ring, TURNS, axis=1))


def _segment(height: float, turn: float, long_mm: float) -> int:
    """Return the segment at a height in semi-axes and a turn from anterior by septal."""
    up_mm = (height + 1.0) * long_mm
    if up_mm < APEX_MM:
        return 17
    third = int(3 * (up_mm - APEX_MM) / ((1.0 + BASE_AT) * long_mm - APEX_MM))
    if third == 0:
        return 13 + int((turn + np.pi / 4) / (np.pi / 2)) % 4
    return (1 if third == 2 else 7) + int((turn + np.pi / 6) / (np.pi / 3)) % 6
