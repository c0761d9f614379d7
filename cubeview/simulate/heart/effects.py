"""What may be wrong with a simulated heart scan: lesions of the wall, and artefacts.

Definitions, with severity as the share of normal uptake lost at the centre of the lesion:

* ischaemic: a lesion at stress, of which what is left at rest is too mild for a reader to score:
  at most 28 % of it and 15 % of normal uptake;
* infarcted: a lesion, equal in both states to within a sixth of it, which a reader scores alike,
  its wall possibly thinner;
* mixed: one lesion that refills by half, a fifth of normal uptake still missing at rest, or an
  infarct and an ischaemic lesion in two territories;
* of the ischaemic and the infarcted half have a second lesion of the same kind in another
  territory, so that the number of lesions says nothing of their kind;
* artefact: a healthy heart with a strong shadow of the diaphragm or the breast, equal or unequal
  in the two states, a displacement during the scan that doubles the image, or hot gut at the wall.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cubeview.simulate.heart.wall import WallPoints

Role = Literal["rest", "stress"]
LesionKind = Literal["reversible", "fixed", "partial"]
ArtefactKind = Literal["diaphragm", "breast", "motion", "hot spot"]

TERRITORIES = {
    # Azimuth (0 lateral, 90 inferior, 180 septal, 270 anterior) and polar angle from the apex, in
    # degrees, of lesion centres: the 17 segments given to each artery by Cerqueira et al.,
    # Circulation 2002, 105:539.
    "LAD": ((195.0, 300.0), (0.0, 85.0)),
    "RCA": ((60.0, 150.0), (35.0, 90.0)),
    "LCX": ((-45.0, 55.0), (35.0, 90.0)),
}
TERRITORY_SHARE = (0.45, 0.32, 0.23)


@dataclass(frozen=True)
class EffectRange:
    """From what to what lesions and artefacts vary; (low, high) unless said otherwise."""

    extent: tuple[float, float] = (0.05, 0.34)
    reversible_severity: tuple[float, float] = (0.30, 0.80)
    fixed_severity: tuple[float, float] = (0.42, 0.92)
    small_severity: float = 0.50
    """Least severity of a lesion below 10 % of the wall: milder ones are lost in the noise."""
    residue: tuple[float, float] = (0.0, 0.28)
    unscored: float = 0.15
    """Share of uptake missing that a reader still calls normal: segment score 0."""
    scored: float = 0.21
    """Least share missing at rest for a lesion to count as partly fixed."""
    fixed: tuple[float, float] = (0.83, 1.10)
    """Share left at rest of a fixed lesion. A segment's score changes by steps of about a tenth of
    normal uptake, so that one scored alike may differ by as much."""
    refill: tuple[float, float] = (0.38, 0.64)
    """The same of a partly fixed one."""
    scar_thinning: tuple[float, float] = (0.0, 0.35)
    multivessel: float = 0.5
    """Share of ischaemic and of infarcted hearts with lesions in two territories. All five ill
    real pairs at hand have scored segments in two or three."""
    multivessel_extent: tuple[float, float] = (0.05, 0.22)
    """Of each of the two."""
    corner: float = 2.0
    """Exponent of a lesion's outline: 2 is an ellipse, more has the corners of a segment."""
    shadow: tuple[float, float] = (0.45, 0.68)
    motion_mm: tuple[float, float] = (16.0, 30.0)
    motion_share: tuple[float, float] = (0.38, 0.5)
    hot_spot: tuple[float, float] = (1.0, 2.4)
    slight_motion_mm: float = 4.0
    """Displacement that every scan may have."""


