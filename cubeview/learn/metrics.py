"""How good answers are: accuracy, recalls, ROC area, calibration. Plain numpy over logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

BINS = 15


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities, shape (n, classes), of logits divided by a temperature."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    grown = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    out: np.ndarray = grown / grown.sum(axis=1, keepdims=True)
    return out


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0
) -> float:
    """Return the mean negative log probability of the true class."""
    chosen = softmax(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-300)).mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature under which the true classes are most probable.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
        Of cases that neither training nor the final figures use.
    labels : ndarray, shape (n,), int

    Returns
    -------
    float
        Between 0.05 and 20, by golden section on its logarithm, in which the mean negative log
        likelihood has a single minimum (it is convex in 1/T).

    Notes
    -----
    Guo et al. 2017, arXiv:1706.04599, eq. 9.
    """
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    low, high = np.log(0.05), np.log(20.0)
    inner, outer = high - ratio * (high - low), low + ratio * (high - low)
    at_inner = negative_log_likelihood(logits, labels, float(np.exp(inner)))
    at_outer = negative_log_likelihood(logits, labels, float(np.exp(outer)))
    while high - low > 1e-4:
        if at_inner < at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - ratio * (high - low)
            at_inner = negative_log_likelihood(logits, labels, float(np.exp(inner)))
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + ratio * (high - low)
            at_outer = negative_log_likelihood(logits, labels, float(np.exp(outer)))
    return float(np.exp((low + high) / 2.0))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected calibration error of the top answer in 15 equal bins.

    Notes
    -----
    Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(right[bins == b].mean() - confidence[bins == b].mean()))
        * float((bins == b).sum())
        for b in np.unique(bins)
    ]
    return float(sum(gaps) / len(labels))


def roc_area(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the area under the ROC curve: how often a positive outranks a negative.

    Ties count one half (Mann-Whitney). NaN when there are only positives or only negatives.
    """
    positive = np.asarray(positive, dtype=bool)
    many, few = int(positive.sum()), int((~positive).sum())
    if not many or not few:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[positive].sum() - many * (many + 1) / 2.0) / (many * few))


def confusion(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """Return counts, shape (classes, classes): rows the truth, columns the answer."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (labels, answers), 1)
    return table


def evidence(logits: np.ndarray, normal: int, defects: Sequence[int]) -> np.ndarray:
    """Return the evidence for any defect against normal, shape (n,), as a difference of logits.

    The artefact class takes no part: it is a flag beside the question, not a rival answer.
    """
    chosen = np.asarray(logits, dtype=np.float64)[:, list(defects)]
    top = chosen.max(axis=1, keepdims=True)
    pooled: np.ndarray = (top + np.log(np.exp(chosen - top).sum(axis=1, keepdims=True)))[:, 0]
    return np.asarray(pooled - logits[:, normal])


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

    Returns
    -------
    dict
    """
    before, after = softmax(logits), softmax(logits, temperature)
    table = confusion(labels, logits.argmax(axis=1), len(classes))
    recalls = table.diagonal() / np.maximum(table.sum(axis=1), 1)
    figures: dict[str, Any] = {
        "cases": len(labels),
        "accuracy": round(float((logits.argmax(axis=1) == labels).mean()), 4),
        "recall": {name: round(float(r), 4) for name, r in zip(classes, recalls, strict=True)},
        "confusion": table.tolist(),
        "calibration_error_raw": round(calibration_error(before, labels), 4),
        "calibration_error": round(calibration_error(after, labels), 4),
        "negative_log_likelihood": round(negative_log_likelihood(logits, labels, temperature), 4),
    }
    if normal:
        healthy = list(classes).index(normal)
        numbers = [list(classes).index(name) for name in defects]
        figures["auc_normal_against_rest"] = round(
            roc_area(1.0 - after[:, healthy], labels != healthy), 4
        )
        asked = np.isin(labels, [healthy, *numbers])
        figures["auc_defect_against_normal"] = round(
            roc_area(evidence(logits, healthy, numbers)[asked], labels[asked] != healthy), 4
        )
    return figures
