"""Voxels that stay in their file until somebody looks: values, noise as sigma, masks."""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cubeview.cubes.correct_sky import ANY_FLAG, NO_FLAG, ZERO_FLAG
from cubeview.cubes.cube import Box, Pixels
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.voxels.byterange import Layout, OpenFile, Stamp, stored_box
from cubeview.plain import sized

_SLAB = 16 << 20


@dataclass(frozen=True, eq=False)
class FitsPixels(Pixels):
    """Voxels of an array in an uncompressed file, read when asked for.

    The file is opened for each question, so that nothing is held open, and its stamp is compared
    each time. Infinite values are returned as NaN.
    """

    path: Path
    layout: Layout
    stamp: Stamp  # the file as it was when the layout was found
    named: Path  # the file the user opened, for messages; not `path` for an unpacked copy

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = (self.layout.shape[axis] for axis in self.layout.order)
        return z, y, x

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        stored = self._stored(box)
        if self.layout.scale != 1.0 or self.layout.zero != 0.0:
            with np.errstate(over="ignore"):
                values = self._scaled(stored).astype(np.float32)
            return self._without_blanks(stored, values)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._without_blanks(stored, np.array(stored, dtype=np.float32, order="C"))

    def exact(self, box: Box) -> np.ndarray:
        """Return a sub-cube as float64, which holds flags of 32 bits and squares of tiny fluxes."""
        stored = self._stored(box)
        return self._without_blanks(stored, self._scaled(stored))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x), reading in slabs and reporting.

        Raises CubeviewError if the cube does not fit into this machine's memory.
        """
        return _read(self, self, report)

    def _stored(self, box: Box) -> np.ndarray:
        ranges = [slice(index, index + 1) for index in self.layout.fixed]
        for axis, part, n in zip(self.layout.order, box, self.shape, strict=True):
            start, stop, _ = part.indices(n)
            ranges[axis] = slice(start, max(start, stop))
        with OpenFile(self.path, self.stamp, self.named) as file:
            stored = stored_box(file, self.layout, ranges)
        others = tuple(a for a in range(stored.ndim) if a not in self.layout.order)
        lengths = tuple(stored.shape[a] for a in self.layout.order)
        return stored.transpose(*self.layout.order, *others).reshape(lengths)

    def _scaled(self, stored: np.ndarray) -> np.ndarray:
        # Double precision: a 32-bit integer near 2**31 would lose its low bits.
        values = np.array(stored, dtype=np.float64, order="C")
        with np.errstate(over="ignore", invalid="ignore"):
            if self.layout.scale != 1.0:
                values *= self.layout.scale
            if self.layout.zero != 0.0:
                values += self.layout.zero
        return values

    def _without_blanks(self, stored: np.ndarray, values: np.ndarray) -> np.ndarray:
        if self.layout.dtype.kind == "f" or self.layout.scale != 1.0 or self.layout.zero != 0.0:
            values[~np.isfinite(values)] = np.nan
        if self.layout.dtype.kind != "f" and self.layout.blank is not None:
            values[stored == self.layout.blank] = np.nan
        return values


@dataclass(frozen=True, eq=False)
class SigmaPixels(Pixels):
    """One standard deviation, from pixels that hold another measure of the noise.

    sigma = value ** power: 0.5 for a variance, -0.5 for an inverse variance, -1 for an inverse
    sigma, 1 for sigma itself. A value of 0 in an inverse means no data, a negative one anywhere no
    noise.
    """

    pixels: FitsPixels
    power: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        values = self.pixels.exact(box)
        values[(values < 0) | ((values == 0) & (self.power < 0))] = np.nan
        sigma: np.ndarray = (values**self.power).astype(np.float32)
        return sigma

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return _read(self, self.pixels, report)


@dataclass(frozen=True, eq=False)
class FlagPixels(Pixels):
    """1 where a voxel must not be used, from pixels that hold flags."""

    pixels: FitsPixels  # of the cube's shape, or with one plane (z = 1) that holds for all
    depth: int  # planes of the cube
    forbids: str = ANY_FLAG  # or ZERO_FLAG, NO_FLAG, or "bits" and their sum

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.depth, *self.pixels.shape[1:]

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        if self.forbids == NO_FLAG:
            lengths = [
                len(range(*part.indices(n))) for part, n in zip(box, self.shape, strict=True)
            ]
            return np.zeros(lengths, np.float32)
        if self.pixels.shape == self.shape:
            return self._flags(self.pixels.exact(box))
        one = self._flags(self.pixels.exact((slice(0, 1), box[1], box[2])))
        start, stop, _ = box[0].indices(self.shape[0])
        return np.repeat(one, max(0, stop - start), axis=0)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x)."""
        return _read(self, self.pixels, report)

    def forbidding(self, what: str) -> "FlagPixels":
        """Return the mask with other flags forbidding a voxel."""
        return replace(self, forbids=what)

    def _flags(self, values: np.ndarray) -> np.ndarray:
        # NaN is no verdict: the voxel's own value decides.
        values = np.where(np.isfinite(values), values, self.forbids == ZERO_FLAG)
        if self.forbids == ZERO_FLAG:
            return np.asarray(values == 0, dtype=np.float32)
        if self.forbids.startswith("bits "):
            values = values.astype(np.int64) & int(self.forbids[5:])
        return np.asarray(values != 0, dtype=np.float32)


def _read(pixels: Pixels, source: FitsPixels, report: Report) -> np.ndarray:
    """Fill memory slab by slab along whatever is slowest in the file: each byte is read once."""
    cube = _room_for(pixels.shape, source.named)
    axis = int(np.argmin(source.layout.order))
    n = pixels.shape[axis]
    step = max(1, _SLAB * n // max(1, 4 * math.prod(pixels.shape)))
    for start in range(0, n, step):
        report(start / n, f"reading {source.named.name}")
        z, y, x = (slice(0, length) for length in pixels.shape)
        slab = slice(start, min(start + step, n))
        part: Box = ((slab, y, x), (z, slab, x), (z, y, slab))[axis]
        cube[part] = pixels.box(part)
    return cube


def _room_for(shape: tuple[int, int, int], path: Path) -> np.ndarray:
    """Return an empty float32 array, or say with numbers that it does not fit."""
    need = 4 * math.prod(shape)
    have = physical_memory()
    if have is not None and need > 0.8 * have:
        raise CubeviewError(
            f"{path}: the whole cube needs {sized(need)} of memory and this machine has "
            f"{sized(have)}. Work on a part of it."
        )
    try:
        return np.empty(shape, np.float32)
    except MemoryError as error:
        raise CubeviewError(
            f"{path}: the whole cube needs {sized(need)} of memory, which is not free. "
            "Close other programs or work on a part of it."
        ) from error


def physical_memory() -> int | None:
    """Return the bytes of memory of this machine; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
