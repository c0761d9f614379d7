"""The simulated left ventricle itself: shape, normal uptake, and coordinates on its wall.

The heart frame has its origin on the long axis at the widest place, in mm: u to lateral, v to
inferior, w from apex to base. On the wall a point is a direction on the unit sphere: polar angle
0 at the apex, growing with w, azimuth 0 lateral, 90° inferior, 180° septal, 270° anterior.
"""

from dataclasses import dataclass, replace

import numpy as np

POLAR_AT_BASE = np.deg2rad(105.0)
"""Polar angle given to the basal plane: a ventricle is a little more than half an ellipsoid."""


@dataclass(frozen=True, eq=False)
class Wall:
    """Shape and normal uptake of one heart in one state.

    Parameters
    ----------
    lateral_mm, inferior_mm, apical_mm : float
        Semi-axes of the middle of the wall.
    base_mm : float
        Distance of the basal plane from the widest place.
    thickness_mm : float
        Wall thickness at the middle of the ventricle.
    taper : float
        How much the ventricle narrows towards the base; 0 is a tube.
    septal_gap_mm : float
        How much earlier the septum ends than the lateral wall (its basal part is a membrane).
    falloff_mm : float
        Length over which uptake fades at the base.
    apical_thinning : float
        Loss of uptake at the apex.
    slope : float
        Lateral minus septal uptake, half the difference.
    apical_turn : float
        Septal minus lateral uptake that is added to this at the apex, half the difference.
    rise : float
        Anterior minus inferior uptake, half the difference.
    inferior_loss, anterior_loss : float
        Mild attenuation by diaphragm and breast that every uncorrected scan may show.
    ripple : ndarray, shape (8,)
        Amplitudes of smooth irregularities around and along the wall.
    """

    lateral_mm: float
    inferior_mm: float
    apical_mm: float
    base_mm: float
    thickness_mm: float
    taper: float
    septal_gap_mm: float
    falloff_mm: float
    apical_thinning: float
    slope: float
    apical_turn: float
    rise: float
    inferior_loss: float
    anterior_loss: float
    ripple: np.ndarray

    @property
    def length_mm(self) -> float:
        """Outer length from the apex to the basal plane of the lateral wall."""
        return self.apical_mm + 0.5 * self.thickness_mm + self.base_mm


@dataclass(frozen=True, eq=False)
class WallPoints:
    """Where voxels lie relative to the wall; arrays of one shape, float32.

    Parameters
    ----------
    depth_mm : ndarray
        Signed distance from the middle of the wall, positive outside.
    direction : ndarray, shape (3, ...)
        Unit vector on the wall's sphere: lateral, inferior, towards the base.
    height : ndarray
        0 at the apex, 1 at the basal plane, along the wall.
    basal_mm : ndarray
        Distance beyond the basal plane, which lies lower at the septum.
    """

    depth_mm: np.ndarray
    direction: np.ndarray
    height: np.ndarray
    basal_mm: np.ndarray


def locate(wall: Wall, u: np.ndarray, v: np.ndarray, w: np.ndarray) -> WallPoints:
    """Find where points lie relative to the wall.

    Parameters
    ----------
    wall : Wall
    u, v, w : ndarray, mm
        Heart frame coordinates.

    Returns
    -------
    WallPoints
        The distance is to first order in the ellipsoid's own gradient, exact on its surface.
    """
    below = w < 0
    squeeze = np.where(below, 1.0, wall.taper).astype(np.float32)
    long = w * squeeze / np.float32(wall.apical_mm)
    across_u, across_v = u / np.float32(wall.lateral_mm), v / np.float32(wall.inferior_mm)
    radius = np.sqrt(across_u**2 + across_v**2 + long**2) + np.float32(1e-6)
    steepness = np.sqrt(
        (across_u / np.float32(wall.lateral_mm)) ** 2
        + (across_v / np.float32(wall.inferior_mm)) ** 2
        + (long * squeeze / np.float32(wall.apical_mm)) ** 2
    )
    depth = (radius - 1.0) * radius / (steepness + np.float32(1e-6))
    around = np.sqrt(across_u**2 + across_v**2) + np.float32(1e-6)
    # Elliptic angle from the apex below the widest place, proportional to w above it.
    polar = np.where(
        below,
        np.arctan2(around, -np.minimum(long, 0.0)),
        0.5 * np.pi + (POLAR_AT_BASE - 0.5 * np.pi) * np.maximum(w, 0) / wall.base_mm,
    ).astype(np.float32)
    sine = np.sin(polar)
    cosine_u, cosine_v = across_u / around, across_v / around
    direction = np.stack([sine * cosine_u, sine * cosine_v, -np.cos(polar)])
    span = wall.apical_mm + wall.base_mm
    # Height by arc below the widest place, by length above it: what a polar map shows.
    equator = wall.apical_mm / span
    height = np.where(
        below, equator * polar / (0.5 * np.pi), equator + (1 - equator) * w / wall.base_mm
    ).astype(np.float32)
    septal = np.clip(-cosine_u, 0.0, 1.0) ** 2
    basal = w - wall.base_mm + wall.septal_gap_mm * septal
    return WallPoints(depth, direction, height, basal.astype(np.float32))


