"""The fit of a wall to counts.

How bright the wall is may vary smoothly around it, so that a perfusion defect is explained by
brightness and not by a smaller ventricle.
"""

from dataclasses import dataclass

import numpy as np

from cubeview.learn.heart.descent import descend
from cubeview.learn.heart.mixture import PARTS, Around, Mixture
from cubeview.learn.heart.wall import Wall, changed, reach_of

# Numbers without another source were chosen on simulated pairs and on the real scans at hand; what
# they come to together is measured in docs/ventricle.md.

# Usual values and spread of what is fitted: ln long, ln wide, base, ln blur, roundness, gap,
# ln fade. A wide ventricle is also long: the last row of the prior couples them.
_USUAL = np.array([np.log(55.0), np.log(32.0), 0.59, np.log(7.0), 0.0, 15.0, np.log(40.0)])
_SPREAD = np.array([0.17, 0.20, 0.12, 0.20, 0.06, 7.0, 0.35])
_UNIT = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 20.0, 1.0])  # of these in `wall.changed`
_USUAL_RATIO, _RATIO_SPREAD = np.log(55.0 / 32.0), 0.13
_PRIOR = 0.006  # weight of what is usual, as a share of the counts' variance
# Where only place and direction are fitted: the start's are known to about so much (10 mm, radian).
_PLACED = np.array([0.4, 0.4, 0.4, 0.1, 0.1])
_HOLD = 0.004  # weight of that, as a share of the counts' variance
_SAME_SHAPE = np.zeros(7)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted wall and how well it explains the counts around it.

    Parameters
    ----------
    wall : Wall
    cost : float
        Share of the counts' variance not explained, plus the prior; smaller is better.
    gain : float
        Share of the variance that the wall explains and smooth surroundings alone do not.
    brightness : ndarray, shape (14,)
        Coefficients of wall (mean, then eight smooth modes), cavity, surroundings (level, slopes).
    """

    wall: Wall
    cost: float
    gain: float
    brightness: np.ndarray

    @property
    def hollow(self) -> float:
        """How far the wall stands out from the cavity, over its brightness."""
        return float((self.brightness[0] - self.brightness[9]) / max(self.brightness[0], 0.1))

    @property
    def contrast(self) -> float:
        """How far the wall stands out from the surroundings, over its brightness."""
        return float((self.brightness[0] - self.brightness[10]) / max(self.brightness[0], 0.1))

    @property
    def unevenness(self) -> float:
        """Spread of the brightness around the wall over its mean."""
        spread = np.sqrt((self.brightness[1:9] ** 2 / 3).sum())
        return float(spread / max(self.brightness[0], 0.1))


def fit_wall(
    start: Wall,
    places: np.ndarray,
    values: np.ndarray,
    trust: np.ndarray,
    *,
    steps: int = 12,
    shape: bool = True,
) -> Fit:
    """Fit a wall to counts by Levenberg-Marquardt, from a start.

    Parameters
    ----------
    start : Wall
    places : ndarray, shape (3, n), cube mm
    values : ndarray, shape (n,)
        Smoothed counts, in units of about the wall's own brightness.
    trust : ndarray, shape (n,)
        Weight of each voxel, 0 to 1.
    steps : int
    shape : bool
        False holds the start's shape and size, and its place and direction loosely.
    """
    weight = reach_of(start, places, 12.0, 12.0) * trust
    near = weight > 0.01
    places, values, weight = places[:, near], values[near], weight[near]
    if near.sum() < 60:
        return Fit(start, 2.0, 0.0, np.zeros(PARTS))
    counts = Around(places, values, weight)
    mixture = Mixture(places, counts.root)
    energy = counts.energy
    scale = np.sqrt(energy)

    def residual(vector: np.ndarray) -> np.ndarray:
        left, _ = counts.explained(mixture.parts(changed(start, vector)))
        return np.concatenate([left / scale, prior(start, vector)])

    def placed(vector: np.ndarray) -> np.ndarray:
        held = np.sqrt(_HOLD) * vector / _PLACED
        return np.concatenate([residual(np.append(vector, _SAME_SHAPE)), held])

    if shape:
        vector, now = descend(residual, np.zeros(12), steps)
    else:
        vector, now = descend(placed, np.zeros(5), steps)
        vector = np.append(vector, _SAME_SHAPE)
    wall = changed(start, vector)
    left, brightness = counts.explained(mixture.parts(wall))
    gain = (unwalled(wall, counts) - float(left @ left)) / energy
    return Fit(wall, float(now @ now), gain, brightness)


def unwalled(wall: Wall, counts: Around) -> float:
    """Return what smooth surroundings alone leave of the counts around a wall, sum of squares."""
    values, root = counts.values, np.sqrt(counts.weight)
    offset = (counts.places - wall.centre[:, None]) / 50.0
    plane = np.stack([np.ones_like(values), *offset]) * root
    flat = np.linalg.lstsq(plane.T, values * root, rcond=None)[0]
    return float((((values * root) - flat @ plane) ** 2).sum())


def predict(fit: Fit, places: np.ndarray) -> np.ndarray:
    """Return the counts a fit expects at places, shape (3, n), in the units it was fitted in."""
    expected: np.ndarray = fit.brightness @ Mixture(places).parts(fit.wall)
    return expected


def merit(fit: Fit) -> float:
    """How much a fit looks like a ventricle, about 0 to 1.7: explained, hollow, clear, even."""
    hollow, contrast = np.clip([fit.hollow, fit.contrast], -0.5, [0.7, 0.9])
    solid = max(0.0, 0.45 - hollow)
    return float(
        fit.gain
        - 2.0 * fit.cost
        + 0.5 * (hollow + contrast)
        - 1.5 * solid
        - 0.4 * min(fit.unevenness, 1.5)
    )


def prior(start: Wall, vector: np.ndarray) -> np.ndarray:
    """Return rows of the least squares that hold the size near what ventricles have, shape (8,)."""
    began = np.array(
        [
            np.log(start.long_mm),
            np.log(start.wide_mm),
            start.base,
            np.log(start.blur_mm),
            start.roundness,
            start.gap_mm,
            np.log(start.fade_mm),
        ]
    )
    now = began + _UNIT * vector[5:]
    rows: np.ndarray = np.empty(8)
    rows[:7] = (now - _USUAL) / _SPREAD
    rows[7] = (now[0] - now[1] - _USUAL_RATIO) / _RATIO_SPREAD
    rows *= np.sqrt(_PRIOR)
    return rows
