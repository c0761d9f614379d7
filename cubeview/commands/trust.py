"""``trust``: how far the answers of a model hold."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, add_json, named_model, progress, say
from cubeview.errors import CubeviewError
from cubeview.paths import resource


def add(commands: Commands) -> None:
    """Add the command of this module."""
    sub = add_command(
        commands,
        "trust",
        _trust,
        "measure what flips a model's answers, and its maps beside those of random labels",
    )
    sub.add_argument("--model", required=True, metavar="NAME", help="model name or folder")
    sub.add_argument("--cases", type=int, default=100, help="simulated cases (default 100)")
    sub.add_argument("--seed", type=int, default=11)
    sub.add_argument(
        "--out", type=Path, metavar="FILE", help="default: trust.json beside the model's card"
    )
    add_json(sub)


def _trust(options: argparse.Namespace) -> int:
    from cubeview.learn.explain.advice import write_figures
    from cubeview.learn.explain.significance import FIGURES
    from cubeview.learn.measure.trust import check_trust
    from cubeview.learn.models.model import load_model

    if options.cases < 5:
        raise CubeviewError("--cases takes 5 or more.")
    folder = named_model(options.model)
    if options.out is None and folder.is_relative_to(resource("models")):
        raise CubeviewError(f"{folder.name} is part of the program: name a file with --out.")
    figures = check_trust(
        load_model(folder), options.cases, seed=options.seed, report=progress(lines=True)
    )
    path = options.out or folder / FIGURES
    write_figures(figures, path)
    maps, marks = figures["maps"], figures["significance"]
    lines = [f"{figures['confident']} of {figures['cases']} answers are confident"]
    lines += [f"  {name}: {share:.1%} flip" for name, share in figures["flips"].items()]
    lines += [
        f"  a change of at most {float(size):.2%} of the maximum, made to flip: {share:.1%} flip"
        for size, share in figures["adversarial"].items()
    ]
    lines += [
        f"maps: rank correlation {maps['alike']:.2f} with those of a network that knows "
        f"{maps['learnt_by_heart']:.0%} of random labels by heart",
        *(
            [
                f"significance maps of {marks['class']}: {marks['found']:.0%} of places found, "
                f"{marks['normal_marked']:.1%} of normal cases marked"
            ]
            if marks
            else []
        ),
        str(path),
    ]
    say(options, figures, *lines)
    return 0