@dataclass(frozen=True, eq=False)
class Lesion:
    """A patch of wall with reduced uptake.

    Parameters
    ----------
    territory : {"LAD", "LCX", "RCA"}
    centre, along, around : ndarray, shape (3,)
        Direction of the centre on the wall's sphere and the two tangents there.
    half : tuple of float
        Half widths along the tangents, on the unit sphere.
    lobes : tuple of float
        Amplitude and phase of its outline's irregularity.
    severity : dict of role to float
        Share of uptake lost at the centre.
    thinning : float
        Share of the wall's thickness lost.
    soft : float
        Width of the border, as a share of the half width.
    corner : float
        Exponent of its outline, as `EffectRange.corner`.
    """

    territory: str
    centre: np.ndarray
    along: np.ndarray
    around: np.ndarray
    half: tuple[float, float]
    lobes: tuple[float, float]
    severity: dict[Role, float]
    thinning: float
    soft: float
    corner: float = 2.0

    def shape(self, points: WallPoints) -> np.ndarray:
        """Return the lesion's weight on the wall: 1 at its heart, 0.5 at its border, 0 outside."""
        direction = points.direction
        flat = direction.reshape(3, -1)
        facing = self.centre @ flat
        p, q = (self.along @ flat) / self.half[0], (self.around @ flat) / self.half[1]
        outline = 1.0 + self.lobes[0] * np.cos(3.0 * np.arctan2(q, p) + self.lobes[1])
        reach = (np.abs(p) ** self.corner + np.abs(q) ** self.corner) ** (1 / self.corner) / outline
        weight = np.clip(0.5 + (1.0 - reach) / (2.0 * self.soft), 0.0, 1.0)
        weight = weight * weight * (3.0 - 2.0 * weight) * (facing > 0)
        return np.asarray(weight.reshape(direction.shape[1:]), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Artefact:
    """What spoils a scan of a healthy heart.

    Parameters
    ----------
    kind : {"diaphragm", "breast", "motion", "hot spot"}
    strength : dict of role to float
        Share lost in the shadow, share of the time spent displaced, or activity against the wall.
    where : ndarray, shape (3,)
        Motion: displacement in mm (u, v, w). Otherwise its direction on the wall's sphere.
    width : float
        Shadow: depth of the edge in mm. Hot spot: standard deviation in mm.
    reach : float
        Shadow: distance of its edge from the axis, as a share of the wall's radius. Hot spot:
        how far the middle of its inner flank lies beyond the wall, in mm: gut that does not touch
        the wall is no artefact but surroundings.
    """

    kind: ArtefactKind
    strength: dict[Role, float]
    where: np.ndarray
    width: float
    reach: float


def draw_lesion(
    rng: np.random.Generator,
    ranges: EffectRange,
    kind: LesionKind,
    *,
    avoid: str = "",
) -> Lesion:
    """Draw a lesion inside the territory of one artery.

    Parameters
    ----------
    rng : Generator
    ranges : EffectRange
    kind : {"reversible", "fixed", "partial"}
        How much of it is left at rest.
    avoid : str
        A territory it must not lie in.
    """
    share = np.array(
        [0.0 if name == avoid else s for name, s in zip(TERRITORIES, TERRITORY_SHARE, strict=True)]
    )
    territory = list(TERRITORIES)[rng.choice(3, p=share / share.sum())]
    azimuths, polars = TERRITORIES[territory]
    azimuth, polar = np.deg2rad(rng.uniform(*azimuths)), np.deg2rad(rng.uniform(*polars))
    extent = float(np.exp(rng.uniform(*np.log(ranges.extent))))
    # Area of the wall on its unit sphere is 2 pi (1 - cos 105 deg) = 7.9; an elliptic cap has
    # pi times the product of its half widths.
    size = np.sqrt(7.9 * extent / np.pi)
    aspect = np.sqrt(rng.uniform(0.6, 1.7))
    centre = np.array(
        [np.cos(azimuth) * np.sin(polar), np.sin(azimuth) * np.sin(polar), -np.cos(polar)]
    )
    along = np.array(
        [np.cos(azimuth) * np.cos(polar), np.sin(azimuth) * np.cos(polar), np.sin(polar)]
    )
    around = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    low, high = ranges.reversible_severity if kind == "reversible" else ranges.fixed_severity
    if extent < 0.10:
        low = max(low, ranges.small_severity)
    stress = rng.uniform(low, high)
    if kind == "reversible":
        rest = min(stress * rng.uniform(*ranges.residue), ranges.unscored)
    elif kind == "fixed":
        rest = stress * rng.uniform(*ranges.fixed)
    else:
        rest = max(stress * rng.uniform(*ranges.refill), ranges.scored)
    thinning = 0.0 if kind == "reversible" else rng.uniform(*ranges.scar_thinning)
    return Lesion(
        territory=territory,
        centre=centre,
        along=along,
        around=around,
        half=(min(size * aspect, 0.97), min(size / aspect, 0.97)),
        lobes=(rng.uniform(0.0, 0.18), rng.uniform(0.0, 2 * np.pi)),
        severity={"stress": float(stress), "rest": float(min(rest, 0.97))},
        thinning=float(thinning),
        soft=rng.uniform(0.15, 0.45),
        corner=ranges.corner,
    )


_KINDS: dict[str, tuple[LesionKind, LesionKind]] = {
    "ischaemic": ("reversible", "reversible"),
    "infarcted": ("fixed", "fixed"),
    "mixed": ("fixed", "reversible"),
}


def draw_lesions(rng: np.random.Generator, ranges: EffectRange, label: str) -> tuple[Lesion, ...]:
    """Draw the lesions that a class stands for; none for healthy and artefact.

    Parameters
    ----------
    rng : Generator
    ranges : EffectRange
    label : str
        A class.
    """
    if label not in _KINDS:
        return ()
    if label == "mixed" and rng.random() < 0.5:
        return (draw_lesion(rng, ranges, "partial"),)
    two = label == "mixed" or rng.random() < ranges.multivessel
    if two and label != "mixed":
        ranges = replace(ranges, extent=ranges.multivessel_extent)
    kinds = _KINDS[label]
    first = draw_lesion(rng, ranges, kinds[0])
    if not two:
        return (first,)
    return first, draw_lesion(rng, ranges, kinds[1], avoid=first.territory)


def draw_artefact(rng: np.random.Generator, ranges: EffectRange) -> Artefact:
    """Draw an artefact that a reader would not call normal variation."""
    kinds: tuple[ArtefactKind, ...] = ("diaphragm", "breast", "motion", "hot spot")
    kind = kinds[rng.integers(4)]
    # Matched in half of the scans; in the others one state is much less affected.
    weaker = rng.uniform(0.8, 1.0) if rng.random() < 0.5 else rng.uniform(0.0, 0.4)
    if kind in ("diaphragm", "breast"):
        azimuth = np.deg2rad(rng.normal(90.0 if kind == "diaphragm" else 275.0, 12.0))
        where = np.array([np.cos(azimuth), np.sin(azimuth), rng.normal(0.0, 0.12)])
        strength = rng.uniform(*ranges.shadow)
        width, reach = rng.uniform(10.0, 26.0), rng.uniform(0.0, 0.45)
    elif kind == "motion":
        # Breathing and creep run along the body: up and down in a short-axis slice.
        where = np.array([rng.normal(0, 0.25), rng.choice([-1.0, 1.0]), rng.normal(0, 0.35)])
        where *= rng.uniform(*ranges.motion_mm) / np.linalg.norm(where)
        strength, width, reach = rng.uniform(*ranges.motion_share), 0.0, 0.0
        weaker = rng.uniform(0.7, 1.0) if weaker > 0.5 else 0.0
    else:
        azimuth = np.deg2rad(rng.normal(95.0, 25.0))
        where = np.array([np.cos(azimuth), np.sin(azimuth), rng.uniform(-0.6, 0.35)])
        strength = rng.uniform(*ranges.hot_spot)
        width, reach = rng.uniform(7.0, 14.0), rng.uniform(-4.0, 3.0)
    amounts = [float(strength), float(strength * weaker)]
    if rng.random() < 0.5:
        amounts.reverse()
    return Artefact(
        kind=kind,
        strength={"stress": amounts[0], "rest": amounts[1]},
        where=where,
        width=float(width),
        reach=float(reach),
    )


def shadow(
    artefact: Artefact, role: Role, radius_mm: float, u: np.ndarray, v: np.ndarray, w: np.ndarray
) -> np.ndarray:
    """Return the share of counts that reach the camera behind a diaphragm or breast shadow.

    It acts on whatever lies there, wall or not: what tells it from a lesion. The diaphragm darkens
    everything below an edge; the breast a band in front.

    Parameters
    ----------
    artefact : Artefact
    role : {"rest", "stress"}
    radius_mm : float
        Outer radius of the ventricle.
    u, v, w : ndarray, mm
    """
    across = artefact.where / np.linalg.norm(artefact.where)
    ahead = (across[0] * u + across[1] * v + across[2] * w) - artefact.reach * radius_mm
    if artefact.kind == "diaphragm":
        weight = 1.0 / (1.0 + np.exp(np.clip(-ahead / (0.35 * artefact.width), -30, 30)))
    else:
        middle = ahead - 0.6 * radius_mm
        weight = np.exp(-((middle / (artefact.width + 8.0)) ** 2))
    return np.asarray(1.0 - artefact.strength[role] * weight, dtype=np.float32)


def hot_spot(
    artefact: Artefact, place: np.ndarray, u: np.ndarray, v: np.ndarray, w: np.ndarray
) -> np.ndarray:
    """Return gut activity of peak 1 at `place` (u, v, w in mm), with the trough beside it.

    Filtered back projection without attenuation correction takes counts from the neighbours of a
    hot organ in the same transaxial plane, which here is the (u, w) plane.

    Parameters
    ----------
    artefact : Artefact
    place : ndarray, shape (3,), mm
    u, v, w : ndarray, mm
    """
    du, dv, dw = u - place[0], v - place[1], w - place[2]
    tight = np.exp(-0.5 * (du**2 + dv**2 + dw**2) / artefact.width**2)
    wide = np.exp(-0.5 * ((du**2 + dw**2) / (3.0 * artefact.width) ** 2))
    trough = 0.12 * wide * np.exp(-0.5 * (dv / (1.6 * artefact.width)) ** 2)
    return np.asarray(tight - trough, dtype=np.float32)
