"""Planted left ventricles in short-axis and transaxial cubes, harder than the simulator's.

Independent of the package's own simulator: another shape of wall, defects that are caps of the
wall, a liver that may be brighter than the heart and fills all below it, bowel loops, and
transaxial scans.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import BASE_AT, Ventricle

# Cube axes (z, y, x) of the transaxial cubes: to the feet, to the back, to the left.
TRANSAXIAL = np.array([[0, 0, 1.0], [0, 1.0, 0], [-1.0, 0, 0]])


@dataclass(frozen=True)
class Heart:
    """A bullet-shaped wall, in mm: middle of the wall, widest at the origin of its axis."""

    apical: float
    base: float
    wide: float
    round: float
    thick: float
    taper: float
    gap: float
    fade: float


@dataclass(frozen=True)
class Body:
    """What else is in the picture: a defect, and how bright liver and bowel are."""

    defect: float
    middle: np.ndarray
    ventricle: float
    hot: float
    below: float
    side: float
    loops: np.ndarray


@dataclass(frozen=True)
class Planted:
    """A cube and the ventricle in it."""

    cube: Cube
    truth: Ventricle


def draw_heart(rng):
    length, thick = rng.uniform(70, 104), rng.uniform(8, 13)
    base = length * rng.uniform(0.30, 0.44)
    return Heart(
        apical=length - base - 0.5 * thick,
        base=base,
        wide=length * rng.uniform(0.235, 0.345),
        round=rng.uniform(0.94, 1.06),
        thick=thick,
        taper=rng.uniform(0.25, 0.85),
        gap=rng.uniform(4, 24),
        fade=rng.uniform(15, 60),
    )


def draw_body(rng, heart, defect, hot):
    """`defect`: share of the wall at a fifth of its uptake; `hot`: liver against wall."""
    up = rng.uniform(-0.9, 0.3)
    across = rng.normal(size=2)
    across *= np.sqrt(1 - up**2) / np.linalg.norm(across)
    below = heart.wide * heart.round + 0.5 * heart.thick + rng.uniform(6, 20)
    loops = [
        (rng.uniform(-40, 40), below + rng.uniform(10, 40), rng.uniform(0, 60), rng.uniform(6, 14))
        for _ in range(3)
    ]
    return Body(
        defect=defect,
        middle=np.array([up, *across]),
        ventricle=rng.uniform(0.1, 0.35),
        hot=hot,
        below=below,
        side=rng.uniform(-10, 30),
        loops=np.array(loops),
    )


@lru_cache(maxsize=16)
def plant(seed, view="short axis", *, defect=0.0, hot=0.0, mask_mm=None, heart=None, turn_deg=15.0):
    """Plant a ventricle in a noisy, blurred cube."""
    rng = np.random.default_rng(seed)
    heart = heart or draw_heart(rng)
    body = draw_body(rng, heart, defect, hot)
    short = view == "short axis"
    voxel = 6.6 if short else 4.0
    shape = (36, 42, 42) if short else (50, 66, 66)
    axes = np.eye(3) if short else _usual_axes(rng)
    turn = Rotation.from_rotvec(rng.uniform(-1, 1, 3) * np.radians(turn_deg)).as_matrix()
    axes = axes @ turn.T
    centre = (np.array(shape) - 1) / 2 * voxel + rng.uniform(-18, 18, 3)
    places = np.stack(np.meshgrid(*[np.arange(n) * voxel for n in shape], indexing="ij"), axis=-1)
    shifts = [np.array([z, y, 0.0]) * voxel for z in (-0.25, 0.25) for y in (-0.25, 0.25)]
    scene = np.mean([_scene((places + s - centre) @ axes.T, heart, body) for s in shifts], axis=0)
    blurred = gaussian_filter(scene, rng.uniform(10, 15) / 2.355 / voxel)
    counts = gaussian_filter(rng.poisson(np.maximum(blurred, 0) * 80).astype(float), 4.0 / voxel)
    if mask_mm:
        counts[np.linalg.norm(places - centre, axis=-1) > mask_mm] = 0
    affine = None
    if not short:
        affine = np.eye(4)
        affine[:3, :3] = TRANSAXIAL * voxel
    return Planted(mm_cube(counts, voxel, view, affine), _truth(heart, centre, axes))


def mm_cube(values, spacing, view="short axis", affine=None):
    """A heart cube of plain values."""
    spacing = np.broadcast_to(spacing, 3)
    z, y, x = (
        Axis(name, "space", "mm", np.arange(n) * step)
        for name, n, step in zip(("Slice", "Row", "Column"), values.shape, spacing, strict=True)
    )
    pixels = ArrayPixels(values)
    return Cube(axes=(z, y, x), pixels=pixels, kind="heart", view=view, affine=affine)


def _usual_axes(rng):
    """Apex to base as in most bodies, inferior to the feet, in the transaxial cube's axes."""
    axis = np.array([-0.27, 0.74, -0.62]) + rng.normal(0, 0.12, 3)
    axis /= np.linalg.norm(axis)
    down = np.array([1.0, 0, 0]) - axis[0] * axis
    down /= np.linalg.norm(down)
    side = np.cross(axis, down)
    return np.stack([axis, down, side if side @ [0, 0.66, 0.75] > 0 else -side])


