"""The first plane of a compressed cube, shown while the rest is still being unpacked."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cubeview.errors import CubeviewError
from cubeview.io.opened import First, Preview
from cubeview.io.voxels.byterange import Layout, Stamp
from cubeview.io.voxels.store import FitsPixels

_MOST_PLANES = 16
"""Planes looked at for one that is not blank."""


class Lookout:
    """Looks into a copy while it grows, and shows the first plane of its cube that is not blank.

    `show` is given the plane of the file of that name, once; never if there is none. `find` returns
    the cube in the copy as far as it is written, or None.
    """

    def __init__(self, name: str, show: First, find: Callable[[Path], FitsPixels | None]) -> None:
        self._name, self._show, self._find = name, show, find
        self._pixels: FitsPixels | None = None
        self._index = 0
        self._over = False

    def __call__(self, out: BinaryIO) -> None:
        """Look once more; called whenever more was written to `out`, a named file."""
        if self._over:
            return
        out.flush()
        copy = Path(out.name)
        # What was found in a copy holds for that copy: tiles are unpacked into another.
        if self._pixels is None or self._pixels.path != copy:
            self._pixels = self._find(copy)
        if self._pixels is not None:
            self._look(replace(self._pixels, stamp=Stamp.of(copy)))

    def _look(self, pixels: FitsPixels) -> None:
        layout = pixels.layout
        most = min(_MOST_PLANES, pixels.shape[0])
        # Planes that lie across the others are not whole before the end.
        self._over = layout.order[0] > min(layout.order)
        while not self._over and _end(layout, self._index) <= pixels.stamp.size:
            try:
                plane = pixels.plane(0, self._index)
            except CubeviewError:
                self._over = True
                return
            values = plane[np.isfinite(plane)]
            if values.size and values.min() < values.max():
                self._over = True
                plane.setflags(write=False)
                self._show(Preview(self._name, plane, self._index))
                return
            self._index += 1
            self._over = self._index >= most


def _end(layout: Layout, index: int) -> int:
    """Return where the last byte of a plane across z ends in the file."""
    z, y, x = layout.order
    last = list(layout.fixed)
    last[z], last[y], last[x] = index, layout.shape[y] - 1, layout.shape[x] - 1
    steps = (math.prod(layout.shape[axis + 1 :]) for axis in range(len(layout.shape)))
    values = sum(n * step for n, step in zip(last, steps, strict=True)) + 1
    return layout.offset + values * layout.dtype.itemsize
