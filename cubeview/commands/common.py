"""What several commands share: opening paths, choosing a model, printing."""

import argparse
import getpass
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.place import Value, add_at, world_of
from cubeview.cubes.case import Case, paired
from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import HEART, kind_of
from cubeview.plain import plain

if TYPE_CHECKING:
    from cubeview.library.library import Library

LINE_EVERY_S = 10.0

Commands = Any
"""What ``argparse.ArgumentParser.add_subparsers`` returns; argparse keeps its name private."""


def add_command(
    commands: Commands, name: str, command: Callable[[Any], int], text: str
) -> argparse.ArgumentParser:
    """Add a command.

    Parameters
    ----------
    commands : Commands
    name : str
        What the user types.
    command : callable
        Takes the parsed options, returns the exit status.
    text : str
        Its line in the list of commands, and what its own help begins with.
    """
    sub: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    sub.set_defaults(command=command)
    return sub


def add_json(sub: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    sub.add_argument("--json", action="store_true", help="one JSON document on stdout")


def add_states(sub: argparse.ArgumentParser) -> None:
    """Add what names cases and the states of one."""
    sub.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    sub.add_argument("--rest", type=Path, metavar="FILE", help="this file is the rest scan")
    sub.add_argument("--stress", type=Path, metavar="FILE", help="this file is the stress scan")


def add_model(sub: argparse.ArgumentParser) -> None:
    """Add ``--model``."""
    sub.add_argument("--model", metavar="NAME", help="model name or folder")


def add_case_options(sub: argparse.ArgumentParser) -> None:
    """Add what names a case, its roles, its window and the model."""
    add_states(sub)
    add_model(sub)
    add_at(sub, "sky cubes: the window, in the units that info shows or with others: 1650km/s")


def named_model(name: str) -> Path:
    """Return the folder of a model by its name or path; see `cubeview.learn.models.choose`."""
    from cubeview.learn.models.choose import named

    return named(name).folder


def judged_cases(options: argparse.Namespace) -> tuple[list[Case], int]:
    """Return the cases of the paths, with roles as the user named them."""
    named = {role: path for role in ("stress", "rest") if (path := getattr(options, role))}
    if not named and not options.paths:
        raise CubeviewError("name at least one file or folder.")
    cases, status = open_cases(options.paths) if options.paths else ([], 0)
    if named:
        opened = {role: open_cases([path])[0][0] for role, path in named.items()}
        alone = [
            Case(case.name, HEART.key, {role: case.main}, (f"{role} named on the command line",))
            for role, case in opened.items()
        ]
        cases.append(paired(*alone) if alone[1:] else alone[0])
    for case in cases:
        if case.question:
            raise CubeviewError(
                f"{case.name}: {case.question} Say it with --rest FILE --stress FILE."
            )
    return cases, status


def open_cases(paths: Sequence[Path]) -> tuple[list[Case], int]:
    """Open paths; refusals go to stderr, and to the status when a named file was refused."""
    from cubeview.io import chosen_together, nothing_in, open_paths

    opened = chosen_together(open_paths(paths), paths)
    named = {Path(path) for path in paths}
    reasons = [one_line(refusal.reason) for refusal in opened.refusals]
    if not opened.cases:
        raise CubeviewError(reasons[0] if reasons else nothing_in(paths[0]))
    for reason in reasons:
        print(f"cubeview: {reason}", file=sys.stderr)
    status = 2 if any(refusal.path in named for refusal in opened.refusals) else 0
    return list(opened.cases), status


def with_window(case: Case, at: Sequence[Value] | None) -> Case:
    """Return a sky case with its window around a place; other cases as they are.

    Raises CubeviewError if no place was given for a sky case, or it lies outside the cube.
    """
    if not kind_of(case).window_px:
        return case
    if at is None:
        raise CubeviewError(
            "a sky cube is judged window by window: say where with --at SPECTRAL DEC RA."
        )
    from cubeview.cubes.region import placed

    return placed(case, world_of(case.main, at))


def library_at(path: Path, reader: str, *, new: bool = False) -> "Library":
    """Return a library to close afterwards, telling on stderr what was put right.

    Parameters
    ----------
    path : Path
    reader : str
    new : bool
        Make one where none is and none was; CubeviewError else.
    """
    from cubeview.library.repair import backups, open_library

    if not new and not path.is_file() and not backups(path):
        raise CubeviewError(f"{path}: there is no library here.")
    library, told = open_library(path, reader)
    if told:
        print(f"cubeview: {told}", file=sys.stderr)
    return library


def reader_named(name: str | None) -> str:
    """Return who reads: who was named, else the login name."""
    try:
        return name or getpass.getuser()
    except (OSError, KeyError):
        return "reader"


def set_of(library: "Library", name: str | None) -> str:
    """Return the label set asked for, else the first that holds a label, else the first."""
    sets = library.label_sets()
    if name is None:
        return next((one for one in sets if library.current(one)), sets[0])
    library.classes(name)  # says what there is when it is none of them
    return name


def placed_ventricles(case: Case) -> dict[str, Ventricle]:
    """Return the ventricles the user placed in a heart with the same content; else none."""
    from cubeview.library.ventricles import recall

    return recall(case) if kind_of(case).ventricle else {}


def files_of(case: Case) -> dict[str, str]:
    """Return the file of each role."""
    from cubeview.io.archive import lasting

    return {role: lasting(cube.source.path) for role, cube in case.cubes.items() if cube.source}


def frames_of(cube: Cube) -> dict[str, Any]:
    """Return what the values of a sky cube's axes mean, for a document."""
    from cubeview.cubes.sky import frame_words

    axis = cube.axes[0]
    return {
        "axis": {
            "name": axis.name,
            "unit": axis.unit,
            "frame": axis.frame,
            "convention": axis.convention,
            "medium": axis.medium,
        },
        "sky_frame": frame_words(cube.wcs) if cube.wcs is not None else "",
    }


def source_hash(case: Case) -> str:
    """Return the SHA-256 of the files of a case, for the history of what is made of it."""
    from cubeview.io.identity import file_hashes

    return " ".join(sorted(set(file_hashes(case).values())))


def public_name(case: Case) -> str:
    """Return what a case is called in a document, as the library and exports call it."""
    from cubeview.io.identity import file_hashes
    from cubeview.library import cases

    if not kind_of(case).patient:
        return case.name
    hashes = file_hashes(case)
    return cases.public_name(case.kind, case.name, cases.files_of(case, hashes))


def progress(*, lines: bool = False) -> Report:
    """Return a report that keeps one line on stderr up to date, or is silent without a terminal.

    With `lines` it is not silent but writes a line of its own every ten seconds: for work of
    hours whose output goes to a file.
    """
    if not sys.stderr.isatty():
        return paced(LINE_EVERY_S, _write_line) if lines else nothing

    def show(fraction: float, text: str) -> None:
        end = "\n" if fraction >= 1 else ""
        print(f"\r{fraction:4.0%} {text:<72.72}", end=end, file=sys.stderr, flush=True)

    return show


def _write_line(fraction: float, text: str) -> None:
    print(f"{fraction:4.0%} {text}", file=sys.stderr, flush=True)


def paced(pause_s: float, write: Report) -> Report:
    """Return a report that writes at most once in a while, and the end in any case."""
    latest = -math.inf

    def report(fraction: float, text: str) -> None:
        nonlocal latest
        if time.monotonic() - latest >= pause_s or fraction >= 1:
            latest = time.monotonic()
            write(fraction, text)

    return report


def one_line(error: object) -> str:
    """Return a message of several lines as one."""
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def say(options: argparse.Namespace, record: Any, *lines: object) -> None:
    """Print a record as one JSON document where that was asked for, else these lines.

    Parameters
    ----------
    options : Namespace
        With ``json``; see `add_json`.
    record : object
        See `cubeview.plain.plain`.
    *lines
        Printed by their ``str``.
    """
    if options.json:
        print_json(record)
    elif lines:
        print(*lines, sep="\n")


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False))