def wall_fraction(
    wall: Wall, points: WallPoints, thinning: np.ndarray | float, edge_mm: float
) -> np.ndarray:
    """Return how much of each voxel is wall, 0 to 1.

    Parameters
    ----------
    wall : Wall
    points : WallPoints
    thinning : ndarray or float
        Share of the thickness lost (scar).
    edge_mm : float
        Voxel size: the edge is a linear ramp over one voxel (partial volume).
    """
    half = 0.5 * wall.thickness_mm * (1.0 - thinning)
    inside = np.clip(0.5 + (half - np.abs(points.depth_mm)) / edge_mm, 0.0, 1.0)
    base = np.clip(0.5 - points.basal_mm / wall.falloff_mm, 0.0, 1.0)
    return np.asarray(inside * base, dtype=np.float32)


def normal_uptake(wall: Wall, points: WallPoints) -> np.ndarray:
    """Return the uptake of a healthy wall without attenuation correction, about 1.

    Mild fixed loss in the inferior and anterior wall, apical thinning and a lateral-to-septal
    slope are normal variants of uncorrected scans (Burrell & MacDonald, J Nucl Med Technol 2006,
    34:193); how strong they are is this simulator's own choice, but for the anterior wall, which is
    brighter than the inferior one, and the septum, which near the apex is brighter than the lateral
    wall, as in the real uncorrected scans at hand.
    """
    lateral, inferior, _ = points.direction
    h = points.height
    apex = wall.apical_thinning * np.exp(-((h / 0.22) ** 2))
    # The diaphragm darkens the wall below and a little to the septum, more towards the base; the
    # breast the middle of the wall in front.
    towards = np.clip(0.94 * inferior - 0.34 * lateral, 0, 1)
    below = wall.inferior_loss * towards * np.clip(0.45 + 0.7 * h, 0, 1)
    front = wall.anterior_loss * np.clip(-inferior, 0, 1) ** 2 * np.exp(-(((h - 0.55) / 0.4) ** 2))
    across = wall.slope - wall.apical_turn * np.exp(-((h / 0.35) ** 2))
    slope = 1.0 + across * lateral - wall.rise * inferior
    uptake = slope * (1.0 - apex) * (1.0 - below) * (1.0 - front)
    long = np.cos(np.pi * h)
    r = wall.ripple
    around = lateral**2 - inferior**2
    diagonal = 2 * lateral * inferior
    uptake += r[0] * lateral * long + r[1] * inferior * long + r[2] * around + r[3] * diagonal
    uptake += r[4] * around * long + r[5] * np.cos(2 * np.pi * h)
    uptake += r[6] * lateral * (lateral**2 - 3 * inferior**2)
    uptake += r[7] * inferior * (3 * lateral**2 - inferior**2)
    return np.asarray(np.clip(uptake, 0.05, None), dtype=np.float32)


