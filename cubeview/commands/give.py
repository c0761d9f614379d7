"""``deidentify``: what leaves the house."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, add_json, one_line, progress, say


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands,
        "deidentify",
        _deidentify,
        "write DICOM images once more without their patient; rest and stress still pair",
    )
    sub.add_argument("source", type=Path, metavar="IN", help="a file, or a folder of any depth")
    sub.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder to write to")
    sub.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help="where true identities and those that stand for them are kept, for the way back and "
        "for later series (default: a file of your own, which is never in OUT)",
    )
    add_json(sub)


def _deidentify(options: argparse.Namespace) -> int:
    from cubeview.io.export.deidentify import deidentify

    done = deidentify(options.source, options.out, options.map, report=progress(lines=True))
    lines = [
        f"{done.written} images of {len(done.patients)} patients written to {options.out}"
        + (f", {done.there_already} were there already" if done.there_already else "")
    ]
    for what, keywords in done.attributes.items():
        said = ", ".join(f"{keyword} ({n})" for keyword, n in sorted(keywords.items()))
        lines.append(f"{what}: {said}")
    if done.no_dicom:
        lines.append(f"left out: {done.no_dicom} files that are no DICOM")
    lines += [f"left out: {path}: {one_line(why)}" for path, why in done.refused.items()]
    say(options, done.record(), *lines)
    return 0
