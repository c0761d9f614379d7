"""Answers about scans of the body put into effect: voxel size, orientation, view and organ.

Patient axes are DICOM's: x to the left, y to the back, z to the head, in mm.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.correct_sky import numbers_of
from cubeview.cubes.cube import Cube, Note
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART, VOLUME

_L, _P, _H = np.eye(3)
_STACKED = {
    "transaxial, feet to head": ("transaxial", _H, _P, _L),
    "transaxial, head to feet": ("transaxial", -_H, _P, _L),
    "coronal, front to back": ("coronal", _P, -_H, _L),
    "coronal, back to front": ("coronal", -_P, -_H, _L),
    "sagittal, right to left": ("sagittal", _L, -_H, _P),
    "sagittal, left to right": ("sagittal", -_L, -_H, _P),
}
"""View, and the patient directions of slices, rows downwards and columns to the right."""

ORIENTATIONS = ("unknown", *_STACKED)
"""How slices can be stacked in a patient of whom the file says nothing."""

DIRECTIONS = ("as read", "the other way")
"""Which way slices run whose spacing has no sign in the file."""

VIEWS = (
    *("unknown", "short axis", "vertical long axis", "horizontal long axis"),
    *("transaxial", "coronal", "sagittal"),
)
"""Views a stack of slices can show."""

NO_HEART = Note("info", "taken as no heart, since nothing says that it is one", "organ")
"""Of a scan that can be one of a heart all the same."""

_LARGEST_MM = 1000.0


def pixel_size(cube: Cube) -> str:
    """Return the size of a pixel as it is given as an answer; empty where it is unknown."""
    rows, columns = cube.axes[1:]
    if "index" in (rows.kind, columns.kind):
        return ""
    return f"{abs(rows.step):g} {abs(columns.step):g}"


def set_pixel_size(cube: Cube, answer: str) -> Cube:
    """Give rows and columns a spacing; one number holds for both."""
    parts = answer.replace(",", " ").split()
    text = answer if len(parts) != 1 else f"{answer} {answer}"
    sizes = numbers_of(text, 2, "the spacing of rows and columns in mm, such as 4.0 4.0")
    rows, columns = (_sized(a, s) for a, s in zip(cube.axes[1:], sizes, strict=True))
    affine = _stretched(cube.affine, dict(zip((1, 2), sizes, strict=True)))
    return replace(cube, axes=(cube.axes[0], rows, columns), affine=affine)


def slice_spacing(cube: Cube) -> str:
    """Return the spacing of slices as it is given as an answer; empty where it is unknown."""
    return "" if cube.axes[0].kind == "index" else f"{abs(cube.axes[0].step):g}"


def set_slice_spacing(cube: Cube, answer: str) -> Cube:
    """Give slices a spacing."""
    (size,) = numbers_of(answer, 1, "the spacing of slices in mm, such as 4.0")
    affine = _stretched(cube.affine, {0: size})
    return replace(cube, axes=(_sized(cube.axes[0], size), *cube.axes[1:]), affine=affine)


def set_orientation(cube: Cube, answer: str) -> Cube:
    """Say how slices are stacked in the patient; rows and columns are as usual for the view."""
    if answer == "unknown":
        return replace(cube, affine=None)
    if any(axis.kind != "space" for axis in cube.axes):
        raise CubeviewError("Left and right need voxel sizes: give the spacings in mm as well.")
    view, *ways = _STACKED[answer]
    affine = np.eye(4)
    for column, (axis, way) in enumerate(zip(cube.axes, ways, strict=True)):
        affine[:3, column] = way * abs(axis.step or 1.0)
    return replace(cube, affine=affine, view=cube.view or view)


def set_direction(cube: Cube, answer: str) -> Cube:
    """Let the slices run the way they were read, or the other."""
    if answer == DIRECTIONS[0]:
        return cube
    axis = cube.axes[0]
    turned = replace(axis, values=2 * axis.values[0] - axis.values)
    affine = None if cube.affine is None else cube.affine.copy()
    if affine is not None:
        affine[:3, 0] *= -1
    return replace(cube, axes=(turned, *cube.axes[1:]), affine=affine)


def set_view(cube: Cube, answer: str) -> Cube:
    """Say which view the slices show."""
    return replace(cube, view="" if answer == "unknown" else answer)


def set_organ(cube: Cube, answer: str) -> Cube:
    """Say whether the scan is one of the heart."""
    return replace(cube, kind=HEART.key if answer == HEART.key else VOLUME.key)


def _stretched(affine: np.ndarray | None, sizes: Mapping[int, float]) -> np.ndarray | None:
    """Return an affine with steps of other sizes, mm, along some of its columns."""
    if affine is None:
        return None
    affine = affine.copy()
    for column, size in sizes.items():
        affine[:3, column] *= size / np.linalg.norm(affine[:3, column])
    return affine


def _sized(axis: Axis, size: float) -> Axis:
    if not 0 < size < _LARGEST_MM:
        raise CubeviewError(f"A voxel of {size:g} mm is not possible; give millimetres.")
    start = axis.values[0] if axis.kind == "space" else 0.0
    sign = -1.0 if axis.step < 0 else 1.0
    values = start + sign * size * np.arange(len(axis))
    return replace(axis, kind="space", unit="mm", values=values, guessed=False)
