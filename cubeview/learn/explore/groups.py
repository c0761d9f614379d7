"""What belongs together: a mixture of normal distributions, if there are groups at all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeview.errors import Report, nothing
from cubeview.learn.explore.plane import places_of

_AXES = 10
_MOST = 8  # groups
_HALVINGS = 4
_LEAST_SPREAD = 1e-3  # added to the variance along each axis, which one case must not make 0
_SEED = 0
_ENOUGH = 5000
"""Cases by which groups are looked for; more belong to what was found by these."""

CLEAR = 0.25
"""Silhouette above which a structure is more than none (Kaufman & Rousseeuw 1990, chapter 2)."""

SAME_AGAIN = 0.6
"""Adjusted Rand index of the groups that two halves of the cases give."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which cases belong together.

    Parameters
    ----------
    of : ndarray of int, shape (n,)
        Group of each case, the largest group 0.
    count : int
    silhouette : float
        How much nearer cases lie to their own group than to the next, -1 to 1.
    again : float
        How alike the groups are that two halves of the cases give: adjusted Rand index.
    gained : float
        By how much the Bayesian information criterion is less than of one group.
    """

    of: np.ndarray
    count: int
    silhouette: float
    again: float
    gained: float

    @property
    def clear(self) -> bool:
        """Whether they are more than parts of one cloud."""
        return self.silhouette > CLEAR and self.again >= SAME_AGAIN and self.gained > 0


def groups(values: np.ndarray, *, report: Report = nothing) -> Groups:
    """Find groups among cases: as many as are found again best in halves of the cases.

    Parameters
    ----------
    values : ndarray, shape (n, features)
        Of 20 cases or more; groups are looked for among 5,000 of them, drawn at random.
    report : Report

    Notes
    -----
    Full covariances on the first ten principal axes. How many groups there are is decided by how
    well they are found again (Lange et al., Neural Comput 2004, 16:1299); the Bayesian information
    criterion alone goes on splitting a cloud that is not normal.
    """
    from sklearn.metrics import silhouette_score

    everywhere = places_of(values, _AXES)
    drawn = np.random.default_rng(_SEED).permutation(len(values))[:_ENOUGH]
    places = everywhere[np.sort(drawn)]
    most = min(_MOST, len(places) // 10)
    again = {}
    for count in range(2, most + 1):
        report((count - 2) / most, f"{count} groups")
        again[count] = _again(places, count)
    count = max(again, key=lambda number: (round(again[number], 1), -number))
    one, chosen = _mixture(places, 1, 0), _mixture(places, count, 0)
    found, here = chosen.predict(everywhere), chosen.predict(places)
    sizes = np.bincount(found, minlength=count)
    order = np.argsort(np.argsort(-sizes, kind="stable"))
    told = len(np.unique(here)) > 1
    silhouette = float(silhouette_score(places, here)) if told else 0.0
    gained = float(one.bic(places) - chosen.bic(places))
    return Groups(order[found], count, silhouette, again[count], gained)


def _again(places: np.ndarray, count: int) -> float:
    """How alike the groups are that two halves of the cases give of all of them."""
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(_SEED)
    alike = []
    for seed in range(_HALVINGS):
        halves = np.array_split(rng.permutation(len(places)), 2)
        fits = [_mixture(places[half], count, seed) for half in halves]
        alike.append(adjusted_rand_score(*(fit.predict(places) for fit in fits)))
    return float(np.mean(alike))


def _mixture(places: np.ndarray, count: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(count, reg_covar=_LEAST_SPREAD, random_state=seed)
    return mixture.fit(places)
