"""How a plane of a cube lies on the screen: which axis runs where, which way round, how wide."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.cubes.orient import cardiac_ends, ends
from cubeview.cubes.reduce import bright_extent
from cubeview.cubes.ventricle import Ventricle
from cubeview.kinds import kind_of

STRAIGHT = 20.0
"""Degrees a cube may be turned on the sky and still be read along RA and Dec."""

_BODY_NAMES = {
    "short axis": ("short axis", "horizontal long axis", "vertical long axis"),
    "transaxial": ("transaxial", "coronal", "sagittal"),
    "coronal": ("coronal", "transaxial", "sagittal"),
    "sagittal": ("sagittal", "transaxial", "coronal"),
    "projections": ("projection", "sinogram", "rows by angle"),
}


SHORT_NAMES = {"short axis": "SA", "vertical long axis": "VLA", "horizontal long axis": "HLA"}
"""What readers of hearts call the planes where there is little room."""


@dataclass(frozen=True)
class PlaneFrame:
    """The place of one plane on the screen.

    `aspect` is the width of a voxel over its height, on the screen; None where the two axes have
    nothing in common (a sky axis and a wavelength) and the plane fills its view.
    """

    axis: int  # cube axis the plane is across
    across: int  # cube axis that runs horizontally
    up: int  # and vertically
    leftward: bool  # voxel indices grow to the left
    downward: bool  # or down
    aspect: float | None
    name: str  # what readers of the field call the plane

    @property
    def transposed(self) -> bool:
        """True when a plane as stored must be transposed to have its rows vertical."""
        return self.across < self.up


def frame_of(cube: Cube, axis: int) -> PlaneFrame:
    """Return how the plane across `axis` is shown.

    Hearts: short-axis slices as stored, rows downward; long-axis slices with the apex to the
    right (vertical) and up (horizontal), after the ACC/AHA/SNM display standard of 1992. Sky:
    rows upward and columns as stored, which puts north up and east left in a usual header; the
    spectral axis always runs to the right. Anything else lies as its file has it.
    """
    body = kind_of(cube).ventricle or cube.affine is not None or cube.axes[1].name == "Row"
    across, up = {0: (2, 1), 1: (2, 0), 2: (1, 0)}[axis]
    leftward, downward = False, body
    if not body and axis != 0:
        across, up = 0, 3 - axis
    elif cube.view == "short axis":
        # Where nothing says so slices start at the apex, as the display standard has them.
        to_apex = cardiac_ends(cube)[0] == ("BASE", "APEX")
        if axis == 1:
            downward = not to_apex
        elif axis == 2:
            across, up, leftward, downward = 0, 1, not to_apex, True
    elif body and axis != 0:
        downward = cube.affine is not None and bool(cube.affine[2, 0] < 0)  # head to foot
    kinds = cube.axes[across].kind, cube.axes[up].kind
    spacing = cube.spacing
    aspect = spacing[across] / spacing[up] if kinds[0] == kinds[1] else None
    names = _BODY_NAMES.get(cube.view)
    name = names[axis] if names else f"{_short(cube, across)}–{_short(cube, up)}"
    return PlaneFrame(axis, across, up, leftward, downward, aspect, name)


def _short(cube: Cube, number: int) -> str:
    name = cube.axes[number].name
    return {"Wavelength": "λ", "Frequency": "ν", "Velocity": "v"}.get(name, name)


def axis_marks(cube: Cube) -> list[tuple[str, str]]:
    """Return the marks at the first and the last voxel of each axis (z, y, x).

    Walls of the ventricle for short-axis hearts, patient directions for other body cubes.
    """
    return [
        heart if any(heart) else body
        for heart, body in zip(cardiac_ends(cube), ends(cube), strict=True)
    ]


def edge_letters(cube: Cube, frame: PlaneFrame) -> dict[str, str]:
    """Return the marks of a plane's edges: keys among left, right, top and bottom.

    Walls of the ventricle for short-axis hearts, patient directions for other body cubes, N and E
    for a plane of the sky that lies straight enough, empty where the file does not say.
    """
    if cube.wcs is not None:
        return _compass(cube) if frame.axis == 0 else {}
    marks = axis_marks(cube)
    left, right = marks[frame.across][:: -1 if frame.leftward else 1]
    bottom, top = marks[frame.up][:: -1 if frame.downward else 1]
    return {"left": left, "right": right, "bottom": bottom, "top": top}


def sky_turn(cube: Cube) -> tuple[float, float]:
    """Return where north and east lie in the plane of the sky: degrees from right to up.

    NaN where the projection has no sky in the middle of the cube.
    """
    z, y, x = ((n - 1) / 2 for n in cube.shape)
    _, latitude, longitude = cube.world(z, y, x)
    step = min(cube.spacing[1:]) / 3600.0
    east = longitude + step / max(float(np.cos(np.radians(latitude))), 1e-6)
    turns = []
    for second, third in ((latitude + step, longitude), (latitude, east)):
        _, there_y, there_x = cube.index(0.0, second, third)
        turns.append(float(np.degrees(np.arctan2(there_y - y, there_x - x))))
    return turns[0], turns[1]


def compass_words(cube: Cube) -> list[str]:
    """Return arrows to north and east for a cube that is turned on the sky.

    On the Sun to north and west, where its X grows.
    """
    if cube.wcs is None:
        return []
    turns = sky_turn(cube)
    if not np.isfinite(turns).all():
        return []
    return [
        f"{letter} {'→↗↑↖←↙↓↘'[round(angle / 45) % 8]}"
        for letter, angle in zip(_compass_letters(cube), turns, strict=True)
    ]


def _compass_letters(cube: Cube) -> tuple[str, str]:
    """The directions in which latitude and longitude grow; l and b are not north and east."""
    longitude = cube.axes[2].name
    if longitude.startswith("Solar"):
        return "N", "W"
    return ("+b", "+l") if longitude.startswith("Galactic") else ("N", "E")


def _compass(cube: Cube) -> dict[str, str]:
    """N and E at the edges they are nearest to; none when STRAIGHT or more off."""
    marks = {}
    for letter, angle in zip(_compass_letters(cube), sky_turn(cube), strict=True):
        if not np.isfinite(angle):
            return {}
        nearest = round(angle / 90) * 90
        if abs(angle - nearest) >= STRAIGHT:
            return {}
        marks[{0: "right", 90: "top", -90: "bottom"}.get(nearest, "left")] = letter
    return marks


def body_offset(
    cube: Cube, ventricle: Ventricle | None, voxel: tuple[float, float, float]
) -> np.ndarray:
    """Return where a voxel of a body cube lies from the ventricle's centre, shape (3,), in mm.

    Parameters
    ----------
    cube : Cube
    ventricle : Ventricle or None
        None where it is not known: from the middle of the cube.
    voxel : tuple of three float
        Voxel index (z, y, x).
    """
    spacing = np.array(cube.spacing)
    middle = (np.array(cube.shape) - 1) / 2 * spacing if ventricle is None else ventricle.centre
    offset: np.ndarray = np.array(voxel) * spacing - middle
    return offset


def heart_region(
    case: Case, ventricles: Mapping[str, Ventricle]
) -> dict[str, tuple[np.ndarray, float]]:
    """Return the part of each heart that fills a view: centre (z, y, x) and half width, in mm.

    One width for all states and views, so that a dilated ventricle looks dilated. Around the
    ventricles where all are known, else around all that is bright.
    """
    if not kind_of(case).ventricle:
        return {}
    if all(role in ventricles for role in case.roles):
        half = 1.3 * max(float(ventricles[role].radii.max()) for role in case.roles)
        return {role: (ventricles[role].centre, half) for role in case.roles}
    found = {role: bright_extent(cube) for role, cube in case.cubes.items()}
    half = 1.05 * max(float(h) for _, h in found.values())
    return {role: (centre, half) for role, (centre, _) in found.items()}
