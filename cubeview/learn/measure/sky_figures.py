"""How the sky network's answers depend on signal-to-noise."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

BRIGHT_SN = 7.0
"""Peak signal-to-noise from which a source is expected to be named rightly."""

EDGES = (2.5, 3.5, 5.0, 7.0, 10.0, 20.0, 50.0, 100.0)
"""Bins of the curve."""


def by_strength(
    answers: np.ndarray, labels: np.ndarray, peak_sn: np.ndarray, classes: Sequence[str]
) -> dict[str, Any]:
    """Return accuracy and recalls of bright sources, and the curve against peak S/N.

    Parameters
    ----------
    answers, labels : ndarray, shape (n,), int
    peak_sn : ndarray, shape (n,)
        Of what makes the class; 0 for empty windows, which have no source to be bright and
        count as bright throughout.
    classes : sequence of str

    Returns
    -------
    dict
        Plain values for a model card.
    """
    right = answers == labels
    nothing_there = peak_sn == 0
    bright = nothing_there | (peak_sn >= BRIGHT_SN)
    return {
        "bright_peak_sn": BRIGHT_SN,
        "bright_cases": int(bright.sum()),
        "bright_accuracy": _share(right[bright]),
        "bright_recall": {
            name: _share(right[bright & (labels == number)]) for number, name in enumerate(classes)
        },
        "curve": [
            {"peak_sn": [low, high], **_part(right, labels, classes, low, high, peak_sn)}
            for low, high in pairwise(EDGES)
        ],
    }


def _part(
    right: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    low: float,
    high: float,
    peak_sn: np.ndarray,
) -> dict[str, Any]:
    """Return one bin of the curve; classes that do not occur in it are left out."""
    inside = (peak_sn >= low) & (peak_sn < high)
    return {
        "cases": int(inside.sum()),
        "accuracy": _share(right[inside]),
        "recall": {
            classes[number]: _share(right[inside & (labels == number)])
            for number in np.unique(labels[inside])
        },
    }


def _share(right: np.ndarray) -> float | None:
    return round(float(right.mean()), 4) if right.size else None
