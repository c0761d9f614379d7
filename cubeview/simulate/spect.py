"""Simulated rest and stress perfusion scans of the left ventricle, with the truth beside them.

A parametric ventricle (`spect_wall`), what may be wrong with it (`spect_effects`), and what a
camera makes of it (`spect_scan`). The five classes are defined in `spect_effects`. Everything is
drawn from one random generator: the same seed gives the same scans.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.simulate.spect_effects import (
    Artefact,
    EffectRange,
    Lesion,
    Role,
    draw_artefact,
    draw_lesions,
    hot_spot,
    shadow,
)
from cubeview.simulate.spect_scan import (
    Camera,
    ScanRange,
    Surroundings,
    acquire,
    body_activity,
    draw_camera,
    draw_surroundings,
    field_of_view,
    right_ventricle,
)
from cubeview.simulate.spect_wall import (
    Wall,
    WallRange,
    draw_wall,
    locate,
    normal_uptake,
    wall_fraction,
)

VERSION = "spect-1"
"""Goes on the card of a model: changes whenever the same seed gives other scans."""

CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")

ROLES: tuple[Role, Role] = ("rest", "stress")

BASE_AT = 0.7
"""Where the basal plane cuts the long semi-axis of the true ellipsoid, as a share of it from the
centre: what the ventricle finder means by an ellipsoid around a wall that is open at its base."""


@dataclass(frozen=True)
class SpectRange:
    """All that varies from pair to pair; (low, high) unless said otherwise."""

    wall: WallRange = field(default_factory=WallRange)
    effects: EffectRange = field(default_factory=EffectRange)
    scan: ScanRange = field(default_factory=ScanRange)
    shape: tuple[int, int, int] = (36, 40, 40)
    tilt_deg: float = 6.0
    """Standard deviation of how far the short-axis slices miss the true axis, each way."""
    offset_mm: float = 9.0
    """Standard deviation of the heart's place in the grid."""
    turn_deg: float = 3.0
    """Standard deviation of rest against stress, about each axis."""
    size_change: float = 0.04
    """Standard deviation of the size of rest against stress."""


@dataclass(frozen=True, eq=False)
class SpectTruth:
    """What was simulated.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    ventricles : mapping of role to Ventricle
        Pose and outer size of the wall in each scan.
    myocardium : mapping of role to ndarray of bool, shape (z, y, x)
        Voxels that are mostly left ventricular wall.
    site : mapping of role to ndarray of bool, shape (z, y, x)
        Where the effect acts by at least half of its strength on the wall (lesion, shadow) or is
        hot (gut); empty for healthy hearts and for motion, which has no site.
    uptake : mapping of role to ndarray, shape (z, y, x), float32
        Uptake of the wall before camera and noise, relative to the same heart without the effect;
        1 where nothing is wrong, NaN off the wall.
    extent : float
        Share of the wall that the lesions cover, 0 to 1.
    wall : Wall
    lesions : tuple of Lesion
    artefact : Artefact or None
    """

    label: str
    ventricles: Mapping[str, Ventricle]
    myocardium: Mapping[str, np.ndarray]
    site: Mapping[str, np.ndarray]
    uptake: Mapping[str, np.ndarray]
    extent: float
    wall: Wall
    lesions: tuple[Lesion, ...]
    artefact: Artefact | None


@dataclass(frozen=True, eq=False)
class SpectPair:
    """A rest and a stress scan of one simulated heart.

    Parameters
    ----------
    rest, stress : ndarray, shape (z, y, x), float32
        Short-axis slices, apex first; rows to inferior, columns to lateral; whole counts.
    voxel_mm : float
        Isotropic.
    truth : SpectTruth
    """

    rest: np.ndarray
    stress: np.ndarray
    voxel_mm: float
    truth: SpectTruth


@dataclass(frozen=True, eq=False)
class _Pose:
    """Where the heart lies in one scan: grid mm = turn @ (w, v, u) * size + centre."""

    centre: np.ndarray
    turn: np.ndarray
    size: float


