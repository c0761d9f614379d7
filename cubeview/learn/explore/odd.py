"""Which cases are odd, and which are worth a look once a few were looked at.

Distance alone puts artefacts first; a reader's marks turn the order towards what interests
(Lochner & Bassett, Astron Comput 2021, 36:100481).
"""

from collections.abc import Sequence

import numpy as np

from cubeview.learn.explore.plane import places_of
from cubeview.learn.tasks.calibrate import logistic

# Chosen on 2,000 simulated windows of the sky and as many simulated hearts; see docs/explore.md.
AXES = 20  # principal ones
_STRENGTH = 0.3  # of the regression on marks; see `logistic`
_BACKGROUND = 10, 200  # one in so many of those nobody marked stands for the ordinary, at most
_CAP = 10.0  # robust deviations beyond which one axis says no more
_SEED = 0


def oddness(values: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
    """Return how far each case lies from the usual, shape (n,): 1 is ordinary.

    The root mean square of its robust deviations along the principal axes of all cases.

    Parameters
    ----------
    values : ndarray, shape (n, features)
    places : ndarray, shape (n, axes), optional
        Of `places_of` with `AXES`, where they are known.
    """
    return _far(places_of(values, AXES) if places is None else places)


def reordered(
    values: np.ndarray,
    interesting: Sequence[int],
    ordinary: Sequence[int],
    places: np.ndarray | None = None,
) -> np.ndarray:
    """Return how worth a look each case is after marks, shape (n,); more is more.

    Without a mark it is `oddness`. Marked as ordinary alone, what is near to those falls back;
    with one of interest, a regression on the marks decides.

    Parameters
    ----------
    values : ndarray, shape (n, features)
    interesting, ordinary : sequence of int
        Cases marked; artefacts count as ordinary.
    places : ndarray, shape (n, axes), optional
        As for `oddness`.
    """
    places = places_of(values, AXES) if places is None else places
    if not len(interesting):
        near: np.ndarray = _far(places) * _away(places, ordinary)
        return near
    rng = np.random.default_rng(_SEED)
    unmarked = np.setdiff1d(np.arange(len(places)), [*interesting, *ordinary])
    share, most = _BACKGROUND
    usual = rng.permutation(unmarked)[: min(len(unmarked) // share, most)]
    chosen = np.concatenate([interesting, ordinary, usual]).astype(int)
    truth = (np.arange(len(chosen)) < len(interesting)).astype(int)
    matrix, bias = logistic(places[chosen], truth, np.zeros((len(chosen), 2)), _STRENGTH)
    said = places @ matrix.T + bias
    worth: np.ndarray = said[:, 1] - said[:, 0]
    return worth


def _far(places: np.ndarray) -> np.ndarray:
    middle = np.median(places, axis=0)
    spread = 1.4826 * np.median(np.abs(places - middle), axis=0)  # of a normal distribution
    deviations = np.minimum(np.abs(places - middle) / np.maximum(spread, 1e-9), _CAP)
    far: np.ndarray = np.sqrt((deviations**2).mean(axis=1))
    return far


def _away(places: np.ndarray, marked: Sequence[int]) -> np.ndarray:
    """0 at the marked cases, 1 from the median distance to them on."""
    if not len(marked):
        return np.ones(len(places))
    apart = np.linalg.norm(places[:, None] - places[list(marked)][None], axis=2).min(axis=1)
    away: np.ndarray = np.minimum(apart / max(float(np.median(apart)), 1e-9), 1.0)
    return away
