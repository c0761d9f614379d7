"""What a model may be asked for; a new task is a file here, an entry in `TASKS`, and a value with
an entry in `cubeview.cubes.answer.ANSWERS`, whose fields are how it is kept.

torch and scipy are imported by the functions that compute, never with these modules: the window
reads cards when it opens.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cubeview.cubes.answer import Answer
from cubeview.learn.models.card import Card
from cubeview.learn.tasks import classify, embed, estimate, segment

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.prepared import Prepared


class Task(Protocol):
    """What each of the modules holds; `said` is what the network gives for a batch of cases."""

    def fault(self, card: Card) -> str:
        """Return what is wrong with a card of this task, or an empty text."""

    CLASSED: bool
    """Whether its cards name classes."""

    def target(self, shown: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
        """Return what the network should say of examples, from their input and what is known."""

    def loss(self, said: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Return how far off the network is, one number that training lowers."""

    def calibrate(self, said: np.ndarray, target: np.ndarray) -> tuple[np.ndarray | None, float]:
        """Return what to add to the head's bias, if anything, and the card's temperature."""

    def figures(self, said: np.ndarray, target: np.ndarray, card: Card) -> dict[str, Any]:
        """Return what judges answers to examples nobody trained on, as plain values.

        Parameters
        ----------
        said : ndarray, shape (n, ...), float32
            What the network gave for each example.
        target : ndarray, shape (n, ...)
            From `target`.
        card : Card
            With the temperature `calibrate` found.
        """

    def answer(
        self, said: np.ndarray, pooled: np.ndarray, prepared: "Prepared", card: Card, **about: Any
    ) -> Answer:
        """Return the answer to one case.

        Parameters
        ----------
        said : ndarray, float32
            What the network gave, without the batch axis.
        pooled : ndarray, shape (width,), float32
            The mean of its last map.
        prepared : Prepared
        card : Card
        **about
            The fields all answers have.
        """

    def words(self, answer: Any) -> str:
        """Return an answer in one line."""

    def record(self, answer: Any) -> Mapping[str, Any]:
        """Return what is this task's own of an answer, for the commands' JSON."""


TASKS: dict[str, Task] = {
    "classify": classify,
    "segment": segment,
    "embed": embed,
    "estimate": estimate,
}
