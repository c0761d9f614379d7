"""A mask: which voxels of a cube are what, by numbers, names and colours."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.sky import frame_words
from cubeview.errors import CubeviewError

PALETTE = (
    *("#ef6f6c", "#4aa3ff", "#5ac58e", "#f0b429", "#b58cff", "#4dd0e1", "#ff8a65", "#c5e063"),
)
"""Colours of labels in order, again from the first when they are used up."""

MOST_LABELS = 65535
"""Highest number a label may have: masks are kept as two bytes a voxel at most."""

_ONE_PLACE = 0.02
"""Share of a voxel by which two grids may be apart and still be one, as NIfTI's two forms."""

_NAME_LETTERS = 64


@dataclass(frozen=True)
class MaskLabel:
    """What a number in a mask means.

    Parameters
    ----------
    number : int
        1 to `MOST_LABELS`; 0 is no label.
    name : str
    colour : str
        ``#rrggbb``.
    """

    number: int
    name: str
    colour: str


@dataclass(frozen=True, eq=False)
class Mask:
    """Labels on the grid of a cube.

    Parameters
    ----------
    values : ndarray, shape of the cube
        Numbers of labels, 0 where there is none; kept read-only as uint8, or uint16 where needed.
    labels : tuple of MaskLabel
        By rising number; numbers in `values` without one are given a name.
    cube : Cube
        Whose grid it lies on: its axes, places and kind count, its pixels do not.
    frame : str
        DICOM frame of reference, where the file names one.
    notes : tuple of str
        What the reader should know: labels nobody named, voxels that two labels claimed.

    Raises
    ------
    CubeviewError
        If it has another shape than the cube, or holds what no label can be.
    """

    values: np.ndarray
    labels: tuple[MaskLabel, ...]
    cube: Cube
    frame: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        if values.shape != self.cube.shape:
            raise CubeviewError(
                f"a mask of {_sides(values.shape)} voxels does not fit a cube of "
                f"{_sides(self.cube.shape)}: take the mask of this cube."
            )
        values = _whole(values)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        present = np.flatnonzero(np.bincount(values.ravel(), minlength=1))
        known = {label.number for label in self.labels}
        more = [int(n) for n in present if n and int(n) not in known]
        labels = sorted([*self.labels, *map(unnamed, more)], key=lambda label: label.number)
        object.__setattr__(self, "labels", tuple(labels))

    __reduce__ = rebuilt

    @property
    def voxels(self) -> dict[int, int]:
        """How many voxels each label has, by number; 0 where it has none."""
        counts = np.bincount(self.values.ravel(), minlength=1)
        return {
            label.number: int(counts[label.number]) if label.number < len(counts) else 0
            for label in self.labels
        }


def unnamed(number: int) -> MaskLabel:
    """Return a label of which only the number is known."""
    return MaskLabel(number, f"label {number}", colour_of(number))


def colour_of(number: int) -> str:
    """Return the colour a label gets by its number."""
    return PALETTE[(number - 1) % len(PALETTE)]


def named(names: Iterable[str]) -> tuple[MaskLabel, ...]:
    """Return labels of these names, numbered from 1."""
    return tuple(MaskLabel(n, name, colour_of(n)) for n, name in enumerate(names, 1))


def as_label(number: int, name: str, colour: str = "") -> MaskLabel:
    """Return a label as a file gives it: a name of at most 64 letters, a colour that is one."""
    kept = "".join(letter for letter in name if letter.isprintable()).strip()[:_NAME_LETTERS]
    sound = re.fullmatch(r"#[0-9a-fA-F]{6}", colour) is not None
    return MaskLabel(number, kept or f"label {number}", colour if sound else colour_of(number))


class Way(NamedTuple):
    """How the voxels of one grid lie on another: turned, and moved by whole voxels.

    Parameters
    ----------
    order : tuple of int
        Which axis of the one runs along each axis of the other.
    flipped : tuple of bool
        By axis of the other: whether they run against each other.
    start : tuple of int
        Voxel of the other where the first of the one, turned, lies.
    """

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    start: tuple[int, int, int]


def way_between(one: Cube, other: Cube) -> Way:
    """Return how the voxels of one cube lie on another's, where they are the same places.

    Raises
    ------
    CubeviewError
        If they are not: other sizes, a turn, a shift by part of a voxel, another part of the sky.
    """
    if one.affine is not None and other.affine is not None:
        return _body_way(one, other)
    if one.shape != other.shape:
        raise CubeviewError(
            f"it has {_sides(one.shape)} voxels, the other {_sides(other.shape)}. Both must lie on "
            "one grid: export it on the grid of the scan."
        )
    straight = Way((0, 1, 2), (False, False, False), (0, 0, 0))
    if one.affine is None and other.affine is None:
        _check_axes(one, other)
    return straight


