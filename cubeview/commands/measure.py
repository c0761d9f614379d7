"""``measure``: numbers of a heart without a network."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    add_states,
    files_of,
    judged_cases,
    one_line,
    placed_ventricles,
    print_json,
    public_name,
)
from cubeview.commands.readings import add_readers, readings_of
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.cubes.cube import Cube
    from cubeview.cubes.scores import Scores
    from cubeview.measure.heart.ejection import Ejection
    from cubeview.measure.heart.measured import Measured
    from cubeview.measure.heart.normal import Group, Limits


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "measure", _measure, "perfusion of hearts in 17 segments, scores and sizes"
    )
    add_states(sub)
    sub.add_argument(
        "--normals", type=Path, metavar="FILE", help="compare with limits that `normals` made"
    )
    add_readers(sub, "take this reader's scores where the library has any")
    add_json(sub)


def _measure(options: argparse.Namespace) -> int:
    from cubeview.learn.heart.prepare import ventricles_of
    from cubeview.measure.heart.measured import measurable, measure

    records: list[dict[str, Any]] = []
    normals = _limits(options)
    cases, status = judged_cases(options)
    if options.library is not None and options.scores_of is None:
        raise CubeviewError("--library serves --scores-of: say whose scores to take.")
    given = {} if options.scores_of is None else readings_of(options, cases)
    for case in cases:
        try:
            ventricles = ventricles_of(case, measurable(case), placed_ventricles(case))
            found = measure(case, ventricles)
            said = given.get(case)
            scores = said[0].scores if said else None
            if scores is not None:
                found = replace(found, scores=scores.filled(found.scores))
        except CubeviewError as error:
            why = one_line(error).removeprefix(f"{case.name}: ")
            print(f"cubeview: {case.name}: {why}", file=sys.stderr)
            status = 2 if len(cases) == 1 else status
            continue
        records.append(record(case, found))
        if given:
            records[-1] |= _whose(options.scores_of, scores, found)
        if normals is not None:
            records[-1]["normals"] = _deviations(case, found, normals, records[-1]["cautions"])
        if not options.json:
            for line in _table(records[-1]):
                print(line)
    if options.json:
        print_json(records)
    return status if records else 2


def _limits(options: argparse.Namespace) -> "dict[Group, Limits] | None":
    from cubeview.measure.heart.normal import read_limits

    return None if options.normals is None else read_limits(options.normals)


def _whose(reader: str, scores: "Scores | None", found: "Measured") -> dict[str, Any]:
    """Return who gave the scores, and in how many segments they are only suggested."""
    states = {} if scores is None else scores.states
    own = sum(score is not None for role in found.maps for score in states.get(role, ()))
    return {"scores_by": reader if own else None, "suggested": 17 * len(found.maps) - own}


def _deviations(
    case: "Case", found: "Measured", normals: "dict[Group, Limits]", cautions: list[str]
) -> dict[str, Any]:
    """Compare each state with healthy hearts; why one cannot be is added to the cautions."""
    from cubeview.library.healthy import stated
    from cubeview.measure.heart.normal import ABNORMAL, Group, compared

    told: dict[str, Any] = {}
    for role, polar in found.maps.items():
        try:
            one = compared(polar, Group(role, *stated(case, role)), normals)
        except CubeviewError as error:
            cautions.append(f"not compared with healthy hearts: {one_line(error)}")
            continue
        share, ml = one.defect
        told[role] = {
            "cases": one.cases, "group": one.group.words, "below_sd": ABNORMAL,
            "z": [round(z, 2) for z in one.segments],
            "defect_percent": round(share, 1), "defect_ml": round(ml, 1),
        }  # fmt: skip
    return told


def record(case: "Case", found: "Measured") -> dict[str, Any]:
    """Return what is measured of a case as plain values."""
    from cubeview.measure.heart.measured import LOW, TID_SPREAD

    gated = {role: _gated(case.cubes[role], one) for role, one in found.ejections.items()}
    extents = {role: one.below(LOW) for role, one in found.maps.items()}
    return {
        "case": public_name(case),
        "files": files_of(case),
        "segments": {role: [round(v, 1) for v in s] for role, s in found.segments.items()},
        "scores": {role: list(scores) for role, scores in found.scores.states.items()},
        "sss": found.scores.sss,
        "srs": found.scores.srs,
        "sds": found.scores.sds,
        "tid": None if found.tid is None else round(found.tid, 3),
        "tid_spread": None if found.tid is None else TID_SPREAD,
        "low": {
            role: {"below_percent": LOW, "extent_percent": round(share, 1), "ml": round(ml, 1),
                   "severity_percent": round(deficit, 1)}
            for role, (share, ml, deficit) in extents.items()
        },
        "wall_ml": {role: round(ml, 1) for role, ml in found.wall_ml.items()},
        "cavity_ml": {role: round(ml, 1) for role, ml in found.cavity_ml.items()},
        "gated": next(iter(gated.values()), None),
        "gated_states": gated,
        "thickening_percent": {
            role: [round(v, 1) for v in one.means()] for role, one in found.thickenings.items()
        },
        "cautions": list(found.cautions),
    }  # fmt: skip


def _gated(cube: "Cube", found: "Ejection") -> dict[str, Any]:
    """Return what is told of a gated scan; low and high are one sigma off the fraction."""
    from cubeview.cubes.gated import HEART_RATE, REJECTED, about_beats

    low, high = found.interval
    return {
        "edv": round(found.edv, 1),
        "esv": round(found.esv, 1),
        "ef": round(found.ef, 1),
        "low": round(low, 1),
        "high": round(high, 1),
        "edv_spread": round(found.spreads[0], 1),
        "esv_spread": round(found.spreads[1], 1),
        "said": f"{found}; {about_beats(cube)}",
        "gates": len(cube.gates),
        "heart_rate": cube.facts.get(HEART_RATE),
        "rejected_beats": cube.facts.get(REJECTED),
    }


def _table(told: dict[str, Any]) -> list[str]:
    lines = [f"{told['case']}: relative uptake, % of the largest (suggested score)"]
    lines.append("  segment  " + "  ".join(f"{n:>6}" for n in range(1, 18)))
    for role, values in told["segments"].items():
        scores = told["scores"][role]
        cells = (f"{v:3.0f} ({s})" for v, s in zip(values, scores, strict=True))
        lines.append(f"  {role:<8} " + "  ".join(f"{cell:>6}" for cell in cells))
    sums = [f"{name.upper()} {told[name]}" for name in ("sss", "srs", "sds")]
    if told["tid"] is not None:
        sums.append(f"TID {told['tid']:.2f} ± {told['tid_spread']:.2f}")
    lines.append("  " + ", ".join(text for text in sums if "None" not in text))
    for role, low in told["low"].items():
        lines.append(
            f"  {role}: {low['extent_percent']:.0f} % of the wall ({low['ml']:.0f} ml) below "
            f"{low['below_percent']:.0f} % of the largest, by {low['severity_percent']:.0f} on "
            f"average; wall {told['wall_ml'][role]:.0f} ml, cavity {told['cavity_ml'][role]:.0f} ml"
        )
    lines += (f"  {role}: {beat['said']}" for role, beat in told["gated_states"].items())
    for role, values in told["thickening_percent"].items():
        lines.append(f"  {role}: thickening by counts, %, of the segments")
        lines.append("           " + "  ".join(f"{v:>6.0f}" for v in values))
    for role, one in told.get("normals", {}).items():
        lines.append(
            f"  {role}: {one['defect_percent']:.0f} % of the wall ({one['defect_ml']:.0f} ml) "
            f"below {one['below_sd']} SD of {one['cases']} healthy hearts ({one['group']})"
        )
    if told.get("scores_by"):
        lines.append(f"  scores by {told['scores_by']}, {told['suggested']} of them only suggested")
    return [*lines, *(f"  caution: {caution}" for caution in told["cautions"])]
