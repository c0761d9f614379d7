"""``finetune`` and ``evaluate``: teach a model the user's labels, and measure models on them."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    library_at,
    named_model,
    one_line,
    paced,
    progress,
    reader_named,
    say,
    set_of,
)
from cubeview.errors import CubeviewError, Report, nothing, part_of, refusing
from cubeview.learn.teach.tuning import FinetuneConfig
from cubeview.library.text import no_formula
from cubeview.paths import data_dir, replacing

if TYPE_CHECKING:
    from cubeview.learn.teach.labelled import Entry

PROGRESS_EVERY_S = 0.5


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(commands, "finetune", _finetune, "teach a copy of a model from labels")
    _add_labels(sub)
    sub.add_argument("--base", required=True, metavar="NAME", help="model name or folder")
    sub.add_argument("--out", required=True, metavar="MODEL", help="new name, or a folder")
    usual = FinetuneConfig()
    for name, said in (
        ("folds", "parts that are each judged by a network that did not learn from them"),
        ("seed", "of the folds and the training"),
        ("layers", "threshold, head, last2, last3 … or all"),
        ("steps", "gradient steps a round"),
        ("rate", "rate of the head"),
        ("copies", "varied copies of a case"),
    ):
        default = getattr(usual, name)
        said += " (default %(default)s)"
        sub.add_argument(f"--{name}", type=type(default), default=default, help=said)
    sub.add_argument(
        "--augment",
        default="",
        metavar="WAY[,WAY]",
        help="vary cases: shift, rotation, counts, blur (hearts); flips, rotation, noise (sky)",
    )
    sub.add_argument("--unbalanced", action="store_true", help="do not weigh classes equally")

    sub = add_command(
        commands, "evaluate", _evaluate, "measure models on labelled or on simulated cases"
    )
    _add_labels(sub, required=False)
    sub.add_argument(
        "--model",
        nargs="+",
        default=[],
        metavar="NAME",
        help="model names or folders; with --simulated several, or all there are",
    )
    sub.add_argument("--simulated", type=int, metavar="N", help="on N simulated cases")
    sub.add_argument("--report", type=Path, metavar="FOLDER", help="write the page and its figures")
    sub.add_argument("--seed", type=int, default=1, help="of the simulated cases (default 1)")
    sub.add_argument("--work", type=Path, metavar="FOLDER", help="keep the simulated cases")
    sub.add_argument("--workers", type=int, default=0, metavar="N", help="processes that simulate")


def _add_labels(sub: argparse.ArgumentParser, *, required: bool = True) -> None:
    sub.add_argument(
        "--labels",
        type=Path,
        required=required,
        metavar="TABLE|LIBRARY",
        help="case,class,rest,stress or file,class,ra,dec,spectral; or a library with labels",
    )
    sub.add_argument("--set", metavar="NAME", help="of a library (default: the first with labels)")
    sub.add_argument("--reader", metavar="NAME", help="of a library (default: the login name)")
    sub.add_argument("--positive", default="", metavar="CLASS[,CLASS]", help="the ill side")
    sub.add_argument("--predictions", type=Path, metavar="FILE", help="probabilities per case, CSV")
    add_json(sub)


def _finetune(options: argparse.Namespace) -> int:
    from cubeview.learn.models.card import ModelRef, read_card
    from cubeview.learn.models.processes import joined
    from cubeview.learn.teach.procedure import Teacher, keep, refuse_taken

    config = FinetuneConfig(
        layers=options.layers,
        steps=options.steps,
        rate=options.rate,
        augment=tuple(_names(options.augment)),
        copies=options.copies,
        balanced=not options.unbalanced,
        folds=options.folds,
        seed=options.seed,
    )
    target = _target(options.out)
    refuse_taken(target)
    folder, teacher, told = named_model(options.base), Teacher(), list[str]()
    base, entries = ModelRef(folder.name, folder, read_card(folder)), _entries(options)

    def tell(lines: list[str]) -> None:
        told.extend(lines)
        for line in lines if speaks else ():
            _print_line({"preflight": line})

    with joined() as together:
        speaks = together.rank == 0
        report = _json_lines() if speaks else nothing
        cases = teacher.cases(base, entries, report=part_of(report, 0.0, 0.3))
        if speaks:
            _say_left_out(cases)
        taught = teacher.teach(
            base,
            entries,
            config,
            _names(options.positive),
            report=report,
            told=tell,
            together=together,
        )
    if not speaks:
        return 0
    outcome = taught.outcome
    keep(taught, target.name, target)
    if options.predictions:
        probabilities = outcome.tuned.probabilities
        _write_predictions(options.predictions, cases, taught.tuned.folds, probabilities)
    record = {"folds": config.folds, **outcome.to_dict(), "preflight": told, "model": str(target)}
    say(options, record, outcome.text, target)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    if (options.labels is None) == (options.simulated is None):
        raise CubeviewError("say either --labels TABLE or --simulated N.")
    if options.simulated is not None:
        return _evaluate_simulated(options)
    if options.report is not None:
        raise CubeviewError("--report goes with --simulated N.")
    if len(options.model) != 1:
        raise CubeviewError("name one model with --model NAME.")
    from cubeview.learn.models.model import load_model
    from cubeview.learn.teach.comparison import figures, positive_classes
    from cubeview.learn.teach.finetune import linked_classes, model_logits
    from cubeview.learn.teach.training_set import gather

    model = load_model(named_model(options.model[0]))
    entries, order = _entries(options), model.card.classes
    cases = gather(entries, model.card, order=order, report=_json_lines())
    _say_left_out(cases)
    links = linked_classes(model.card, cases.classes)
    if links is None:
        raise CubeviewError(
            f"{model.card.name} answers {', '.join(model.card.classes)}; the table's classes are "
            f"{', '.join(cases.classes)}. Fine-tune a model on them, or rename the classes."
        )
    logits = model_logits(model, cases.inputs, links)
    positive = positive_classes(model.card, cases.classes, _names(options.positive))
    found = figures(logits, cases.truth, None, positive)
    document = found.to_dict()
    del document["auc"]["pooled"]
    document |= {
        "classes": list(cases.classes),
        "cases": len(cases),
        "left_out": list(cases.problems),
        "model": model.card.name,
    }
    if options.predictions:
        _write_predictions(options.predictions, cases, None, found.probabilities)
    say(
        options,
        document,
        f"{len(cases)} cases: AUC {found.auc.value:.3f} ({found.auc.low:.3f} to "
        f"{found.auc.high:.3f}), accuracy {found.accuracy:.3f}, balanced "
        f"{found.balanced_accuracy:.3f}, calibration error {found.ece:.3f}",
    )
    return 0


def _evaluate_simulated(options: argparse.Namespace) -> int:
    from cubeview.learn.measure.report import report_on, write_report
    from cubeview.learn.models.card import find_models
    from cubeview.learn.models.model import load_model

    if options.simulated < 20:
        raise CubeviewError("--simulated needs at least 20 cases.")
    folders = [named_model(name) for name in options.model]
    folders = folders or [ref.folder for ref in find_models() if not ref.card.parent]
    document = report_on(
        [load_model(folder) for folder in folders],
        options.simulated,
        seed=options.seed,
        work=options.work,
        workers=options.workers,
        report=progress(lines=True),
    )
    page = None if options.report is None else write_report(document, options.report)
    lines = [
        f"{entry['name']}, {name}: accuracy {found['accuracy']:.3f}, calibration error "
        f"{found['calibration_error']:.3f} on {found['on']}"
        for entry in document["models"]
        for name, found in entry["sets"].items()
    ]
    say(options, document, *lines, *([] if page is None else [page]))
    return 0


def _entries(options: argparse.Namespace) -> "list[Entry]":
    """Return the labelled cases of a table, or those of a library that a reader labelled."""
    from cubeview.learn.teach.labelled import library_entries, table_entries
    from cubeview.library.repair import is_database

    if not is_database(options.labels):
        return table_entries(options.labels)
    reader = reader_named(options.reader)
    # Left open: each case is opened when its turn comes.
    library = library_at(options.labels, reader)
    name = set_of(library, options.set)
    entries = library_entries(library, name)
    if not entries:
        readers = sorted({reader for _, reader in library.current(name)})
        raise CubeviewError(
            f"{options.labels}: {reader} has no sure label of {name}; "
            f"{', '.join(readers) or 'nobody'} has. Say whose with --reader."
        )
    return entries


def _say_left_out(cases: Any) -> None:
    for problem in cases.problems:
        _print_line({"left_out": one_line(problem)})


def _target(name: str) -> Path:
    """Return the new model's folder: a bare name goes to the user's models."""
    path = Path(name)
    return path if path.parent != Path() else data_dir() / "models" / name


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _write_predictions(path: Path, cases: Any, folds: Any, chances: np.ndarray) -> None:
    columns = ["case", "class", "fold", *(f"p_{name}" for name in cases.classes)]
    with (
        refusing(path, "cannot be written"),
        replacing(path) as part,
        part.open("w", newline="", encoding="utf-8") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(columns)
        for index, name in enumerate(cases.names):
            fold = "" if folds is None else int(folds[index])
            truth = cases.classes[cases.truth[index]]
            named = [no_formula(name), no_formula(truth)]
            writer.writerow([*named, fold, *(f"{p:.6f}" for p in chances[index])])


def _json_lines() -> Report:
    """Return a report that writes JSON lines to stderr, at most two a second."""
    return paced(
        PROGRESS_EVERY_S, lambda f, text: _print_line({"fraction": round(f, 4), "text": text})
    )


def _print_line(record: dict[str, Any] | Sequence[Any]) -> None:
    print(json.dumps(record, ensure_ascii=False), file=sys.stderr, flush=True)
