"""What labels bring: the score against their number, and whether it is more than chance.

All of it on the features of the base model, so that it takes seconds: one label of a class is
matched by similarity, a few dozen by a regression; the fine-tune itself stands at their end.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeview.errors import Report, nothing
from cubeview.learn.tasks.calibrate import logistic_baseline

TIMES = 20
_DRAWS = 4
_FEWEST_FOR_REGRESSION = 3  # labels of a class
_MORE = 10
_BOOTSTRAP = 300
_SEED = 0


@dataclass(frozen=True)
class Rung:
    """The score with so many labels.

    Parameters
    ----------
    labels : int
        Of all classes together.
    way : {"similarity", "regression"}
    score : float
        Mean recall of the classes, on cases that no label was given of.
    low, high : float
        95 %, by other labels of as many and other cases (bootstrap).
    """

    labels: int
    way: str
    score: float
    low: float
    high: float


@dataclass(frozen=True)
class Few:
    """What the labels brought, and what more of them would.

    Parameters
    ----------
    rungs : tuple of Rung
        From one label a class on.
    chance : float
        Share of label sets given at random that score as high as the true one: (1 + those at
        least as high) / (1 + `TIMES`).
    more : float
        What `_MORE` labels more would bring, from the course of the last rungs.
    more_low, more_high : float
        95 % of that.
    """

    rungs: tuple[Rung, ...]
    chance: float
    more: float
    more_low: float
    more_high: float

    @property
    def words(self) -> str:
        """What is to be said of it."""
        known = (
            f"The labels tell more than chance (p = {self.chance:.2f})"
            if self.chance <= 0.05
            else f"Labels given at random would do as well (p = {self.chance:.2f})"
        )
        return (
            f"{known}. Ten labels more would bring {self.more:+.2f} "
            f"({self.more_low:+.2f} to {self.more_high:+.2f})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON document."""
        return {
            "curve": [vars(rung) for rung in self.rungs],
            "chance": self.chance,
            "ten_more": {"gain": self.more, "low": self.more_low, "high": self.more_high},
        }


def few_labels(
    pooled: np.ndarray, truth: np.ndarray, folds: np.ndarray, *, report: Report = nothing
) -> Few:
    """Draw fewer labels than there are, and labels at random, and score both.

    Parameters
    ----------
    pooled : ndarray, shape (n, features)
        Of the base model.
    truth : ndarray of int, shape (n,)
    folds : ndarray of int, shape (n,)
        Each is judged by what was learnt from the others.
    report : Report
    """
    pooled = np.asarray(pooled, np.float64)
    rng = np.random.default_rng(_SEED)
    classes = int(truth.max()) + 1
    counts = [np.bincount(truth[folds != fold], minlength=classes) for fold in np.unique(folds)]
    most = max(int(np.min(counts)), 1)
    sizes = _sizes(most)
    rights = []
    for place, count in enumerate(sizes):
        report(0.6 * place / len(sizes), f"{count * classes} labels")
        drawn = [_of_few(pooled, truth, folds, count, rng) == truth for _ in range(_DRAWS)]
        rights.append(np.array(drawn))
    labels = [count * classes for count in sizes]
    again = _again(np.array(rights), truth, rng)  # (times, rungs)
    rungs = tuple(
        Rung(
            number,
            "regression" if count >= _FEWEST_FOR_REGRESSION else "similarity",
            float(np.mean([_recall(truth, one) for one in right])),
            *map(float, np.percentile(scores, [2.5, 97.5])),
        )
        for number, count, right, scores in zip(labels, sizes, rights, again.T, strict=True)
    )
    chance = _chance(pooled, truth, folds, rng, report)
    more = _ten_more(rungs, again, len(truth))
    report(1.0, "scored")
    return Few(rungs, chance, *more)


