"""Relative perfusion in the 17 segments of the left ventricle.

Segments after Cerqueira et al. 2002, Circulation 105:539: basal 1 to 6, mid 7 to 12, apical 13 to
16, apex 17, each ring counted from anterior by the septum. Counts are the largest across the wall
on each ray, as readers' polar maps take them (Garcia et al. 1985, J Nucl Med 26:17): the mean would
fall with the thickness of the wall.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.errors import CubeviewError

APEX_MM = 10.0
"""Thickness of the apical cap: segment 17 is the myocardium beyond the end of the cavity, and a
healthy wall is about 10 mm thick (Cerqueira et al. 2002)."""

HEIGHTS, TURNS = 24, 72
_DEPTHS = np.linspace(0.55, 1.1, 12)
"""Of the ellipsoid, whose surface is the outside of the wall: from the cavity to beyond it."""
_BESIDE_MM = np.arange(15.0, 46.0, 5.0)
"""From the outside of the wall: as far as filters spread what is there into it."""
_SMOOTH = (0.7, 1.5)  # heights and turns: about a third of a segment

_WALLS = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
NAMES = (
    *(f"basal {wall}" for wall in _WALLS),
    *(f"mid {wall}" for wall in _WALLS),
    *(f"apical {wall}" for wall in ("anterior", "septal", "inferior", "lateral")),
    "apex",
)
"""Of segments 1 to 17."""


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
    counts = np.nan_to_num(cube.pixels.read() if values is None else values)
    long, wide = ventricle.radii[0], float(np.sqrt(ventricle.radii[1] * ventricle.radii[2]))
    heights, turns = _heights(), _turns()
    around = np.sqrt(1.0 - heights**2)[:, None]
    brightest = peaks(counts, cube.spacing, ventricle)
    top = float(brightest.max())
    if not top > 0:
        raise CubeviewError("there are no counts in the wall of the ventricle: check its place.")
    segments = np.array([[_segment(h, t, long) for t in turns] for h in heights])
    step = (1.0 + BASE_AT) * long / HEIGHTS
    ring = 2 * np.pi * wide * around * min(APEX_MM, wide) * step / TURNS / 1000.0
    return PolarMap(100.0 * brightest / top, segments, np.repeat(ring, TURNS, axis=1))


def peaks(
    counts: np.ndarray,
    spacing: tuple[float, float, float],
    ventricle: Ventricle,
    along: float = 1.0,
) -> np.ndarray:
    """Return the largest counts across the wall, shape (`HEIGHTS`, `TURNS`), a little smoothed.

    Parameters
    ----------
    counts : ndarray, shape (z, y, x)
        Without NaN.
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    ventricle : Ventricle
    along : float
        How long the ventricle is, of its usual length from the apex on.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    voxels = np.moveaxis(wall_voxels(ventricle, spacing, along), -1, 0)
    sampled = map_coordinates(counts.astype(np.float32), voxels, order=1, mode="constant")
    brightest: np.ndarray = gaussian_filter(sampled.max(axis=0), _SMOOTH, mode=("nearest", "wrap"))
    return brightest


def wall_voxels(
    ventricle: Ventricle, spacing: tuple[float, float, float], along: float = 1.0
) -> np.ndarray:
    """Return which voxels the places of a polar map are sampled at, fractional (z, y, x).

    Shape (depths, `HEIGHTS`, `TURNS`, 3), from the cavity to beyond the wall.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    along : float
        How long the ventricle is, of its usual length from the apex on.
    """
    own = _on_surface(_heights()[:, None], _turns()[None, :]) * ventricle.radii
    own = _DEPTHS[:, None, None, None] * own
    own[..., 0] = (own[..., 0] + ventricle.radii[0]) * along - ventricle.radii[0]
    places = ventricle.centre + own @ ventricle.axes
    voxels: np.ndarray = places / np.array(spacing)
    return voxels


def places_beside(
    ventricle: Ventricle, spacing: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return which voxels lie in the inferior wall, and beside it: (depths, places, 3) each.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    """
    inferior = np.abs(_turns() - np.pi) < np.pi / 3
    own = _on_surface(_heights()[6:, None], _turns()[None, inferior]).reshape(-1, 3)
    outward = own / np.linalg.norm(own, axis=1, keepdims=True)
    surface = own * ventricle.radii
    wall = _DEPTHS[:, None, None] * surface
    beside = surface + _BESIDE_MM[:, None, None] * outward
    within, around = (
        (ventricle.centre + places @ ventricle.axes) / np.array(spacing)
        for places in (wall, beside)
    )
    return within, around


def voxel_of(
    ventricle: Ventricle, spacing: tuple[float, float, float], up: float, turn: float
) -> np.ndarray:
    """Return the voxel (z, y, x) in the middle of the wall at a place of a polar map, fractional.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
    up : float
        0 at the apex to 1 at the basal plane.
    turn : float, radian
        From anterior on by septal, inferior and lateral.
    """
    height = np.array(up * (1.0 + BASE_AT) - 1.0)
    own = _on_surface(height, np.array(turn)) * ventricle.radii
    voxel: np.ndarray = ventricle.centre + float(_DEPTHS.mean()) * (own @ ventricle.axes)
    voxel = voxel / np.array(spacing)
    return voxel


def place_of(
    ventricle: Ventricle, spacing: tuple[float, float, float], voxel: Iterable[float]
) -> tuple[float, float, float]:
    """Return where on a polar map a voxel lies: up, turn, and how deep.

    The other way round of `voxel_of`. Depth is 1 on the outside of the wall and 0 in the middle
    of the ventricle; `up` is above 1 beyond the basal plane.
    """
    mm = np.array(list(voxel)) * np.array(spacing) - ventricle.centre
    own = (ventricle.axes @ mm) / ventricle.radii
    depth = float(np.linalg.norm(own))
    height = own[0] / max(depth, 1e-9)
    turn = float(np.arctan2(-own[2], -own[1])) % (2 * np.pi)
    return float((height + 1.0) / (1.0 + BASE_AT)), turn, depth


def sector(ring: int, turn: float) -> int:
    """Return the segment of a ring at a turn from anterior by septal, in radian.

    Parameters
    ----------
    ring : int
        0 the apex, 1 apical, 2 mid, 3 basal.
    turn : float
    """
    if ring == 0:
        return 17
    if ring == 1:
        return 13 + int((turn + np.pi / 4) / (np.pi / 2)) % 4
    return (7 if ring == 2 else 1) + int((turn + np.pi / 6) / (np.pi / 3)) % 6


def _segment(height: float, turn: float, long_mm: float) -> int:
    """Return the segment at a height in semi-axes and a turn from anterior by septal."""
    up_mm = (height + 1.0) * long_mm
    if up_mm < APEX_MM:
        return sector(0, turn)
    return sector(1 + int(3 * (up_mm - APEX_MM) / ((1.0 + BASE_AT) * long_mm - APEX_MM)), turn)


def _heights() -> np.ndarray:
    return -1.0 + (1.0 + BASE_AT) * (np.arange(HEIGHTS) + 0.5) / HEIGHTS


def _turns() -> np.ndarray:
    return 2 * np.pi * (np.arange(TURNS) + 0.5) / TURNS


def _on_surface(heights: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return places on a unit sphere: to the base, to inferior, to lateral."""
    around = np.sqrt(np.maximum(1.0 - heights**2, 0.0))
    heights = np.broadcast_to(heights, np.broadcast_shapes(heights.shape, turns.shape))
    return np.stack([heights, -around * np.cos(turns), -around * np.sin(turns)], axis=-1)
