"""What a fitted wall gets wrong, as learnt from simulated pairs: a second look at the fit.

A wall fitted to blurred counts errs in ways that its own parameters give away: a bright cavity or
a thick wall is taken for a wide ventricle, a gradual basal fall-off for a short one. One linear
step from those signs to the ellipsoid takes most of it back; one more says how large an error is
left as a rule. The coefficients are made by ``tests/learn/make_aftersight.py``.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cubeview.learn.wall import Fit

COEFFICIENTS = Path(__file__).with_name("aftersight.npz")

_LIMIT = 3.0  # standard deviations: beyond what was simulated the step grows no further
_MOST_MM = 12.0


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
    error_mm : float
        How large an error is usual for such a fit, the step taken.
    """

    apex: float
    base: float
    across: np.ndarray
    radii: np.ndarray
    error_mm: float


def signs(fit: Fit, missing: float) -> np.ndarray:
    """Return what gives a fit's errors away, shape (23,).

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


def second_look(seen: np.ndarray) -> Step:
    """Return the correction that the signs of a fit call for."""
    mean, spread, matrix = _coefficients()
    row = np.clip((seen - mean) / spread, -_LIMIT, _LIMIT)
    step = matrix[0] + row @ matrix[1:]
    mm = np.clip(step[:6], -_MOST_MM, _MOST_MM)
    return Step(float(mm[0]), float(mm[1]), mm[2:4], mm[4:6], float(np.exp(step[6])))


@lru_cache(maxsize=1)
def _coefficients() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(COEFFICIENTS, allow_pickle=False) as kept:
        return kept["mean"], kept["spread"], kept["matrix"]
