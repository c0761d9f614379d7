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
LEAST = 0.5
"""Voxels: no smaller shape is drawn."""
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


def handles_of(cube: Cube, shape: Shape) -> dict[str, tuple[float, float]]:
    """Return the points by which a shape is dragged, by name, as (y, x)."""
    along: dict[str, tuple[float, float]] = {}  # along the shape's own axes, as (v, u)
    if shape.kind == "circle":
        along = {"radius": (0.0, shape.sizes[0])}
    elif shape.kind == "annulus":
        along = {"inner": (0.0, shape.sizes[0]), "outer": (0.0, shape.sizes[1])}
    elif shape.kind == "ellipse":
        a, b = shape.sizes
        along = {"a": (0.0, a), "b": (b, 0.0), "turn": (0.0, 1.35 * a)}
    elif shape.kind == "box":
        width, height = shape.sizes
        along = {"corner": (height / 2, width / 2), "turn": (0.0, 0.7 * width)}
    sine, cosine = np.sin(np.radians(shape.angle)), np.cos(np.radians(shape.angle))
    tall, wide = stretch_of(cube)
    found = {
        name: (shape.y + (u * sine + v * cosine) * tall, shape.x + (u * cosine - v * sine) * wide)
        for name, (v, u) in along.items()
    }
    found |= {f"corner {number}": corner for number, corner in enumerate(shape.corners)}
    return {"centre": (shape.y, shape.x), **found}


def dragged(cube: Cube, shape: Shape, handle: str, y: float, x: float) -> Shape:
    """Return the shape after one of its handles was put at a place (y, x)."""
    if handle == "centre":
        return shape.moved(y, x)
    if shape.kind == "polygon":
        corners = list(shape.corners)
        corners[int(handle.split()[1])] = (y, x)
        return polygon(tuple(corners), shape.name)
    tall, wide = stretch_of(cube)
    up, right = (y - shape.y) / tall, (x - shape.x) / wide
    if handle == "turn":
        return replace(shape, angle=float(np.degrees(np.arctan2(up, right))))
    sine, cosine = np.sin(np.radians(shape.angle)), np.cos(np.radians(shape.angle))
    u, v = abs(right * cosine + up * sine), abs(up * cosine - right * sine)
    far = float(max(np.hypot(up, right), LEAST))
    sizes = shape.sizes
    if shape.kind == "circle":
        sizes = (far,)
    elif shape.kind == "annulus":
        inner, outer = sizes
        sizes = (min(far, outer), outer) if handle == "inner" else (inner, max(far, inner))
    elif shape.kind == "ellipse":
        sizes = (max(u, LEAST), sizes[1]) if handle == "a" else (sizes[0], max(v, LEAST))
    else:
        sizes = (2 * max(u, LEAST), 2 * max(v, LEAST))
    return replace(shape, sizes=tuple(float(size) for size in sizes))


def drawn_shape(
    cube: Cube, kind: Kind, start: tuple[float, float], stop: tuple[float, float], name: str = ""
) -> Shape:
    """Return the shape that a drag from one place (y, x) to another draws.

    Circles and annuli from their centre, the others from corner to corner.
    """
    tall, wide = stretch_of(cube)
    up, right = (stop[0] - start[0]) / tall, (stop[1] - start[1]) / wide
    far = float(max(np.hypot(up, right), LEAST))
    if kind == "circle":
        return Shape(kind, *start, (far,), name=name)
    if kind == "annulus":
        return Shape(kind, *start, (far / 2, far), name=name)
    width, height = max(abs(right), LEAST), max(abs(up), LEAST)
    sizes = (width, height) if kind == "box" else (width / 2, height / 2)
    middle = (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2
    return Shape(kind, *middle, sizes, name=name)
