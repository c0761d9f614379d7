"""Why a heart may look ill without being so: reasons for poor images, each with its evidence.

Reasons as in PS3.16 CID 3115; what speaks for each after Burrell and MacDonald 2006, J Nucl Med
Technol 34:193. A reason found says that the picture has it, not that there is no disease.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.kinds.kind import Code
from cubeview.measure.heart.measured import Measured
from cubeview.measure.heart.projections import TELLING_MM, Turn
from cubeview.measure.heart.segments import TURNS, places_beside

_SIDES = {
    "diaphragm": ("inferior", (4, 10, 15)),
    "breast": ("anterior", (1, 7, 13)),
}
_CODES: dict[str, Code] = {
    "motion": ("111210", "DCM", "Motion blur"),
    "breast": ("122744", "DCM", "Breast attenuation"),
    "diaphragm": ("122745", "DCM", "Diaphragm attenuation"),
    "gut": ("429382003", "SCT", "Subdiaphragmatic uptake"),
}
_LOST = 15.0
"""Points by which a wall lies below the others in every state before shadows are thought of."""
_FIXED = 8.0
"""Points by which states may differ there: what comes and goes is no shadow of the body."""
_TOP = 0.98  # of what lies there: what counts is small
_NEAR = 0.7
"""Share of the wall's brightness from which on something beside the inferior wall disturbs it."""
_TURNED_DEG = 20.0
_ALIKE = 0.05
"""Gain in correlation of stress with rest, turned about the long axis, that counts."""


@dataclass(frozen=True)
class Reason:
    """One reason: its name, its code where there is one, what speaks for it, and how strongly."""

    name: str
    evidence: str
    strength: float
    code: Code | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}"


def reasons(
    case: Case,
    ventricles: Mapping[str, Ventricle],
    found: Measured,
    turns: Mapping[str, Turn] | None = None,
) -> tuple[Reason, ...]:
    """Return what may make this heart look ill, the likeliest first; empty where nothing speaks.

    Parameters
    ----------
    case : Case
    ventricles : mapping of role to Ventricle
    found : Measured
        Of this case and these ventricles.
    turns : mapping of str to Turn, optional
        Projections of the same study, by what they are called.
    """
    known = [*_motion(turns or {}), *_gut(case, ventricles), *_shadows(found), *_turned(found)]
    return tuple(sorted(known, key=lambda one: -one.strength))


def _reason(name: str, evidence: str, strength: float) -> Reason:
    return Reason(name, evidence, strength, _CODES.get(name))


def _motion(turns: Mapping[str, Turn]) -> list[Reason]:
    found = []
    for name, turn in turns.items():
        most, way, angle = turn.moved
        if most >= TELLING_MM:
            text = f"{name} moved by {most:.0f} mm {way}, most of it at {angle:.0f}°"
            found.append(_reason("motion", text, most / TELLING_MM))
    return found


def _gut(case: Case, ventricles: Mapping[str, Ventricle]) -> list[Reason]:
    """Look below the inferior wall for what is as bright as the wall."""
    from scipy.ndimage import map_coordinates

    found = []
    for role, ventricle in ventricles.items():
        cube = case.cubes[role]
        counts = np.nan_to_num(cube.pixels.read())
        wall, beside = (
            map_coordinates(counts, np.moveaxis(places, -1, 0), order=1)
            for places in places_beside(ventricle, cube.spacing)
        )
        share = float(np.quantile(beside, _TOP)) / max(float(np.median(wall.max(axis=0))), 1e-9)
        if share >= _NEAR:
            text = (
                f"{role} is {100 * share:.0f} % as bright beside its inferior wall as in the wall"
            )
            found.append(_reason("gut", text, share / _NEAR))
    return found


def _shadows(found: Measured) -> list[Reason]:
    """Look for a wall that is low alike in every state, as behind the body's own tissue."""
    made = []
    for name, (side, segments) in _SIDES.items():
        lost = []
        for means in found.segments.values():
            others = [v for n, v in enumerate(means[:16], 1) if n not in segments]
            lost.append(float(np.median(others)) - float(np.mean([means[n - 1] for n in segments])))
        if min(lost) >= _LOST and max(lost) - min(lost) <= _FIXED:
            states = " and ".join(found.segments)
            text = f"the {side} wall is {min(lost):.0f} points below the others in {states}"
            made.append(_reason(name, text, min(lost) / _LOST))
    return made


def _turned(found: Measured) -> list[Reason]:
    """Look whether rest resembles stress more when it is turned about the long axis."""
    if found.maps.keys() < {"stress", "rest"}:
        return []
    stress, rest = (found.maps[role].values for role in ("stress", "rest"))
    alike = np.array(
        [np.corrcoef(stress.ravel(), np.roll(rest, n, axis=1).ravel())[0, 1] for n in range(TURNS)]
    )
    best = int(np.argmax(alike))
    degrees = (best if best <= TURNS // 2 else best - TURNS) * 360.0 / TURNS
    if abs(degrees) < _TURNED_DEG or alike[best] - alike[0] < _ALIKE:
        return []
    text = f"rest resembles stress more when it is turned by {abs(degrees):.0f}°"
    return [_reason("misregistration", text, 1.0 + float(alike[best] - alike[0]))]
