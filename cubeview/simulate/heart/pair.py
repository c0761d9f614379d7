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
from cubeview.simulate.heart.effects import (
    Artefact,
    EffectRange,
    Lesion,
    Role,
    draw_artefact,
    draw_lesions,
)
from cubeview.simulate.heart.ellipsoids import EllipsoidPair
from cubeview.simulate.heart.scan import (
    ScanRange,
    draw_camera,
    draw_surroundings,
    field_of_view,
    vary_camera,
    vary_surroundings,
)
from cubeview.simulate.heart.state import Heart, PoseRange, draw_poses, take
from cubeview.simulate.heart.wall import Wall, WallRange, draw_wall, vary_wall

VERSION = "spect-7"
"""Goes on the card of a model: changes whenever the same seed gives other scans."""

CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")

ROLES: tuple[Role, Role] = ("rest", "stress")


@dataclass(frozen=True)
class SpectRange:
    """All that varies from pair to pair; (low, high) unless said otherwise."""

    wall: WallRange = field(default_factory=WallRange)
    effects: EffectRange = field(default_factory=EffectRange)
    scan: ScanRange = field(default_factory=ScanRange)
    pose: PoseRange = field(default_factory=PoseRange)
    shape: tuple[int, int, int] = (36, 40, 40)


@dataclass(frozen=True, eq=False)
class SpectTruth:
    """What was simulated.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    ventricles : mapping of role to Ventricle
        Pose and outer size of the wall in each scan, where the heart was before it moved.
    drift : mapping of role to ndarray, shape (3,), mm
        From there to the heart's mean place over the time of the scan, along (z, y, x): every
        heart moves a little, and the image shows where it was on average.
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
        At stress.
    lesions : tuple of Lesion
    artefact : Artefact or None
    """

    label: str
    ventricles: Mapping[str, Ventricle]
    drift: Mapping[str, np.ndarray]
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
    # Rest is the same heart again, never quite the same: small differences are no disease.
    other = (
        vary_wall(rng, params.wall, wall),
        vary_surroundings(rng, around),
        vary_camera(rng, camera),
    )
    hearts = {
        role: Heart(shape, lesions, artefact, body, seen_by, voxel, params.shape)
        for role, (shape, body, seen_by) in (("rest", other), ("stress", (wall, around, camera)))
    }
    poses = draw_poses(rng, params.pose, params.shape, voxel)
    noise = float(np.exp(rng.uniform(*np.log(scan.noise))))
    noises = {"stress": noise, "rest": noise * rng.uniform(*scan.rest_noise)}
    masked = rng.random() < scan.masked_share
    slight = params.effects.slight_motion_mm
    parts = {
        role: take(hearts[role], role, poses[role], noises[role], slight, rng) for role in ROLES
    }
    images = {}
    for role in ROLES:
        image = parts[role].image
        if masked:
            radii = rng.uniform(*scan.mask_mm) * rng.uniform(0.85, 1.15, 3)
            radii[0] = max(radii[0], 0.62 * wall.length_mm)
            centre = poses[role].centre + rng.normal(0.0, 5.0, 3)
            image = image * field_of_view(params.shape, voxel, centre, radii)
        image = image * np.float32(rng.uniform(*scan.counts) / max(float(image.max()), 1e-6))
        images[role] = np.rint(image).astype(np.float32)
    truth = SpectTruth(
        label=label,
        ventricles={role: parts[role].ventricle for role in ROLES},
        drift={role: parts[role].drift for role in ROLES},
        myocardium={role: parts[role].myocardium for role in ROLES},
        site={role: parts[role].site for role in ROLES},
        uptake={role: parts[role].uptake for role in ROLES},
        extent=parts["stress"].extent,
        wall=wall,
        lesions=lesions,
        artefact=artefact,
    )
    return SpectPair(images["rest"], images["stress"], voxel, truth)


def to_case(pair: SpectPair | EllipsoidPair, name: str) -> Case:
    """Return a simulated pair as a case, like one read from files.

    Parameters
    ----------
    pair : SpectPair or EllipsoidPair
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
