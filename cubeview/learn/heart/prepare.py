"""From a heart case to network input: the left ventricle and nothing else, in standard pose.

The network's grid has axis 0 along the ventricle's long axis from apex to base, axis 1 from
anterior to inferior and axis 2 from septal to lateral, with the centre of the ventricle's
ellipsoid at the centre of the grid. The same function serves training, prediction and
fine-tuning.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import HEART
from cubeview.learn.heart.finder import find_pair, find_ventricle
from cubeview.learn.heart.register import Rigid, register
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import rebuilt


@dataclass(frozen=True)
class HeartConfig:
    """How a heart is prepared; travels on the model card.

    Parameters
    ----------
    size : int
        Voxels along each axis of the input.
    voxel_mm : float
    margin_mm : float
        How far beyond the ellipsoid around the wall everything is kept.
    edge_mm : float
        Width of the soft edge beyond the margin, where the weight falls from 1 to 0.
    scale_cm3 : float
        The brightest volume of myocardium whose faintest voxel becomes 1 (100 voxels of 6.6 mm).
    axis_mm : float
        Only voxels this near to the long axis count for the scale.
    bright_mm : float
        How far beyond the counts above half of the scale everything is kept, both states together;
        0 keeps all within the ellipsoid. The ellipsoid reaches far beyond an open base, and what
        lies there no simulation knows.
    """

    kind: str = "heart"
    size: int = 32
    voxel_mm: float = 5.0
    margin_mm: float = 8.0
    edge_mm: float = 6.0
    scale_cm3: float = 28.7
    axis_mm: float = 40.0
    bright_mm: float = 0.0
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "size": (4, 96),
        "voxel_mm": (1.0, 20.0),
        "margin_mm": (0.0, 100.0),
        "edge_mm": (0.1, 50.0),
        "scale_cm3": (1.0, 500.0),
        "axis_mm": (5.0, 200.0),
        "bright_mm": (0.0, 100.0),
    }

    def to_dict(self) -> dict[str, Any]:
        """Return the plain values for a model card."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "HeartConfig":
        """Rebuild from a model card; see `cubeview.learn.models.rooms.rebuilt`."""
        return rebuilt(cls(), values)


_BRIGHT = 0.5
"""Share of the scale above which a voxel belongs to the wall."""
_EXTENT = (3.0, 97.0)
"""Percentiles of the wall's voxels along each axis that bound it."""


def prepare_heart(
    case: Case,
    config: HeartConfig,
    roles: tuple[str, ...] = ("rest", "stress"),
    *,
    ventricles: Mapping[str, Ventricle] | None = None,
    report: Report = nothing,
) -> Prepared:
    """Turn a heart case into network input.

    Each state is interpolated once (linearly) from its original voxels, weighted by a soft-edged
    ellipsoid around the wall (zero outside) and scaled by its own myocardium. Where there are
    both, rest is registered rigidly to stress by correlation within the ventricle, unless the
    user placed it.

    Parameters
    ----------
    case : Case
    config : HeartConfig
    roles : tuple of str
        The states the model wants, in channel order.
    ventricles : mapping of role to Ventricle, optional
        Ventricles placed by the user; the others are found.
    report : Report

    Returns
    -------
    Prepared
        With ``input`` of shape (len(roles), size, size, size).

    Raises
    ------
    CubeviewError
        If a state is missing, a cube has no size in mm, or no counts lie in the ventricle.
    """
    _check(case, roles)
    arrays = {}
    for step, role in enumerate(roles):
        report(0.2 * step / len(roles), f"Reading {role}")
        arrays[role] = _counts(case.cubes[role])
    report(0.2, "Finding the left ventricle")
    found = ventricles_of(case, roles, ventricles or {}, report)
    lead = "stress" if "stress" in roles else roles[0]
    report(0.7, "Sampling the ventricle")
    weight = ellipsoid_weight(found[lead], config)
    poses, cautions = {lead: found[lead]}, []
    for role in roles:
        if role == lead:
            continue
        if found[role].by == "user":  # stays where it was put; the size is the lead's
            poses[role] = replace(found[role], radii=found[lead].radii)
        else:
            pose, caution = _follow(
                (arrays[lead], case.cubes[lead], found[lead]),
                (arrays[role], case.cubes[role], found[role]),
                weight,
                config,
            )
            poses[role] = pose
            if caution:
                cautions.append(f"{role.capitalize()} against {lead}: {caution}")
    grids = {role: grid_of(poses[role], case.cubes[role], config) for role in roles}
    near = weight * (_axis_distance(config) <= config.axis_mm)
    channels = []
    for role in roles:
        values = _sample(arrays[role], grids[role], weight > 0) * weight
        channels.append(values / _level(values[near > 0.5], config, case.name, role))
    for role in roles:
        if found[role].doubt > 0.5:
            why = found[role].reason or "the fit is poor"
            cautions.append(f"The left ventricle in {role} is doubtful: {why}")
    report(1.0, "Ventricle ready")
    stacked = np.stack(channels).astype(np.float32)
    if config.bright_mm:
        stacked *= bright_weight(stacked.mean(axis=0), config)
    return Prepared(case, stacked, grids, {r: poses[r] for r in roles}, tuple(cautions))


