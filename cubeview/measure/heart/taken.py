"""How a study was taken, and whether it can be trusted: projections, counts, gates, reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.gated import about_beats, count_curve
from cubeview.cubes.study import tags
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.heart.artefacts import Reason, reasons
from cubeview.measure.heart.measured import measurable, measure
from cubeview.measure.heart.projections import Turn, turn_of


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of a case and the projections of its study.

    Parameters
    ----------
    reasons : tuple of Reason
        What may make the heart look ill, the likeliest first.
    turns : mapping of str to (Case, Turn)
        The projections, by what they are called.
    gates : mapping of role to ndarray, shape (gates,)
        Counts of each gate.
    lines : tuple of str
        All of it in words.
    heart : bool
        A ventricle was known: reasons were looked for.
    """

    reasons: tuple[Reason, ...] = ()
    turns: Mapping[str, tuple[Case, Turn]] = field(default_factory=dict)
    gates: Mapping[str, np.ndarray] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    heart: bool = False


def looked_at(
    case: Case,
    ventricles: Mapping[str, Ventricle],
    projections: Sequence[Case],
    report: Report = nothing,
) -> Found:
    """Look how a case was taken.

    Parameters
    ----------
    case : Case
    ventricles : mapping of role to Ventricle
        Of a heart; none where reasons are not looked for.
    projections : sequence of Case
        Of its study, or the case itself.
    report : Report

    Raises
    ------
    CubeviewError
        If the heart cannot be measured.
    """
    lines: list[str] = []
    turns: dict[str, tuple[Case, Turn]] = {}
    for number, one in enumerate(projections):
        report(number / (len(projections) + 1), "following the projections")
        name = " ".join(tags(one)) + (f" {number + 1}" if len(projections) > 1 else "")
        try:
            turns[name] = one, turn_of(one.main)
            lines += [f"{name}: {text}" for text in turns[name][1].words]
        except CubeviewError as error:
            lines.append(f"{name}: {error}")
    gates = {role: count_curve(cube) for role, cube in case.cubes.items() if cube.gates}
    lines += (f"{role}: {about_beats(case.cubes[role])}" for role in gates)
    for role, counts in gates.items():
        low, high = (100 * end / counts.mean() for end in (counts.min(), counts.max()))
        lines.append(f"{role}: gates hold {low:.0f} to {high:.0f} % of the mean counts")
    found: tuple[Reason, ...] = ()
    if ventricles:
        measurable(case)
        measured = measure(case, ventricles, volumes=False, report=report)
        taken = {name: turn for name, (_, turn) in turns.items()}
        found = reasons(case, ventricles, measured, taken)
        for role in ventricles:
            total = float(np.nansum(case.cubes[role].pixels.read()))
            lines.append(f"{role}: {total / 1000:.0f} thousand counts in all")
    if not projections and ventricles:
        lines.append("No projections of this study are open: motion cannot be told.")
    return Found(found, turns, gates, tuple(lines), bool(ventricles))
