"""``simulate`` and ``train``: make data with known truth, and models from it."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, add_json, print_json, progress
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "simulate", _simulate, "write simulated scans or sky cubes with their truth"
    )
    sub.add_argument("what", choices=("spect", "ifu"))
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--count", type=int, default=1)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--class", dest="label", metavar="CLASS", help="spect: one class only")
    add_json(sub)

    sub = add_command(commands, "train", _train, "train a model from a recipe")
    sub.add_argument("recipe", help="name of a bundled recipe, or a TOML file")
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--work", type=Path, metavar="FOLDER", help="simulated data and checkpoints")
    sub.add_argument("--workers", type=int, metavar="N", help="processes that simulate")


def _simulate(options: argparse.Namespace) -> int:
    from cubeview.learn.simulated import write_fields, write_pairs

    if options.count < 1:
        raise CubeviewError("--count must be at least 1.")
    if options.what == "spect":
        written = write_pairs(
            options.out, options.count, options.seed, options.label, report=progress()
        )
    else:
        written = write_fields(options.out, options.count, options.seed, report=progress())
    if options.json:
        print_json([str(path) for path in written])
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
        report=progress(),
    )
    print(options.out)
    return 0
