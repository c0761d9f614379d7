"""Varied copies of windows of the sky: what differs between two of the same source."""

from collections.abc import Sequence

import numpy as np

_NOISE = 0.3  # of each channel's own spread


def augmented(values: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return one varied copy of a case; all channels move together.

    Parameters
    ----------
    values : ndarray, shape (channel, z, y, x), float32
    names : sequence of str
        Of `SKY.variations`.
    rng : Generator
    """
    quarter, flips = int(rng.integers(4)), rng.random(2) < 0.5
    # The spectral axis is never turned round: lines have a blue and a red side.
    if "rotation" in names:
        values = np.rot90(values, quarter, axes=(2, 3))
    if "flips" in names:
        axes = [axis for axis, flip in zip((2, 3), flips, strict=True) if flip]
        values = np.flip(values, tuple(axes))
    if "noise" in names:
        spread = values[0].std() * _NOISE * rng.random()
        values = values.copy()
        values[0] += spread * rng.normal(size=values[0].shape)
    return values
