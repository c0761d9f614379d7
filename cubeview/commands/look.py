"""``open``, ``info`` and ``demo``: look at files."""

import argparse
import os
import sys
from pathlib import Path

from cubeview.commands.common import Commands, add_command, add_json, open_cases, print_json
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(commands, "open", _open, "open files and folders in the window")
    sub.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    sub.add_argument("--library", type=Path, metavar="FILE", help="use this library file")

    sub = add_command(
        commands, "info", _info, "say what files hold: axes, units, roles, what was guessed"
    )
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add_json(sub)

    sub = add_command(commands, "demo", _demo, "open, classify and explain both samples off screen")
    sub.add_argument("--out", type=Path, default=Path("cubeview-demo.png"), metavar="PNG")


def _open(options: argparse.Namespace) -> int:
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in displays):
        # Qt would end the whole process.
        raise CubeviewError(
            "there is no display to open a window on: use the commands (cubeview --help), or "
            "cubeview demo, which works off screen."
        )
    from cubeview.gui.shell.app import run

    return run(options.paths, options.library)


def _info(options: argparse.Namespace) -> int:
    from cubeview.io.info import describe

    cases, status = open_cases(options.paths)
    records = [record for case in cases for record in describe(case)]
    if options.json:
        print_json(records)
        return status
    for record in records:
        z, y, x = record["shape"]
        print(f"{record['path']}: {record['kind']}, {z} × {y} × {x}, {record['unit'] or 'no unit'}")
        for axis in record["axes"][: 1 if (y, x) == (1, 1) else 3]:
            first, last, step = map(_number, (*axis["along"], axis["step"]))
            print(
                f"  {axis['name']} ({axis['type'] or 'no type'}): {first} to {last} "
                f"{axis['unit']}, step {step}"
            )
        print(f"  uncertainty: {record['uncertainty'] or 'none'}")
        for note in record["notes"]:
            print(f"  {note}")
    return status


def _number(value: float | None) -> str:
    """Return a coordinate in nine figures; a place outside the projection has none."""
    return "none" if value is None else f"{value:.9g}"


def _demo(options: argparse.Namespace) -> int:
    from cubeview.gui.shell.demo import demo

    for answer in demo(options.out):
        print(f"{answer['case']} ({answer['kind']}): {answer['picture']}")
        if "problem" in answer:
            print(f"  {answer['problem']}")
            continue
        bars = ", ".join(f"{name} {p:.2f}" for name, p in answer["probabilities"].items())
        abnormal = "" if answer["abnormal"] is None else f", abnormal {answer['abnormal']:.2f}"
        print(f"  {answer['model']}: {answer['class']}{abnormal} ({bars})")
        print(f"  {answer['device']}, {answer['seconds']:.2f} s; map: {answer['map']}")
    return 0
