"""``quality``: how studies of hearts were taken, and what may make a heart look ill."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    files_of,
    one_line,
    open_cases,
    placed_ventricles,
    print_json,
    public_name,
)
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.measure.heart.taken import Found


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands,
        "quality",
        _quality,
        "how hearts and projections were taken: motion, counts, gates, reasons for artefacts",
    )
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add_json(sub)


def _quality(options: argparse.Namespace) -> int:
    from cubeview.cubes.study import beside, tags
    from cubeview.learn.heart.prepare import ventricles_of
    from cubeview.measure.heart.measured import measurable
    from cubeview.measure.heart.projections import is_turn
    from cubeview.measure.heart.taken import looked_at

    cases, status = open_cases(options.paths)
    records: list[dict[str, Any]] = []
    refused = False
    for case in cases:
        if not kind_of(case).ventricle and not is_turn(case.main):
            continue
        turns = [one for one in (case, *beside(case, cases)) if is_turn(one.main)]
        try:
            known = {}
            if kind_of(case).ventricle:
                known = ventricles_of(case, measurable(case), placed_ventricles(case))
            found = looked_at(case, known, turns)
        except CubeviewError as error:
            print(f"cubeview: {case.name}: {one_line(error)}", file=sys.stderr)
            refused, status = True, 2 if len(cases) == 1 else status
            continue
        records.append(
            {"case": public_name(case), "tags": list(tags(case)), **_record(case, found)}
        )
        if not options.json:
            print(f"{records[-1]['case']}: {', '.join(records[-1]['tags'])}")
            for line in (*(f"⚠ {reason}" for reason in found.reasons), *found.lines):
                print(f"  {line}")
    if not records and not refused:
        raise CubeviewError("no heart and no projections with their angles are among these files.")
    if options.json:
        print_json(records)
    return status if records else 2


def _record(case: "Case", found: "Found") -> dict[str, Any]:
    """Return what was found as plain values."""
    turns = []
    for name, (_, turn) in found.turns.items():
        most, way, angle = turn.moved
        turns.append(
            {
                "name": name,
                "motion_mm": round(most, 1),
                "way": way,
                "at_degrees": round(angle, 1),
                "axial_mm": [round(float(v), 1) for v in turn.axial],
                "lateral_mm": [round(float(v), 1) for v in turn.lateral],
                "centre_mm": None if turn.centre_mm is None else round(turn.centre_mm, 1),
                "counts": [round(float(v)) for v in turn.counts],
                "density": round(turn.density, 1),
            }
        )
    return {
        "files": files_of(case),
        "projections": turns,
        "gates": {role: [round(float(v)) for v in counts] for role, counts in found.gates.items()},
        "reasons": [
            {"name": one.name, "code": list(one.code or ()) or None, "evidence": one.evidence}
            for one in found.reasons
        ],
        "said": list(found.lines),
    }