def draw_wall(rng: np.random.Generator, ranges: "WallRange") -> Wall:
    """Draw one heart.

    Parameters
    ----------
    rng : Generator
    ranges : WallRange
    """
    length = rng.uniform(*ranges.length_mm)
    thickness = rng.uniform(*ranges.thickness_mm)
    lateral = length * rng.uniform(*ranges.slenderness)
    base = length * rng.uniform(*ranges.base_share)
    return Wall(
        lateral_mm=lateral,
        inferior_mm=lateral * rng.uniform(*ranges.roundness),
        apical_mm=length - base - 0.5 * thickness,
        base_mm=base,
        thickness_mm=thickness,
        taper=rng.uniform(*ranges.taper),
        septal_gap_mm=rng.uniform(*ranges.septal_gap_mm),
        falloff_mm=rng.uniform(*ranges.falloff_mm),
        apical_thinning=rng.uniform(*ranges.apical_thinning),
        slope=rng.uniform(*ranges.slope),
        apical_turn=rng.uniform(*ranges.apical_turn),
        rise=rng.uniform(*ranges.rise),
        inferior_loss=rng.uniform(*ranges.inferior_loss),
        anterior_loss=rng.beta(0.6, 2.4) * ranges.anterior_loss[1],
        ripple=rng.normal(0.0, ranges.ripple, 8),
    )


def vary_wall(rng: np.random.Generator, ranges: "WallRange", wall: Wall) -> Wall:
    """Return how the same heart looks in the other state, with nothing wrong in either.

    Breast and diaphragm lie a little differently, the beat differs, and so does scatter: the
    uptake of two scans of a healthy heart agrees to within some per cent, not exactly.

    Parameters
    ----------
    rng : Generator
    ranges : WallRange
    wall : Wall
    """
    shift = ranges.state_loss
    return replace(
        wall,
        septal_gap_mm=max(0.0, wall.septal_gap_mm + rng.normal(0.0, 3.0)),
        falloff_mm=wall.falloff_mm * rng.uniform(0.8, 1.25),
        apical_thinning=max(0.0, wall.apical_thinning + rng.normal(0.0, shift)),
        slope=wall.slope + rng.normal(0.0, 0.5 * shift),
        apical_turn=wall.apical_turn + rng.normal(0.0, 0.5 * shift),
        rise=wall.rise + rng.normal(0.0, 0.5 * shift),
        inferior_loss=max(0.0, wall.inferior_loss + rng.normal(0.0, shift)),
        anterior_loss=max(0.0, wall.anterior_loss + rng.normal(0.0, shift)),
        ripple=wall.ripple + rng.normal(0.0, ranges.state_ripple, 8),
    )


@dataclass(frozen=True)
class WallRange:
    """From what to what a heart varies; (low, high) unless said otherwise.

    Sizes are set so that the blurred wall is 73 to 99 mm long at half its maximum, as in real
    uncorrected short-axis scans. `rise`, `apical_turn` and `ripple` are set so that uptake by
    sector (four walls at three levels) has the median and the spread of real scans of two cameras.
    The other ranges are this simulator's own choice around values of the normal left ventricle.
    """

    length_mm: tuple[float, float] = (72.0, 104.0)
    slenderness: tuple[float, float] = (0.255, 0.335)
    roundness: tuple[float, float] = (0.88, 1.12)
    base_share: tuple[float, float] = (0.30, 0.44)
    thickness_mm: tuple[float, float] = (9.5, 15.5)
    taper: tuple[float, float] = (0.25, 0.85)
    septal_gap_mm: tuple[float, float] = (6.0, 36.0)
    falloff_mm: tuple[float, float] = (18.0, 70.0)
    apical_thinning: tuple[float, float] = (0.0, 0.30)
    slope: tuple[float, float] = (-0.07, 0.12)
    apical_turn: tuple[float, float] = (0.0, 0.20)
    rise: tuple[float, float] = (-0.03, 0.20)
    inferior_loss: tuple[float, float] = (0.0, 0.54)
    anterior_loss: tuple[float, float] = (0.0, 0.25)
    ripple: float = 0.05
    state_loss: float = 0.05
    """Standard deviation of attenuation and thinning from state to state."""
    state_ripple: float = 0.028
    """Standard deviation of the irregularities from state to state."""