def _truth(heart, centre, axes):
    long = heart.apical + 0.5 * heart.thick
    half = (long + heart.base) / (1 + BASE_AT)
    wide = np.array([heart.wide * heart.round, heart.wide]) + 0.5 * heart.thick
    return Ventricle(centre + (half - long) * axes[0], axes, np.array([half, *wide]))


def _scene(own, heart, body):
    """Activity at places in the heart's own frame (to base, inferior, lateral), wall about 1."""
    w, v, u = own[..., 0], own[..., 1], own[..., 2]
    radii = np.array([heart.apical, heart.wide * heart.round, heart.wide])
    p = own * np.stack([np.where(w < 0, 1.0, heart.taper), np.ones_like(w), np.ones_like(w)], -1)
    p = p / radii
    r = np.sqrt((p**2).sum(-1)) + 1e-6
    depth = (r - 1) * r / (np.sqrt(((p / radii) ** 2).sum(-1)) + 1e-6)
    inside = np.clip(0.5 + (0.5 * heart.thick - np.abs(depth)) / 3.0, 0, 1)
    septal = np.clip(-u / (np.hypot(u, v) + 1e-6), 0, 1) ** 2
    cut = np.clip(0.5 - (w - heart.base + heart.gap * septal) / heart.fade, 0, 1)
    direction = p / r[..., None]
    uptake = 1 + 0.1 * direction[..., 2] - 0.15 * np.clip(direction[..., 1], 0, 1)
    if body.defect:
        # The wall is about two thirds of a sphere, so a cap of this height is that share of it.
        height = 1.35 * body.defect
        cap = 1 / (1 + np.exp(-(direction @ body.middle - (1 - height)) / 0.06))
        uptake = uptake * (1 - 0.8 * cap)
    scene = 0.1 + uptake * inside * cut
    q = np.sqrt((((own - [heart.base * 0.2, 0, -heart.wide - 14]) / [45, 34, 28]) ** 2).sum(-1))
    crescent = np.exp(-(((q - 1) / 0.1) ** 2)) * (depth > 0.5 * heart.thick) * (w < heart.base)
    scene = scene + body.ventricle * crescent
    if body.hot:
        liver = (u < body.side) / (1 + np.exp(-(v - body.below + 0.25 * u) / 2.5))
        scene = scene + body.hot * liver
        for *place, size in body.loops:
            loop = np.exp(-(((own - place) / size) ** 2).sum(-1))
            scene = scene + 1.3 * body.hot * loop
    return scene
