"""A class for each voxel: a mask."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.answer import Segmentation
from cubeview.learn.models.card import Card
from cubeview.learn.tasks.classify import classes_fault

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.prepared import Prepared

CLASSED = True


def fault(card: Card) -> str:
    """Return what is wrong with a card of this task, or an empty text."""
    return classes_fault(card)


def target(shown: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """Return class numbers, shape (n, d, h, w)."""
    return truth.long()


def loss(said: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """Return cross-entropy and what the overlap lacks, of logits (n, classes, d, h, w).

    Source: Milletari et al. 2016, arXiv:1606.04797, section 3, for each class but the background:
    cross-entropy alone is content with an empty mask where little is to be marked.
    """
    from torch.nn import functional

    said = said.float()
    chances = said.softmax(dim=1)[:, 1:]
    wanted = functional.one_hot(target, said.shape[1]).movedim(-1, 1)[:, 1:]
    both = (chances * wanted).sum(dim=(0, 2, 3, 4))
    either = (chances + wanted).sum(dim=(0, 2, 3, 4))
    return functional.cross_entropy(said, target) + (1 - (2 * both + 1) / (either + 1)).mean()


def calibrate(said: np.ndarray, target: np.ndarray) -> tuple[None, float]:
    """Return no shift and temperature 1: a mask takes the likeliest class."""
    return None, 1.0


def figures(said: np.ndarray, target: np.ndarray, card: Card) -> dict[str, Any]:
    """Return the overlap with the truth, of all marked and by class (Dice 1945); see `Task`."""
    marked = said.argmax(axis=1)
    return {
        "cases": len(target),
        "dice": _dice(marked > 0, target > 0),
        "dice_by_class": {
            name: _dice(marked == number, target == number)
            for number, name in enumerate(card.classes[1:], start=1)
        },
    }


def answer(
    said: np.ndarray, pooled: np.ndarray, prepared: "Prepared", card: Card, **about: Any
) -> Segmentation:
    """Return the likeliest class of each of the cubes' own voxels; see `Task`."""
    from cubeview.learn.models.prepared import to_cube
    from cubeview.learn.tasks.metrics import softmax

    chances = softmax(said[None], card.temperature)[0].astype(np.float32)
    masks, boxes = {}, {}
    for role in prepared.grids:
        # Probabilities are carried, and the mask is drawn on the cube: no steps of the input grid.
        ways = [to_cube(share, prepared, role) for share in chances]
        on_cube = np.nan_to_num(np.stack([share for share, _ in ways]))
        masks[role], boxes[role] = on_cube.argmax(axis=0).astype(np.uint8), ways[0][1]
    return Segmentation(masks=masks, boxes=boxes, classes=card.classes, **about)


def words(answer: Segmentation) -> str:
    """Return what is marked, and how much of it."""
    parts = [f"{name} in {count:,} voxels" for name, count in answer.voxels.items()]
    return ", ".join(parts) or "nothing is marked"


def record(answer: Segmentation) -> dict[str, Any]:
    """Return the classes and how many voxels each has."""
    return {"classes": list(answer.classes), "voxels": answer.voxels}


def _dice(marked: np.ndarray, wanted: np.ndarray) -> float | None:
    """Return twice the overlap over the sum; None where there is nothing and nothing marked."""
    either = int(marked.sum()) + int(wanted.sum())
    return round(2 * float((marked & wanted).sum()) / either, 4) if either else None
