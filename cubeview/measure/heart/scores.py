"""Segment scores suggested from relative uptake: a start for a reader, not a verdict.

No normal limits of patients are shipped. What a segment is compared with is the mean of healthy
hearts of the program's own simulators, and where both states are there, the other state of the
same heart.
"""

from collections.abc import Mapping

import numpy as np

from cubeview.cubes.scores import Scores

_BASAL = (74.4, 61.3, 57.6, 65.4, 74.6, 78.6)
_MID = (86.3, 79.5, 74.2, 77.0, 84.5, 88.5)
_APICAL = (86.0, 81.8, 79.1, 84.6)
EXPECTED = np.array([*_BASAL, *_MID, *_APICAL, 80.5])
"""Uptake of a healthy heart in segments 1 to 17, % of the largest: mean over 40 pairs of each of
the two simulators. `tests/benchmarks/heart_measures.py` draws them again."""
SEEN = (70.0, 60.0, 50.0, 35.0)
"""Scores 1 to 4 begin below these % of what is expected; one convention among several (75, 65, 50
and 35 are usual), chosen on 31 real pairs."""
KEPT = (90.0, 80.0, 65.0, 50.0)
"""And a stress score lies 1 to 4 above that of rest below these % of rest; chosen likewise."""
_USUAL = 0.8
"""Share of the segments that may be diseased upwards of this one: what counts as 100 %."""


def suggested(segments: Mapping[str, tuple[float, ...]]) -> Scores:
    """Return scores of each segment, 0 to 4.

    Parameters
    ----------
    segments : mapping of role to tuple of float
        Uptake in the 17 segments, % of the largest: ``"stress"``, ``"rest"`` or both.
    """
    uptake = {role: np.array(values) for role, values in segments.items()}
    states = {role: _steps(_levelled(values / EXPECTED), SEEN) for role, values in uptake.items()}
    if states.keys() >= {"stress", "rest"}:
        lost = _steps(_levelled(uptake["stress"] / np.maximum(uptake["rest"], 1.0)), KEPT)
        states["stress"] = np.minimum(np.maximum(states["stress"], states["rest"] + lost), 4)
    return Scores({role: tuple(int(score) for score in found) for role, found in states.items()})


def _levelled(shares: np.ndarray) -> np.ndarray:
    """Return % of what the well supplied segments have."""
    levelled: np.ndarray = 100.0 * shares / max(float(np.quantile(shares, _USUAL)), 1e-6)
    return levelled


def _steps(values: np.ndarray, limits: tuple[float, ...]) -> np.ndarray:
    steps: np.ndarray = (values[:, None] < np.array(limits)).sum(axis=1)
    return steps
