"""Where each feature of the last map looks: centre and stride computed from the layers.

A plain zoom of the map onto the input is wrong by whole voxels as soon as padding is uneven
(Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", eq. 1-4).
"""

from dataclasses import dataclass

import numpy as np

from cubeview.learn.models.network import NetworkConfig


@dataclass(frozen=True)
class ReceptiveField:
    """Feature ``o`` of the last map is centred at input voxel ``start + stride * o``.

    Parameters
    ----------
    start : float
        Centre of feature 0, in input voxels; the same on all three axes.
    stride : int
        Input voxels from feature to feature.
    size : int
        Side of the input cube a feature sees, in voxels.
    """

    start: float
    stride: int
    size: int


def receptive_field(config: NetworkConfig) -> ReceptiveField:
    """Return where the features of a network's last map look."""
    start, stride, size = 0.0, 1, 1
    for kernel, step, (low, _) in zip(config.kernels, config.strides, config.pads, strict=True):
        start += stride * ((kernel - 1) / 2 - low)
        size += stride * (kernel - 1)
        stride *= step
    return ReceptiveField(start, stride, size)


def place(values: np.ndarray, config: NetworkConfig, shape: tuple[int, ...]) -> np.ndarray:
    """Carry a map of the last layer onto the input grid.

    Parameters
    ----------
    values : ndarray, shape (d', h', w')
        One value per feature position.
    config : NetworkConfig
    shape : tuple of three int
        Of the input.

    Returns
    -------
    ndarray, shape `shape`, float32
        Linear interpolation between the centres of the receptive fields; beyond the outermost
        centres their value.
    """
    field = receptive_field(config)
    placed = np.asarray(values, dtype=np.float64)
    for axis, length in enumerate(shape):
        count = placed.shape[axis]
        where = np.clip((np.arange(length) - field.start) / field.stride, 0, count - 1)
        low = np.minimum(where.astype(int), max(count - 2, 0))
        high = np.minimum(low + 1, count - 1)
        share = (where - low).reshape([-1 if a == axis else 1 for a in range(3)])
        placed = placed.take(low, axis) * (1 - share) + placed.take(high, axis) * share
    return placed.astype(np.float32)