def simulate_pair(
    label: str, rng: np.random.Generator, params: SpectRange | None = None
) -> SpectPair:
    """Simulate one rest/stress pair.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    rng : Generator
        All randomness; the same state gives the same pair.
    params : SpectRange, optional

    Returns
    -------
    SpectPair

    Raises
    ------
    ValueError
        If `label` is not a class.
    """
    if label not in CLASSES:
        raise ValueError(f"{label!r} is none of {', '.join(CLASSES)}")
    params = params or SpectRange()
    scan = params.scan
    wall = draw_wall(rng, params.wall)
    lesions = draw_lesions(rng, params.effects, label)
    artefact = draw_artefact(rng, params.effects) if label == "artefact" else None
    radius = max(wall.lateral_mm, wall.inferior_mm) + 0.5 * wall.thickness_mm
    around = draw_surroundings(rng, scan, radius, wall.length_mm)
    camera = draw_camera(rng, scan)
    fine = rng.random() < scan.fine_share
    voxel = round(float(rng.uniform(*(scan.fine_voxel_mm if fine else scan.voxel_mm))), 2)
    shape = params.shape
    poses = _draw_poses(rng, params, voxel)
    noise = float(np.exp(rng.uniform(*np.log(scan.noise))))
    noises = {"stress": noise, "rest": noise * rng.uniform(*scan.rest_noise)}
    masked = rng.random() < scan.masked_share
    parts = {
        role: _scan(
            role,
            wall,
            lesions,
            artefact,
            around,
            poses[role],
            camera,
            voxel,
            shape,
            noises[role],
            params,
            rng,
        )
        for role in ROLES
    }
    images = {}
    for role in ROLES:
        image = parts[role].image
        if masked:
            radii = rng.uniform(*scan.mask_mm) * rng.uniform(0.85, 1.15, 3)
            radii[0] = max(radii[0], 0.62 * wall.length_mm)
            centre = poses[role].centre + rng.normal(0.0, 5.0, 3)
            image = image * field_of_view(shape, voxel, centre, radii)
        image = image * np.float32(rng.uniform(*scan.counts) / max(float(image.max()), 1e-6))
        images[role] = np.rint(image).astype(np.float32)
    truth = SpectTruth(
        label=label,
        ventricles={role: parts[role].ventricle for role in ROLES},
        myocardium={role: parts[role].myocardium for role in ROLES},
        site={role: parts[role].site for role in ROLES},
        uptake={role: parts[role].uptake for role in ROLES},
        extent=parts["stress"].extent,
        wall=wall,
        lesions=lesions,
        artefact=artefact,
    )
    return SpectPair(images["rest"], images["stress"], voxel, truth)


def to_case(pair: SpectPair, name: str) -> Case:
    """Return a simulated pair as a case, like one read from files.

    Parameters
    ----------
    pair : SpectPair
    name : str

    Returns
    -------
    Case
        Short-axis cubes in counts, with a typical oblique position in the patient.
    """
    cubes = {}
    for role in ("stress", "rest"):
        array = getattr(pair, role)
        # Columns run to the patient's left and front, rows down, slices from the apex to the base.
        column, row = np.array([0.77, 0.638, 0.0]), np.array([-0.12, 0.145, -0.982])
        column /= np.linalg.norm(column)
        row -= (row @ column) * column
        row /= np.linalg.norm(row)
        normal = np.cross(column, row)
        affine = np.eye(4)
        for k, direction in enumerate((normal, row, column)):
            affine[:3, k] = direction * pair.voxel_mm
        middle = (np.array(array.shape) - 1) / 2
        affine[:3, 3] = np.array([40.0, -30.0, 0.0]) - affine[:3, :3] @ middle
        axes = tuple(
            Axis(
                name=label,
                kind="space",
                unit="mm",
                values=direction @ affine[:3, 3] + np.arange(n) * pair.voxel_mm,
            )
            for label, n, direction in zip(
                ("Slice", "Row", "Column"), array.shape, (normal, row, column), strict=True
            )
        )
        cubes[role] = Cube(
            axes=(axes[0], axes[1], axes[2]),
            pixels=ArrayPixels(array),
            kind="heart",
            unit="counts",
            affine=affine,
            view="short axis",
            facts={"Origin": "simulated"},
        )
    return Case(name, "heart", cubes, evidence=("Simulated as a rest and stress pair.",))


