"""A file that holds a cube spectrum by spectrum, and what one pass over the cube tells of it.

Layout: a head of 4096 bytes (JSON, padded), the voxels in the order (y, x, z) in the byte order
of this machine, then as float32 the mean image, the number of values behind each of its pixels,
the mean spectrum and a sample of the values.
"""

import json
import math
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cubeview.cubes.cube import Box, Pixels
from cubeview.errors import CubeviewError, Report
from cubeview.io.voxels.byterange import Layout, OpenFile, Stamp, stored_box
from cubeview.plain import from_json

HEAD_BYTES = 4096
_FORMAT = "cubeview spectra 1"
_SLAB = 16 << 20
_BLOCK_SHARE = 4
"""A block of rows fills at most this part of the memory, so that its pages are written once."""
_SMALLEST_BLOCK = 256 << 20
_SAMPLE = 300_000
_ZEROS = 4 << 20
_ROOM = 128 << 20
_PIECE = 16 << 20
_ROWS = 16  # of a slab, from report to report
_READ_SHARE = 0.8
_COPYING = "copying the cube for fast spectra"


@dataclass(frozen=True, eq=False)
class Summary:
    """What one pass over a cube tells, in float32."""

    white: np.ndarray  # shape (y, x), mean along axis 0: the white light image; NaN where nothing
    filled: np.ndarray  # shape (y, x), how many voxels along axis 0 have a value
    mean: np.ndarray  # shape (z,), of each plane across axis 0; NaN for an empty one
    sample: np.ndarray  # shape (n,), finite values from all over the cube, for percentiles


