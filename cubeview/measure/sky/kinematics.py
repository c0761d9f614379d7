"""How the gas of a line cube moves: eight numbers of its maps, and what they speak for.

Rotation, dispersion and asymmetries of moment maps, as surveys tell discs from mergers by
(Shapiro et al. 2008, ApJ 682:231; Bellocchi et al. 2012, A&A 542:A54); weighed by a logistic
regression that learnt from simulated cubes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, label, map_coordinates

from cubeview.cubes.cube import Cube
from cubeview.cubes.normal import robust_sigma
from cubeview.cubes.plane import sky_turn
from cubeview.cubes.unit import unit_of
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.paths import resource

NAMES = (
    "v/sigma",
    "velocity asymmetry",
    "flux asymmetry",
    "dispersion asymmetry",
    "residual of a plane",
    "gradient",
    "size",
    "dispersion",
)
"""The eight numbers, in order; see `numbers_of`."""

_RATIOS = ("v/sigma", "gradient")

MOST_VOXELS = 2**27
LEAST_SPAXELS = 12
UNLIKE = "unlike what this was learnt from"

_SEEN_SN = 3.0
_LINE_SN = 4.0


@dataclass(frozen=True, eq=False)
class Maps:
    """Moment maps of a line, over what stands out of the noise.

    Parameters
    ----------
    flux, velocity, dispersion : ndarray, shape (y, x)
        NaN where nothing stands out; km/s but for the flux.
    step_kms : float
        Width of a channel.
    """

    flux: np.ndarray
    velocity: np.ndarray
    dispersion: np.ndarray
    step_kms: float


@dataclass(frozen=True, eq=False)
class Kinematics:
    """How gas moves.

    Parameters
    ----------
    kind : str
        ``"rotator"``, ``"dispersion"`` or ``"merger"``; `UNLIKE` where it is none that is known.
    probabilities : mapping of str to float
    numbers : mapping of str to float
        The eight of `NAMES`.
    angle_deg : float
        Position angle of the receding half, from north through east; from the second axis of
        pixels to the third where the sky is not known.
    systemic_kms : float
    maps : Maps
    why : str
        What makes it unlike; empty for none.
    """

    kind: str
    probabilities: Mapping[str, float]
    numbers: Mapping[str, float]
    angle_deg: float
    systemic_kms: float
    maps: Maps
    why: str = ""


def kinematics(
    cube: Cube, *, between: tuple[float, float] | None = None, report: Report = nothing
) -> Kinematics:
    """Say how the gas of a line cube moves.

    Parameters
    ----------
    cube : Cube
        Whose first axis is a velocity; see `cubeview.cubes.spectral.with_spectral`.
    between : two of float, optional
        Velocities that are looked at, in km/s; all of them if not given.
    report : Report

    Raises
    ------
    CubeviewError
        If the axis is none, the cube is too large, or no line stands out of the noise.
    """
    axis = cube.axes[0]
    unit = unit_of(axis.unit) if axis.kind == "spectral" and axis.unit else None
    if unit is None or not unit.is_equivalent(unit_of("km/s")):
        raise CubeviewError(
            "how gas moves is read along a velocity axis, and the first axis is none. Give the "
            "rest value of the line: cubeview kinematics --rest '115.271 GHz'."
        )
    if np.prod(cube.shape) > MOST_VOXELS:
        raise CubeviewError(
            f"{' × '.join(map(str, cube.shape))} voxels are more than are read at once: cut out "
            "the line first (cubeview cutout)."
        )
    report(0.0, "reading the line")
    velocities = axis.values * unit.to(unit_of("km/s"))
    values = np.asarray(cube, dtype=np.float32)
    if between is not None:
        inside = (velocities >= min(between)) & (velocities <= max(between))
        if inside.sum() < 3:
            raise CubeviewError(
                f"fewer than three channels lie between {between[0]:g} and {between[1]:g} km/s; "
                f"there are some from {velocities.min():.0f} to {velocities.max():.0f}."
            )
        velocities, values = velocities[inside], values[inside]
    report(0.5, "moments of the line")
    maps = maps_of(values, velocities)
    numbers, angle, systemic = numbers_of(maps)
    probabilities, far = _weighed(numbers)
    kind = max(probabilities, key=lambda name: probabilities[name])
    why = f"{far[1]} of {numbers[far[1]]:.2g}" if far[0] > _learnt()["limit"] else ""
    if cube.wcs is not None:
        north, east = sky_turn(cube)
        # North is at +90 and east at 180 degrees from x in a usual picture.
        hand = 1.0 if (east - north) % 360 < 180 else -1.0
        angle = hand * (angle - north)
    return Kinematics(
        UNLIKE if why else kind, probabilities, numbers, float(angle % 360), systemic, maps, why
    )


def maps_of(values: np.ndarray, velocities: np.ndarray) -> Maps:
    """Return moment maps of the light that stands out of the noise.

    Parameters
    ----------
    values : ndarray, shape (v, y, x)
        NaN where nothing is known.
    velocities : ndarray, shape (v,), km/s

    Raises
    ------
    CubeviewError
        If too few places stand out.
    """
    known = np.isfinite(values)
    values = np.where(known, values, 0.0)
    some = values[known & (values != 0)]
    if some.size < 100:
        raise CubeviewError("the cube holds too few values to tell noise from a line.")
    below = some[some < np.median(some)]
    noise = max(float(robust_sigma(np.concatenate([below, 2 * np.median(some) - below]))), 1e-30)
    smooth = gaussian_filter(values, 1.0)
    quiet = max(float(robust_sigma(smooth[known & (smooth < _SEEN_SN * noise)])), 1e-30)
    pieces, count = label(smooth > _SEEN_SN * quiet, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    sizes[0] = 0
    kept = sizes >= max(10, 0.1 * sizes.max())
    line = np.where(kept[pieces], values, 0.0)
    step = float(np.abs(np.diff(velocities)).mean())
    flux = line.sum(axis=0)
    depth = (line != 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        velocity = np.tensordot(velocities, line, (0, 0)) / flux
        spread = np.tensordot(velocities**2, line, (0, 0)) / flux - velocity**2
        seen = (flux > _LINE_SN * noise * np.sqrt(depth)) & (depth >= 2)
        seen &= (velocity > velocities.min()) & (velocity < velocities.max())
        # A channel spreads what falls into it evenly over its width.
        dispersion = np.sqrt(np.maximum(spread - step**2 / 12, (0.3 * step) ** 2))
    if seen.sum() < LEAST_SPAXELS:
        raise CubeviewError(
            f"only {int(seen.sum())} places have a line that stands out of the noise; "
            f"{LEAST_SPAXELS} are needed to tell how gas moves."
        )
    flux, velocity, dispersion = (np.where(seen, a, np.nan) for a in (flux, velocity, dispersion))
    return Maps(flux, velocity, dispersion, step)


def numbers_of(maps: Maps) -> tuple[dict[str, float], float, float]:
    """Return the eight numbers of `NAMES`, the direction of the receding half and the systemic.

    The direction is in degrees from the axis of columns to that of rows; the systemic velocity in
    km/s. Asymmetries compare each place with the one opposite the centre of light.
    """
    seen = np.isfinite(maps.velocity)
    y, x = np.nonzero(seen)
    light, velocity, dispersion = (a[seen] for a in (maps.flux, maps.velocity, maps.dispersion))
    centre = np.average(y, weights=light), np.average(x, weights=light)
    size = np.sqrt(np.average((y - centre[0]) ** 2 + (x - centre[1]) ** 2, weights=light))
    base = np.stack([np.ones(len(x)), y - centre[0], x - centre[1]], axis=1)
    weight = np.sqrt(light)[:, None]
    slope = np.linalg.lstsq(base * weight, velocity * weight[:, 0], rcond=None)[0]
    residual = velocity - base @ slope
    low, high = np.percentile(velocity, [5, 95])
    amplitude = max(float(high - low) / 2, 1e-3)
    usual = float(np.sqrt(np.average(dispersion**2, weights=light)))
    opposite = [2 * centre[0] - y, 2 * centre[1] - x]

    def other(values: np.ndarray) -> np.ndarray:
        filled = np.where(seen, values, 0.0)
        there = map_coordinates(filled, opposite, order=1, mode="constant")
        share = map_coordinates(seen.astype(float), opposite, order=1, mode="constant")
        found: np.ndarray = np.where(share > 0.6, there / np.maximum(share, 1e-6), np.nan)
        return found

    both = np.abs(velocity + other(maps.velocity) - 2 * slope[0]) / 2
    flux_there = np.nan_to_num(other(maps.flux))
    wide = np.abs(dispersion - other(maps.dispersion)) / 2
    numbers = (
        amplitude / usual,
        float(np.nanmean(both)) / max(amplitude, usual) if np.isfinite(both).any() else 1.0,
        float(np.abs(light - flux_there).sum() / (light + flux_there).sum()),
        float(np.nanmean(wide)) / usual if np.isfinite(wide).any() else 1.0,
        float(np.sqrt(np.average(residual**2, weights=light))) / max(amplitude, usual),
        float(np.hypot(slope[1], slope[2]) * size) / usual,
        float(np.log10(len(x) / (np.pi * size**2))),
        float(np.log10(usual)),
    )
    angle = float(np.degrees(np.arctan2(slope[1], slope[2])))
    return dict(zip(NAMES, numbers, strict=True)), angle, float(slope[0])


def row_of(numbers: Mapping[str, float]) -> np.ndarray:
    """Return the eight numbers as they are weighed, shape (8,): ratios that have no end as logs."""
    return np.array(
        [np.log10(max(numbers[n], 1e-3)) if n in _RATIOS else numbers[n] for n in NAMES]
    )


def _weighed(numbers: Mapping[str, float]) -> tuple[dict[str, float], tuple[float, str]]:
    """Return the probability of each class, and how far the numbers lie from what was learnt."""
    learnt = _learnt()
    mean, spread = np.array(learnt["mean"]), np.array(learnt["spread"])
    scaled = (row_of(numbers) - mean) / spread
    logits = np.array(learnt["weights"]) @ scaled + np.array(learnt["bias"])
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    centres, precision = np.array(learnt["centres"]), np.array(learnt["precision"])
    away = scaled - centres
    squares = np.einsum("ci,ij,cj->c", away, precision, away)
    nearest = int(np.argmin(squares))
    worst = NAMES[int(np.argmax(np.abs(away[nearest])))]
    named = dict(zip(learnt["classes"], map(float, shares), strict=True))
    return named, (float(np.sqrt(squares[nearest])), worst)


@cache
def _learnt() -> dict[str, Any]:
    """What the regression learnt; written by ``packaging/make_kinematics.py``."""
    text = (resource("kinematics") / "weights.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
