"""``predict``, ``explain``, ``check-maps``: ask a model, see where it looked, and if it is so."""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands import kinematics
from cubeview.commands.common import (
    Commands,
    add_case_options,
    add_command,
    add_json,
    files_of,
    judged_cases,
    named_model,
    one_line,
    placed_ventricles,
    print_json,
    progress,
    public_name,
    say,
    with_window,
)
from cubeview.errors import CubeviewError
from cubeview.learn.explain.methods import EXPLAINERS, explainer, make_map
from cubeview.paths import refuse_input

if TYPE_CHECKING:
    from cubeview.cubes.ventricle import Ventricle


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(commands, "predict", _predict, "classify cases")
    add_case_options(sub)
    add_json(sub)

    sub = add_command(commands, "explain", _explain, "write a map of where the network looked")
    add_case_options(sub)
    keys = list(EXPLAINERS)
    sub.add_argument("--method", choices=keys, default=keys[0], help=f"default {keys[0]}")
    sub.add_argument("--target", metavar="CLASS", help="class to explain (default: the answer)")
    sub.add_argument("--out", type=Path, required=True, metavar="FILE")
    for one in EXPLAINERS.values():
        for choice in fields(one.settings) if one.settings else ():
            sub.add_argument(
                f"--{choice.name}",
                type=type(choice.default),
                default=choice.default,
                choices=choice.metadata["among"],
                help=f"{one.label}: {choice.metadata['help']} (default %(default)s)",
            )
    add_json(sub)

    sub = add_command(
        commands, "check-maps", _check_maps, "measure how far a model's maps can be believed"
    )
    sub.add_argument(
        "--model",
        required=True,
        nargs="+",
        metavar="NAME",
        help="model name or folder; more of them, trained from other seeds: how alike their maps "
        "are is measured too",
    )
    sub.add_argument("--cases", type=int, default=100, help="simulated cases (default 100)")
    sub.add_argument("--seed", type=int, default=7)
    sub.add_argument(
        "--out", type=Path, metavar="FILE", help="default: maps.json beside the model's card"
    )
    add_json(sub)


def _predict(options: argparse.Namespace) -> int:
    from cubeview.learn.ask.predict import predict
    from cubeview.learn.models.model import model_for
    from cubeview.learn.tasks import TASKS

    if options.model == kinematics.NAME:  # weighs numbers, and is no network
        return kinematics.tell(options.paths, as_json=options.json)
    answers: list[dict[str, Any]] = []
    if options.model:
        named_model(options.model)  # said once, and not of each case
    cases, status = judged_cases(options)
    for case in cases:
        try:
            model = model_for(case, options.model or "")
            case = with_window(case, options.at)
            ventricles = placed_ventricles(case)
            answer = predict(model, case, ventricles=ventricles)
        except CubeviewError as error:
            said = one_line(error).removeprefix(f"{case.name}: ")
            print(f"cubeview: {case.name}: {said}", file=sys.stderr)
            status = 2 if len(cases) == 1 else status
            continue
        task = TASKS[answer.task]
        record = {
            "case": public_name(case) if options.json else case.name,
            "files": files_of(case),
            "model": answer.model,
            "task": answer.task,
            **task.record(answer),
            "cautions": list(answer.cautions),
            "doubt": {
                "unlike_training": bool(answer.unlike),
                "why": answer.unlike,
                "distance": answer.distance,
            },
            "placed": _by_hand(ventricles),
            "device": answer.device,
            "seconds": round(answer.seconds, 4),
        }
        answers.append(record)
        if options.json:
            continue
        print(f"{case.name}: {task.words(answer)}")
        if answer.unlike:
            print(f"  why: {answer.unlike}")
        for line in _placed_words(record):
            print(line)
        for caution in answer.cautions:
            print(f"  caution: {caution}")
    if options.json:
        print_json(answers)
    return status if answers else 2


def _explain(options: argparse.Namespace) -> int:
    from cubeview.io.export.overlay import write_overlay
    from cubeview.learn.ask.predict import predict, prepare_case
    from cubeview.learn.models.model import model_for

    cases, _ = judged_cases(options)
    if len(cases) != 1:
        raise CubeviewError(
            f"explain takes one case, these paths hold {len(cases)}: name the files of one."
        )
    refuse_input(options.out)  # said before the work, not after it
    model = model_for(cases[0], options.model or "")
    case = with_window(cases[0], options.at)
    ventricles = placed_ventricles(case)
    prepared = prepare_case(model.card, case, ventricles=ventricles, report=progress())
    target = options.target or predict(model, case, prepared=prepared).answer
    settings = explainer(options.method).settings
    if settings is not None:
        chosen = {choice.name: getattr(options, choice.name) for choice in fields(settings)}
        settings = replace(settings, **chosen)
    overlay = make_map(
        model, case, target, options.method, settings, prepared=prepared, report=progress()
    )
    write_overlay(overlay, options.out)
    record = {
        "case": public_name(case) if options.json else case.name,
        "method": overlay.method,
        "target": target,
        "model": overlay.model,
        "peak": overlay.peak,
        "placed": _by_hand(ventricles),
        "file": str(options.out),
    }
    text = f"{overlay.method} for {target}, peak {overlay.peak:.3g} {overlay.unit}"
    say(options, record, text, *_placed_words(record), options.out)
    return 0


def _check_maps(options: argparse.Namespace) -> int:
    from cubeview.learn.explain.advice import NAME, advice, write_figures
    from cubeview.learn.measure.faithful import check_maps
    from cubeview.learn.models.model import load_model

    if options.cases < 1:
        raise CubeviewError("--cases takes 1 or more.")
    folder, *others = map(named_model, options.model)
    figures = check_maps(
        load_model(folder),
        options.cases,
        seed=options.seed,
        twins=[load_model(other) for other in others],
        report=progress(),
    )
    path = options.out or folder / NAME
    write_figures(figures, path)
    if options.json:
        print_json(figures)
        return 0
    for name, method in figures["methods"].items():
        fresh = method["randomised"]
        print(
            f"{name}: rank correlation with the map of a fresh head {fresh['head']:.2f}, of all "
            f"weights fresh {fresh['all']:.2f}, under noise {method['repeatable']:.2f}"
            + (f", of other seeds {method['across_seeds']:.2f}" if others else "")
        )
    for label in figures["classes"]:
        print(advice(figures, label))
    print(path)
    return 0


def _by_hand(ventricles: "dict[str, Ventricle]") -> list[str]:
    """Return the roles whose ventricle the user moved."""
    return [role for role, ventricle in ventricles.items() if ventricle.by == "user"]


def _placed_words(record: dict[str, Any]) -> list[str]:
    roles = " and ".join(record["placed"])
    return [f"  left ventricle: in {roles} as placed by hand in the window"] if roles else []