@dataclass(frozen=True, eq=False)
class SpectraFile:
    """A finished file of spectra, opened for each question."""

    path: Path
    stamp: Stamp
    shape: tuple[int, int, int]  # the cube's (z, y, x)
    dtype: np.dtype
    sample: int  # values in the sample

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube, float32; its last axis in memory is the first of the cube.

        Raises CubeviewError if the file has gone or has changed.
        """
        ranges = []
        for axis in (1, 2, 0):
            start, stop, _ = box[axis].indices(self.shape[axis])
            ranges.append(slice(start, max(start, stop)))
        z, y, x = self.shape
        layout = Layout(HEAD_BYTES, self.dtype, (y, x, z), (2, 0, 1), (0, 0, 0))
        with OpenFile(self.path, self.stamp, self.path) as file:
            stored = stored_box(file, layout, ranges)
        values: np.ndarray = stored.astype(np.float32, copy=False).transpose(2, 0, 1)
        return values

    def summary(self) -> Summary:
        """Read what was found while the file was written."""
        z, y, x = self.shape
        with OpenFile(self.path, self.stamp, self.path) as file:
            start = HEAD_BYTES + math.prod(self.shape) * self.dtype.itemsize
            numbers = np.frombuffer(file.bytes_at(start, self.stamp.size - start), np.float32)
        white, filled, mean, sample = np.split(numbers, np.cumsum([y * x, y * x, z]))
        return Summary(white.reshape(y, x), filled.reshape(y, x), mean, sample)


def open_spectra(path: Path, shape: tuple[int, int, int]) -> SpectraFile | None:
    """Return the file of spectra at a path; None where there is none for a cube of this shape."""
    try:
        with path.open("rb") as stream:
            head: dict[str, Any] = from_json(stream.read(HEAD_BYTES))
        found = SpectraFile(
            path,
            Stamp.of(path),
            (int(head["shape"][0]), int(head["shape"][1]), int(head["shape"][2])),
            np.dtype(head["dtype"]),
            int(head["sample"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    whole = size_of(shape, found.dtype, found.sample)
    if head.get("format") != _FORMAT or found.shape != shape or found.stamp.size != whole:
        return None
    return found


def size_of(shape: tuple[int, int, int], dtype: np.dtype, sample: int = _SAMPLE) -> int:
    """Return the bytes a file of spectra takes.

    Parameters
    ----------
    shape : tuple of int
        The cube's (z, y, x).
    dtype : numpy dtype
    sample : int
        Values in the sample.
    """
    z, y, x = shape
    return HEAD_BYTES + z * y * x * dtype.itemsize + 4 * (2 * y * x + z + sample)


def write_spectra(
    pixels: Pixels, path: Path, dtype: np.dtype, memory: int | None, report: Report
) -> None:
    """Write a cube spectrum by spectrum.

    The cube is read once, in slabs along axis 0. The file is written through a memory map, a
    block of rows at a time: a cube larger than the memory would else send each page to the disk
    once a slab.

    Parameters
    ----------
    pixels : Pixels
    path : Path
        A new file.
    dtype : numpy dtype
        What a voxel is stored as.
    memory : int or None
        Bytes of memory of this machine, where known.
    report : Report

    Raises
    ------
    CubeviewError
        If the cube cannot be read.
    OSError
        If the disk is full or fails.
    """
    depth, height, width = pixels.shape
    taken = _Taken(pixels.shape)
    with path.open("xb") as stream:
        stream.truncate(HEAD_BYTES)
        _reserve(stream, size_of(pixels.shape, dtype), report)
    room = max(_SMALLEST_BLOCK, (memory or 0) // _BLOCK_SHARE)
    rows = int(np.clip(room // (depth * width * dtype.itemsize), 1, height))
    planes = max(1, _SLAB // (4 * rows * width))
    for top in range(0, height, rows):
        rows_now = slice(top, min(top + rows, height))
        shape = (rows_now.stop - top, width, depth)
        offset = HEAD_BYTES + top * width * depth * dtype.itemsize
        spectra = np.memmap(path, dtype, "r+", offset, shape)
        for start in range(0, depth, planes):
            done = (top + _READ_SHARE * shape[0] * start / depth) / height
            report(done, _COPYING)
            now = slice(start, min(start + planes, depth))
            slab = pixels.box((now, rows_now, slice(0, width)))
            taken.add(slab, now, rows_now)
            for row in range(shape[0]):
                if row % _ROWS == 0:  # the first slab touches every page of the map
                    report(done, _COPYING)
                spectra[row, :, now] = slab[:, row].T
            os.utime(path)  # tells other windows that somebody is at it
        done, more = top + _READ_SHARE * shape[0], (1 - _READ_SHARE) * shape[0]
        _write_out(spectra, report, done / height, more / height)
        del spectra
    sample = taken.sample()
    head = {
        "format": _FORMAT,
        "shape": list(pixels.shape),
        "dtype": dtype.str,
        "sample": len(sample),
    }
    with path.open("r+b") as stream:
        stream.write(json.dumps(head).encode().ljust(HEAD_BYTES))
        stream.seek(size_of(pixels.shape, dtype, 0) - 4 * (2 * height * width + depth))
        stream.write(taken.numbers().tobytes())
        stream.write(sample.tobytes())
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())


def _write_out(spectra: np.memmap, report: Report, done: float, more: float) -> None:
    """Put a map onto the disk piece by piece: all at once nobody could report or cancel."""
    mapped = spectra.base
    assert isinstance(mapped, mmap.mmap)
    for start in range(0, len(mapped), _PIECE):
        report(done + more * start / len(mapped), _COPYING)
        mapped.flush(start, min(_PIECE, len(mapped) - start))


class _Taken:
    """Sums over the slabs seen so far."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        depth, height, width = shape
        self._total = np.zeros((height, width))
        self._filled = np.zeros((height, width), np.float32)
        self._plane_total = np.zeros(depth)
        self._plane_filled = np.zeros(depth)
        self._every = max(1, math.prod(shape) // _SAMPLE) | 1
        self._kept: list[np.ndarray] = []

    def add(self, slab: np.ndarray, planes: slice, rows: slice) -> None:
        """Take a slab of whole rows."""
        finite = np.isfinite(slab)
        filled = finite.sum(axis=0, dtype=np.float32)
        in_plane = finite.sum(axis=(1, 2))
        if not finite.all():
            slab = np.where(finite, slab, np.float32(0))
        self._total[rows] += slab.sum(axis=0, dtype=np.float64)
        self._filled[rows] += filled
        self._plane_total[planes] += slab.sum(axis=(1, 2), dtype=np.float64)
        self._plane_filled[planes] += in_plane
        kept = slab.reshape(-1)[:: self._every]
        self._kept.append(kept[finite.reshape(-1)[:: self._every]])

    def numbers(self) -> np.ndarray:
        """Return mean image, counts and mean spectrum, one after the other, float32."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            white = (self._total / self._filled).astype(np.float32)
            mean = (self._plane_total / self._plane_filled).astype(np.float32)
        return np.concatenate([white.ravel(), self._filled.ravel(), mean])

    def sample(self) -> np.ndarray:
        """Return the sample, float32."""
        return np.concatenate(self._kept)[:_SAMPLE].astype(np.float32)


def _reserve(stream: Any, size: int, report: Report) -> None:
    """Take the room on the disk now, or raise OSError.

    A page of a memory map that finds no room kills the process.
    """
    if hasattr(os, "posix_fallocate"):
        for start in range(0, size, _ROOM):
            report(0.0, "making room for fast spectra")
            os.posix_fallocate(stream.fileno(), start, min(_ROOM, size - start))
        return
    block = bytes(_ZEROS)
    for start in range(0, size, _ZEROS):
        report(0.0, "making room for fast spectra")
        stream.seek(start)
        stream.write(block[: min(_ZEROS, size - start)])


def unreadable(path: Path) -> CubeviewError:
    """Return the error of a cache that cannot be written."""
    return CubeviewError(
        f"{path}: the cache cannot be written. Spectra are read from the cube itself, which is "
        "slower. Free some space, or make the folder writable."
    )
