"""``redshift``: the redshift of spectra by templates."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    one_line,
    open_cases,
    print_json,
    progress,
)
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "redshift", _redshift, "redshift and type of spectra, by galaxies, quasars, stars"
    )
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    sub.add_argument(
        "--between", nargs=2, type=float, metavar=("LOW", "HIGH"), default=(-1.0, 10.0),
        help="redshifts that are tried (default: all that the templates reach)",
    )  # fmt: skip
    add_json(sub)


def _redshift(options: argparse.Namespace) -> int:
    from cubeview.measure.sky.by_templates import redshift_at

    low, high = options.between
    if not -1.0 <= low < high:
        raise CubeviewError("--between takes two redshifts, the lower first, from -1 on.")
    cases, status = open_cases(options.paths)
    records: list[dict[str, Any]] = []
    for case in cases:
        path = case.main.source.path if case.main.source else case.name
        try:
            if case.main.shape[1:] != (1, 1):
                raise CubeviewError(
                    "a cube, and not one spectrum. Take one out of it first: cubeview spectrum."
                )
            found = redshift_at(case.main, between=(low, high), report=progress())
        except CubeviewError as error:
            print(f"cubeview: {case.name}: {one_line(error)}", file=sys.stderr)
            status = 2
            continue
        records.append(
            {
                "path": str(path),
                "case": case.name,
                "type": found.type,
                "z": found.z,
                "low": found.low,
                "high": found.high,
                "agree": found.agree,
                "candidates": [
                    {"z": one.z, "type": one.type, "delta_chi2": one.delta_chi2, "by": one.by}
                    for one in found.candidates
                ],
                "reduced_chi2": found.reduced_chi2,
                "cautions": list(found.cautions),
            }
        )
        if not options.json:
            print(
                f"{case.name}: {found.type}, z = {found.z:.5f} ({found.low:.5f}–{found.high:.5f})"
            )
            for one in found.candidates[1:]:
                print(f"  or z = {one.z:.5f}, {one.type}, Δχ² {one.delta_chi2:.1f}")
            for caution in found.cautions:
                print(f"  caution: {caution}")
    if options.json:
        print_json(records)
    return status if records else 2
