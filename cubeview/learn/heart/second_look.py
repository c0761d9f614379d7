"""What a fitted wall gets wrong, as learnt from simulated pairs: a second look at the fit.

A wall fitted to blurred counts errs in ways that its own parameters give away: a bright cavity or
a thick wall is taken for a wide ventricle, a gradual basal fall-off for a short one. So do what the
fit leaves unexplained (`learn.unexplained`) and where each state alone would have it. One linear
step from those signs to the ellipsoid takes most of it back; one more says whether what is left
may be too far off. The coefficients are made by ``tests/learn/heart/make_second_look.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import expit

from cubeview.learn.heart.wall import Fit, Wall, merit

COEFFICIENTS = Path(__file__).with_name("second_look.npz")

_LIMIT = 3.0  # standard deviations: beyond what was simulated the step grows no further
_MOST_MM = 12.0
_FAR_MM = 25.0  # beyond, two walls are just elsewhere


@dataclass(frozen=True)
class Step:
    """What to add to the ellipsoid around a fitted wall, in mm, in the wall's own directions.

    Parameters
    ----------
    apex, base : float
        Where the wall begins and ends, towards the base.
    across : ndarray, shape (2,)
        The axis, towards inferior and lateral.
    radii : ndarray, shape (2,)
        Inferior and lateral semi-axis.
    doubt : float
        0 to 1, above 0.5 where a fit of such signs is as well checked.
    """

    apex: float
    base: float
    across: np.ndarray
    radii: np.ndarray
    doubt: float


def signs(fit: Fit, missing: float) -> np.ndarray:
    """Return how a fit itself gives its errors away, shape (23,).

    Parameters
    ----------
    fit : Fit
    missing : float
        Share of the wall outside the image.
    """
    wall = fit.wall
    shape = [
        np.log(wall.long_mm),
        np.log(wall.wide_mm),
        wall.base,
        np.log(wall.blur_mm),
        wall.gap_mm,
        np.log(wall.fade_mm),
        wall.roundness,
    ]
    # The surroundings' slopes are along the cube's axes: turned to the wall's.
    uptake, slopes = fit.brightness[1:11], wall.axes @ fit.brightness[11:]
    brightness = np.concatenate([uptake, slopes]) / max(float(fit.brightness[0]), 0.3)
    return np.concatenate([shape, brightness, [fit.cost, fit.gain, missing]])


def against(alone: Fit, wall: Wall) -> np.ndarray:
    """Return how a state's own fit differs from the wall that was made of both, shape (11,)."""
    own = alone.wall
    away = np.clip(wall.axes @ (own.centre - wall.centre), -_FAR_MM, _FAR_MM)
    tilt = wall.axes[1:] @ own.axes[0]
    size = [np.log(own.long_mm / wall.long_mm), np.log(own.wide_mm / wall.wide_mm)]
    shape = [*size, own.base - wall.base]
    return np.concatenate([away, tilt, shape, [merit(alone), alone.cost, alone.gain]])


def second_look(seen: np.ndarray) -> Step:
    """Return the correction that the signs of a fit call for."""
    kept = _coefficients()
    row = standard(seen, kept["mean"], kept["spread"])
    step = row @ kept["step"]
    mm = np.clip(step, -_MOST_MM, _MOST_MM)
    doubt = float(expit(with_amounts(row) @ kept["doubt"]))
    return Step(float(mm[0]), float(mm[1]), mm[2:4], mm[4:6], doubt)


def standard(seen: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return a 1 and the signs, shape (..., n), in standard deviations, shape (..., n + 1).

    Parameters
    ----------
    seen : ndarray, shape (..., n)
    mean, spread : ndarray, shape (n,)
    """
    row = np.clip((seen - mean) / spread, -_LIMIT, _LIMIT)
    return np.concatenate([np.ones_like(row[..., :1]), row], axis=-1)


def with_amounts(row: np.ndarray) -> np.ndarray:
    """Return what doubt is linear in, of `standard` signs: a sign far off either way is unusual."""
    return np.concatenate([row, np.abs(row[..., 1:])], axis=-1)


@lru_cache(maxsize=1)
def _coefficients() -> Mapping[str, np.ndarray]:
    with np.load(COEFFICIENTS, allow_pickle=False) as kept:
        return dict(kept)
