"""What changes one label of a mask as a whole: its largest piece, a border more or less, …"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.ndimage import (
    binary_dilation,
    binary_erosion,
    binary_fill_holes,
    distance_transform_edt,
    find_objects,
    label,
    uniform_filter,
)

from cubeview.cubes.cube import Box
from cubeview.errors import CubeviewError

_TOUCHING = np.ones((3, 3, 3), bool)
_MARGIN = 2
"""Voxels around a label that an edit may reach."""


def edited(values: np.ndarray, number: int, how: str) -> tuple[Box, np.ndarray]:
    """Return a box of a mask and what its labels become.

    Parameters
    ----------
    values : ndarray, shape (n0, n1, n2), unsigned integer
        Numbers of labels; not changed. Voxels of other labels stay theirs.
    number : int
        Of the label.
    how : str
        Of `EDITS`.

    Raises
    ------
    CubeviewError
        If no voxel has the label, or there is nothing to do; says so.
    """
    found = find_objects((values == number).astype(np.uint8))
    if not found:
        raise CubeviewError("Nothing is painted with this label.")
    z, y, x = (
        slice(max(one.start - _MARGIN, 0), min(one.stop + _MARGIN, length))
        for one, length in zip(found[0], values.shape, strict=True)
    )
    before = values[z, y, x]
    inside = before == number
    after = EDITS[how](inside)
    changed = before.copy()
    changed[inside & ~after] = 0
    changed[after & (before == 0)] = number
    if (changed == before).all():
        raise CubeviewError(f"{how}: this changes nothing of the label.")
    return (z, y, x), changed


def _largest(inside: np.ndarray) -> np.ndarray:
    pieces, _ = label(inside, _TOUCHING)
    largest: np.ndarray = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return largest


def _smooth(inside: np.ndarray) -> np.ndarray:
    """Return what most of the 27 voxels around each say."""
    smoothed: np.ndarray = uniform_filter(inside.astype(np.float32), 3, mode="nearest") > 0.5
    return smoothed


def _between(inside: np.ndarray) -> np.ndarray:
    """Fill the planes between painted ones by their outlines' distances.

    Signed distances to the outlines of the planes at either side are mixed by how near each is,
    and what is above 0 lies inside (Raya & Udupa 1990, IEEE Trans. Med. Imaging 9:32). The axis is
    the one along which most planes were passed over.
    """
    painted = [np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    passed = [int(planes[-1] - planes[0] + 1 - planes.size) for planes in painted]
    axis = int(np.argmax(passed))
    if not passed[axis]:
        raise CubeviewError("No plane is left out between those painted: leave some out.")
    planes = np.moveaxis(inside, axis, 0).copy()
    for low, high in zip(painted[axis], painted[axis][1:], strict=False):
        if high - low == 1:
            continue
        ends = [_depth(planes[low]), _depth(planes[high])]
        for plane in range(low + 1, high):
            share = (plane - low) / (high - low)
            planes[plane] = (1 - share) * ends[0] + share * ends[1] > 0
    filled: np.ndarray = np.moveaxis(planes, 0, axis)
    return filled


def _depth(plane: np.ndarray) -> np.ndarray:
    """Return how deep each pixel lies inside an outline; below 0 outside."""
    depth: np.ndarray = distance_transform_edt(plane) - distance_transform_edt(~plane)
    return depth


EDITS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "largest piece": _largest,
    "grow": binary_dilation,
    "shrink": partial(binary_erosion, border_value=1),
    "smooth": _smooth,
    "fill holes": binary_fill_holes,
    "fill between planes": _between,
}
"""Each takes where a label is, and returns where it is then; a step is one voxel."""
