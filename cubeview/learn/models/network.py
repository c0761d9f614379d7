"""What the rest of the house asks of a network; nobody reads its layers from outside.

A network of another shape is a file beside `cubeview.learn.models.strided` and an entry in
`cubeview.learn.models.model.NETWORKS`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from cubeview.errors import CubeviewError
from cubeview.learn.models.receptive import Layout


class Network(nn.Module, ABC):
    """Weights and what may be asked of them.

    ``features`` maps (batch, channel, d, h, w) to the last map, (batch, width, d', h', w');
    ``head`` maps that to what the card's task takes for an answer.
    """

    features: nn.Module
    head: nn.Module
    early_stages: int
    """How many of the stages `early` looks at."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the head makes of the features."""
        said: torch.Tensor = self.head(self.features(x))
        return said

    @abstractmethod
    def layout(self) -> Layout:
        """Return the layers from the input to the last map."""

    @property
    @abstractmethod
    def stages(self) -> Sequence[nn.Module]:
        """The parts of `features` from below, one after another; a fine-tune frees the last."""

    @abstractmethod
    def early(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of edges, texture and brightness, (batch, n), that tell strange cases."""

    @abstractmethod
    def entries(self) -> dict[str, Any]:
        """Return the plain values for the card that a network of this shape is built from."""

    def folded(self) -> "Network":
        """Return a copy for evaluation only, faster where that can be had."""
        return deepcopy(self).eval()

    @abstractmethod
    def reset_head(self, classes: int) -> None:
        """Replace the head by a fresh one for another number of classes."""


class PooledHead(nn.Linear):
    """Linear on the mean of the last map, which is what a class activation map is defined for."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return one number an answer, shape (batch, answers)."""
        return self.of_means(features.mean(dim=(2, 3, 4)))

    def of_means(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return the same from features that are means already, shape (batch, width)."""
        return functional.linear(pooled, self.weight, self.bias)


def pooled_head(network: Network) -> PooledHead:
    """Return the head of a network that has a pooled one.

    Raises CubeviewError if it has another: one that draws a mask, or rebuilds its input.
    """
    if isinstance(network.head, PooledHead):
        return network.head
    raise CubeviewError(
        "the network of this model does not weigh the mean of its last map, so there is nothing "
        "to say which place spoke for an answer. Choose a model that classifies."
    )
