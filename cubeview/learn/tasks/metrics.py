"""How good an answer is: ROC, AUC with an interval, confusion, calibration, comparison of two.

All functions take plain arrays and know nothing of networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve: the chance that a positive scores above a negative.

    Of scores and bool, shape (n,). Ties count half (Mann and Whitney 1947); NaN when one side is
    missing.
    """
    # Loading it takes as long as all else that asking a model needs, bar torch.
    from scipy.stats import rankdata

    count = int(positive.sum())
    other = len(positive) - count
    if not count or not other:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * other))


def roc(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return false positive rate, true positive rate and threshold along the ROC curve.

    Thresholds fall; the first point is (0, 0) at infinity. A case counts as positive when its
    score is at least the threshold.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, truth = scores[order], positive[order]
    last = np.append(np.nonzero(np.diff(ordered))[0], len(ordered) - 1)
    true = np.cumsum(truth)[last]
    false = last + 1 - true
    rate = [np.append(0, false / max(false[-1], 1)), np.append(0, true / max(true[-1], 1))]
    return rate[0], rate[1], np.append(np.inf, ordered[last])


def roc_band(
    scores: np.ndarray, positive: np.ndarray, folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean ROC curve of folds, and its spread.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    positive : ndarray of bool, shape (n,)
    folds : ndarray of int, shape (n,)

    Returns
    -------
    grid, mean, spread : ndarray, shape (101,)
        False positive rates, and over the folds the mean and the standard deviation of the true
        positive rate there (vertical averaging, Fawcett 2006, Pattern Recognition Letters 27).
    """
    grid = np.linspace(0.0, 1.0, 101)
    curves = []
    for ill, well in _sides(positive, folds):
        cases = np.concatenate([ill, well])
        false, true, _ = roc(scores[cases], positive[cases])
        curves.append(true[np.searchsorted(false, grid, side="right") - 1])
    return grid, np.mean(curves, axis=0), np.std(curves, axis=0)


def auc_interval(
    scores: np.ndarray,
    positive: np.ndarray,
    folds: np.ndarray | None = None,
    *,
    rounds: int = 2000,
) -> Interval:
    """Return the AUC with its 95 % interval by stratified bootstrap over cases.

    Parameters
    ----------
    scores : ndarray, shape (n,)
    positive : ndarray of bool, shape (n,)
    folds : ndarray of int, shape (n,), optional
        With folds, the mean of the folds' AUCs: scores of two networks are never compared.
        Folds with one side only are passed over.
    rounds : int
        Of the bootstrap.

    Returns
    -------
    Interval
        NaN where no fold has both sides.
    """
    sides = _sides(positive, folds)
    value = float(np.mean([_wins(scores, *side).mean() for side in sides])) if sides else np.nan
    return Interval(value, *_ends(_drawn(scores, sides, rounds)))


def auc_gain(
    after: np.ndarray,
    before: np.ndarray,
    positive: np.ndarray,
    folds: np.ndarray | None = None,
    *,
    rounds: int = 2000,
) -> Interval:
    """Return AUC after minus AUC before on the same cases, with a paired bootstrap interval.

    Parameters
    ----------
    after, before : ndarray, shape (n,)
        Scores.
    positive : ndarray of bool, shape (n,)
    folds : ndarray of int, shape (n,), optional
    rounds : int
        Of the bootstrap.
    """
    sides = _sides(positive, folds)
    drawn = _drawn(after, sides, rounds) - _drawn(before, sides, rounds)
    found = [_wins(after, *side).mean() - _wins(before, *side).mean() for side in sides]
    return Interval(float(np.mean(found)) if found else np.nan, *_ends(drawn))


def confusion(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """Return counts, shape (classes, classes): rows the truth, columns the answer.

    Parameters
    ----------
    truth, said : ndarray of int, shape (n,)
        Class numbers.
    classes : int
        How many there are.
    """
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (truth, said), 1)
    return counts


def recalls(counts: np.ndarray) -> np.ndarray:
    """Return the share of each true class answered rightly, from `confusion`; NaN where none."""
    with np.errstate(invalid="ignore"):
        share: np.ndarray = np.diag(counts) / counts.sum(axis=1)
    return share


def reliability(
    probabilities: np.ndarray, truth: np.ndarray, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean confidence, accuracy and number of cases in equal-width confidence bins.

    Empty bins hold NaN. Source: Guo et al. 2017, arXiv:1706.04599, section 2.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
    truth : ndarray of int, shape (n,)
    bins : int
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    which = np.clip((confidence * bins).astype(int), 0, bins - 1)
    number = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(which, confidence, bins) / number
        share = np.bincount(which, right, bins) / number
    return mean, share, number


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Return the expected calibration error (Guo et al. 2017, eq. 3), 0 to 1; see `reliability`."""
    mean, share, number = reliability(probabilities, truth)
    used = number > 0
    return float((np.abs(mean - share)[used] * number[used]).sum() / number.sum())


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities, shape (n, classes), of logits divided by a temperature."""
    found: np.ndarray = special.softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    return found


def evidence(logits: np.ndarray, normal: int, defects: Sequence[int]) -> np.ndarray:
    """Return the evidence for any defect against normal, shape (n,), as a difference of logits.

    The artefact class takes no part: it is a flag beside the question, not a rival answer.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    normal : int
    defects : sequence of int
    """
    logits = np.asarray(logits, dtype=np.float64)
    found: np.ndarray = special.logsumexp(logits[:, list(defects)], axis=1) - logits[:, normal]
    return found


def summarise(
    logits: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    *,
    temperature: float = 1.0,
    normal: str = "",
    defects: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the figures of a test, as plain values for a model card.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    labels : ndarray, shape (n,), int
    classes : sequence of str
    temperature : float
    normal, defects : str, sequence of str
        For the areas under the ROC curve: `normal` against all others by 1 - p(normal), and
        against the defects by `evidence`.
    """
    before, after = softmax(logits), softmax(logits, temperature)
    table = confusion(labels, logits.argmax(axis=1), len(classes))
    likely = np.maximum(after[np.arange(len(labels)), labels], 1e-300)
    recall = zip(classes, recalls(table), strict=True)
    figures: dict[str, Any] = {
        "cases": len(labels),
        "accuracy": round(float((logits.argmax(axis=1) == labels).mean()), 4),
        "recall": {name: round(float(share), 4) for name, share in recall},
        "confusion": table.tolist(),
        "calibration_error_raw": round(calibration_error(before, labels), 4),
        "calibration_error": round(calibration_error(after, labels), 4),
        "negative_log_likelihood": round(float(-np.log(likely).mean()), 4),
    }
    if normal:
        healthy = list(classes).index(normal)
        numbers = [list(classes).index(name) for name in defects]
        against_rest = auc(1.0 - after[:, healthy], labels != healthy)
        asked = np.isin(labels, [healthy, *numbers])
        against_ill = auc(evidence(logits, healthy, numbers)[asked], labels[asked] != healthy)
        figures["auc_normal_against_rest"] = round(against_rest, 4)
        figures["auc_defect_against_normal"] = round(against_ill, 4)
    return figures


def _sides(positive: np.ndarray, folds: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return positives and negatives of each fold that has both."""
    where = np.zeros(len(positive), dtype=int) if folds is None else folds
    sides = [
        (np.nonzero((where == fold) & positive)[0], np.nonzero((where == fold) & ~positive)[0])
        for fold in np.unique(where)
    ]
    return [(ill, well) for ill, well in sides if len(ill) and len(well)]


def _drawn(
    scores: np.ndarray, sides: list[tuple[np.ndarray, np.ndarray]], rounds: int
) -> np.ndarray:
    """Draw the AUC again and again; one seed draws the same cases for every set of scores."""
    rng = np.random.default_rng(0)
    drawn = []
    for side in sides:
        ill, well = (rng.multinomial(n, np.full(n, 1 / n), rounds) / n for n in map(len, side))
        drawn.append(((ill @ _wins(scores, *side)) * well).sum(axis=1))
    return np.mean(drawn, axis=0) if drawn else np.full(rounds, np.nan)


def _wins(scores: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """1 where a positive scores above a negative, 0.5 on a tie, shape (positive, negative)."""
    above, below = scores[positive][:, None], scores[negative][None]
    found: np.ndarray = (above > below) + 0.5 * (above == below)
    return found


def _ends(drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
