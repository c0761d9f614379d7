"""What a fine-tune is worth: figures of the tuned model, the base and the baseline on the same
folds, and a verdict in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp

from cubeview.errors import CubeviewError
from cubeview.learn.models.card import Card
from cubeview.learn.tasks import metrics

if TYPE_CHECKING:  # both need torch, which this module's callers in the window must not load
    from cubeview.learn.teach.finetune import Tuned
    from cubeview.learn.teach.training_set import TrainingSet


@dataclass(frozen=True, eq=False)
class Figures:
    """How well one set of scores names the cases.

    Parameters
    ----------
    auc : Interval
        Positive classes against the others: the mean of the folds, each scored by a network that
        never saw it; 95 % by bootstrap over the cases of each fold. Without folds, all cases.
    pooled_auc : float
        Over all cases at once: the folds' calibrations take part in it.
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
    pooled_auc: float
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
                "mean": self.auc.value,
                "pooled": self.pooled_auc,
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
    """Judge calibrated logits, shape (n, classes), against the truth, shape (n,).

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    truth : ndarray of int, shape (n,)
    folds : ndarray of int, shape (n,), or None
        The fold each case was judged in.
    positive : sequence of int
        The ill side of the ROC.
    """
    others = [index for index in range(logits.shape[1]) if index not in positive]
    scores = logsumexp(logits[:, list(positive)], axis=1) - logsumexp(logits[:, others], axis=1)
    ill = np.isin(truth, positive)
    probabilities = metrics.softmax(logits)
    counts = metrics.confusion(truth, probabilities.argmax(axis=1), logits.shape[1])
    parts = [] if folds is None else [folds == fold for fold in np.unique(folds)]
    return Figures(
        auc=metrics.auc_interval(scores, ill, folds),
        pooled_auc=metrics.auc(scores, ill),
        auc_per_fold=tuple(metrics.auc(scores[part], ill[part]) for part in parts),
        accuracy=float(np.trace(counts) / counts.sum()),
        balanced_accuracy=float(np.nanmean(metrics.recalls(counts))),
        confusion=counts,
        ece=metrics.calibration_error(probabilities, truth),
        probabilities=probabilities,
        scores=scores,
    )


def verdict(
    tuned: Figures, base: Figures | None, ill: np.ndarray, folds: np.ndarray | None
) -> tuple[str, str]:
    """Say whether the tuned model is better.

    Parameters
    ----------
    tuned, base : Figures
    ill : ndarray of bool, shape (n,)
    folds : ndarray of int, shape (n,), or None

    Returns
    -------
    word : {"better", "worse", "cannot be told", "new"}
    text : str
        One or two sentences for the user.
    """
    if base is None:
        return "new", "The base model does not know these classes; there is nothing to compare."
    gain = metrics.auc_gain(tuned.scores, base.scores, ill, folds)
    moved = tuned.balanced_accuracy - base.balanced_accuracy
    least, most = _balanced_gain(tuned, base, ill)
    interval = f"AUC {gain.value:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f})"
    threshold = f"balanced accuracy {base.balanced_accuracy:.2f} → {tuned.balanced_accuracy:.2f}"
    if gain.high < 0 or (most < 0 and gain.value < 0.01):
        return "worse", f"Worse: {interval}; {threshold}. Keep the base."
    if gain.low > 0 and most >= 0:
        return "better", f"Better: {interval}; {threshold}."
    if least > 0 and gain.value > -0.01:
        return "better", (
            f"Better at its threshold, not in ranking: {threshold} (95 % {least:+.2f} to "
            f"{most:+.2f}); {interval}."
        )
    return "cannot be told", (
        f"Cannot be told with {len(ill)} cases: {interval}; balanced accuracy {moved:+.2f}. "
        "The base stays the default."
    )


@dataclass(frozen=True, eq=False)
class Outcome:
    """A fine-tune judged beside its base and the plain baseline, on the same folds."""

    classes: tuple[str, ...]
    positive: tuple[str, ...]  # the ill side of the ROC
    tuned: Figures
    base: Figures | None
    baseline: Figures
    word: str  # as `verdict` says, and so the text
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON document."""
        return {
            "classes": list(self.classes),
            "positive": list(self.positive),
            **self.tuned.to_dict(),
            "base": None if self.base is None else self.base.to_dict(),
            "baseline": self.baseline.to_dict(),
            "verdict": {"word": self.word, "text": self.text},
        }


def judge(tuned: "Tuned", cases: "TrainingSet", card: Card, asked: Sequence[str] = ()) -> Outcome:
    """Judge what a fine-tune came to.

    Parameters
    ----------
    tuned : Tuned
    cases : TrainingSet
        What it was trained on.
    card : Card
        Of the base model.
    asked : sequence of str
        Positive classes, see `positive_classes`.
    """
    positive = positive_classes(card, cases.classes, asked)

    def judged(logits: np.ndarray) -> Figures:
        return figures(logits, cases.truth, tuned.folds, positive)

    after, base = judged(tuned.logits), None if tuned.base is None else judged(tuned.base)
    word, text = verdict(after, base, np.isin(cases.truth, positive), tuned.folds)
    names = tuple(cases.classes[index] for index in positive)
    return Outcome(cases.classes, names, after, base, judged(tuned.baseline), word, text)


def _balanced_gain(tuned: Figures, base: Figures, ill: np.ndarray) -> tuple[float, float]:
    """95 % interval of the change in balanced accuracy at log odds 0, by paired bootstrap."""
    right = [(figure.scores > 0) == ill for figure in (tuned, base)]
    rng = np.random.default_rng(0)
    sides = [np.nonzero(ill)[0], np.nonzero(~ill)[0]]
    drawn = []
    for _ in range(2000):
        takes = [rng.choice(side, len(side)) for side in sides]
        drawn.append(np.mean([right[0][take].mean() - right[1][take].mean() for take in takes]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
