"""What a fitted wall leaves unexplained in an image: signs of how it errs, and a heart that moved.

The fit itself lets voxels that do not follow the model count less, so that a liver beside the wall
cannot pull it. What those voxels would have it do is a sign all the same.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from cubeview.learn.heart.descent import DELTA, descend, slopes_at
from cubeview.learn.heart.fit import Fit, prior, unwalled
from cubeview.learn.heart.image import HeartImage, around
from cubeview.learn.heart.mixture import Around, Mixture, shares
from cubeview.learn.heart.wall import Wall, changed

SIGNS = 31

_REACH_MM, _EDGE_MM = 12.0, 12.0
_FAR_MM = 20.0  # reach where a heart may have been in two places
_CUT = 1.3
# How loosely a step is held, as a share of the counts' variance: place and tilt, then as `prior`.
_HOLD = np.array([0.00625] * 5 + [0.21, 0.15, 0.42, 0.15, 1.67, 0.05, 0.05])
_LONGEST = 3.0

_DRIFTS_MM = (18.0, 26.0)
_DRIFT_DELTA = np.append(DELTA, [0.1] * 4)
_USUAL_DRIFT, _DRIFT_SPREAD, _DRIFT_PRIOR = 2.3, 2.0, 0.0016  # in 10 mm
_USUAL_SHARE = 1.0  # of the logit, for 0.37
_PROMISING = 1.1
_BETTER, _GOOD = 0.58, 0.13
_LEAST_MM, _MOST_MM = 12.0, 36.0
_SAME_MM = 15.0


@dataclass(frozen=True, eq=False)
class Moved:
    """A heart that was in two places during the scan.

    Parameters
    ----------
    fit : Fit
        Its wall where it was on average.
    shift_mm : ndarray, shape (3,), cube mm
        From its first place to its second.
    share : float
        Of the time spent in the second.
    """

    fit: Fit
    shift_mm: np.ndarray
    share: float


def moved(image: HeartImage, wall: Wall) -> Moved | None:
    """Fit a heart that was in two places; None where one place explains the counts about as well.

    Two places by 2 to 3 cm make a ventricle that is too wide or, to a fit that lets what does not
    follow it count less, one ventricle with another organ beside it.

    Parameters
    ----------
    image : HeartImage
    wall : Wall
        Fitted as if it had been in one place.
    """
    counts = around(image, wall, _FAR_MM, _EDGE_MM, _CUT)
    if counts is None:
        return None
    scale = 1.0 / np.sqrt(counts.energy)
    one, two = Mixture(counts.places, counts.root), _Twice(counts.places, counts.root)

    def still(vector: np.ndarray) -> np.ndarray:
        left, _ = counts.explained(one.parts(changed(wall, vector)))
        return np.concatenate([left * scale, prior(wall, vector)])

    def twice(vector: np.ndarray) -> np.ndarray:
        where, shift, share = _read(wall, vector)
        left, _ = counts.explained(two.parts(where, shift, share))
        off = np.array([np.linalg.norm(vector[12:15]) - _USUAL_DRIFT, vector[15] - _USUAL_SHARE])
        held = np.sqrt(_DRIFT_PRIOR) * off / _DRIFT_SPREAD
        return np.concatenate([left * scale, prior(wall, vector[:12]), held])

    now = _square(still(np.zeros(12)))
    starts = [_start(mm, at) for mm in _DRIFTS_MM for at in (0.0, 0.45)]
    starts += [_start(-mm, at) for mm in _DRIFTS_MM for at in (0.0, 0.45)]
    costs = [_square(twice(start)) for start in starts]
    if min(costs) > _PROMISING * now:
        return None
    start = starts[costs.index(min(costs))]
    vector, rows = descend(twice, start, 5, _DRIFT_DELTA)
    cost = _square(rows)
    where, shift, share = _read(wall, vector)
    if not (
        _LEAST_MM < np.linalg.norm(shift) < _MOST_MM
        and np.linalg.norm(where.centre - wall.centre) < _SAME_MM
        and cost < min(_GOOD, _BETTER * now)
        and cost < _BETTER * _square(descend(still, np.zeros(12), 3)[1])
    ):
        return None
    _, brightness = counts.explained(two.parts(where, shift, share))
    flat = unwalled(where, counts)
    return Moved(Fit(where, cost, flat * scale**2 - cost, brightness), shift, share)


def unexplained(image: HeartImage, wall: Wall, drift: Moved | None = None) -> np.ndarray:
    """Return what the counts around a wall say against it, shape (`SIGNS`,).

    Where all of them would have the wall go (a step of Gauss and Newton, as `wall.changed`), how
    well they determine each part of that (ln), and how much of them is explained, and by what.

    Parameters
    ----------
    image : HeartImage
    wall : Wall
    drift : Moved, optional
        Of a heart that was in two places.
    """
    counts = around(image, wall, _REACH_MM, _EDGE_MM, _CUT)
    if counts is None:
        return np.zeros(SIGNS)
    scale = 1.0 / np.sqrt(counts.energy)
    one, two = Mixture(counts.places, counts.root), _Twice(counts.places, counts.root)

    def explained(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        where = changed(wall, vector)
        if drift is not None:
            return counts.explained(two.parts(where, drift.shift_mm, drift.share))
        return counts.explained(one.parts(where))

    still = np.zeros(12)
    left, brightness = explained(still)
    slopes = slopes_at(lambda vector: explained(vector)[0] * scale, still, left * scale)
    inverse = np.linalg.inv(slopes @ slopes.T + np.diag(_HOLD))
    step = np.clip(inverse @ -(slopes @ left * scale), -_LONGEST, _LONGEST)
    cost = max(_square(left * scale), 1e-4)
    width = 0.5 * np.log(np.diag(inverse) * cost)
    return np.concatenate([step, width, _described(counts, wall, cost, brightness)])


def _described(counts: Around, wall: Wall, cost: float, brightness: np.ndarray) -> np.ndarray:
    """How much is explained, by what, and how bright the wall is, shape (7,)."""
    share, _ = shares(wall, counts.places)
    inside = share > 0.6 * share.max()
    level = brightness[9:11] / max(float(brightness[0]), 0.3)
    bright = [counts.values.max(), counts.values[inside].mean(), inside.mean()]
    return np.array([np.log(cost), brightness[0], *level, *bright])


def _start(mm: float, at: float) -> np.ndarray:
    """A vector for a heart that moved towards inferior, and for where the fit says it is.

    `at` is how far the mean place lies from there, in shares of the way: a fit lies between the
    places and is too wide, or in the first.
    """
    vector = np.zeros(16)
    vector[13], vector[1], vector[15] = 0.1 * mm, 0.1 * at * mm, 1.5
    vector[6], vector[8] = (-0.12 if at == 0 else 0.0), -0.15
    return vector


def _read(wall: Wall, vector: np.ndarray) -> tuple[Wall, np.ndarray, float]:
    """Wall at the mean place, shift in cube mm and share of a vector."""
    shift = 10.0 * (wall.axes.T @ vector[12:15])
    return changed(wall, vector[:12]), shift, 0.5 * float(expit(vector[15]))


class _Twice:
    """What places are made of by a wall that was in two (see `Mixture`)."""

    def __init__(self, places: np.ndarray, root: np.ndarray) -> None:
        self._first, self._second = Mixture(places, root), Mixture(places, root)

    def parts(self, wall: Wall, shift: np.ndarray, share: float) -> np.ndarray:
        """Return what the counts are a sum of, from the wall at the mean place."""
        first = self._first.parts(replace(wall, centre=wall.centre - share * shift))
        second = self._second.parts(replace(wall, centre=wall.centre + (1.0 - share) * shift))
        first *= 1.0 - share
        second *= share
        first += second
        return first


def _square(rows: np.ndarray) -> float:
    return float(rows @ rows)
