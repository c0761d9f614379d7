"""The left ventricle in a cube: an ellipsoid around its wall, found by the program or placed by
the user.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.frozen import rebuilt

BASE_AT = 0.7
"""Where the basal plane cuts the ellipsoid's long axis, as a share of the semi-axis from the
centre: the wall is open at its base, the ellipsoid goes on."""


@dataclass(frozen=True, eq=False)
class Ventricle:
    """An ellipsoid around the left ventricular wall.

    Coordinates are *cube millimetres*: voxel index times the positive voxel size, in the order
    (z, y, x). They need no patient frame, so they also serve files without one.

    Parameters
    ----------
    centre : ndarray, shape (3,), mm
        Centre of the ellipsoid.
    axes : ndarray, shape (3, 3)
        Rows are orthonormal directions in (z, y, x): row 0 the long axis pointing from apex to
        base, row 1 the transverse direction nearest to inferior (display down in a short-axis
        slice), row 2 nearest to lateral (display right).
    radii : ndarray, shape (3,), mm
        Semi-axes along the rows of `axes`, to the outside of the wall.
    doubt : float
        0 (sure) to 1 (do not trust): above 0.5 the user is asked to check.
    reason : str
        What raised the doubt, in words; empty when there is none.
    by : {"fit", "user"}
    """

    centre: np.ndarray
    axes: np.ndarray
    radii: np.ndarray
    doubt: float = 0.0
    reason: str = ""
    by: Literal["fit", "user"] = "fit"

    def __post_init__(self) -> None:
        for name, shape in (("centre", (3,)), ("axes", (3, 3)), ("radii", (3,))):
            array = np.array(getattr(self, name), dtype=np.float64).reshape(shape)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    __reduce__ = rebuilt


def to_role(
    here: Cube,
    there: Cube,
    voxel: tuple[float, float, float],
    ventricles: Mapping[str, Ventricle],
    role_here: str,
    role_there: str,
) -> np.ndarray:
    """Return where a voxel of one cube of a case lies in another, shape (3,), fractional.

    With both ventricles known, position and direction are carried relative to them; else the
    centres of the two cubes are laid on each other. It may lie outside.

    Parameters
    ----------
    here, there : Cube
        The cube `voxel` belongs to, and the other.
    voxel : tuple of three float
        Voxel index (z, y, x), may be fractional.
    ventricles : mapping of role to Ventricle
    role_here, role_there : str
    """
    position = np.asarray(voxel, dtype=float) * here.spacing
    if role_here in ventricles and role_there in ventricles:
        a, b = ventricles[role_here], ventricles[role_there]
        moved = b.centre + (a.axes @ (position - a.centre)) @ b.axes
    else:
        half_here = (np.array(here.shape) - 1) / 2 * here.spacing
        half_there = (np.array(there.shape) - 1) / 2 * there.spacing
        moved = position - half_here + half_there
    result: np.ndarray = moved / there.spacing
    return result


def inside(
    ventricle: Ventricle, shape: tuple[int, int, int], spacing: tuple[float, float, float]
) -> np.ndarray:
    """Return which voxels lie inside the ellipsoid, shape `shape`, bool.

    Parameters
    ----------
    ventricle : Ventricle
    shape : tuple of three int
        Voxels along (z, y, x).
    spacing : tuple of three float, mm
    """
    total = np.zeros(shape)
    for row in ventricle.axes / ventricle.radii[:, None]:
        z, y, x = (
            (np.arange(n) * step - middle) * weight
            for n, step, middle, weight in zip(shape, spacing, ventricle.centre, row, strict=True)
        )
        total += (z[:, None, None] + y[:, None] + x) ** 2
    within: np.ndarray = total <= 1.0
    return within


def wall_mask(
    ventricle: Ventricle, values: np.ndarray, spacing: tuple[float, float, float]
) -> np.ndarray:
    """Return which voxels are wall by their counts, shape of `values`, bool.

    Those above half of what is usual at the brightest part of the wall, near the ellipsoid.

    Parameters
    ----------
    ventricle : Ventricle
    values : ndarray, shape (z, y, x)
        Counts; NaN is no wall.
    spacing : tuple of three float, mm
    """
    within = inside(ventricle, (values.shape[0], values.shape[1], values.shape[2]), spacing)
    counts = values[within & np.isfinite(values)]
    if not counts.size:
        return np.zeros(values.shape, dtype=bool)
    grown = replace(ventricle, radii=ventricle.radii + _BEYOND_VOXELS * float(np.mean(spacing)))
    near = inside(grown, (values.shape[0], values.shape[1], values.shape[2]), spacing)
    level = _SHARE_OF_WALL * float(np.percentile(counts, _BRIGHT_PERCENT))
    wall: np.ndarray = near & (np.nan_to_num(values) > level)
    return wall


_SHARE_OF_WALL, _BRIGHT_PERCENT, _BEYOND_VOXELS = 0.5, 95.0, 2.0
"""Half of the 95th percentile, up to 2 voxels outside: measured on two scans with masks."""


def cut(
    ventricle: Ventricle,
    spacing: tuple[float, float, float],
    axis: int,
    index: float,
    points: int = 72,
) -> np.ndarray | None:
    """Return the outline in which a plane of the cube cuts the ellipsoid, shape (points, 2).

    The ellipsoid is d' A d = 1 around its centre; in the plane, with d = n h + e u, this is
    u' Q u + 2 h q' u + h² a = 1, an ellipse around -h Q⁻¹ q. In voxel indices along the two other
    axes in order; None where the plane passes by.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    axis, index : int, float
        The plane across `axis` at this voxel index.
    points : int
        Corners of the outline.
    """
    scaled = ventricle.axes / ventricle.radii[:, None]
    matrix = scaled.T @ scaled  # A, in (z, y, x)
    others = [a for a in range(3) if a != axis]
    height = index * spacing[axis] - ventricle.centre[axis]
    in_plane, mixed = matrix[np.ix_(others, others)], matrix[others, axis]
    centre = -height * np.linalg.solve(in_plane, mixed)
    left = 1.0 - height * (height * matrix[axis, axis] + mixed @ centre)
    if left <= 0:
        return None
    turn = np.linspace(0.0, 2 * np.pi, points, endpoint=False)
    circle = np.sqrt(left) * np.stack([np.cos(turn), np.sin(turn)])  # (2, points)
    # Q = L L', so u = centre + L'⁻¹ circle.
    ring = centre[:, None] + np.linalg.solve(np.linalg.cholesky(in_plane).T, circle)
    outline: np.ndarray = (ring.T + ventricle.centre[others]) / np.array(spacing)[others]
    return outline
