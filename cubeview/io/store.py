"""Voxels that stay in their file until somebody looks: values, noise as sigma, masks."""

import math
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cubeview.cubes.cube import Box
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.byterange import Layout, OpenFile, Stamp, stored_box

_SLAB = 16 << 20


@dataclass(frozen=True, eq=False)
class FitsPixels:
    """Voxels of an array in an uncompressed file, read when asked for.

    The file is opened for each question, so that nothing is held open, and its stamp is compared
    each time. Infinite values are returned as NaN.

    Parameters
    ----------
    path : Path
        The file read.
    layout : Layout
    stamp : Stamp
        The file as it was when the layout was found.
    named : Path
        The file the user opened, for messages; differs from `path` for an unpacked copy.
    """

    path: Path
    layout: Layout
    stamp: Stamp
    named: Path

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = (self.layout.shape[axis] for axis in self.layout.order)
        return z, y, x

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`."""
        index = range(self.shape[axis])[index]
        box = [slice(0, n) for n in self.shape]
        box[axis] = slice(index, index + 1)
        plane: np.ndarray = self.box((box[0], box[1], box[2])).squeeze(axis=axis)
        return plane

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x)."""
        y, x = range(self.shape[1])[y], range(self.shape[2])[x]
        box = (slice(0, self.shape[0]), slice(y, y + 1), slice(x, x + 1))
        values: np.ndarray = self.box(box)[:, 0, 0]
        return values

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        ranges = [slice(index, index + 1) for index in self.layout.fixed]
        for axis, part, n in zip(self.layout.order, box, self.shape, strict=True):
            start, stop, _ = part.indices(n)
            ranges[axis] = slice(start, max(start, stop))
        with OpenFile(self.path, self.stamp, self.named) as file:
            stored = stored_box(file, self.layout, ranges)
        others = tuple(a for a in range(stored.ndim) if a not in self.layout.order)
        return self._values(
            stored.transpose(*self.layout.order, *others).reshape(
                tuple(stored.shape[a] for a in self.layout.order)
            )
        )

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x), reading in slabs and reporting.

        Raises
        ------
        CubeviewError
            If the cube does not fit into this machine's memory.
        """
        cube = _room_for(self.shape, self.named)
        # Slabs run along whatever is slowest in the file, so that each byte is read once.
        axis = int(np.argmin(self.layout.order))
        n = self.shape[axis]
        step = max(1, _SLAB * n // max(1, 4 * math.prod(self.shape)))
        for start in range(0, n, step):
            report(start / n, f"reading {self.named.name}")
            box = [slice(0, length) for length in self.shape]
            box[axis] = slice(start, min(start + step, n))
            part = (box[0], box[1], box[2])
            cube[part] = self.box(part)
        return cube

    def _values(self, stored: np.ndarray) -> np.ndarray:
        """Turn stored numbers into native float32 values, NaN where there are none."""
        layout = self.layout
        with np.errstate(over="ignore", invalid="ignore"):
            if layout.scale == 1.0 and layout.zero == 0.0:
                values = np.array(stored, dtype=np.float32, order="C")
            else:
                # Double precision: a 32-bit integer near 2**31 would lose its low bits.
                values = (stored * np.float64(layout.scale) + layout.zero).astype(np.float32)
        if layout.dtype.kind == "f":
            values[~np.isfinite(values)] = np.nan
        elif layout.blank is not None:
            values[stored == layout.blank] = np.nan
        return np.ascontiguousarray(values)


@dataclass(frozen=True, eq=False)
class SigmaPixels:
    """One standard deviation, from pixels that hold another measure of the noise.

    Parameters
    ----------
    pixels : FitsPixels
    power : float
        sigma = value ** power: 0.5 for a variance, -0.5 for an inverse variance, -1 for an
        inverse sigma, 1 for sigma itself. A value of 0 in an inverse means no data.
    """

    pixels: FitsPixels
    power: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`."""
        return self._sigma(self.pixels.plane(axis, index))

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x)."""
        return self._sigma(self.pixels.spectrum(y, x))

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        return self._sigma(self.pixels.box(box))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return self._sigma(self.pixels.read(report))

    def _sigma(self, values: np.ndarray) -> np.ndarray:
        # A negative variance or sigma is no noise at all, neither is an inverse of zero.
        lowest = 0.0 if self.power > 0 else np.nextafter(np.float32(0), np.float32(1))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sigma = np.where(values >= lowest, np.abs(values) ** np.float32(self.power), np.nan)
        return sigma.astype(np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class FlagPixels:
    """1 where a voxel must not be used, from pixels that hold flags.

    Parameters
    ----------
    pixels : FitsPixels
        Of the cube's shape, or with one plane (z = 1) that holds for all.
    shape : tuple of int
        The cube's (z, y, x).
    bits : int
        Which bits forbid the voxel; 0 for any.
    """

    pixels: FitsPixels
    shape: tuple[int, int, int]
    bits: int = 0

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`."""
        index = range(self.shape[axis])[index]
        box = [slice(0, n) for n in self.shape]
        box[axis] = slice(index, index + 1)
        plane: np.ndarray = self.box((box[0], box[1], box[2])).squeeze(axis=axis)
        return plane

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x)."""
        y, x = range(self.shape[1])[y], range(self.shape[2])[x]
        box = (slice(0, self.shape[0]), slice(y, y + 1), slice(x, x + 1))
        values: np.ndarray = self.box(box)[:, 0, 0]
        return values

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        if self.pixels.shape == self.shape:
            return self._flags(self.pixels.box(box))
        one = self._flags(self.pixels.box((slice(0, 1), box[1], box[2])))
        start, stop, _ = box[0].indices(self.shape[0])
        flags: np.ndarray = np.repeat(one, max(0, stop - start), axis=0)
        return flags

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        flags = self._flags(self.pixels.read(report))
        if flags.shape != self.shape:
            flags = np.repeat(flags, self.shape[0], axis=0)
        return flags

    def _flags(self, values: np.ndarray) -> np.ndarray:
        if not self.bits:
            # NaN is no verdict: the voxel's own value decides.
            return np.asarray(np.nan_to_num(values) != 0, dtype=np.float32)
        bits = np.nan_to_num(values).astype(np.int64) & self.bits
        return np.asarray(bits != 0, dtype=np.float32)


def _room_for(shape: tuple[int, int, int], path: Path) -> np.ndarray:
    """Return an empty float32 array, or say with numbers that it does not fit."""
    need = 4 * math.prod(shape)
    have = physical_memory()
    if have is not None and need > 0.8 * have:
        raise CubeviewError(
            f"{path}: the whole cube needs {need / 1e9:.1f} GB of memory and this machine has "
            f"{have / 1e9:.1f} GB. Work on a part of it."
        )
    try:
        return np.empty(shape, np.float32)
    except MemoryError as error:
        raise CubeviewError(
            f"{path}: the whole cube needs {need / 1e9:.1f} GB of memory, which is not free. "
            "Close other programs or work on a part of it."
        ) from error


def physical_memory() -> int | None:
    """Return the bytes of memory of this machine; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
