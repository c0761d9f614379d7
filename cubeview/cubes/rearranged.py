"""Pixels seen another way: their axes in another order, or their noise with another meaning."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Box, Pixels
from cubeview.errors import Report, nothing


@dataclass(frozen=True, eq=False)
class TurnedPixels(Pixels):
    """Pixels with their axes in another order; nothing is read before it is asked for."""

    pixels: Pixels
    order: tuple[int, int, int]  # which axis of `pixels` is z, y and x

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = (self.pixels.shape[axis] for axis in self.order)
        return z, y, x

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        z, y, x = (box[self.order.index(axis)] for axis in range(3))
        return np.ascontiguousarray(self.pixels.box((z, y, x)).transpose(self.order))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return np.ascontiguousarray(self.pixels.read(report).transpose(self.order))


@dataclass(frozen=True, eq=False)
class PoweredPixels(Pixels):
    """A sigma that was made of noise of one meaning, as it is when the noise means another."""

    pixels: Pixels  # one standard deviation
    power: float  # 2 where a variance turns out to be sigma itself, 0.5 the other way round

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        return self._powered(self.pixels.box(box))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return self._powered(self.pixels.read(report))

    def _powered(self, sigma: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            values: np.ndarray = (sigma.astype(np.float64) ** self.power).astype(np.float32)
        values[~np.isfinite(values)] = np.nan
        return values