def grid_of(ventricle: Ventricle, cube: Cube, config: HeartConfig) -> np.ndarray:
    """Return the map from input voxels to cube voxels, shape (4, 4), of one ventricle pose.

    Parameters
    ----------
    ventricle : Ventricle
    cube : Cube
    config : HeartConfig
    """
    spacing = np.array(cube.spacing)
    half = (config.size - 1) / 2 * config.voxel_mm
    grid = np.eye(4)
    grid[:3, :3] = ventricle.axes.T * config.voxel_mm / spacing[:, None]
    grid[:3, 3] = (ventricle.centre - ventricle.axes.T @ np.full(3, half)) / spacing
    return grid


def ellipsoid_weight(ventricle: Ventricle, config: HeartConfig) -> np.ndarray:
    """Return the weight of each input voxel: 1 in the ventricle, falling to 0 beyond the margin.

    Returns
    -------
    ndarray, shape (size, size, size), float32
    """
    return _soft(_offsets(config), ventricle.radii, config.margin_mm, config)


def bright_weight(mean: np.ndarray, config: HeartConfig) -> np.ndarray:
    """Return the weight of each input voxel: 1 around the bright wall, falling to 0 beyond it.

    Parameters
    ----------
    mean : ndarray, shape (size, size, size)
        Of all states: what one of them lacks, another may show.
    config : HeartConfig

    Returns
    -------
    ndarray, shape (size, size, size), float32
        Of an ellipsoid that is as deep as it is wide, along the input's axes.
    """
    places = _offsets(config)
    near = _axis_distance(config) <= config.axis_mm
    bright = near & (mean > _BRIGHT * _brightest(mean[near], config))
    low, high = np.percentile(places[:, bright], _EXTENT, axis=1)
    radii = 0.5 * (high - low + config.voxel_mm)
    radii[1:] = radii[1:].max()
    centre = 0.5 * (low + high)
    return _soft(places - centre[:, None, None, None], radii, config.bright_mm, config)


def _soft(
    places: np.ndarray, radii: np.ndarray, margin_mm: float, config: HeartConfig
) -> np.ndarray:
    """Weight of an ellipsoid with a margin and a soft edge, float32."""
    size = np.sqrt((places**2).sum(axis=0))
    ratio = np.sqrt(((places / radii[:, None, None, None]) ** 2).sum(axis=0))
    # Distance from the surface along the ray through the centre; the centre itself lies inside.
    distance = np.where(ratio > 0, size - size / np.maximum(ratio, 1e-9), -np.inf)
    ramp = (margin_mm + config.edge_mm - distance) / max(config.edge_mm, 1e-6)
    return np.clip(ramp, 0, 1).astype(np.float32)


def _check(case: Case, roles: tuple[str, ...]) -> None:
    if case.kind != HEART.key:
        raise CubeviewError(
            f"{case.name} is not a heart scan; this model judges rest and stress heart scans."
        )
    missing = [role for role in roles if role not in case.cubes]
    if missing:
        raise CubeviewError(
            f"{case.name} has no {' and no '.join(missing)} scan: the model compares "
            f"{' with '.join(roles)}. Open both scans together, or say which is which."
        )
    for role in roles:
        cube = case.cubes[role]
        if any(axis.unit != "mm" for axis in cube.axes):
            raise CubeviewError(
                f"The {role} scan of {case.name} does not say how large its voxels are, so the "
                "ventricle cannot be brought to the model's 5 mm grid."
            )
        if min(cube.shape) < 4:
            raise CubeviewError(
                f"The {role} scan of {case.name} has only {cube.shape} voxels: too few for a heart."
            )