@dataclass(frozen=True, eq=False)
class _Scan:
    """One state: the image and its part of the truth."""

    image: np.ndarray
    ventricle: Ventricle
    myocardium: np.ndarray
    site: np.ndarray
    uptake: np.ndarray
    extent: float


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


def _draw_poses(rng: np.random.Generator, params: SpectRange, voxel_mm: float) -> dict[Role, _Pose]:
    """Draw where the heart lies in each scan; rest differs a little from stress."""
    middle = (np.array(params.shape) - 1) / 2 * voxel_mm
    centre = middle + np.clip(rng.normal(0.0, params.offset_mm, 3), -16.0, 16.0)
    turn = _rotation(np.clip(rng.normal(0.0, params.tilt_deg, 3), -15.0, 15.0))
    again = turn @ _rotation(rng.normal(0.0, params.turn_deg, 3))
    other = centre + rng.normal(0.0, 5.0, 3)
    change = float(np.clip(rng.normal(1.0, params.size_change), 0.88, 1.12))
    return {"stress": _Pose(centre, turn, 1.0), "rest": _Pose(other, again, change)}


def _scan(
    role: Role,
    wall: Wall,
    lesions: tuple[Lesion, ...],
    artefact: Artefact | None,
    around: Surroundings,
    pose: _Pose,
    camera: Camera,
    voxel: float,
    shape: tuple[int, int, int],
    noise: float,
    params: SpectRange,
    rng: np.random.Generator,
) -> _Scan:
    """Simulate one state."""
    middle = 0.5 * wall.length_mm - wall.apical_mm - 0.5 * wall.thickness_mm
    w, v, u = _heart_frame(shape, voxel, pose, middle)
    image = body_activity(around, u, v, w, organ_gain=rng.uniform(0.6, 1.4))
    box = _heart_box(wall, around, pose, voxel, shape)
    bu, bv, bw = u[box], v[box], w[box]
    points = locate(wall, bu, bv, bw)
    weights = [lesion.shape(points) for lesion in lesions]
    thinning = np.zeros_like(bu)
    uptake = np.ones_like(bu)
    for lesion, weight in zip(lesions, weights, strict=True):
        thinning = np.maximum(thinning, lesion.thinning * weight)
        uptake *= 1.0 - lesion.severity[role] * weight
    edge = voxel / pose.size
    fraction = wall_fraction(wall, points, thinning, edge)
    sound = fraction if not lesions else wall_fraction(wall, points, 0.0, edge)
    cavity = np.clip(0.5 - points.depth_mm / edge, 0, 1) * (points.basal_mm < 8.0) * (1 - fraction)
    outside = (1.0 - np.clip(0.5 - points.depth_mm / edge, 0, 1)) * (1.0 - fraction)
    right = right_ventricle(around, bu, bv, bw, edge) * outside
    heart = fraction * normal_uptake(wall, points) * uptake + right * around.right
    heart += cavity * around.cavity
    image[box] = image[box] * (1.0 - np.clip(fraction + cavity + right, 0, 1)) + heart
    on_wall = fraction > 0.5
    site = np.zeros(shape, dtype=bool)
    if lesions:
        active = [w for w, one in zip(weights, lesions, strict=True) if one.severity[role] > 0.05]
        site[box] = on_wall & (np.max([np.zeros_like(bu), *active], axis=0) > 0.5)
    moved = _slight_motion(rng, params.effects)
    if artefact is not None:
        moved = _spoil(role, artefact, wall, image, site, box, on_wall, (u, v, w), pose) or moved
    relative = np.full(shape, np.nan, dtype=np.float32)
    relative[box] = np.where(on_wall, uptake, np.nan)
    if artefact is not None and artefact.kind in ("diaphragm", "breast"):
        radius = max(wall.lateral_mm, wall.inferior_mm)
        relative[box] *= shadow(artefact, role, radius, bu, bv, bw)
    myocardium = np.zeros(shape, dtype=bool)
    myocardium[box] = on_wall
    covered = np.max([np.zeros_like(bu), *weights], axis=0) > 0.5
    total = float(sound.sum())
    return _Scan(
        image=acquire(image, camera, voxel, noise, rng, moved),
        ventricle=_ventricle(wall, pose),
        myocardium=myocardium,
        site=site,
        uptake=relative,
        extent=float(sound[covered].sum() / total) if total > 0 else 0.0,
    )


