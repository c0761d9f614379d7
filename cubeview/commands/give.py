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
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of
from cubeview.learn.explain.methods import EXPLAINERS, make_map

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.io.export.told import Numbers, Told
    from cubeview.measure.heart.measured import Measured


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
    for case in cases:
        told = _told(options, case)
        folder = options.out / case.name
        said = write_report(told, folder, report=progress())
        files = sorted(path.name for path in folder.iterdir())
        records.append({"case": case.name, "folder": str(folder), "files": files, "left_out": said})
        if not options.json:
            print(f"{case.name}: {told.answer.answer}: {folder}")
            print(*(f"  left out: {text}" for text in said), sep="\n", end="\n" if said else "")
    if options.json:
        print_json(records)
    return status


def _told(options: argparse.Namespace, case: "Case") -> "Told":
    """Ask a model of a case, and gather what a report tells."""
    from cubeview.cubes.answer import Prediction
    from cubeview.cubes.ventricle import wall_mask
    from cubeview.io.export.told import Told
    from cubeview.learn.ask.predict import predict, prepare_case
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
    masks = {
        role: wall_mask(ventricle, case.cubes[role].pixels.read(), case.cubes[role].spacing)
        for role, ventricle in answer.ventricles.items()
    }
    numbers = _numbers(measure(case, answer.ventricles))
    return Told(
        case,
        answer=answer,
        overlay=overlay,
        masks=masks,
        numbers=numbers,
        identified=options.identified,
    )


def _numbers(found: "Measured") -> "Numbers":
    """Return what is measured of a heart as a report tells it."""
    from cubeview.io.export.told import SCHEME, Numbers, Value
    from cubeview.measure.heart.ejection import PHANTOMS_ONLY
    from cubeview.measure.heart.measured import TID_SPREAD

    sums = (
        ("SSS", found.scores.sss, "Summed stress score suggested from relative uptake"),
        ("SRS", found.scores.srs, "Summed rest score suggested from relative uptake"),
        ("SDS", found.scores.sds, "Summed difference score suggested from relative uptake"),
    )
    values = [
        Value(f"{name}, suggested", total, (name, SCHEME, meaning))
        for name, total, meaning in sums
        if total is not None
    ]
    if found.tid is not None:
        code = ("428832008", "SCT", "Transient ischemic dilatation ratio")
        spread = found.tid - TID_SPREAD, found.tid + TID_SPREAD
        values.append(Value("TID", found.tid, code, interval=spread))
    for role, beat in found.ejections.items():
        told = (
            ("EDV", beat.edv, ("8821-1", "LN", "Left Ventricular ED Volume"), "ml"),
            ("ESV", beat.esv, ("8823-7", "LN", "Left Ventricular ES Volume"), "ml"),
            ("EF", beat.ef, ("70822001", "SCT", "Cardiac ejection fraction"), "%"),
        )
        for (name, value, code, unit), one in zip(told, beat.spreads, strict=True):
            around = value - one, value + one
            values.append(Value(f"{name}, {role}", value, code, unit, interval=around))
    for role, volume in found.wall_ml.items():
        code = ("WALL", SCHEME, "Volume of the left ventricular wall by counts")
        values.append(Value(f"Wall, {role}", volume, code, "ml"))
    scores = {
        role: tuple(score for score in given if score is not None)
        for role, given in found.scores.states.items()
    }
    cautions = [f"{role}: {why}" for role, beat in found.ejections.items() for why in beat.cautions]
    if found.ejections:
        cautions.append(f"{PHANTOMS_ONLY}: volumes and ejection fraction.")
    return Numbers(found.segments, scores, tuple(values), tuple(cautions))
