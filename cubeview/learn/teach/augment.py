"""Varied copies of network inputs: what differs between two scans of the same thing."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

_SHIFT_PX = 1.0
_TURN_DEG = 6.0
_COUNT_NOISE = 0.05  # of the square root of the value, the wall being about 1
_BLUR_PX = 0.6
_SKY_NOISE = 0.3  # of each channel's own spread


def varied(
    inputs: np.ndarray, names: Sequence[str], kind: str, rng: np.random.Generator
) -> np.ndarray:
    """Return one varied copy of each input; all channels of a case move together.

    Parameters
    ----------
    inputs : ndarray, shape (n, channel, z, y, x), float32
    names : sequence of str
        From `cubeview.learn.teach.tuning.AUGMENTATIONS`.
    kind : {"heart", "sky"}
    rng : Generator

    Returns
    -------
    ndarray, shape (n, channel, z, y, x), float32
    """
    vary = _heart if kind == "heart" else _sky
    return np.stack([vary(values, names, rng) for values in inputs]).astype(np.float32)


def _heart(values: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    shift = rng.uniform(-_SHIFT_PX, _SHIFT_PX, 3) * ("shift" in names)
    angles = np.deg2rad(rng.uniform(-_TURN_DEG, _TURN_DEG, 3)) * ("rotation" in names)
    blur = rng.uniform(0, _BLUR_PX) * ("blur" in names)
    noise = rng.uniform(0, _COUNT_NOISE) * ("counts" in names)
    if "shift" in names or "rotation" in names:
        turn = _rotation(angles)
        middle = (np.array(values.shape[1:]) - 1) / 2
        offset = middle - turn @ (middle + shift)
        values = np.stack(
            [ndimage.affine_transform(channel, turn, offset, order=1) for channel in values]
        )
    if blur:
        values = ndimage.gaussian_filter(values, (0, blur, blur, blur))
    if noise:
        # Poisson noise as the camera makes it; zero outside the ventricle stays zero.
        values = values + noise * np.sqrt(np.maximum(values, 0)) * rng.normal(size=values.shape)
    return values


def _sky(values: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    quarter, flips = int(rng.integers(4)), rng.random(2) < 0.5
    # The spectral axis is never turned round: lines have a blue and a red side.
    if "rotation" in names:
        values = np.rot90(values, quarter, axes=(2, 3))
    if "flips" in names:
        axes = [axis for axis, flip in zip((2, 3), flips, strict=True) if flip]
        values = np.flip(values, tuple(axes))
    if "noise" in names:
        spread = values[0].std() * _SKY_NOISE * rng.random()
        values = values.copy()
        values[0] += spread * rng.normal(size=values[0].shape)
    return values


def _rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation by angles (radians) about the three axes, one after another."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = (n for n in range(3) if n != axis)
        one = np.eye(3)
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ one
    return turn