def _heart_frame(
    shape: tuple[int, int, int], voxel: float, pose: _Pose, middle: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heart frame coordinates (w, v, u) of every voxel, float32 mm of the heart at stress size."""
    inverse = (pose.turn.T / pose.size).astype(np.float32)
    lines = [
        (np.arange(n, dtype=np.float32) * voxel - c).astype(np.float32)
        for n, c in zip(shape, pose.centre, strict=True)
    ]
    z, y, x = lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]
    w, v, u = (row[0] * z + row[1] * y + row[2] * x for row in inverse)
    return w + np.float32(middle), v, u


def _heart_box(
    wall: Wall,
    around: Surroundings,
    pose: _Pose,
    voxel: float,
    shape: tuple[int, int, int],
) -> tuple[slice, slice, slice]:
    """Voxels that may hold heart, so that its costly parts are drawn there only."""
    half = 0.5 * wall.length_mm + 12.0
    side = max(wall.lateral_mm, wall.inferior_mm) + 0.5 * wall.thickness_mm + 8.0
    right = around.right_radii[0] - around.right_centre[0] + 5.0
    corners = np.array(
        [[w, v, u] for w in (-half, half) for v in (-side, side) for u in (-right, side)]
    )
    placed = (corners * pose.size) @ pose.turn.T + pose.centre
    low = np.clip(np.floor(placed.min(axis=0) / voxel).astype(int), 0, np.array(shape) - 1)
    high = np.clip(np.ceil(placed.max(axis=0) / voxel).astype(int) + 1, low + 1, shape)
    return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])


def _slight_motion(rng: np.random.Generator, ranges: EffectRange) -> tuple[np.ndarray, float]:
    """Displacement (z, y, x) that every scan may have."""
    return rng.normal(0.0, 0.5 * ranges.slight_motion_mm, 3), float(rng.uniform(0.0, 0.5))


def _spoil(
    role: Role,
    artefact: Artefact,
    wall: Wall,
    image: np.ndarray,
    site: np.ndarray,
    box: tuple[slice, slice, slice],
    on_wall: np.ndarray,
    frame: tuple[np.ndarray, np.ndarray, np.ndarray],
    pose: _Pose,
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


def _ventricle(wall: Wall, pose: _Pose) -> Ventricle:
    """The ellipsoid around the wall, from the outside of the apex to beyond the basal plane."""
    half = 0.5 * wall.thickness_mm
    long = wall.length_mm / (1.0 + BASE_AT)
    radii = np.array([long, wall.inferior_mm + half, wall.lateral_mm + half]) * pose.size
    # The pose is about the middle of the wall's length, the ellipsoid's centre lies beyond it.
    ahead = (long - 0.5 * wall.length_mm) * pose.size
    return Ventricle(pose.centre + ahead * pose.turn[:, 0], pose.turn.T, radii)
