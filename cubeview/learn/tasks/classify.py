"""One of several classes, with calibrated probabilities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.answer import Prediction
from cubeview.learn.models.card import Card

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.prepared import Prepared

CLASSED = True

ASKED = 0.5
"""Doubt of the ventricle finder above which the user is asked to check."""


def fault(card: Card) -> str:
    """Return what is wrong with a card of this task, or an empty text."""
    named = {*card.defects, *filter(None, (card.normal, card.artefact))}
    if wrong := classes_fault(card, named):
        return wrong
    if bool(card.defects) != bool(card.normal):
        return "'normal' and 'defects' go together"
    return ""


def classes_fault(card: Card, named: Sequence[str] | set[str] = ()) -> str:
    """Return what is wrong with the classes of a card, or an empty text."""
    if len(card.classes) < 2 or len(set(card.classes)) < len(card.classes):
        return "it needs two or more different classes"
    if card.network.get("classes") != len(card.classes):
        return f"the network has {card.network.get('classes')} answers for {card.classes}"
    unknown = sorted({*named, *card.codes} - set(card.classes))
    if unknown:
        return f"{unknown[0]!r} is none of its classes"
    if not all(len(c) == 3 and all(isinstance(t, str) for t in c) for c in card.codes.values()):
        return "'codes' need value, scheme and meaning"
    return ""


def target(shown: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """Return class numbers, shape (n,)."""
    return truth


def loss(said: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """Return the cross-entropy of logits, shape (n, classes)."""
    from torch.nn import functional

    return functional.cross_entropy(said.float(), target)


def calibrate(said: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a shift for each class, and the temperature after it."""
    from cubeview.learn.tasks.calibrate import calibrate as fitted

    return fitted(said, target, 1.0)


def figures(said: np.ndarray, target: np.ndarray, card: Card) -> dict[str, Any]:
    """Return accuracy, recalls, areas and calibration by `metrics.summarise`; see `Task`."""
    from cubeview.learn.tasks.metrics import summarise

    return summarise(
        said,
        target,
        card.classes,
        temperature=card.temperature,
        normal=card.normal,
        defects=card.defects,
    )


def answer(
    said: np.ndarray, pooled: np.ndarray, prepared: "Prepared", card: Card, **about: Any
) -> Prediction:
    """Return calibrated probabilities; see `cubeview.learn.tasks.Task`."""
    from cubeview.learn.tasks.metrics import softmax

    chances = humbled(softmax(said[None], card.temperature), prepared)
    abnormal = abnormality(chances, card)
    return Prediction(
        probabilities=dict(zip(card.classes, map(float, chances[0]), strict=True)),
        abnormal=None if abnormal is None else float(abnormal[0]),
        **about,
    )


def humbled(probabilities: np.ndarray, prepared: "Prepared") -> np.ndarray:
    """Return probabilities, shape (n, classes), no surer than the geometry allows.

    A network is as sure of a heart cut out at the wrong place as of any other. From where the
    user is asked to check the ventricle on, its answer is mixed with knowing nothing, up to half
    where the finder does not trust its ventricle at all. One placed by hand is trusted.
    """
    found = [
        ventricle.doubt for ventricle in prepared.ventricles.values() if ventricle.by != "user"
    ]
    share = float(np.clip(max(found, default=0.0) - ASKED, 0.0, 0.5))
    mixed: np.ndarray = (1.0 - share) * probabilities + share / probabilities.shape[1]
    return mixed


def abnormality(probabilities: np.ndarray, card: Card) -> np.ndarray | None:
    """Return the evidence for any defect against the normal class, shape (n,), 0 to 1.

    ``p(defects) / (p(defects) + p(normal))`` of probabilities, shape (n, classes), artefact left
    aside; 0.5 where both are nothing. None for models without that question.
    """
    if not card.normal:
        return None
    defects = sum(probabilities[:, card.classes.index(name)] for name in card.defects)
    both = defects + probabilities[:, card.classes.index(card.normal)]
    return np.where(both > 0, defects / np.maximum(both, 1e-300), 0.5)


def words(answer: Prediction) -> str:
    """Return the class, and the probability of each."""
    if answer.unlike:
        return "unlike anything the model was trained on, so no class"
    odds = ", ".join(f"{name} {share:.2f}" for name, share in answer.probabilities.items())
    return f"{answer.answer} ({odds})"


def record(answer: Prediction) -> dict[str, Any]:
    """Return class, evidence for a defect, and probabilities."""
    return {
        "class": None if answer.unlike else answer.answer,
        "abnormal": answer.abnormal,
        "probabilities": dict(answer.probabilities),
    }
