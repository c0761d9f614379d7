"""Boxes of numbers out of a file by position: one read where they lie together, else many."""

import itertools
import math
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cubeview.errors import CubeviewError, refusing

_WORKERS = 8
_POOL = ThreadPoolExecutor(_WORKERS, thread_name_prefix="cubeview-read")
_MERGE_STRIDE = 8192
"""Pieces nearer than this, in bytes, are read in one go: the disk reads whole pages anyway."""
_MERGE_WASTE = 4
_SPAN_LIMIT = 64 << 20
_PROBE = 48
"""Pieces read before deciding whether several threads are worth their trouble."""
_CACHED_S = 40e-6
"""A piece that comes faster than this was in the system's cache; a disk takes 100 µs and more."""


@dataclass(frozen=True)
class Stamp:
    """What a file looked like when it was opened: its length and time of last change."""

    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Return the stamp of a file as it is now; OSError when it cannot be asked."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Layout:
    """How the numbers of one array lie in a file."""

    offset: int  # first byte of the array
    dtype: np.dtype  # type and byte order as stored
    shape: tuple[int, ...]  # lengths of all stored axes, slowest first
    order: tuple[int, int, int]  # which stored axis is z, y and x
    fixed: tuple[int, ...]  # index at which each stored axis is held; ignored for those in `order`
    scale: float = 1.0  # value = zero + scale · stored
    zero: float = 0.0
    blank: int | None = None  # stored number that means no data


class OpenFile:
    """A file open for one question; says in the user's words why it cannot answer.

    Raises CubeviewError on entering, when the file has gone or does not look as its stamp says; on
    reading, when it ends or fails. Messages name the file `named`.
    """

    def __init__(self, path: Path, stamp: Stamp, named: Path) -> None:
        self._path = path
        self._stamp = stamp
        self._named = named
        self._lock = threading.Lock()

    def __enter__(self) -> "OpenFile":
        advice = (
            "It was moved or deleted, or its disk is not connected: put it back, or open it where "
            "it is now."
        )
        with refusing(self._named, "the file can no longer be read", advice):
            self._stream: BinaryIO = self._path.open("rb", buffering=0)
        status = os.fstat(self._stream.fileno())
        if Stamp(status.st_size, status.st_mtime_ns) != self._stamp:
            self._stream.close()
            raise CubeviewError(
                f"{self._named}: the file was changed since it was opened. Open it again."
            )
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()

    def scattered(self) -> None:
        """Tell the system not to read ahead; each far piece would drag its neighbours along."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._stream.fileno(), 0, 0, os.POSIX_FADV_RANDOM)

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, or raise CubeviewError when they cannot be had."""
        parts = []
        advice = "Check that its disk is connected and healthy, then open it again."
        with refusing(self._named, "reading failed", advice):
            while count > 0:
                if hasattr(os, "pread"):
                    part = os.pread(self._stream.fileno(), count, offset)
                else:
                    # Windows has no pread: the file's one position is shared by the threads.
                    with self._lock:
                        self._stream.seek(offset)
                        part = self._stream.read(count)
                if not part:
                    raise CubeviewError(
                        f"{self._named}: the file ended while it was read. "
                        "Copy it again and open the copy."
                    )
                parts.append(part)
                offset += len(part)
                count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def stored_box(file: OpenFile, layout: Layout, ranges: list[slice]) -> np.ndarray:
    """Return the stored numbers of a box, in the order and type of the file.

    Parameters
    ----------
    file : OpenFile
    layout : Layout
    ranges : list of slice
        With start and stop, one for each stored axis.
    """
    lengths = tuple(part.stop - part.start for part in ranges)
    if 0 in lengths:
        return np.empty(lengths, layout.dtype)
    strides = _strides(layout)
    depth = _depth(lengths, strides)
    inner = lengths[depth:]
    last = sum((n - 1) * s for n, s in zip(inner, strides[depth:], strict=True))
    count = last + layout.dtype.itemsize
    base = layout.offset + sum(p.start * s for p, s in zip(ranges, strides, strict=True))

    def piece(leading: tuple[int, ...]) -> np.ndarray:
        offset = base + sum(i * s for i, s in zip(leading, strides, strict=False))
        return np.ndarray(inner, layout.dtype, file.bytes_at(offset, count), 0, strides[depth:])

    if depth == 0:
        return piece(())
    stored = np.empty(lengths, layout.dtype)
    runs = math.prod(lengths[:depth])

    def fill(runs: Iterator[tuple[int, ...]]) -> None:
        for leading in runs:
            stored[leading] = piece(leading)

    indices = itertools.product(*(range(n) for n in lengths[:depth]))
    if count < _SPAN_LIMIT // 64 and runs > _PROBE:
        file.scattered()
    begin = time.perf_counter()
    fill(itertools.islice(indices, _PROBE))
    if runs <= _PROBE:
        return stored
    if time.perf_counter() - begin < _PROBE * _CACHED_S:
        # Already in memory: threads would only wait for each other.
        fill(indices)
        return stored
    share = -(-runs // (2 * _WORKERS))
    jobs = []
    while batch := list(itertools.islice(indices, share)):
        jobs.append(_POOL.submit(fill, iter(batch)))
    try:
        for job in jobs:
            job.result()
    finally:
        # The file must stay open until the last thread has let go of it.
        for job in jobs:
            job.cancel()
        for job in jobs:
            if not job.cancelled():
                job.exception()
    return stored


def _strides(layout: Layout) -> tuple[int, ...]:
    strides = [layout.dtype.itemsize]
    for n in reversed(layout.shape[1:]):
        strides.append(strides[-1] * n)
    return tuple(reversed(strides))


def _depth(lengths: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the first axis from which on a box is read in one piece.

    Either little of the span between its first and last byte is wasted, or its pieces lie nearer
    to each other than a disk page or two.
    """
    for depth, (n, stride) in enumerate(zip(lengths, strides, strict=True)):
        wanted = math.prod(lengths[depth:]) * strides[-1]
        span = n * stride
        if span > _SPAN_LIMIT and wanted < span:
            continue
        if span <= _MERGE_WASTE * wanted or stride <= _MERGE_STRIDE:
            return depth
    return len(lengths) - 1
