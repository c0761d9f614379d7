"""A number with its interval: the network gives its mean and the logarithm of its variance."""

from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.answer import Estimate
from cubeview.learn.models.card import Card

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.prepared import Prepared

CLASSED = False
_NORMAL_95 = 1.96
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""


def fault(card: Card) -> str:
    """Return what is wrong with a card of this task, or an empty text."""
    if not card.quantity or card.classes:
        return "an estimate needs 'quantity' and has no classes"
    if card.network.get("classes") != 2:
        return f"the network has {card.network.get('classes')} answers for a mean and its variance"
    return ""


def target(shown: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """Return the numbers, shape (n,)."""
    return truth.float()


def loss(said: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """Return the negative log-likelihood of a normal distribution, of (n, 2).

    Source: Nix & Weigend 1994, Proc. ICNN 1:55, eq. 5.
    """
    mean, log_variance = said.float().unbind(dim=1)
    return ((target - mean).square() * (-log_variance).exp() + log_variance).mean() / 2


def calibrate(said: np.ndarray, target: np.ndarray) -> tuple[None, float]:
    """Return no shift, and what the standard deviations are too small by."""
    errors = (target - said[:, 0]) / np.exp(said[:, 1] / 2)
    return None, float(np.clip(np.sqrt(np.square(errors).mean()), 0.05, 20.0))


def figures(said: np.ndarray, target: np.ndarray, card: Card) -> dict[str, Any]:
    """Return root mean square error, bias, and the share of intervals that hold; see `Task`."""
    errors = said[:, 0] - target
    half = _half(said, card)
    return {
        "cases": len(target),
        "rms": round(float(np.sqrt(np.square(errors).mean())), 4),
        "bias": round(float(errors.mean()), 4),
        "inside": round(float((np.abs(errors) <= half).mean()), 4),
    }


def answer(
    said: np.ndarray, pooled: np.ndarray, prepared: "Prepared", card: Card, **about: Any
) -> Estimate:
    """Return the number with its calibrated interval; see `Task`."""
    value, half = float(said[0]), float(_half(said[None], card)[0])
    return Estimate(
        quantity=card.quantity,
        value=value,
        low=value - half,
        high=value + half,
        unit=card.unit,
        **about,
    )


def words(answer: Estimate) -> str:
    """Return the number with its interval and unit."""
    text = f"{answer.quantity} {answer.value:.4g} ({answer.low:.4g} to {answer.high:.4g})"
    return f"{text} {answer.unit}".rstrip()


def record(answer: Estimate) -> dict[str, Any]:
    """Return the number, its interval and its unit."""
    names = ("quantity", "value", "low", "high", "unit")
    return {name: getattr(answer, name) for name in names}


def _half(said: np.ndarray, card: Card) -> np.ndarray:
    half: np.ndarray = _NORMAL_95 * card.temperature * np.exp(said[:, 1] / 2)
    return half
