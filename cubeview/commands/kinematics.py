"""``kinematics``: how the gas of line cubes moves, by eight numbers of its moment maps."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    files_of,
    one_line,
    open_cases,
    print_json,
    progress,
)
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.cubes.case import Case

NAME = "kinematics"
"""What ``predict --model`` calls it."""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, NAME, _kinematics, "tell rotators, dispersion and mergers apart in line cubes"
    )
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    sub.add_argument(
        "--rest", default="", metavar="VALUE", help="rest value of the line, as '115.271 GHz'"
    )
    sub.add_argument(
        "--between", nargs=2, type=float, metavar=("LOW", "HIGH"), help="velocities looked at, km/s"
    )
    add_json(sub)


def _kinematics(options: argparse.Namespace) -> int:
    return tell(options.paths, options.rest, options.between, as_json=options.json)


def tell(
    paths: Sequence[Path],
    line: str = "",
    between: Sequence[float] | None = None,
    *,
    as_json: bool,
) -> int:
    """Print how the gas of each cube moves; return the exit status.

    Parameters
    ----------
    paths : sequence of Path
    line : str
        Rest value; empty where the cube has a velocity axis, or says it.
    between : two of float, optional
        Velocities that are looked at, in km/s.
    as_json : bool
    """
    cases, status = open_cases(paths)
    records: list[dict[str, Any]] = []
    for case in cases:
        try:
            record = _record(case, line, between)
        except CubeviewError as error:
            print(f"cubeview: {case.name}: {one_line(error)}", file=sys.stderr)
            status = 2
            continue
        records.append(record)
        if not as_json:
            shares = ", ".join(f"{n} {p:.2f}" for n, p in record["probabilities"].items())
            print(f"{case.name}: {record['class']} ({shares})")
            if record["doubt"]["why"]:
                print(f"  why: {record['doubt']['why']}")
            print(f"  position angle of the receding half {record['position_angle_deg']:.0f}°")
            for name, value in record["numbers"].items():
                print(f"  {name}: {value:.3g}")
    if as_json:
        print_json(records)
    return status if records else 2


def _record(case: "Case", line: str, between: Sequence[float] | None) -> dict[str, Any]:
    from cubeview.cubes.spectral import with_spectral
    from cubeview.measure.sky.kinematics import UNLIKE, kinematics

    cube = case.main
    if line or (cube.axes[0].kind == "spectral" and cube.axes[0].name != "Velocity"):
        cube = with_spectral(cube, "velocity", rest=line)
    limits = (between[0], between[1]) if between else None
    found = kinematics(cube, between=limits, report=progress())
    return {
        "case": case.name,
        "files": files_of(case),
        "model": NAME,
        "task": "classify",
        "class": found.kind,
        "probabilities": dict(found.probabilities),
        "numbers": dict(found.numbers),
        "position_angle_deg": found.angle_deg,
        "systemic_kms": found.systemic_kms,
        "doubt": {"unlike_training": found.kind == UNLIKE, "why": found.why},
        "cautions": list(case.cautions),
    }
