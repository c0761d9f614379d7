"""One state of a simulated pair: the heart in its pose, its activity, its scan and its truth."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.simulate.heart.effects import Artefact, Lesion, Role, hot_spot, shadow
from cubeview.simulate.heart.scan import (
    Camera,
    Surroundings,
    acquire,
    body_activity,
    right_ventricle,
)
from cubeview.simulate.heart.wall import Wall, locate, normal_uptake, wall_fraction


@dataclass(frozen=True)
class PoseRange:
    """How much place, direction and size of the heart vary, as standard deviations.

    Rest differs from stress by about 2 mm and 3 degrees once both are centred, up to 7 mm and 7
    degrees in one pair of ten, as in real pairs.
    """

    tilt_deg: float = 6.0
    offset_mm: float = 9.0
    rest_turn_deg: float = 3.0
    rest_offset_mm: float = 5.0
    rest_size: float = 0.04


@dataclass(frozen=True, eq=False)
class Pose:
    """Where the heart lies in one scan: grid mm = turn @ (w, v, u) * size + centre.

    The centre is the middle of the wall's length on the axis.
    """

    centre: np.ndarray
    turn: np.ndarray
    size: float


@dataclass(frozen=True, eq=False)
class Heart:
    """One heart in one state, before it is placed and scanned."""

    wall: Wall
    lesions: tuple[Lesion, ...]
    artefact: Artefact | None
    around: Surroundings
    camera: Camera
    voxel_mm: float
    shape: tuple[int, int, int]

    @property
    def middle_mm(self) -> float:
        """Place of the middle of the wall's length along the heart frame's w."""
        return self.wall.base_mm - 0.5 * self.wall.length_mm


@dataclass(frozen=True, eq=False)
class State:
    """One state: the image and its part of the truth, as in `SpectTruth`."""

    image: np.ndarray
    ventricle: Ventricle
    drift: np.ndarray
    myocardium: np.ndarray
    site: np.ndarray
    uptake: np.ndarray
    extent: float


def draw_poses(
    rng: np.random.Generator, ranges: PoseRange, shape: tuple[int, int, int], voxel_mm: float
) -> dict[Role, Pose]:
    """Draw where the heart lies in each scan; rest differs a little from stress.

    Parameters
    ----------
    rng : Generator
    ranges : PoseRange
    shape : tuple of int
        Of the cube (z, y, x).
    voxel_mm : float
    """
    middle = (np.array(shape) - 1) / 2 * voxel_mm
    centre = middle + np.clip(rng.normal(0.0, ranges.offset_mm, 3), -16.0, 16.0)
    turn = _rotation(np.clip(rng.normal(0.0, ranges.tilt_deg, 3), -15.0, 15.0))
    again = turn @ _rotation(rng.normal(0.0, ranges.rest_turn_deg, 3))
    other = centre + rng.normal(0.0, ranges.rest_offset_mm, 3)
    change = float(np.clip(rng.normal(1.0, ranges.rest_size), 0.88, 1.12))
    return {"stress": Pose(centre, turn, 1.0), "rest": Pose(other, again, change)}


def true_ventricle(wall: Wall, pose: Pose) -> Ventricle:
    """Return the ellipsoid around the wall, from the outside of the apex to beyond the base."""
    half = 0.5 * wall.thickness_mm
    long = wall.length_mm / (1.0 + BASE_AT)
    radii = np.array([long, wall.inferior_mm + half, wall.lateral_mm + half]) * pose.size
    # The pose is about the middle of the wall's length, the ellipsoid's centre lies beyond it.
    ahead = (long - 0.5 * wall.length_mm) * pose.size
    return Ventricle(pose.centre + ahead * pose.turn[:, 0], pose.turn.T, radii)


def take(
    heart: Heart,
    role: Role,
    pose: Pose,
    noise: float,
    motion_mm: float,
    rng: np.random.Generator,
) -> State:
    """Simulate one state.

    Parameters
    ----------
    heart : Heart
    role : {"rest", "stress"}
    pose : Pose
    noise : float
        As in `acquire`.
    motion_mm : float
        Slight motion that every scan may have.
    rng : Generator

    Returns
    -------
    State
        With the image before field of view and counts.
    """
    wall, lesions, artefact, voxel = heart.wall, heart.lesions, heart.artefact, heart.voxel_mm
    w, v, u = _heart_frame(heart, pose)
    image = body_activity(heart.around, u, v, w, organ_gain=rng.uniform(0.6, 1.4))
    box = _heart_box(heart, pose)
    bu, bv, bw = u[box], v[box], w[box]
    points = locate(wall, bu, bv, bw)
    weights = [lesion.shape(points) for lesion in lesions]
    thinning = np.zeros_like(bu)
    uptake = np.ones_like(bu)
    for lesion, weight in zip(lesions, weights, strict=True):
        thinning = np.maximum(thinning, lesion.thinning * weight)
        # Where two overlap the worse one counts: what is mild in each stays mild.
        uptake = np.minimum(uptake, 1.0 - lesion.severity[role] * weight)
    edge = voxel / pose.size
    fraction = wall_fraction(wall, points, thinning, edge)
    sound = fraction if not lesions else wall_fraction(wall, points, 0.0, edge)
    cavity = np.clip(0.5 - points.depth_mm / edge, 0, 1) * (points.basal_mm < 8.0) * (1 - fraction)
    outside = (1.0 - np.clip(0.5 - points.depth_mm / edge, 0, 1)) * (1.0 - fraction)
    right = right_ventricle(heart.around, bu, bv, bw, edge) * outside
    tissue = fraction * normal_uptake(wall, points) * uptake + right * heart.around.right
    tissue += cavity * heart.around.cavity
    image[box] = image[box] * (1.0 - np.clip(fraction + cavity + right, 0, 1)) + tissue
    on_wall = fraction > 0.5
    site = np.zeros(heart.shape, dtype=bool)
    if lesions:
        active = [w for w, one in zip(weights, lesions, strict=True) if one.severity[role] > 0.05]
        site[box] = on_wall & (np.max([np.zeros_like(bu), *active], axis=0) > 0.5)
    moved = _slight_motion(rng, motion_mm)
    if artefact is not None:
        moved = _spoil(role, artefact, wall, image, site, box, on_wall, (u, v, w), pose) or moved
    relative = np.full(heart.shape, np.nan, dtype=np.float32)
    relative[box] = np.where(on_wall, uptake, np.nan)
    if artefact is not None and artefact.kind in ("diaphragm", "breast"):
        radius = max(wall.lateral_mm, wall.inferior_mm)
        relative[box] *= shadow(artefact, role, radius, bu, bv, bw)
    myocardium = np.zeros(heart.shape, dtype=bool)
    myocardium[box] = on_wall
    covered = np.max([np.zeros_like(bu), *weights], axis=0) > 0.5
    total = float(sound.sum())
    return State(
        image=acquire(image, heart.camera, voxel, noise, rng, moved),
        ventricle=true_ventricle(wall, pose),
        drift=moved[1] * moved[0],
        myocardium=myocardium,
        site=site,
        uptake=relative,
        extent=float(sound[covered].sum() / total) if total > 0 else 0.0,
    )


def _rotation(angles: np.ndarray) -> np.ndarray:
    """Rotation by angles in degrees about z, y, x in turn."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(angles)):
        one, two = [k for k in range(3) if k != axis]
        turn = np.eye(3)
        turn[one, one] = turn[two, two] = np.cos(angle)
        turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _heart_frame(heart: Heart, pose: Pose) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heart frame coordinates (w, v, u) of every voxel, float32 mm of the heart at stress size."""
    inverse = (pose.turn.T / pose.size).astype(np.float32)
    lines = [
        (np.arange(n, dtype=np.float32) * heart.voxel_mm - c).astype(np.float32)
        for n, c in zip(heart.shape, pose.centre, strict=True)
    ]
    z, y, x = lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]
    w, v, u = (row[0] * z + row[1] * y + row[2] * x for row in inverse)
    return w + np.float32(heart.middle_mm), v, u


def _heart_box(heart: Heart, pose: Pose) -> tuple[slice, slice, slice]:
    """Voxels that may hold heart, so that its costly parts are drawn there only."""
    wall, around = heart.wall, heart.around
    half = 0.5 * wall.length_mm + 12.0
    side = max(wall.lateral_mm, wall.inferior_mm) + 0.5 * wall.thickness_mm + 8.0
    right = around.right_radii[0] - around.right_centre[0] + 5.0
    corners = np.array(
        [[w, v, u] for w in (-half, half) for v in (-side, side) for u in (-right, side)]
    )
    placed = (corners * pose.size) @ pose.turn.T + pose.centre
    low = np.floor(placed.min(axis=0) / heart.voxel_mm).astype(int)
    low = np.clip(low, 0, np.array(heart.shape) - 1)
    high = np.ceil(placed.max(axis=0) / heart.voxel_mm).astype(int) + 1
    high = np.clip(high, low + 1, heart.shape)
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def _slight_motion(rng: np.random.Generator, motion_mm: float) -> tuple[np.ndarray, float]:
    """Displacement (z, y, x) that every scan may have, and the share of the time spent there."""
    return rng.normal(0.0, 0.5 * motion_mm, 3), float(rng.uniform(0.0, 0.5))


def _spoil(
    role: Role,
    artefact: Artefact,
    wall: Wall,
    image: np.ndarray,
    site: np.ndarray,
    box: tuple[slice, slice, slice],
    on_wall: np.ndarray,
    frame: tuple[np.ndarray, np.ndarray, np.ndarray],
    pose: Pose,
) -> tuple[np.ndarray, float] | None:
    """Apply an artefact to an image and its site; motion is returned for the camera."""
    u, v, w = frame
    if artefact.kind == "motion":
        shift = pose.turn @ artefact.where[::-1]
        return (shift, artefact.strength[role]) if artefact.strength[role] > 0 else None
    if artefact.kind == "hot spot":
        across = artefact.where[:2] / np.linalg.norm(artefact.where[:2])
        height = artefact.where[2] * wall.apical_mm
        # The ventricle is narrower towards the apex; the gut lies against its wall there.
        narrow = np.sqrt(max(0.2, 1.0 - artefact.where[2] ** 2)) if height < 0 else 1.0
        out = 0.5 * wall.thickness_mm + artefact.reach + 0.5 * artefact.width
        place = np.array(
            [
                across[0] * (wall.lateral_mm * narrow + out),
                across[1] * (wall.inferior_mm * narrow + out),
                height,
            ]
        )
        spot = hot_spot(artefact, place, u, v, w)
        image += np.float32(artefact.strength[role]) * spot
        np.maximum(image, 0.0, out=image)
        if artefact.strength[role] > 0.2:
            site |= spot > 0.5
        return None
    loss = shadow(artefact, role, max(wall.lateral_mm, wall.inferior_mm), u, v, w)
    image *= loss
    if artefact.strength[role] > 0.2:
        site[box] = on_wall & (1.0 - loss[box] > 0.5 * artefact.strength[role])
    return None
