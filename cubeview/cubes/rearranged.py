"""Pixels seen another way: their axes in another order, or their noise with another meaning."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Box, Pixels
from cubeview.errors import Report, nothing


@dataclass(frozen=True, eq=False)
class TurnedPixels:
    """Pixels with their axes in another order; nothing is read before it is asked for.

    Parameters
    ----------
    pixels : Pixels
    order : tuple of three int
        Which axis of `pixels` is z, y and x.
    """

    pixels: Pixels
    order: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = (self.pixels.shape[axis] for axis in self.order)
        return z, y, x

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`."""
        plane = self.pixels.plane(self.order[axis], index)
        first, second = (self.order[other] for other in range(3) if other != axis)
        return np.ascontiguousarray(plane if first < second else plane.T)

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x)."""
        whole = slice(0, self.shape[0])
        values: np.ndarray = self.box((whole, slice(y, y + 1), slice(x, x + 1)))[:, 0, 0]
        return values

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        z, y, x = (box[self.order.index(axis)] for axis in range(3))
        return np.ascontiguousarray(self.pixels.box((z, y, x)).transpose(self.order))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return np.ascontiguousarray(self.pixels.read(report).transpose(self.order))


@dataclass(frozen=True, eq=False)
class PoweredPixels:
    """A sigma that was made of noise of one meaning, as it is when the noise means another.

    Parameters
    ----------
    pixels : Pixels
        One standard deviation.
    power : float
        2 where a variance turns out to be sigma itself, 0.5 the other way round.
    """

    pixels: Pixels
    power: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`."""
        return self._powered(self.pixels.plane(axis, index))

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x)."""
        return self._powered(self.pixels.spectrum(y, x))

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
