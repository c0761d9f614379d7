"""How the sky network's answers depend on signal-to-noise."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from cubeview.learn.sky.room import BRIGHT_SN

EDGES = (2.5, 3.5, 5.0, 7.0, 10.0, 20.0, 50.0, 100.0)
"""Bins of the curve."""


def by_strength(
    answers: np.ndarray, labels: np.ndarray, peak_sn: np.ndarray, classes: Sequence[str]
) -> dict[str, Any]:
    """Return accuracy and recalls of bright sources, and the curve against peak S/N, for a card.

    Parameters
    ----------
    answers, labels : ndarray, shape (n,), int
    peak_sn : ndarray, shape (n,)
        Of what makes the class; 0 for empty windows, which have no source to be bright and
        count as bright throughout.
    classes : sequence of str
    """
    right = answers == labels
    bright = (peak_sn == 0) | (peak_sn >= BRIGHT_SN)

    def curve(low: float, high: float) -> dict[str, Any]:
        """One bin; classes that do not occur in it are left out."""
        inside = (peak_sn >= low) & (peak_sn < high)
        return {
            "peak_sn": [low, high],
            "cases": int(inside.sum()),
            "accuracy": _share(right[inside]),
            "recall": {
                classes[number]: _share(right[inside & (labels == number)])
                for number in np.unique(labels[inside])
            },
        }

    return {
        "bright_peak_sn": BRIGHT_SN,
        "bright_cases": int(bright.sum()),
        "bright_accuracy": _share(right[bright]),
        "bright_recall": {
            name: _share(right[bright & (labels == number)]) for number, name in enumerate(classes)
        },
        "curve": [curve(low, high) for low, high in pairwise(EDGES)],
    }


def _share(right: np.ndarray) -> float | None:
    return round(float(right.mean()), 4) if right.size else None
