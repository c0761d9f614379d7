"""Varied copies of network inputs: what differs between two scans of the same thing."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from cubeview.learn.recipe import Schedule

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
        From `cubeview.learn.tuning.AUGMENTATIONS`.
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


def augment(inputs: np.ndarray, schedule: Schedule, rng: np.random.Generator) -> np.ndarray:
    """Return inputs displaced by whole voxels, scaled channel by channel, and mirrored.

    Zeros move in where a displacement leaves a gap.

    Parameters
    ----------
    inputs : ndarray, shape (n, channel, d, h, w), float32
    schedule : Schedule
    rng : Generator

    Returns
    -------
    ndarray of the same shape
    """
    n, channels, *size = inputs.shape
    reach = schedule.shift
    moves = rng.integers(-reach, reach + 1, (n, 3))
    gains = 1.0 + rng.uniform(-schedule.gain, schedule.gain, (n, channels, 1, 1, 1))
    out = np.zeros_like(inputs)
    for row, move in enumerate(moves):
        to, at = (
            tuple(
                slice(max(0, sign * m), s + min(0, sign * m))
                for m, s in zip(move, size, strict=True)
            )
            for sign in (1, -1)
        )
        out[row][:, *to] = inputs[row][:, *at] * gains[row]
    if schedule.flip:
        for row, mirrored in enumerate(rng.random((n, 3)) < 0.5):
            out[row] = np.flip(out[row], tuple(np.flatnonzero(mirrored) + 1))
    if schedule.field:
        out *= smooth_gain(out.shape, schedule.field, rng)
    return out


def smooth_gain(shape: tuple[int, ...], spread: float, rng: np.random.Generator) -> np.ndarray:
    """Return random smooth gains about 1, shape (n, channel, d, h, w), float32.

    Parameters
    ----------
    shape : tuple of int
        Of the inputs.
    spread : float
        As `Schedule.field`.
    rng : Generator
    """
    n, channels, *size = shape
    lines = [np.linspace(-1.0, 1.0, length, dtype=np.float32) for length in size]
    z, y, x = np.meshgrid(*lines, indexing="ij")
    terms = np.stack([z, y, x, z * y, z * x, y * x, z * z, y * y - x * x])
    shared = rng.normal(0.0, spread, (n, 1, len(terms)))
    own = rng.normal(0.0, spread / 3, (n, channels, len(terms)))
    weights = (shared + own).astype(np.float32)
    return np.exp(np.tensordot(weights, terms, axes=1))
