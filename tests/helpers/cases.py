"""Tiny cases backed by real files, for tests of everything that keys on content."""

import numpy as np

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Source


def case_of(folder, number):
    """Return a 2 × 2 × 2 heart case whose file holds its number."""
    path = folder / f"scan{number}"
    path.write_bytes(b"scan %d" % number)
    axes = tuple(plain_axis(2, name) for name in "zyx")
    cube = Cube(axes, ArrayPixels(np.zeros((2, 2, 2))), "heart", source=Source(path))
    return Case(f"Case {number}", "heart", {"stress": cube})
