"""Which way is up: letters for the ends of each axis of a body cube, and marks of the heart.

Patient axes are DICOM's (PS3.3 C.7.6.2.1.1): x to the left, y to the back, z to the head, in mm.
"""

import numpy as np

from cubeview.cubes.cube import Cube

Ends = tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
"""(label at the first voxel, label at the last voxel) of each axis (z, y, x); empty if unknown."""

UNKNOWN: Ends = (("", ""), ("", ""), ("", ""))

TILT_DEG = 0.5
"""Stacks that lean more than this against their normal are called sheared."""

SLICE_ORDER = "Slice order"
"""Fact of a short-axis cube: ``"apex to base"`` or ``"base to apex"``, first slice to last."""

TO_BASE = np.array((-0.62, 0.70, 0.35))
"""Usual direction from apex to base of a left ventricle, patient axes, unit length within 1 %."""

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
_OBLIQUE = np.sin(np.radians(15.0))
_STACKED = np.cos(np.radians(20.0))
_PLAUSIBLE = 0.5


def directions(affine: np.ndarray) -> np.ndarray:
    """Return the unit patient direction of each growing voxel index, shape (3, 3).

    Row i is that of axis i of (z, y, x), by an affine from voxel (z, y, x, 1) to patient position
    in mm; zero where it has no such step.
    """
    steps = np.asarray(affine, dtype=np.float64)[:3, :3].T
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(steps, lengths, out=np.zeros_like(steps), where=lengths > 0)
    return unit


def letters(direction: np.ndarray) -> str:
    """Return the letter a direction, shape (3,), patient axes, points to.

    One of ``L R A P H F``, the nearest; a second one follows from 15° of tilt. Empty for a zero
    direction.
    """
    length = float(np.linalg.norm(direction))
    if not length > 0:
        return ""
    unit = np.asarray(direction, dtype=np.float64) / length
    order = np.argsort(-np.abs(unit), kind="stable")
    found = [_LETTERS[axis][int(unit[axis] > 0)] for axis in order[:2]]
    return found[0] + (found[1] if abs(unit[order[1]]) >= _OBLIQUE else "")


def stacked_view(normal: np.ndarray) -> str:
    """Return the view of slices stacked along a direction, shape (3,), patient axes.

    ``"sagittal"``, ``"coronal"`` or ``"transaxial"``; empty where it is more than 20° off.
    """
    unit = np.abs(normal) / np.linalg.norm(normal)
    main = int(unit.argmax())
    return ("sagittal", "coronal", "transaxial")[main] if unit[main] >= _STACKED else ""


def lean(affine: np.ndarray) -> float:
    """Return by how many degrees slices lean against the normal of their rows and columns."""
    z, y, x = directions(affine)
    normal = np.cross(x, y)
    length = float(np.linalg.norm(normal))
    along = abs(float(z @ normal)) / length if length else 1.0
    return float(np.degrees(np.arccos(min(along, 1.0))))


def sheared(degrees: float) -> str:
    """Say that slices lean, for a note."""
    return (
        f"slices are sheared by {degrees:.1f}° against each other, as with a tilted gantry: "
        "coordinates are right, the picture shows them straight"
    )


def ends(cube: Cube) -> Ends:
    """Return the orientation letters at both ends of each axis.

    All are empty where the file gives no patient geometry; those of an axis whose direction was
    guessed (`Axis.guessed`) are empty too, since a wrong letter is worse than none.
    """
    if cube.affine is None or cube.wcs is not None:
        return UNKNOWN
    z, y, x = (
        ("", "") if axis.guessed else (letters(-direction), letters(direction))
        for axis, direction in zip(cube.axes, directions(cube.affine), strict=True)
    )
    return z, y, x


def cardiac_ends(cube: Cube) -> Ends:
    """Return the heart's own marks at both ends of each axis of a short-axis cube.

    Base and apex come from the slice order the file states, else from the usual lie of the left
    ventricle; anterior, inferior, septal and lateral from the patient directions in the plane.
    All are empty for other views and where geometry is unknown or cannot be that of a short axis
    (slices along the body's own axes, as some programs write when they do not know).
    """
    order = cube.facts.get(SLICE_ORDER, "")
    along: tuple[str, str] = ("", "")
    if order in ("apex to base", "base to apex"):
        along = ("APEX", "BASE") if order == "apex to base" else ("BASE", "APEX")
    if cube.view != "short axis" or cube.affine is None:
        return UNKNOWN
    z, y, x = directions(cube.affine)
    lean = float(z @ TO_BASE)
    if abs(lean) < _PLAUSIBLE:
        return along, ("", ""), ("", "")
    if not any(along) and not cube.axes[0].guessed:
        along = ("APEX", "BASE") if lean > 0 else ("BASE", "APEX")
    down, left = np.array((0.0, 0.0, -1.0)), np.array((0.7071, 0.7071, 0.0))
    upright = abs(y @ down) + abs(x @ left) >= abs(x @ down) + abs(y @ left)
    vertical, lateral = (y, x) if upright else (x, y)
    inferior = ("ANT", "INF") if vertical @ down > 0 else ("INF", "ANT")
    side = ("SEP", "LAT") if lateral @ left > 0 else ("LAT", "SEP")
    return (along, inferior, side) if upright else (along, side, inferior)
