"""The choices of a fine-tune and how it goes, as plain values for whoever shows them."""

import re
from dataclasses import dataclass

from cubeview.errors import CubeviewError


@dataclass(frozen=True)
class FinetuneConfig:
    """Choices of a fine-tune; the defaults are those that never hurt much.

    Parameters
    ----------
    layers : str
        What moves, a ladder: ``"threshold"`` (calibration only), ``"head"``, ``"last2"`` (last
        convolution and head), ``"last3"`` and so on, ``"all"``.
    steps : int
        Gradient steps of what moves with the head; early stopping is by being few. The head alone
        needs none: its best place is computed.
    rate : float
        AdamW learning rate of the head; the block below it moves at 0.03 of it, and each further
        one at 0.3 of the one above.
    pull : float
        Weight of the squared distance to the start, added to the loss.
    batch : int
    augment : tuple of str
        How cases are varied, of `Kind.variations`; empty for not at all.
    copies : int
        Varied copies of each case, beside the case itself, when `augment` names any.
    balanced : bool
        Weigh classes equally.
    folds, seed : int
    """

    layers: str = "last2"
    steps: int = 40
    rate: float = 3e-3
    pull: float = 0.01
    batch: int = 16
    augment: tuple[str, ...] = ()
    copies: int = 3
    balanced: bool = True
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch("threshold|head|all|last[0-9]+", self.layers):
            raise CubeviewError(
                f"layers {self.layers!r}: choose threshold, head, last2, last3 … or all."
            )
        if self.folds < 2 or self.steps < 1 or self.batch < 2 or self.copies < 1:
            raise CubeviewError("folds and batch must be at least 2, steps and copies at least 1.")
        if not 0 < self.rate < 1 or self.seed < 0:
            raise CubeviewError("the rate must lie between 0 and 1; the seed must not be negative.")


@dataclass(frozen=True)
class Going:
    """How a fine-tune goes.

    Parameters
    ----------
    fold : int
        The fold at work, from 1; one above `folds` while the model to keep is trained.
    folds : int
    losses, accuracies : tuple of tuple of float
        A curve a fold so far, the last still growing: loss and share right of each step's batch.
    held_out : tuple of float
        Share right of each finished fold's own cases, which it was not trained on.
    """

    fold: int
    folds: int
    losses: tuple[tuple[float, ...], ...]
    accuracies: tuple[tuple[float, ...], ...]
    held_out: tuple[float, ...]
