"""Planted left ventricles in short-axis and transaxial cubes, for the finder's tests."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle

BASE_AT = 0.7


@dataclass
class Planted:
    cube: Cube
    truth: Ventricle


def plant(rng, view="short axis", defect=0.0, hot=0.0, mask=None, voxel=None, axes=None, counts=80):
    """One scan: `defect` is the share of the wall at 20 % uptake, `hot` liver against wall."""
    voxel = voxel or (6.6 if view == "short axis" else 4.0)
    size = np.array([36, 44, 44]) * 6.6 if view == "short axis" else np.array([200.0, 280, 280])
    shape = tuple(int(n // voxel) for n in size)
    step = np.full(3, voxel)
    length, thick = rng.uniform(70, 104), rng.uniform(8, 13)
    wide = length * rng.uniform(0.235, 0.345)
    round_ = rng.uniform(0.94, 1.06)
    base = length * rng.uniform(0.30, 0.44)
    apical = length - base - 0.5 * thick
    taper, gap, falloff = rng.uniform(0.25, 0.85), rng.uniform(4, 24), rng.uniform(8, 30)
    if axes is None:
        if view == "short axis":
            axes = np.eye(3)
        else:
            # cube (z, y, x) with z towards the feet, y to the back, x to the left
            a = np.array([-0.27, 0.74, -0.62]) + rng.normal(0, 0.12, 3)
            a /= np.linalg.norm(a)
            d = np.array([1.0, 0, 0]) - a[0] * a
            d /= np.linalg.norm(d)
            s = np.cross(a, d)
            axes = np.stack([a, d, s if s @ [0, 0.66, 0.75] > 0 else -s])
        turn = Rotation.from_rotvec(rng.uniform(-1, 1, 3) * np.radians(20)).as_matrix()
        axes = axes @ turn.T
    # Middle of the heart frame: widest place on the axis.
    centre = (np.array(shape) - 1) / 2 * step + rng.uniform(-18, 18, 3) * (1, 1, 1)
    places = np.stack(np.meshgrid(*[np.arange(n) * voxel for n in shape], indexing="ij"), axis=-1)
    fine = 0.0
    for dz in (-0.25, 0.25):
        for dy in (-0.25, 0.25):
            fine = (
                fine
                + _scene(
                    rng.bit_generator.state["state"]["state"] % 2**31,
                    places + np.array([dz, dy, 0.0]) * voxel,
                    centre,
                    axes,
                    apical,
                    base,
                    wide,
                    round_,
                    thick,
                    taper,
                    gap,
                    falloff,
                    defect,
                    hot,
                )
                / 4
            )
    blurred = gaussian_filter(fine, rng.uniform(10, 15) / 2.355 / voxel)
    noisy = rng.poisson(np.maximum(blurred, 0) * counts).astype(float)
    noisy = gaussian_filter(noisy, 4.0 / voxel)
    if mask:
        r = np.linalg.norm((places - centre) * [0.8, 1, 1], axis=-1)
        noisy[r > mask] = 0
    names = ("Slice", "Row", "Column")
    cube_axes = tuple(
        Axis(n, "space", "mm", np.arange(m) * voxel) for n, m in zip(names, shape, strict=True)
    )
    affine = None
    if view == "transaxial":
        affine = np.array(
            [[0, 0, voxel, -140], [0, voxel, 0, -140], [-voxel, 0, 0, 300], [0, 0, 0, 1.0]]
        )
    cube = Cube(
        axes=cube_axes,
        pixels=ArrayPixels(noisy * 5),
        kind="heart",
        affine=affine,
        view=view if view == "short axis" else "",
    )
    outer = length
    tip = centre - (apical + 0.5 * thick) * axes[0]
    half = outer / (1 + BASE_AT)
    across = np.array([wide * round_, wide]) + 0.5 * thick
    return Planted(cube, Ventricle(tip + half * axes[0], axes, np.array([half, *across])))


def _scene(
    seed, places, centre, axes, apical, base, wide, round_, thick, taper, gap, falloff, defect, hot
):
    rng = np.random.default_rng(seed)
    own = (places - centre) @ axes.T
    w, v, u = own[..., 0], own[..., 1], own[..., 2]
    squeeze = np.where(w < 0, 1.0, taper)
    p = np.stack([w * squeeze / apical, v / (wide * round_), u / wide], axis=-1)
    r = np.sqrt((p**2).sum(-1)) + 1e-6
    steep = np.sqrt(((p / np.array([apical, wide * round_, wide])) ** 2).sum(-1)) + 1e-6
    depth = (r - 1) * r / steep
    inside = np.clip(0.5 + (0.5 * thick - np.abs(depth)) / 3.0, 0, 1)
    septal = np.clip(-u / (np.hypot(u, v) + 1e-6), 0, 1) ** 2
    cut = np.clip(0.5 - (w - base + gap * septal) / falloff, 0, 1)
    direction = p / r[..., None]
    uptake = 1 + 0.1 * direction[..., 2] - 0.15 * np.clip(direction[..., 1], 0, 1)
    if defect:
        # A cap of the sphere from the apex upwards holding this share of the wall's area.
        middle = np.array([rng.uniform(-0.9, 0.3), *rng.normal(size=2)])
        middle[1:] *= np.sqrt(1 - middle[0] ** 2) / np.linalg.norm(middle[1:])
        height = 1.35 * defect  # the wall is about 0.68 of the sphere
        cap = 1 / (1 + np.exp(-(direction @ middle - (1 - height)) / 0.06))
        uptake = uptake * (1 - 0.8 * cap)
    scene = 0.1 + uptake * inside * cut
    scene = scene + 0.05 * ((depth < 0) & (w < base))
    # Right ventricle: a thin crescent beside the septum.
    q = np.sqrt(((own - [base * 0.2, 0, -wide - 14]) / [45, 34, 28]) ** 2 @ np.ones(3))
    rv = np.exp(-(((q - 1) / 0.1) ** 2)) * (depth > 0.5 * thick) * (w < base)
    scene = scene + rng.uniform(0.1, 0.35) * rv
    if hot:
        below = wide * round_ + 0.5 * thick + rng.uniform(6, 20)
        liver = 1 / (1 + np.exp(-(v - below + 0.25 * u) / 2.5)) * (u < rng.uniform(-10, 30))
        scene = scene + hot * liver
        for _ in range(3):
            place = [rng.uniform(-40, 40), below + rng.uniform(10, 40), rng.uniform(0, 60)]
            scene = scene + 1.3 * hot * np.exp(-(((own - place) / rng.uniform(6, 14)) ** 2).sum(-1))
    return scene
