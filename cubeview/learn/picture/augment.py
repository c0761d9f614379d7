"""Varied copies of pictures: what differs between two of the same thing."""

from collections.abc import Sequence

import numpy as np

_NOISE = 0.3  # of each channel's own spread


def augmented(values: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return one varied copy of a picture; all channels move together.

    Parameters
    ----------
    values : ndarray, shape (channel, 1, y, x), float32
    names : sequence of str
        Of `PICTURE.variations`.
    rng : Generator
    """
    quarter, flips = int(rng.integers(4)), rng.random(2) < 0.5
    if "rotation" in names:
        values = np.rot90(values, quarter, axes=(2, 3))
    if "flips" in names:
        axes = tuple(axis for axis, flip in zip((2, 3), flips, strict=True) if flip)
        values = np.flip(values, axes)
    if "noise" in names:
        spread = values.std() * _NOISE * rng.random()
        values = values + (spread * rng.normal(size=values.shape)).astype(values.dtype)
    return values
