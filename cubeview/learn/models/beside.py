"""What is measured of a case without a network, and weighs beside it in the answer.

A network knows what it was shown; a plain measure knows less, and fails less where the simulator
ends. A model's card says how much each class gains by it (`Card.beside`).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter

from cubeview.learn.models.card import Card

HEIGHTS_MM = (-35, -15, 5)
"""Between the four rings of the wall, along the ventricle's axis from its middle."""
AROUND = 8
"""Sectors of a ring."""
WITHIN_MM, AXIS_MM = 45.0, 40.0
"""How far from the axis the wall lies, and its brightest voxels, which are the scale."""
BRIGHTEST, SCALE = 12, 100
"""Voxels that stand for the wall of a sector, and those of all whose faintest is the scale."""
BLUR = 0.8
"""Standard deviation in voxels."""


def largest_drops(prepared: np.ndarray, voxel_mm: float = 5.0) -> float:
    """Return the mean of the four largest drops from rest to stress, as shares of the wall's peak.

    Parameters
    ----------
    prepared : ndarray, shape (2, d, h, w)
        Rest and stress as networks are shown them: apex to base, anterior to inferior, septal to
        lateral.
    voxel_mm : float
    """
    near, sectors = _sectors(prepared.shape[1:], voxel_mm)
    rest, stress = (
        gaussian_filter(state / max(np.sort(state[near])[-SCALE:][0], 1e-6), BLUR).ravel()
        for state in prepared
    )
    brighter, drop = np.maximum(rest, stress), rest - stress
    walls = (here[np.argsort(brighter[here])[-BRIGHTEST:]] for here in sectors)
    return float(np.sort([drop[wall].mean() for wall in walls])[-4:].mean())


@lru_cache(maxsize=4)
def _sectors(shape: tuple[int, ...], voxel_mm: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which voxels lie near the axis, and the numbers of those of each sector that has any."""
    z, y, x = (np.indices(shape) - (shape[0] - 1) / 2) * voxel_mm
    away = np.hypot(x, y)
    ring = np.digitize(z, HEIGHTS_MM)
    sector = ((np.arctan2(y, x) + np.pi) / (2 * np.pi / AROUND)).astype(int) % AROUND
    number = np.where(away < WITHIN_MM, AROUND * ring + sector, -1).ravel()
    every = (np.flatnonzero(number == place) for place in range(AROUND * (len(HEIGHTS_MM) + 1)))
    return away <= AXIS_MM, [here for here in every if len(here)]


MEASURES: Mapping[str, Callable[[np.ndarray, float], float]] = {"drops": largest_drops}
"""By their names on cards."""


def beside(card: Card, inputs: np.ndarray) -> np.ndarray:
    """Return what the card's measures add to the logits of each case, shape (n, classes).

    Parameters
    ----------
    card : Card
    inputs : ndarray, shape (n, channel, d, h, w)
    """
    found = np.zeros((len(inputs), len(card.classes)))
    for name, weights in card.beside.items():
        voxel_mm = float(card.preprocess.get("voxel_mm", 5.0))
        measured = np.array([MEASURES[name](one, voxel_mm) for one in inputs])
        gains = np.array([weights.get(label, 0.0) for label in card.classes])
        found += (measured - weights["at"])[:, None] * gains
    return found


def beside_fault(card: Card) -> str:
    """Return what is wrong with what a card weighs beside its network, or an empty text."""
    for name, weights in card.beside.items():
        if name not in MEASURES:
            return f"nothing is known of measuring {name!r}"
        if len(card.channels) != 2:
            return f"{name!r} needs rest and stress"
        numbers = weights.values() if isinstance(weights, Mapping) else ()
        if "at" not in weights or any(type(number) not in (int, float) for number in numbers):
            return f"{name!r} does not say how much it weighs, from what on"
        if unknown := sorted(set(weights) - {"at", *card.classes}):
            return f"{unknown[0]!r} is none of its classes"
    return ""
