"""Handles by which an ellipsoid around the ventricle is moved, sized and turned within a plane.

Everything here works in cube millimetres, in which the axes of a cube are orthogonal.
"""

from dataclasses import replace

import numpy as np

from cubeview.cubes.ventricle import Ventricle

SMALLEST_MM, LARGEST_MM = 15.0, 120.0
"""Limits of a semi-axis set by hand."""

_TURN_AT = 1.3
"""Where the handle that turns stands along the long axis, in semi-axes beyond the base."""
_LYING = 0.6
"""An axis whose direction lies less than this in the plane has no handles there."""


def handles(
    ventricle: Ventricle, spacing: tuple[float, float, float], axis: int, index: float
) -> dict[str, np.ndarray]:
    """Return the handles an ellipsoid has in a plane of its cube.

    Parameters
    ----------
    ventricle : Ventricle
    spacing : tuple of three float, mm
        Voxel size along (z, y, x).
    axis, index : int, float
        The plane across `axis` at this voxel index.

    Returns
    -------
    dict of name to ndarray, shape (2,), voxel indices along the two other axes in order
        ``"centre"``; ``"axis k +"`` and ``"axis k -"`` at the ends of semi-axis k (row k of
        `Ventricle.axes`) for the axes that lie in the plane; ``"turn"`` beyond the base where the
        long axis is one of them. Ends are laid onto the plane. Empty where the plane passes by
        the ellipsoid.
    """
    reach = np.sqrt(((ventricle.radii * ventricle.axes[:, axis]) ** 2).sum())
    if abs(index * spacing[axis] - ventricle.centre[axis]) >= reach:
        return {}
    places = {"centre": ventricle.centre}
    for number in _lying(ventricle, axis):
        arm = ventricle.radii[number] * ventricle.axes[number]
        places[f"axis {number} +"] = ventricle.centre + arm
        places[f"axis {number} -"] = ventricle.centre - arm
        if number == 0:
            places["turn"] = ventricle.centre + _TURN_AT * arm
    others = [a for a in range(3) if a != axis]
    size = np.array(spacing)[others]
    return {name: place[others] / size for name, place in places.items()}


def drag(
    ventricle: Ventricle,
    spacing: tuple[float, float, float],
    axis: int,
    name: str,
    to: tuple[float, float],
) -> Ventricle:
    """Return the ellipsoid after one of its handles was dragged, as placed by the user.

    Parameters
    ----------
    ventricle : Ventricle
        As it was when the handle was taken.
    spacing : tuple of three float, mm
    axis : int
        The plane across this axis; the ellipsoid moves and turns within it.
    name : str
        A key of what `handles` returned.
    to : tuple of two float
        Where the handle is now, in voxel indices along the two other axes in order.

    Returns
    -------
    Ventricle
        Its centre moved, one semi-axis as long as the handle is far from the centre, or all axes
        turned about the normal of the plane so that the base points to the handle.
    """
    others = [a for a in range(3) if a != axis]
    arm = np.array(to) * np.array(spacing)[others] - ventricle.centre[others]
    centre, axes, radii = ventricle.centre.copy(), ventricle.axes, ventricle.radii.copy()
    if name == "centre":
        centre[others] += arm
    elif name == "turn":
        axes = _turned(axes, others, arm)
    else:
        number, sign = int(name.split()[1]), -1.0 if name.endswith("-") else 1.0
        shadow = axes[number][others]  # the axis may lie a little out of the plane
        length = sign * float(arm @ shadow) / float(shadow @ shadow)
        radii[number] = np.clip(length, SMALLEST_MM, LARGEST_MM)
    return replace(
        ventricle, centre=centre, axes=axes, radii=radii, doubt=0.0, reason="", by="user"
    )


def _lying(ventricle: Ventricle, axis: int) -> list[int]:
    """The two axes of the ellipsoid that lie most in the plane, if they do."""
    lying = np.hypot(*np.delete(ventricle.axes, axis, axis=1).T)
    best = np.argsort(-lying)[:2]
    return sorted(int(number) for number in best if lying[number] >= _LYING)


def _turned(axes: np.ndarray, others: list[int], arm: np.ndarray) -> np.ndarray:
    was = axes[0][others]
    turn = np.arctan2(arm[1], arm[0]) - np.arctan2(was[1], was[0])
    rotation = np.eye(3)
    rotation[np.ix_(others, others)] = ((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn)))
    turned: np.ndarray = axes @ rotation.T
    return turned
