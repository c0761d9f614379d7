"""The same program without a window: every step as a command.

Each command exits 0, or 2 with a one-line reason on stderr; ``--json`` prints one JSON document
on stdout. Heavy imports happen inside the command that needs them.
"""

import argparse
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from cubeview import __version__
from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing

COMMANDS = ("open", "info", "predict", "explain", "simulate", "train", "demo")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        print(f"cubeview: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; with only paths, or nothing, open the window.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        Exit status: 0, or 2 when the user has something to mend.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or not (
        arguments[0] in COMMANDS or arguments[0] in ("-h", "--help", "--version")
    ):
        arguments = ["open", *arguments]
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        return int(options.command(options) or 0)
    except CubeviewError as error:
        print(f"cubeview: {_one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("cubeview: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left (``| head``); what it had wanted it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="cubeview", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--version", action="version", version=f"CubeView {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[Any], int | None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    sub = add("open", _open, "open files and folders in the window")
    sub.add_argument("paths", nargs="*", type=Path, metavar="PATH")

    sub = add("info", _info, "say what files hold: axes, units, roles, what was guessed")
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    sub.add_argument("--json", action="store_true", help="one JSON document on stdout")

    sub = add("predict", _predict, "classify cases")
    _add_case_options(sub)
    sub.add_argument("--json", action="store_true", help="one JSON document on stdout")

    sub = add("explain", _explain, "write a map of where the network looked")
    _add_case_options(sub)
    sub.add_argument("--method", choices=("cam", "occlusion"), default="cam")
    sub.add_argument("--target", metavar="CLASS", help="class to explain (default: the answer)")
    sub.add_argument("--out", type=Path, required=True, metavar="FILE")
    sub.add_argument("--patch", type=int, default=8, help="occlusion patch, voxels (default 8)")
    sub.add_argument("--stride", type=int, default=4, help="occlusion stride, voxels (default 4)")
    sub.add_argument("--fill", choices=("zero", "wall", "mean"), default="zero")
    sub.add_argument("--channel", default="both", help="both (default) or one role")
    sub.add_argument("--json", action="store_true", help="one JSON document on stdout")

    sub = add("simulate", _simulate, "write simulated scans or sky cubes with their truth")
    sub.add_argument("what", choices=("spect", "ifu"))
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--count", type=int, default=1)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--class", dest="label", metavar="CLASS", help="spect: one class only")
    sub.add_argument("--json", action="store_true", help="one JSON document on stdout")

    sub = add("train", _train, "train a model from a recipe")
    sub.add_argument("recipe", help="name of a bundled recipe, or a TOML file")
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--work", type=Path, metavar="FOLDER", help="simulated data and checkpoints")
    sub.add_argument("--workers", type=int, metavar="N", help="processes that simulate")

    sub = add("demo", _demo, "open, classify and explain both samples off screen")
    sub.add_argument("--out", type=Path, default=Path("cubeview-demo.png"), metavar="PNG")
    return parser


def _add_case_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    sub.add_argument("--rest", type=Path, metavar="FILE", help="this file is the rest scan")
    sub.add_argument("--stress", type=Path, metavar="FILE", help="this file is the stress scan")
    sub.add_argument("--model", metavar="NAME", help="model name or folder")
    sub.add_argument(
        "--at",
        nargs=3,
        type=float,
        metavar=("SPECTRAL", "DEC", "RA"),
        help="sky cubes: world coordinates of the window, in the units that info shows",
    )


def _open(options: argparse.Namespace) -> int:
    from cubeview.gui.app import run

    return run(options.paths)


def _info(options: argparse.Namespace) -> int:
    from cubeview.io.info import describe

    cases, status = _cases(options.paths)
    records = [record for case in cases for record in describe(case)]
    if options.json:
        _print_json(records)
        return status
    for record in records:
        z, y, x = record["shape"]
        print(f"{record['path']}: {record['kind']}, {z} × {y} × {x}, {record['unit'] or 'no unit'}")
        for axis in record["axes"]:
            print(
                f"  {axis['name']} ({axis['type'] or 'no type'}): {axis['first']:.6g} to "
                f"{axis['last']:.6g} {axis['unit']}, step {axis['step']:.6g}"
            )
        print(f"  uncertainty: {record['uncertainty'] or 'none'}")
        for note in record["notes"]:
            print(f"  {note}")
    return status


def _predict(options: argparse.Namespace) -> int:
    from cubeview.learn.predict import predict

    answers = []
    cases, status = _judged(options)
    models = _Models(options.model)
    for case in cases:
        try:
            model = models.of(case)
            case = _window(case, options.at)
            answer = predict(model, case)
        except CubeviewError as error:
            print(f"cubeview: {case.name}: {_one_line(error)}", file=sys.stderr)
            status = 2 if len(cases) == 1 else status
            continue
        answers.append(
            {
                "case": case.name,
                "files": _files(case),
                "model": answer.model,
                "class": answer.answer,
                "abnormal": answer.abnormal,
                "probabilities": dict(answer.probabilities),
                "cautions": list(answer.cautions),
                "device": answer.device,
                "seconds": round(answer.seconds, 4),
            }
        )
    if options.json:
        _print_json(answers)
    else:
        for record in answers:
            bars = ", ".join(f"{name} {p:.2f}" for name, p in record["probabilities"].items())
            print(f"{record['case']}: {record['class']} ({bars})")
            for caution in record["cautions"]:
                print(f"  caution: {caution}")
    return status if answers else 2


def _explain(options: argparse.Namespace) -> int:
    from cubeview.io.export import write_overlay
    from cubeview.learn.explain import OcclusionSettings, cam, occlusion
    from cubeview.learn.predict import predict

    cases, _ = _judged(options)
    if len(cases) != 1:
        raise CubeviewError(
            f"explain takes one case, these paths hold {len(cases)}: name the files of one."
        )
    model = _Models(options.model).of(cases[0])
    case = _window(cases[0], options.at)
    target = options.target or predict(model, case).answer
    if target not in model.card.classes:
        names = ", ".join(model.card.classes)
        raise CubeviewError(f"{model.card.name} knows no class {target!r}; it knows {names}.")
    if options.method == "cam":
        overlay = cam(model, case, target)
    else:
        settings = OcclusionSettings(options.patch, options.stride, options.fill, options.channel)
        overlay = occlusion(model, case, target, settings, report=_progress())
    write_overlay(overlay, options.out)
    record = {
        "case": case.name,
        "method": overlay.method,
        "target": target,
        "model": overlay.model,
        "peak": overlay.peak,
        "file": str(options.out),
    }
    if options.json:
        _print_json(record)
    else:
        print(f"{overlay.method} for {target}, peak {overlay.peak:.3g} {overlay.unit}")
        print(options.out)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from cubeview.learn.simulated import write_fields, write_pairs

    if options.count < 1:
        raise CubeviewError("--count must be at least 1.")
    if options.what == "spect":
        written = write_pairs(
            options.out, options.count, options.seed, options.label, report=_progress()
        )
    else:
        written = write_fields(options.out, options.count, options.seed, report=_progress())
    if options.json:
        _print_json([str(path) for path in written])
    else:
        print(f"{len(written)} files in {options.out}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from cubeview.learn.train import train

    train(
        options.recipe,
        options.out,
        work=options.work,
        workers=options.workers,
        report=_progress(),
    )
    print(options.out)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from cubeview.gui.demo import demo

    for line in demo(options.out):
        print(line)
    print(f"window: {options.out}")
    return 0


class _Models:
    """Models loaded once, chosen by kind of case or by name."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._loaded: dict[Path, Any] = {}

    def of(self, case: Case) -> Any:
        """Return the model that judges a case, or raise CubeviewError saying why none can."""
        from cubeview.learn.card import find_models, read_card, why_not
        from cubeview.learn.model import load_model

        refs = {ref.name: ref for ref in find_models()}
        if self._name is None:
            reasons = {name: why_not(ref.card, case) for name, ref in refs.items()}
            able = [refs[name].folder for name, reason in reasons.items() if not reason]
            if not able:
                same = [reasons[name] for name, ref in refs.items() if ref.card.kind == case.kind]
                said = "; ".join(same or reasons.values())
                raise CubeviewError(f"no model can judge this case: {said or 'none is installed.'}")
            folder = able[0]
        elif self._name in refs:
            folder = refs[self._name].folder
        elif Path(self._name).is_dir():
            folder = Path(self._name)
        else:
            known = ", ".join(refs) or "none"
            raise CubeviewError(f"there is no model {self._name!r}; installed: {known}.")
        reason = why_not(read_card(folder), case)
        if reason:
            raise CubeviewError(reason)
        if folder not in self._loaded:
            self._loaded[folder] = load_model(folder)
        return self._loaded[folder]


def _judged(options: argparse.Namespace) -> tuple[list[Case], int]:
    """Return the cases of the paths, with roles as the user named them."""
    named = {
        role: path
        for role, path in (("stress", options.stress), ("rest", options.rest))
        if path is not None
    }
    if not named and not options.paths:
        raise CubeviewError("name at least one file or folder.")
    cases, status = _cases(options.paths) if options.paths else ([], 0)
    if named:
        cubes = {}
        for role, path in named.items():
            opened, _ = _cases([path])
            cubes[role] = opened[0].main
        cases.append(
            Case(
                name=opened[0].name,
                kind="heart",
                cubes=cubes,
                evidence=("rest and stress named on the command line",),
            )
        )
    for case in cases:
        if case.question:
            raise CubeviewError(
                f"{case.name}: {case.question} Say it with --rest FILE --stress FILE."
            )
    return cases, status


def _cases(paths: Sequence[Path]) -> tuple[list[Case], int]:
    """Open paths; refusals go to stderr, and to the status when a named file was refused."""
    from cubeview.io import open_paths

    opened = open_paths(paths)
    named = {Path(path) for path in paths}
    reasons = [_one_line(refusal.reason) for refusal in opened.refusals]
    if not opened.cases:
        raise CubeviewError(reasons[0] if reasons else f"{paths[0]}: no FITS or DICOM file here.")
    for reason in reasons:
        print(f"cubeview: {reason}", file=sys.stderr)
    status = 2 if any(refusal.path in named for refusal in opened.refusals) else 0
    return list(opened.cases), status


def _window(case: Case, at: Sequence[float] | None) -> Case:
    """Return a sky case with its window around a place; other cases as they are."""
    if case.kind != "sky" or at is None:
        return case
    from cubeview.cubes.region import window_at

    z, y, x = case.main.index(*at)
    return replace(case, window=window_at(case.main, round(z), round(y), round(x)))


def _files(case: Case) -> dict[str, str]:
    return {role: str(cube.source.path) for role, cube in case.cubes.items() if cube.source}


def _progress() -> Report:
    """Return a report that keeps one line on stderr up to date, or is silent without a terminal."""
    if not sys.stderr.isatty():
        return nothing

    def show(fraction: float, text: str) -> None:
        end = "\n" if fraction >= 1 else ""
        print(f"\r{fraction:4.0%} {text:<60.60}", end=end, file=sys.stderr, flush=True)

    return show


def _one_line(error: object) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip())


def _print_json(value: Any) -> None:
    print(json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    """Return plain JSON values; JSON has no NaN, so a number that is none becomes null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
