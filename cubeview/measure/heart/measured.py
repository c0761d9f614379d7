"""All that is measured of a heart."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.scores import Scores
from cubeview.cubes.ventricle import BASE_AT, Ventricle, wall_mask
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import kind_of
from cubeview.measure.heart.ejection import PHANTOMS_ONLY, Ejection, ejection
from cubeview.measure.heart.scores import suggested
from cubeview.measure.heart.segments import APEX_MM, PolarMap, polar_map
from cubeview.measure.heart.thickening import WHAT, thickening

LOW = 50.0
"""% of the largest counts below which a place of the wall counts as low; half is a usual level."""
DOUBTED = 0.5
"""Doubt of a ventricle above which the user is asked to check it."""
TID_SPREAD = 0.05
"""Standard deviation of the ratio about the true one, 80 simulated healthy pairs."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Perfusion and size of the left ventricle in one or two states.

    Parameters
    ----------
    maps : mapping of role to PolarMap
    scores : Scores
        Suggested, see `cubeview.measure.heart.scores`.
    wall_ml : mapping of role to float
        Volume of the wall: counts above half of its usual brightness, within the ellipsoid.
    cavity_ml : mapping of role to float
        Within the inner surface of the ellipsoid up to the basal plane, of the sum of the gates.
    ejections : mapping of role to Ejection
        Volumes over the beat, of the gated states of which they can be told.
    thickenings : mapping of role to PolarMap
        How much brighter the wall becomes over the beat, %; of the gated states, likewise.
    cautions : tuple of str
        Reasons to distrust it.
    """

    maps: Mapping[str, PolarMap]
    _: KW_ONLY
    scores: Scores
    wall_ml: Mapping[str, float]
    cavity_ml: Mapping[str, float]
    ejections: Mapping[str, Ejection] = field(default_factory=dict)
    thickenings: Mapping[str, PolarMap] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()

    @property
    def segments(self) -> dict[str, tuple[float, ...]]:
        """Mean uptake in the 17 segments of each state, % of the largest."""
        return {role: one.means() for role, one in self.maps.items()}

    @property
    def difference(self) -> PolarMap | None:
        """Stress less rest, in points of the % each has; None with one state."""
        if self.maps.keys() < {"stress", "rest"}:
            return None
        stress = self.maps["stress"]
        return replace(stress, values=stress.values - self.maps["rest"].values)

    @property
    def tid(self) -> float | None:
        """Stress over rest volume of the cavity, ungated; None with one state.

        Give or take `TID_SPREAD`. What is large depends on tracer and protocol.
        """
        if self.cavity_ml.keys() < {"stress", "rest"}:
            return None
        return self.cavity_ml["stress"] / self.cavity_ml["rest"]


def measurable(case: Case) -> tuple[str, ...]:
    """Return the states of a case that can be measured.

    Raises CubeviewError if it is no heart, or its voxels have no size in mm.
    """
    kind = kind_of(case)
    if not kind.ventricle:
        raise CubeviewError(f"{case.name}: hearts are measured so; this is no heart scan.")
    for role, cube in case.cubes.items():
        if any(axis.unit != "mm" for axis in cube.axes):
            raise CubeviewError(
                f"{case.name}: {role} does not say how large its voxels are. Open it in the window "
                "and say it under Guesses."
            )
    return tuple(role for role in kind.states if role in case.cubes) or tuple(case.cubes)


def measure(
    case: Case,
    ventricles: Mapping[str, Ventricle],
    *,
    volumes: bool = True,
    report: Report = nothing,
) -> Measured:
    """Measure a heart whose ventricles are known.

    Parameters
    ----------
    case : Case
    ventricles : mapping of role to Ventricle
        One for each state that is to be measured.
    volumes : bool
        Fit the beating wall of gated states, which takes a second or more each.
    report : Report

    Raises
    ------
    CubeviewError
        If a wall holds no counts.
    """
    maps, wall_ml, cavity_ml, cautions = {}, {}, {}, list(case.cautions)
    ejections: dict[str, Ejection] = {}
    thickenings: dict[str, PolarMap] = {}
    for step, (role, ventricle) in enumerate(ventricles.items()):
        report(step / len(ventricles), f"Measuring {role}")
        cube = case.cubes[role]
        counts = np.nan_to_num(cube.pixels.read())
        try:
            maps[role] = polar_map(cube, ventricle, counts)
        except CubeviewError as error:
            raise CubeviewError(f"{case.name}, {role}: {error}") from error
        wall = wall_mask(ventricle, counts, cube.spacing)
        wall_ml[role] = float(wall.sum() * np.prod(cube.spacing)) / 1000.0
        cavity_ml[role] = _cavity_ml(ventricle)
        if ventricle.doubt > DOUBTED:
            cautions.append(f"the left ventricle of {role} is doubtful: {ventricle.reason}")
        if cube.gates:
            cautions.append(f"{role} is gated: perfusion is measured on the sum of its gates")
            try:
                thickenings[role] = thickening(cube, ventricle)
            except CubeviewError as error:
                cautions.append(f"{role}: thickening cannot be told: {error}")
            if not volumes:
                continue
            try:
                ejections[role] = ejection(cube, ventricle, report=report)
                cautions += (f"{role}: {one}" for one in ejections[role].cautions)
            except CubeviewError as error:
                cautions.append(f"{role}: volumes and ejection fraction cannot be told: {error}")
    if ejections:
        cautions.append(f"{PHANTOMS_ONLY}: volumes and ejection fraction")
    if thickenings:
        cautions.append(WHAT)
    if len(maps) == 1:
        cautions.append(f"only {next(iter(maps))} is there: no difference can be told")
    report(1.0, "Measured")
    return Measured(
        maps,
        scores=suggested({role: one.means() for role, one in maps.items()}),
        wall_ml=wall_ml,
        cavity_ml=cavity_ml,
        ejections=ejections,
        thickenings=thickenings,
        cautions=tuple(dict.fromkeys(cautions)),
    )


def _cavity_ml(ventricle: Ventricle) -> float:
    """Volume of an ellipsoid a wall's thickness smaller, from its apex to the basal plane."""
    a, b, c = np.maximum(ventricle.radii - APEX_MM, 1.0)
    top = min(BASE_AT * ventricle.radii[0] / a, 1.0)
    # Of a unit sphere cut at height t: pi (2/3 + t - t³/3).
    return float(a * b * c * np.pi * (2 / 3 + top - top**3 / 3)) / 1000.0
