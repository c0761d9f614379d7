"""What a fine-tune is worth: figures of the tuned model, the base and the baseline on the same
folds, and a verdict in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp, softmax

from cubeview.errors import CubeviewError
from cubeview.learn import metrics
from cubeview.learn.card import Card


@dataclass(frozen=True, eq=False)
class Figures:
    """How well one set of scores names the cases.

    Parameters
    ----------
    auc : Interval
        Positive classes against the others over all cases, each scored by a fold that never saw
        it; 95 % by bootstrap over cases.
    auc_per_fold : tuple of float
        NaN where a fold has one side only.
    accuracy, balanced_accuracy : float
        The latter is the mean of the recalls.
    confusion : ndarray, shape (classes, classes)
    ece : float
        Expected calibration error.
    probabilities : ndarray, shape (n, classes)
    scores : ndarray, shape (n,)
        Log odds of the positive classes.
    """

    auc: metrics.Interval
    auc_per_fold: tuple[float, ...]
    accuracy: float
    balanced_accuracy: float
    confusion: np.ndarray
    ece: float
    probabilities: np.ndarray
    scores: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON document."""
        return {
            "auc": {
                "mean": float(np.nanmean(self.auc_per_fold)) if self.auc_per_fold else None,
                "pooled": self.auc.value,
                "low": self.auc.low,
                "high": self.auc.high,
                "per_fold": [None if np.isnan(a) else a for a in self.auc_per_fold],
            },
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "confusion": self.confusion.tolist(),
            "ece": self.ece,
        }


def positive_classes(card: Card, classes: Sequence[str], asked: Sequence[str] = ()) -> list[int]:
    """Return which label classes are the ill side of the ROC.

    Parameters
    ----------
    card : Card
    classes : sequence of str
        The label classes.
    asked : sequence of str
        The user's choice; empty for everything but the model's normal class, or but the first.

    Raises
    ------
    CubeviewError
        If a name asked for is no label class, or all of them are.
    """
    unknown = [name for name in asked if name not in classes]
    if unknown or len(set(asked)) == len(classes):
        raise CubeviewError(
            f"--positive {','.join(asked)}: name some, not all, of {', '.join(classes)}."
        )
    if asked:
        return [list(classes).index(name) for name in asked]
    normal = card.normal if card.normal in classes else classes[0]
    return [index for index, name in enumerate(classes) if name != normal]


def figures(
    logits: np.ndarray, truth: np.ndarray, folds: np.ndarray | None, positive: Sequence[int]
) -> Figures:
    """Judge calibrated logits, shape (n, classes), against the truth, shape (n,)."""
    others = [index for index in range(logits.shape[1]) if index not in positive]
    scores = logsumexp(logits[:, list(positive)], axis=1) - logsumexp(logits[:, others], axis=1)
    ill = np.isin(truth, positive)
    probabilities = softmax(logits, axis=1)
    counts = metrics.confusion(truth, probabilities.argmax(axis=1), logits.shape[1])
    per_fold: tuple[float, ...] = ()
    if folds is not None:
        per_fold = tuple(
            metrics.auc(scores[folds == fold], ill[folds == fold]) for fold in np.unique(folds)
        )
    return Figures(
        auc=metrics.auc_interval(scores, ill),
        auc_per_fold=per_fold,
        accuracy=float(np.trace(counts) / counts.sum()),
        balanced_accuracy=float(np.nanmean(metrics.recalls(counts))),
        confusion=counts,
        ece=metrics.calibration_error(probabilities, truth),
        probabilities=probabilities,
        scores=scores,
    )


def verdict(tuned: Figures, base: Figures | None, ill: np.ndarray) -> tuple[str, str]:
    """Say whether the tuned model is better.

    Parameters
    ----------
    tuned, base : Figures
    ill : ndarray of bool, shape (n,)

    Returns
    -------
    word : {"better", "worse", "cannot be told", "new"}
    text : str
        One or two sentences for the user.
    """
    if base is None:
        return "new", "The base model does not know these classes; there is nothing to compare."
    gain = metrics.auc_gain(tuned.scores, base.scores, ill)
    moved = tuned.balanced_accuracy - base.balanced_accuracy
    interval = f"AUC {gain.value:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f})"
    threshold = f"balanced accuracy {base.balanced_accuracy:.2f} → {tuned.balanced_accuracy:.2f}"
    if gain.low > 0:
        return "better", f"Better: {interval}; {threshold}."
    if gain.high < 0:
        return "worse", f"Worse: {interval}; {threshold}. Keep the base."
    spread = _balanced_gain(tuned, base, ill)
    if spread[0] > 0 and gain.value > -0.01:
        return "better", (
            f"Better at its threshold, not in ranking: {threshold} (95 % {spread[0]:+.2f} to "
            f"{spread[1]:+.2f}); {interval}."
        )
    return "cannot be told", (
        f"Cannot be told with {len(ill)} cases: {interval}; balanced accuracy {moved:+.2f}. "
        "The base stays the default."
    )


def report_dict(
    tuned: Figures, base: Figures | None, baseline: Figures, classes: Sequence[str]
) -> Mapping[str, Any]:
    """Return the JSON document's figures: the tuned model's, with base and baseline beside."""
    return {
        "classes": list(classes),
        **tuned.to_dict(),
        "base": None if base is None else base.to_dict(),
        "baseline": baseline.to_dict(),
    }


def _balanced_gain(tuned: Figures, base: Figures, ill: np.ndarray) -> tuple[float, float]:
    """95 % interval of the change in balanced accuracy at log odds 0, by paired bootstrap."""
    right = [(figure.scores > 0) == ill for figure in (tuned, base)]
    rng = np.random.default_rng(0)
    sides = [np.nonzero(ill)[0], np.nonzero(~ill)[0]]
    drawn = []
    for _ in range(2000):
        gains = []
        for side in sides:
            take = rng.choice(side, len(side))
            gains.append(right[0][take].mean() - right[1][take].mean())
        drawn.append(np.mean(gains))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
