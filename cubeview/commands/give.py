"""``report`` and ``deidentify``: what others are given."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_states,
    judged_cases,
    one_line,
    placed_ventricles,
    print_json,
    progress,
    say,
)
from cubeview.commands.readings import add_readers, readings_of
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of
from cubeview.learn.explain.methods import EXPLAINERS, make_map

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.cubes.scores import Reading
    from cubeview.io.export.told import Told


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

    sub = add_command(
        commands,
        "report",
        _report,
        "write of each heart what a network says, where it looked and the wall, for other "
        "systems: DICOM (structured report, parametric map, segmentation, page), PDF and NIfTI",
    )
    add_states(sub)
    add_model(sub)
    sub.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="gets a folder for each case"
    )
    keys = list(EXPLAINERS)
    sub.add_argument("--method", choices=keys, default=keys[0], help=f"default {keys[0]}")
    add_readers(sub, "tell this reader's scores only, not those of all readers of the library")
    sub.add_argument(
        "--identified", action="store_true", help="name the patient as the scans do, in all files"
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


def _report(options: argparse.Namespace) -> int:
    from cubeview.io.export.report import refuse_existing, write_report

    cases, status = judged_cases(options)
    for case in cases:
        refuse_existing(options.out / case.name)
    records = []
    said_of = readings_of(options, cases)
    for case in cases:
        told = _told(options, case, said_of.get(case, ()))
        folder = options.out / case.name
        said = write_report(told, folder, report=progress())
        files = sorted(path.name for path in folder.iterdir())
        readers = [reading.reader for reading in told.readings]
        records.append(
            {"case": case.name, "folder": str(folder), "files": files, "left_out": said,
             "scored_by": readers}
        )  # fmt: skip
        if not options.json:
            print(f"{case.name}: {told.answer.answer}: {folder}")
            scored = [f"scored by {one}" for one in told.readings]
            for text in (*scored, *(f"left out: {text}" for text in said)):
                print(f"  {text}")
    if options.json:
        print_json(records)
    return status


def _told(options: argparse.Namespace, case: "Case", readings: "tuple[Reading, ...]") -> "Told":
    """Ask a model of a case, and gather what a report tells."""
    from cubeview.cubes.answer import Prediction
    from cubeview.learn.ask.predict import predict, prepare_case
    from cubeview.learn.measure.told import told_of
    from cubeview.learn.models.model import model_for
    from cubeview.measure.heart.measured import measure

    if not kind_of(case).ventricle:
        raise CubeviewError(f"{case.name}: reports are of hearts; this is {kind_of(case).one}.")
    model = model_for(case, options.model or "")
    prepared = prepare_case(model.card, case, ventricles=placed_ventricles(case), report=progress())
    answer = predict(model, case, prepared=prepared)
    if not isinstance(answer, Prediction):
        raise CubeviewError(
            f"{case.name}: {model.card.title} gives no class, which a report begins with. Name a "
            "model that classifies with --model."
        )
    overlay = make_map(
        model, case, answer.answer, options.method, prepared=prepared, report=progress()
    )
    return told_of(
        case,
        answer,
        overlay,
        answer.ventricles,
        measure(case, answer.ventricles),
        readings=readings,
        identified=options.identified,
    )
