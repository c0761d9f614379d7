"""Projections of a body that moves as told: points of heart, liver and body, seen through it."""

import numpy as np
from scipy.ndimage import gaussian_filter

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube

PIXELS, MM = 64, 6.4
BODY = np.array([160.0, 110.0])  # half its width and depth, mm
WATER = 0.0125  # 1/mm for 140 keV, with scatter


def _cloud(rng):
    """Places (n, 3) along the axis, left and towards the front, mm, and their activities."""
    heart = rng.normal(size=(1500, 3))
    heart *= (36, 30, 30) / np.linalg.norm(heart, axis=1, keepdims=True)
    heart = heart[heart[:, 0] < 20] + (0, 45, 40)
    liver = rng.normal(size=(1500, 3)) * (22, 35, 28) + (85, -50, 10)
    body = rng.uniform(-1, 1, (6000, 3)) * (200, *BODY)
    body = body[((body[:, 1:] / BODY) ** 2).sum(axis=1) < 1]
    parts = ((heart, 1.0), (liver, 0.5), (body, 0.12))
    return np.concatenate([p for p, _ in parts]), np.concatenate(
        [np.full(len(p), a) for p, a in parts]
    )


def projections(moved, *, angles=None, centre_mm=0.0, counts=60_000, seed=0):
    """Return a cube of projections; `moved` are mm along the axis and to the left, shape (n, 2)."""
    rng = np.random.default_rng(seed)
    places, activity = _cloud(rng)
    angles = np.linspace(-45, 135, len(moved), endpoint=False) if angles is None else angles
    seen = []
    for angle, (along, left) in zip(np.radians(angles), moved, strict=True):
        at = places + np.array((along, left, 0.0))
        across = at[:, 1] * np.cos(angle) + at[:, 2] * np.sin(angle)
        toward = -at[:, 1] * np.sin(angle) + at[:, 2] * np.cos(angle)
        # How far the way out is: to the edge of the ellipse that the body is.
        way = np.array([-np.sin(angle), np.cos(angle)]) / BODY
        own = places[:, 1:] / BODY
        b, c = own @ way, (own**2).sum(axis=1) - 1
        out = (-b + np.sqrt(np.maximum(b**2 - (way @ way) * c, 0))) / (way @ way)
        weight = activity * np.exp(-WATER * np.maximum(out, 0)) + 0 * toward
        image, _, _ = np.histogram2d(
            at[:, 0] / MM + (PIXELS - 1) / 2,
            (across + centre_mm) / MM + (PIXELS - 1) / 2,
            bins=PIXELS,
            range=((-0.5, PIXELS - 0.5),) * 2,
            weights=weight,
        )
        seen.append(gaussian_filter(image, 12 / 2.355 / MM))
    values = np.stack(seen)
    values = rng.poisson(values * counts / values.sum(axis=(1, 2)).mean()).astype(np.float32)
    axes = (
        Axis("Angle", "index", "deg", np.asarray(angles, float)),
        *(Axis(name, "space", "mm", np.arange(PIXELS) * MM) for name in ("Row", "Column")),
    )
    return Cube(axes, ArrayPixels(values), "volume", "counts", view="projections")