def _counts(cube: Cube) -> np.ndarray:
    """Values as float32 with zero where there are none."""
    z, y, x = cube.shape
    values = cube.box((slice(0, z), slice(0, y), slice(0, x)))
    cleaned: np.ndarray = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return cleaned


def ventricles_of(
    case: Case,
    roles: tuple[str, ...],
    given: Mapping[str, Ventricle],
    report: Report = nothing,
) -> dict[str, Ventricle]:
    """Return the left ventricle of each state: those given, and the others found.

    Parameters
    ----------
    case : Case
    roles : tuple of str
    given : mapping of role to Ventricle
        Placed by the user, or found before.
    report : Report
    """
    found = {role: given[role] for role in roles if role in given}
    if not found and {"rest", "stress"} <= set(roles):
        stress, rest = find_pair(case.cubes["stress"], case.cubes["rest"], report=report)
        found = {"stress": stress, "rest": rest}
    for role in roles:
        if role not in found:
            found[role] = find_ventricle(case.cubes[role], report=report)
    return found


def _offsets(config: HeartConfig) -> np.ndarray:
    """Millimetres of each input voxel from the grid's centre, shape (3, size, size, size)."""
    line = (np.arange(config.size) - (config.size - 1) / 2) * config.voxel_mm
    return np.stack(np.meshgrid(line, line, line, indexing="ij"))


def _axis_distance(config: HeartConfig) -> np.ndarray:
    _, down, right = _offsets(config)
    distance: np.ndarray = np.hypot(down, right)
    return distance


def _sample(array: np.ndarray, grid: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Linear interpolation of a cube at the input voxels chosen; zero elsewhere and outside."""
    values = np.zeros(where.shape, dtype=np.float32)
    at = grid[:3, :3] @ np.stack(np.nonzero(where)) + grid[:3, 3:]
    values[where] = map_coordinates(array, at, order=1, mode="constant", cval=0.0)
    return values


def _level(values: np.ndarray, config: HeartConfig, name: str, role: str) -> float:
    """The value that becomes 1: the faintest of the brightest `scale_cm3` of myocardium."""
    level = _brightest(values, config)
    if not level > 0:
        raise CubeviewError(
            f"The {role} scan of {name} has no counts where its left ventricle should be; move "
            "the ellipsoid onto the heart."
        )
    return level


def _brightest(values: np.ndarray, config: HeartConfig) -> float:
    """The faintest of the brightest `scale_cm3` of some voxels."""
    count = round(config.scale_cm3 * 1000 / config.voxel_mm**3)
    count = min(count, max(1, len(values) // 4))
    return float(np.partition(values, -count)[-count]) if len(values) else 0.0


def _follow(
    fixed: tuple[np.ndarray, Cube, Ventricle],
    moving: tuple[np.ndarray, Cube, Ventricle],
    weight: np.ndarray,
    config: HeartConfig,
) -> tuple[Ventricle, str]:
    """The moving state's ventricle once registered to the fixed one, and what is odd about it."""
    everywhere = np.ones(weight.shape, dtype=bool)
    images = [_sample(a, grid_of(v, c, config), everywhere) for a, c, v in (fixed, moving)]
    result = register(images[0], images[1], weight, config.voxel_mm)
    start = moving[2]
    shift = float(np.linalg.norm(result.shift_mm))
    if result.correlation < 0.6 or shift > 25 or result.turn_deg > 25:
        result = Rigid(np.eye(3), np.zeros(3), result.correlation)
        caution = "the two could not be registered; they are compared as found."
    elif shift > 15 or result.turn_deg > 15:
        caution = f"registered by {shift:.0f} mm and {result.turn_deg:.0f}°, more than usual."
    else:
        caution = ""
    pose = Ventricle(
        centre=start.centre + start.axes.T @ result.shift_mm,
        axes=(start.axes.T @ result.rotation).T,
        radii=fixed[2].radii,
        doubt=start.doubt,
        reason=start.reason,
        by=start.by,
    )
    return pose, caution
