"""Shapes drawn on the sky plane of a cube: what they are and where their outline runs."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from cubeview.cubes.cube import Cube

Kind = Literal["circle", "ellipse", "box", "annulus", "polygon"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SIZES: dict[Kind, tuple[str, ...]] = {
    "circle": ("radius",),
    "ellipse": ("half axis", "other half axis"),
    "box": ("width", "height"),
    "annulus": ("inner radius", "outer radius"),
    "polygon": (),
}
"""What the sizes of a kind are, in the order of `Shape.sizes`."""
_CORNERS = 73


@dataclass(frozen=True)
class Shape:
    """A shape on the two last axes of a cube.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    y, x : float
        Centre, a voxel index from 0.
    sizes : tuple of float
        As `SIZES` names them, in voxels of the shorter side.
    angle : float
        Of the first half axis or the width, in degrees from x towards y.
    corners : tuple of (y, x)
        Of a polygon, voxel indices.
    name : str
    """

    kind: Kind
    y: float
    x: float
    sizes: tuple[float, ...] = ()
    angle: float = 0.0
    corners: tuple[tuple[float, float], ...] = ()
    name: str = ""

    def moved(self, y: float, x: float) -> "Shape":
        """Return the shape with its centre at another place."""
        up, right = y - self.y, x - self.x
        corners = tuple((a + up, b + right) for a, b in self.corners)
        return replace(self, y=y, x=x, corners=corners)


def polygon(corners: tuple[tuple[float, float], ...], name: str = "") -> Shape:
    """Return the polygon with these corners (y, x); its centre is the mean of them."""
    y, x = np.mean(corners, axis=0)
    return Shape("polygon", float(y), float(x), corners=corners, name=name)


def stretch_of(cube: Cube) -> tuple[float, float]:
    """Return how many voxels along y and x a voxel of the shorter side is long on the sky."""
    _, height, width = cube.spacing
    shorter = min(height, width)
    return (shorter / height, shorter / width) if cube.wcs is not None else (1.0, 1.0)


def outline(cube: Cube, shape: Shape) -> np.ndarray:
    """Return the closed line around a shape, shape (n, 2), as (y, x); NaN between two lines."""
    if shape.kind == "polygon":
        return np.array([*shape.corners, shape.corners[0]])
    turn = np.linspace(0, 2 * np.pi, _CORNERS)
    round_ = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    if shape.kind == "annulus":
        gap = np.full((1, 2), np.nan)
        points = np.concatenate([shape.sizes[0] * round_, gap, shape.sizes[1] * round_])
    elif shape.kind == "circle":
        points = shape.sizes[0] * round_
    elif shape.kind == "ellipse":
        points = round_ * (shape.sizes[1], shape.sizes[0])
    else:
        width, height = shape.sizes
        square = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)])
        points = square * (height / 2, width / 2)
    sine, cosine = np.sin(np.radians(shape.angle)), np.cos(np.radians(shape.angle))
    y, x = points.T
    turned = np.stack([x * sine + y * cosine, x * cosine - y * sine], axis=1)
    placed: np.ndarray = turned * stretch_of(cube) + (shape.y, shape.x)
    return placed
