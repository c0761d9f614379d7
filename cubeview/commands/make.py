"""``simulate``, ``train`` and ``doubt``: data with known truth, and models from it."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, add_json, named_model, progress, say
from cubeview.errors import CubeviewError, nothing


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
    sub.add_argument(
        "--variant", metavar="NAME", help="spect: another hospital: second, half-time, coarse"
    )
    add_json(sub)

    sub = add_command(
        commands,
        "train",
        _train,
        "train a model from a recipe; on several processors with torchrun --nproc-per-node N "
        "-m cubeview train …",
    )
    sub.add_argument("recipe", help="name of a bundled recipe, or a TOML file")
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    sub.add_argument("--work", type=Path, metavar="FOLDER", help="simulated data and checkpoints")
    sub.add_argument(
        "--data", type=Path, metavar="FOLDER", help="simulated data that several recipes share"
    )
    sub.add_argument("--seed", type=int, metavar="N", help="of weights and order, not of the cases")
    sub.add_argument("--workers", type=int, default=0, metavar="N", help="processes that simulate")

    sub = add_command(
        commands, "doubt", _doubt, "let a model of ours tell cases unlike its training data"
    )
    sub.add_argument("model", metavar="MODEL", help="name or folder; its card is written anew")
    sub.add_argument("--data", type=Path, metavar="FOLDER", help="simulated data of its training")
    sub.add_argument("--workers", type=int, default=0, metavar="N", help="processes that simulate")


def _simulate(options: argparse.Namespace) -> int:
    from cubeview.commands.simulated import write_fields, write_pairs

    if options.count < 1:
        raise CubeviewError("--count must be at least 1.")
    if options.what == "spect":
        written = write_pairs(
            options.out,
            options.count,
            options.seed,
            options.label,
            variant=options.variant,
            report=progress(),
        )
    else:
        written = write_fields(options.out, options.count, options.seed, report=progress())
    say(options, [str(path) for path in written], f"{len(written)} files in {options.out}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from cubeview.learn.models.processes import joined
    from cubeview.learn.train.train import train

    with joined() as together:
        speaks = together.rank == 0
        train(
            options.recipe,
            options.out,
            work=options.work,
            data=options.data,
            seed=options.seed,
            workers=options.workers,
            together=together,
            report=progress(lines=True) if speaks else nothing,
        )
    if speaks:
        print(options.out)
    return 0


def _doubt(options: argparse.Namespace) -> int:
    from cubeview.learn.models.model import load_model
    from cubeview.learn.train.train import learn_doubt

    model = load_model(named_model(options.model))
    learn_doubt(model, data=options.data, workers=options.workers, report=progress(lines=True))
    print(model.folder)
    return 0
