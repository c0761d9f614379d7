"""Scans decoded into memory: those used last stay there, others are decoded again when needed.

A folder of a thousand patients is thousands of scans; their pictures together need not fit into
memory, since one is looked at, judged or hashed at a time.
"""

import threading
import weakref
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from cubeview.cubes.cube import ArrayPixels, Box, Pixels
from cubeview.errors import CubeviewError, Report, nothing

KEPT_BYTES = 256 << 20
"""Decoded scans that stay in memory together; at least the one used last does."""


class DecodedPixels(Pixels):
    """Pixels of a file that is decoded whole.

    `values`, shape (z, y, x), are as decoded just now; `decode` does it again, or raises
    CubeviewError where the file has gone; `changed` is said when it holds something else by then.
    """

    def __init__(self, values: np.ndarray, decode: Callable[[], np.ndarray], changed: str) -> None:
        kept = ArrayPixels(values)
        self._shape = kept.shape
        self._decode, self._changed = decode, changed
        self._sum = _checksum(kept.array)
        self._kept: ArrayPixels | None = kept
        _used(self, kept)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self._shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        return self._pixels().box(box)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        return self._pixels().read(report)

    def __getstate__(self) -> dict[str, Any]:
        """Travel without the values: they are decoded again on the other side."""
        return {**vars(self), "_kept": None}

    def drop(self) -> None:
        """Give the memory back."""
        self._kept = None

    def _pixels(self) -> ArrayPixels:
        kept = self._kept
        if kept is None:
            kept = ArrayPixels(self._decode())
            if kept.shape != self.shape or _checksum(kept.array) != self._sum:
                raise CubeviewError(self._changed)
            self._kept = kept
        _used(self, kept)
        return kept


_recent: OrderedDict[int, tuple[weakref.ref[DecodedPixels], int]] = OrderedDict()
_lock = threading.Lock()


def _used(pixels: DecodedPixels, kept: ArrayPixels) -> None:
    """Note that a scan was used, and drop those used longest ago where it gets too much."""
    with _lock:
        if _recent and next(reversed(_recent)) == id(pixels):
            found, _ = _recent[id(pixels)]
            if found() is pixels:
                return
        _recent[id(pixels)] = weakref.ref(pixels), kept.array.nbytes
        _recent.move_to_end(id(pixels))
        total = 0
        for number, (found, size) in reversed(list(_recent.items())):
            other = found()
            total += size
            if other is None:
                del _recent[number]
                total -= size
            elif total > KEPT_BYTES and other is not pixels:
                other.drop()
                del _recent[number]


def _checksum(array: np.ndarray) -> int:
    # The same in every process, which `hash` is not.
    return zlib.crc32(array.data)
