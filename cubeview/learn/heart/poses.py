"""In which directions a left ventricle may point in a cube, from what the file says."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from cubeview.cubes.cube import Cube
from cubeview.cubes.orient import SLICE_ORDER, TO_BASE, directions

_INFERIOR = np.array([0.0, 0.0, -1.0])
_LATERAL = np.array([0.7071, 0.7071, 0.0])
_PLAUSIBLE = 0.5

# Apex to base, inferior, lateral in (z, y, x) as each view is displayed (ACC/AHA/SNM
# standardization of cardiac tomographic imaging, J Nucl Cardiol 1994, 1:117).
_DISPLAYED = {
    "short axis": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "horizontal long axis": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "vertical long axis": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
}


@dataclass(frozen=True, eq=False)
class Poses:
    """Directions worth trying.

    Parameters
    ----------
    frames : list of ndarray, shape (3, 3)
        Rows in cube millimetres (z, y, x): apex to base, towards inferior, towards lateral.
    which_end : bool
        False where the file does not say which end is the apex, so both are among the frames.
    guess : str
        What had to be guessed, in words; empty if nothing.
    """

    frames: list[np.ndarray]
    which_end: bool
    guess: str = ""


def poses_of(cube: Cube) -> Poses:
    """Return the directions in which to look for a ventricle.

    The patient geometry decides where there is one, else the view and its standard display. Files
    without either are searched in all directions.
    """
    order = cube.facts.get(SLICE_ORDER, "")
    if cube.affine is not None:
        to_cube = directions(cube.affine)
        usual = to_cube @ TO_BASE
        down, right = to_cube @ _INFERIOR, to_cube @ _LATERAL
        if cube.view != "short axis":
            return Poses(_cone(usual, down, right, ((25.0, 5), (50.0, 8))), True)
        if abs(usual[0]) > _PLAUSIBLE:
            sign = _sign(order) or float(np.sign(usual[0]))
            return Poses(_cone(np.array([sign, 0, 0]), down, right, ((25.0, 4),)), True)
    shown = _DISPLAYED.get(cube.view)
    if shown is not None:
        axis, down, right = (np.array(d, dtype=np.float64) for d in shown)
        if cube.view == "short axis" and not _sign(order):
            frames = [f for s in (1.0, -1.0) for f in _cone(s * axis, down, right, ((25.0, 4),))]
            return Poses(frames, False)
        axis = axis * (_sign(order) or 1.0) if cube.view == "short axis" else axis
        return Poses(_cone(axis, down, right, ((25.0, 5),)), True)
    corners = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, -1).T / np.sqrt(3.0)
    sphere = [*np.eye(3), *-np.eye(3), *corners]
    guess = "the file does not say how its slices lie in the body, so inferior and lateral may be"
    return Poses([_upright(axis) for axis in sphere], False, f"{guess} exchanged")


def _sign(order: str) -> float:
    return {"apex to base": 1.0, "base to apex": -1.0}.get(order, 0.0)


def _cone(
    middle: np.ndarray, down: np.ndarray, right: np.ndarray, rings: tuple[tuple[float, int], ...]
) -> list[np.ndarray]:
    """Frames around a direction: itself, then rings of (tilt in degrees, how many)."""
    middle = middle / np.linalg.norm(middle)
    side = np.cross(middle, down)
    side /= np.linalg.norm(side)
    frames = [_frame(middle, down, right)]
    for tilt, count in rings:
        for k in range(count):
            hinge = Rotation.from_rotvec(2 * np.pi * k / count * middle).apply(side)
            axis = Rotation.from_rotvec(np.radians(tilt) * hinge).apply(middle)
            frames.append(_frame(axis, down, right))
    return frames


def _frame(axis: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Orthonormal rows: the axis, and the directions across it nearest to down and right."""
    down = down - (down @ axis) * axis
    down = down / np.linalg.norm(down)
    side = np.cross(axis, down)
    return np.stack([axis, down, side if side @ right > 0 else -side])


def _upright(axis: np.ndarray) -> np.ndarray:
    """A frame about an axis in a cube of unknown orientation: down the image where it can be."""
    down = np.array([0.0, 1, 0]) if abs(axis[1]) < 0.6 else np.array([1.0, 0, 0])
    return _frame(axis, down, np.array([0.1, 0.1, 1.0]))
