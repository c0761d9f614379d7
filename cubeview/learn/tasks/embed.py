"""A vector: near each other are cases that look alike. Learnt by rebuilding the input."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.answer import Embedding
from cubeview.learn.models.card import Card

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.prepared import Prepared

CLASSED = False


def fault(card: Card) -> str:
    """Return what is wrong with a card of this task, or an empty text."""
    return "a vector has no classes" if card.classes else ""


def target(shown: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """Return the input itself."""
    return shown


def loss(said: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """Return the mean square of what was not rebuilt."""
    return (said.float() - target).square().mean()


def calibrate(said: np.ndarray, target: np.ndarray) -> tuple[None, float]:
    """Return no shift and temperature 1: there is nothing to calibrate."""
    return None, 1.0


def figures(said: np.ndarray, target: np.ndarray, card: Card) -> dict[str, Any]:
    """Return the share of the inputs' variance that is not rebuilt; see `Task`."""
    return {"cases": len(target), "missed": round(_missed(said, target), 4)}


def answer(
    said: np.ndarray, pooled: np.ndarray, prepared: "Prepared", card: Card, **about: Any
) -> Embedding:
    """Return the pooled features, and what cannot be rebuilt from them; see `Task`."""
    return Embedding(vector=pooled, missed=_missed(said, prepared.input), **about)


def words(answer: Embedding) -> str:
    """Return how long the vector is and how much it leaves out."""
    return f"a vector of {len(answer.vector)}; {answer.missed:.0%} of the input cannot be rebuilt"


def record(answer: Embedding) -> dict[str, Any]:
    """Return the vector and what it leaves out."""
    return {"vector": [float(number) for number in answer.vector], "missed": answer.missed}


def _missed(said: np.ndarray, target: np.ndarray) -> float:
    return float(np.square(said - target).mean() / max(float(target.var()), 1e-12))
