"""How a plane of a cube lies on the screen: which axis runs where, which way round, how wide."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle

_BODY_NAMES = {
    "short axis": ("short axis", "horizontal long axis", "vertical long axis"),
    "transaxial": ("transaxial", "coronal", "sagittal"),
}


@dataclass(frozen=True)
class PlaneFrame:
    """The place of one plane on the screen.

    Parameters
    ----------
    axis : int
        Cube axis the plane is across.
    across, up : int
        Cube axes that run horizontally and vertically.
    leftward, downward : bool
        True where voxel indices grow to the left, or down.
    aspect : float or None
        Width of a voxel over its height, on the screen; None where the two axes have nothing in
        common (a sky axis and a wavelength) and the plane fills its view.
    name : str
        What readers of the field call the plane.
    """

    axis: int
    across: int
    up: int
    leftward: bool
    downward: bool
    aspect: float | None
    name: str

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
    body = cube.kind == "heart" or cube.affine is not None
    across, up = {0: (2, 1), 1: (2, 0), 2: (1, 0)}[axis]
    leftward, downward = False, body
    if not body and axis != 0:
        across, up = 0, 3 - axis
    elif cube.view == "short axis":
        to_apex = z_runs_to_apex(cube)
        if axis == 1:
            downward = not to_apex
        elif axis == 2:
            across, up, leftward, downward = 0, 1, not to_apex, True
    elif body and axis != 0:
        downward = not z_runs_to_head(cube)
    kinds = cube.axes[across].kind, cube.axes[up].kind
    spacing = cube.spacing
    aspect = spacing[across] / spacing[up] if kinds[0] == kinds[1] else None
    names = _BODY_NAMES.get(cube.view)
    name = names[axis] if names else f"{cube.axes[across].name}–{cube.axes[up].name}"
    return PlaneFrame(axis, across, up, leftward, downward, aspect, name)


def z_runs_to_apex(cube: Cube) -> bool:
    """Return whether slices of a short-axis stack run from base to apex.

    The apex points left, forward and down in the body (DICOM axes +L, -P, -S); without a known
    geometry slices are taken to start at the apex, as the display standard has them.
    """
    if cube.affine is None:
        return False
    return bool(cube.affine[:3, 0] @ np.array([1.0, -1.0, -1.0]) > 0)


def z_runs_to_head(cube: Cube) -> bool:
    """Return whether slices of a transaxial stack run from foot to head."""
    return cube.affine is None or bool(cube.affine[2, 0] >= 0)


def edge_letters(cube: Cube, frame: PlaneFrame) -> dict[str, str]:
    """Return the marks of a plane's edges: keys among left, right, top and bottom.

    Anatomical walls for short-axis hearts, N and E for a plane of the sky that lies straight
    enough for them, nothing where the file does not say.
    """
    if cube.view == "short axis":
        z = ("BASE", "APEX") if z_runs_to_apex(cube) else ("APEX", "BASE")
        ends = (z, ("ANT", "INF"), ("SEP", "LAT"))
    elif cube.wcs is not None and frame.axis == 0:
        return _compass(cube, frame)
    else:
        return {}
    left, right = ends[frame.across][:: -1 if frame.leftward else 1]
    bottom, top = ends[frame.up][:: -1 if frame.downward else 1]
    return {"left": left, "right": right, "bottom": bottom, "top": top}


def _compass(cube: Cube, frame: PlaneFrame) -> dict[str, str]:
    """N and E at the edges they are nearest to; none when 20 degrees or more off."""
    z, y, x = ((n - 1) / 2 for n in cube.shape)
    _, latitude, longitude = cube.world(z, y, x)
    step = min(cube.spacing[1:]) / 3600.0
    marks = {}
    for letter, second, third in (
        ("N", latitude + step, longitude),
        ("E", latitude, longitude + step / max(np.cos(np.radians(latitude)), 1e-6)),
    ):
        _, there_y, there_x = cube.index(0.0, second, third)
        right, up = there_x - x, there_y - y
        if frame.leftward:
            right = -right
        if frame.downward:
            up = -up
        if not np.isfinite((right, up)).all() or not (right or up):
            return {}
        angle = np.degrees(np.arctan2(up, right))
        nearest = round(angle / 90) * 90
        if abs(angle - nearest) >= 20:
            return {}
        marks[{0: "right", 90: "top", -90: "bottom"}.get(nearest, "left")] = letter
    return marks


def heart_region(
    case: Case, ventricles: Mapping[str, Ventricle]
) -> dict[str, tuple[np.ndarray, float]]:
    """Return the part of each heart that fills a view: centre (z, y, x) and half width, in mm.

    One width for all states and views, so that a dilated ventricle looks dilated; empty while a
    ventricle is not known.
    """
    known = {role: ventricles[role] for role in case.roles if role in ventricles}
    if len(known) < len(case.roles):
        return {}
    half = 1.45 * max(float(v.radii.max()) for v in known.values())
    return {role: (v.centre, half) for role, v in known.items()}
