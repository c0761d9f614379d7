"""Where each feature of the last map looks: centre and stride computed from the layers.

A plain zoom of the map onto the input is wrong by whole voxels as soon as padding is uneven
(Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", eq. 1-4).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One convolution, the same on all three axes; `pad` zeros are added at their low and high end.

    It gives so many channels, of which so many groups do not see each other.
    """

    kernel: int
    stride: int
    pad: tuple[int, int]
    channels: int
    groups: int = 1

    def outputs(self, size: int) -> int:
        """Return the side of its map for that of its input; 0 when the input is too small."""
        return max(0, (size + sum(self.pad) - self.kernel) // self.stride + 1)


@dataclass(frozen=True)
class Layout:
    """The way from the input to the last map: its layers from below.

    Feature ``o`` of the last map is centred at input voxel ``start + stride * o``. A flat layout
    is of pictures, inputs of one slice: along the first axis it leaves all as it is.
    """

    channels_in: int
    layers: tuple[Layer, ...]
    flat: bool = False

    def along(self, axis: int) -> "Layout":
        """Return the way along one axis of the input."""
        return self._through if self.flat and axis == 0 else self

    @cached_property
    def _through(self) -> "Layout":
        still = (replace(layer, kernel=1, stride=1, pad=(0, 0)) for layer in self.layers)
        return replace(self, layers=tuple(still))

    def sides(self, size: int) -> tuple[int, int, int]:
        """Return the sides of an input from its longest."""
        return (1 if self.flat else size), size, size

    def sees(self, shape: tuple[int, ...]) -> bool:
        """Tell whether there is a last map of an input of this shape."""
        if self.flat and shape[0] != 1:
            return False
        return all(self.along(axis).map_size(side) for axis, side in enumerate(shape))

    @cached_property
    def start(self) -> float:
        """Centre of feature 0, in input voxels; the same on all three axes."""
        start, stride = 0.0, 1
        for layer in self.layers:
            start += stride * ((layer.kernel - 1) / 2 - layer.pad[0])
            stride *= layer.stride
        return start

    @cached_property
    def stride(self) -> int:
        """Input voxels from feature to feature."""
        return int(np.prod([layer.stride for layer in self.layers]))

    @cached_property
    def size(self) -> int:
        """Side of the input cube a feature sees, in voxels."""
        size, stride = 1, 1
        for layer in self.layers:
            size += stride * (layer.kernel - 1)
            stride *= layer.stride
        return size

    @cached_property
    def least(self) -> int:
        """Side of the smallest input there is a last map of."""
        return next(size for size in count(1) if self.map_size(size))

    def work(self, size: int) -> tuple[int, int]:
        """Return multiplications for an input of this side, and values of the largest map."""
        axes = 2 if self.flat else 3
        inside, total, largest = self.channels_in, 0, self.channels_in * size**axes
        for layer in self.layers:
            size = layer.outputs(size)
            values = layer.channels * size**axes
            total += values * (inside // layer.groups) * layer.kernel**axes
            inside, largest = layer.channels, max(largest, values)
        return total, largest

    def map_size(self, size: int) -> int:
        """Return the side of the last map for an input side; 0 when the input is too small."""
        for layer in self.layers:
            size = layer.outputs(size)
        return size


def place(values: np.ndarray, layout: Layout, shape: tuple[int, ...]) -> np.ndarray:
    """Carry a map of the last layer onto the input grid.

    Parameters
    ----------
    values : ndarray, shape (d', h', w')
        One value per feature position.
    layout : Layout
    shape : tuple of three int
        Of the input.

    Returns
    -------
    ndarray, shape `shape`, float32
        Linear interpolation between the centres of the receptive fields; beyond the outermost
        centres their value.
    """
    placed = np.asarray(values, dtype=np.float64)
    for axis, length in enumerate(shape):
        last, way = placed.shape[axis] - 1, layout.along(axis)
        where = np.clip((np.arange(length) - way.start) / way.stride, 0, last)
        low = np.minimum(where.astype(int), max(last - 1, 0))
        high = np.minimum(low + 1, last)
        share = (where - low).reshape([-1 if a == axis else 1 for a in range(3)])
        placed = placed.take(low, axis) * (1 - share) + placed.take(high, axis) * share
    return placed.astype(np.float32)
