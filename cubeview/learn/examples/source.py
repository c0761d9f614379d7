"""A simulator together with its preparation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SPLITS = {"train": 0, "calibrate": 1, "test": 2}
"""Each split draws from its own stream of random numbers, so none shares a case with another."""

Example = Callable[[int, int, int, Mapping[str, Any]], np.ndarray]
"""``example(seed, split, index, preprocess)``; see `Source`."""


@dataclass(frozen=True)
class Source:
    """Where examples come from.

    Parameters
    ----------
    version : str
        Changes whenever the same number gives another example.
    classes : tuple of str
    channels : tuple of str
        In order.
    example : callable
        Given seed, split (of `SPLITS`), index and the entries of the preparation's config, gives
        an array of shape (channel, d, h, w), for the same ones the same. Its class is ``index``
        modulo the number of classes.
    facts : callable or None
        Called like `example`; what was simulated, as numbers by name.
    truths : mapping of task to callable
        Called like `example`; what is known of one, for tasks that are not about its class: for
        ``"segment"`` class numbers of shape (d, h, w), for ``"estimate"`` a number.
    """

    version: str
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    example: Example
    facts: Callable[[int, int, int, Mapping[str, Any]], dict[str, float]] | None = None
    truths: Mapping[str, Example] = field(default_factory=dict)