def _sizes(most: int) -> list[int]:
    """Labels of a class: 1, 3, 6, 12 and so on, and as many as there are."""
    found = [1, *(3 * 2**step for step in range(12) if 3 * 2**step < most)]
    return [count for count in dict.fromkeys([*found, most]) if count <= most]


def _of_few(
    pooled: np.ndarray, truth: np.ndarray, folds: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """What each case is called after so many labels a class of the other folds, shape (n,)."""
    said = np.zeros(len(truth), int)
    for fold in np.unique(folds):
        test, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        names = np.unique(truth[rest])
        train = [rng.permutation(rest[truth[rest] == name])[:count] for name in names]
        said[test] = _answers(pooled, truth, np.concatenate(train), test, count)
    return said


def _answers(
    pooled: np.ndarray, truth: np.ndarray, train: np.ndarray, test: np.ndarray, count: int
) -> np.ndarray:
    if count >= _FEWEST_FOR_REGRESSION:
        found: np.ndarray = logistic_baseline(pooled, truth, train, test).argmax(axis=1)
        return found
    spread = pooled.std(axis=0) + 1e-9
    standard = (pooled - pooled.mean(axis=0)) / spread
    lengths = np.linalg.norm(standard, axis=1, keepdims=True) + 1e-12
    alike = (standard / lengths)[test] @ (standard / lengths)[train].T
    nearest: np.ndarray = truth[train][alike.argmax(axis=1)]
    return nearest


def _chance(
    pooled: np.ndarray,
    truth: np.ndarray,
    folds: np.ndarray,
    rng: np.random.Generator,
    report: Report,
) -> float:
    """How often labels permuted within the folds score as high as the true ones."""

    def score(labels: np.ndarray) -> float:
        said = np.zeros(len(labels), int)
        for fold in np.unique(folds):
            test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            said[test] = logistic_baseline(pooled, labels, train, test).argmax(axis=1)
        return _recall(labels, said == labels)

    own, as_high = score(truth), 0
    for time in range(TIMES):
        report(0.6 + 0.4 * time / TIMES, f"labels at random, {time + 1} of {TIMES}")
        mixed = truth.copy()
        for fold in np.unique(folds):
            here = np.flatnonzero(folds == fold)
            mixed[here] = truth[rng.permutation(here)]
        as_high += score(mixed) >= own
    return (1 + as_high) / (1 + TIMES)


def _again(rights: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return scores as other labels and other cases would give them, shape (times, rungs).

    Parameters
    ----------
    rights : ndarray of bool, shape (rungs, draws, n)
    truth : ndarray of int, shape (n,)
    rng : Generator
    """
    found = np.zeros((_BOOTSTRAP, len(rights)))
    sides = [np.flatnonzero(truth == name) for name in np.unique(truth)]
    for scores in found:
        takes = [rng.choice(side, len(side)) for side in sides]
        for rung, right in enumerate(rights):
            drawn = right[rng.integers(len(right))]
            scores[rung] = np.mean([drawn[take].mean() for take in takes])
    return found


def _ten_more(rungs: tuple[Rung, ...], again: np.ndarray, there: int) -> tuple[float, float, float]:
    """What ten labels more would bring: score = a − b / √n through the rungs of the regression."""
    used = [place for place, rung in enumerate(rungs) if rung.way == "regression"]
    step = 1 / np.sqrt(there) - 1 / np.sqrt(there + _MORE)
    if len(used) < 2:
        return 0.0, -1.0, 1.0
    across = np.array([1 / np.sqrt(rungs[place].labels) for place in used])
    middle = np.polyfit(across, [rungs[place].score for place in used], 1)[0]
    slopes = np.polyfit(across, again[:, used].T, 1)[0]
    low, high = np.percentile(-slopes * step, [2.5, 97.5])
    return float(-middle * step), float(low), float(high)


def _recall(truth: np.ndarray, right: np.ndarray) -> float:
    """Mean over the classes of the share that was called rightly."""
    return float(np.mean([right[truth == name].mean() for name in np.unique(truth)]))