def laid_on(mask: Mask, cube: Cube) -> Mask:
    """Return a mask on the grid of a cube, voxel for voxel: nothing is resampled.

    Parameters
    ----------
    mask : Mask
    cube : Cube
        Where the mask covers a part of it only, the rest has no label.

    Raises
    ------
    CubeviewError
        If the voxels of both are not the same places, or labels lie outside the cube.
    """
    way = way_between(mask.cube, cube)
    turned = mask.values.transpose(way.order)
    turned = np.flip(turned, tuple(axis for axis in range(3) if way.flipped[axis]))
    low = [max(0, start) for start in way.start]
    high = [
        min(n, start + m) for n, start, m in zip(cube.shape, way.start, turned.shape, strict=True)
    ]
    there = tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    here = tuple(slice(a - s, max(a, b) - s) for a, b, s in zip(low, high, way.start, strict=True))
    if np.count_nonzero(turned[here]) < np.count_nonzero(turned):
        raise CubeviewError(
            "it marks places outside the scan: it belongs to another one, or to another state of "
            "the heart."
        )
    values = np.zeros(cube.shape, mask.values.dtype)
    values[there] = turned[here]
    return Mask(values, mask.labels, cube, mask.frame, mask.notes)


def _body_way(one: Cube, other: Cube) -> Way:
    assert one.affine is not None
    assert other.affine is not None
    carried = np.linalg.solve(other.affine, one.affine)  # voxels of one to voxels of the other
    turn, move = carried[:3, :3], carried[:3, 3]
    whole = np.rint(turn)
    signed = (np.abs(whole).sum(axis=0) == 1).all() and (np.abs(whole).sum(axis=1) == 1).all()
    # What a small turn or scale amounts to at the far end of the grid counts.
    far = np.abs(turn - whole) @ np.array(one.shape, float)
    if not signed or far.max() > 10 * _ONE_PLACE or np.abs(move - np.rint(move)).max() > _ONE_PLACE:
        raise CubeviewError(
            "its voxels are not those of the other: another size, turned, or moved by part of a "
            "voxel. CubeView resamples no mask: export it on the grid of the scan."
        )
    order = tuple(int(np.flatnonzero(row)[0]) for row in whole)
    flipped = tuple(bool(row.sum() < 0) for row in whole)
    start = [
        int(first) - (one.shape[axis] - 1 if against else 0)
        for first, axis, against in zip(np.rint(move), order, flipped, strict=True)
    ]
    z, y, x = order
    return Way((z, y, x), (flipped[0], flipped[1], flipped[2]), (start[0], start[1], start[2]))


def _check_axes(one: Cube, other: Cube) -> None:
    """Raise CubeviewError if two cubes of one shape are of other places in the sky or spectrum."""
    if (one.wcs is None) != (other.wcs is None):
        return  # one of them says nothing: the shape is all there is to go by
    if one.wcs is not None:
        if frame_words(one.wcs) != frame_words(other.wcs):
            raise CubeviewError(
                f"its sky is {frame_words(one.wcs) or 'of no frame'}, the other's "
                f"{frame_words(other.wcs) or 'of no frame'}: bring both to one frame first."
            )
        _, rows, columns = one.shape
        for y, x in ((0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)):
            _, latitude, longitude = one.world(0, y, x)
            _, up, across = other.index(other.axes[0].world(0), latitude, longitude)
            if np.isfinite((up, across)).all() and max(abs(up - y), abs(across - x)) > 0.1:
                raise CubeviewError(
                    "it lies elsewhere on the sky than the other, by more than a tenth of a voxel. "
                    "Both must lie on one grid: take the mask made from this cube."
                )
    for axis, own in zip(one.axes[: 1 if one.wcs is not None else 3], other.axes, strict=False):
        if axis.counted or own.counted:
            continue
        step = abs(own.step) or 1.0
        apart = np.abs(axis.values - own.values).max() / step
        if axis.unit != own.unit or apart > 0.1:
            raise CubeviewError(
                f"its axis {axis.name or 'of planes'} ({axis.unit or 'no unit'}) is not the "
                f"other's ({own.unit or 'no unit'}). Both must lie on one grid: take the mask made "
                "from this cube."
            )


def _whole(values: np.ndarray) -> np.ndarray:
    """Return values as labels; CubeviewError where they are none."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), 0, values)
    if values.size:
        low, high = values.min(), values.max()
        if low < 0 or high > MOST_LABELS or (values.dtype.kind == "f" and (values % 1).any()):
            raise CubeviewError(
                f"values from {low:g} to {high:g} are no labels, which are whole numbers from 0 to "
                f"{MOST_LABELS}. Choose a mask."
            )
        return values.astype(np.uint8 if high < 256 else np.uint16)
    return values.astype(np.uint8)


def _sides(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
