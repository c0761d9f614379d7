"""``labels`` and ``library``: the record of cases and labels, without a window."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    library_at,
    one_line,
    progress,
    reader_named,
    say,
    set_of,
)
from cubeview.errors import CubeviewError
from cubeview.kinds import KINDS

if TYPE_CHECKING:
    from cubeview.library.library import Library

_LIMIT = 20


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    labels = _group(commands, "labels", "take labels in, write them out, list and compare them")
    sub = _command(
        labels, "import", _import, "show what a file of labels would change; with --yes, do it"
    )
    sub.add_argument("file", type=Path, help="labels CubeView wrote, or a table case,class,rest,…")
    sub.add_argument("--yes", action="store_true", help="change the library")
    sub = _command(labels, "export", _export, "write all labels of a set, with their history")
    sub.add_argument("file", type=Path, help=".csv, .ecsv or .json")
    _add_set(sub)
    sub = _command(labels, "list", _list_labels, "list the labels in force")
    _add_set(sub)
    sub.add_argument("--all-readers", action="store_true", help="not only those of --reader")
    sub = _command(labels, "agreement", _agreement, "compare two readers: Cohen's kappa, disputes")
    _add_set(sub)
    sub.add_argument("readers", nargs="*", metavar="READER", help="two (default: the first two)")

    library = _group(commands, "library", "add cases to the library, list, check and copy it")
    sub = _command(library, "add", _add_cases, "add the cases of files and folders")
    sub.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    sub.add_argument("--dry-run", action="store_true", help="only say what was found")
    _command(library, "list", _list_cases, "list the cases")
    sub = _command(library, "classify", _classify, "ask the models about all cases, and keep it")
    sub.add_argument("--model", metavar="NAME", default="", help="model name or folder")
    sub.add_argument("--again", action="store_true", help="also where its answer is there already")
    sub.add_argument(
        "--processes", type=int, default=1, metavar="N", help="so many at once (default 1)"
    )
    _command(library, "check", _check, "check the file for damage and whether all scans are there")
    sub = _command(library, "backup", _backup, "write a complete copy")
    sub.add_argument("file", type=Path)


def _group(commands: Commands, name: str, text: str) -> Commands:
    parser = commands.add_parser(name, help=text, description=text)
    return parser.add_subparsers(required=True, metavar="COMMAND")


def _command(
    group: Commands, name: str, command: "Callable[[Library, Any], int]", text: str
) -> argparse.ArgumentParser:
    sub = add_command(group, name, lambda options: _run(command, options), text)
    sub.add_argument("--library", type=Path, metavar="FILE", help="instead of the user's own")
    sub.add_argument("--reader", metavar="NAME", help="who labels (default: the login name)")
    add_json(sub)
    return sub


def _add_set(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--set", metavar="NAME", help="label set (default: the first with labels)")


def _run(command: "Callable[[Library, Any], int]", options: argparse.Namespace) -> int:
    """Open the library for one command and close it whatever happens."""
    path = _path(options)
    if command is _check:
        _check_file(path)
    new = options.library is None or command in (_import, _add_cases)
    library = library_at(path, reader_named(options.reader), new=new)
    try:
        return command(library, options)
    finally:
        library.close()


def _path(options: argparse.Namespace) -> Path:
    from cubeview.paths import data_dir

    return Path(options.library or data_dir() / "library.sqlite")


def _import(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.exchange import apply_import
    from cubeview.library.table_import import plan_any

    plan = plan_any(library, options.file, report=progress())
    added = apply_import(library, plan) if options.yes and plan.entries else 0
    conflicts = [
        {"case": e.name, "reader": e.reader, "here": said or None, "there": e.class_name}
        for e, said in plan.conflicts
    ]
    record = {
        "new": len(plan.new), "conflicts": conflicts, "unknown": len(plan.unknown),
        "known": plan.known, "problems": list(plan.problems), "added": added,
    }  # fmt: skip
    lines = [
        f"{len(plan.new)} labels for cases of this library",
        f"{len(plan.unknown)} for cases it does not have",
        f"{plan.known} here already",
        f"{len(conflicts)} conflicts",
    ]
    for entry in conflicts[:_LIMIT]:
        lines.append(
            f"  {entry['case']}, {entry['reader']}: {entry['here']} here, {entry['there']}"
        )
    if options.yes:
        lines.append(f"{added} added")
    elif plan.entries:
        lines.append("nothing was changed; add --yes to do it")
    say(options, record, *lines)
    for problem in plan.problems[:_LIMIT]:
        print(f"cubeview: {problem}", file=sys.stderr)
    return 2 if plan.problems else 0


def _export(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.exchange import export_labels

    name = set_of(library, options.set)
    count = export_labels(library, name, options.file)
    record = {"set": name, "labels": count, "file": str(options.file)}
    say(options, record, f"{count} labels of {name}: {options.file}")
    return 0


def _list_labels(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.scored import readable
    from cubeview.library.stored import case_names

    name = set_of(library, options.set)
    reader = None if options.all_readers else library.reader
    cases = case_names(library)
    records = [
        {
            "case": cases[label.case_id], "reader": label.reader, "class": label.class_name,
            "sure": label.sure, "quality": label.quality, "note": label.note, "at": label.at,
            "opinion_seen": label.opinion_seen, "scores": dict(readable(label.scores).states),
        }
        for label in library.current(name, reader).values()
    ]  # fmt: skip
    lines = (
        f"{record['case']}: {record['class']}{'' if record['sure'] else ' (unsure)'}, "
        f"{record['reader']}, {str(record['at'])[:10]}"
        for record in records
    )
    say(options, {"set": name, "labels": records}, *lines)
    return 0


def _agreement(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.agreement import agreement
    from cubeview.library.stored import case_names

    name = set_of(library, options.set)
    labels = library.current(name)
    known = sorted({reader for _, reader in labels})
    chosen = options.readers or known[:2]
    unknown = [reader for reader in chosen if reader not in known]
    if len(chosen) != 2 or unknown:
        raise CubeviewError(
            f"agreement compares two readers of {name}; it has {', '.join(known) or 'none'}."
        )
    said = [
        {case: one.class_name or "" for (case, reader), one in labels.items() if reader == who}
        for who in chosen
    ]
    found = agreement(said[0], said[1], [one.name for one in library.classes(name)])
    cases = case_names(library)
    disputed = [
        {"case": cases[case], chosen[0]: said[0][case], chosen[1]: said[1][case]}
        for case in found.disputed
    ]
    total = int(found.confusion.sum())
    record = {
        "set": name, "readers": chosen, "both": total, "kappa": found.kappa,
        "classes": found.classes, "confusion": found.confusion.tolist(), "disputed": disputed,
    }  # fmt: skip
    kappa = "not defined" if math.isnan(found.kappa) else f"{found.kappa:.3f}"
    text = f"{chosen[0]} and {chosen[1]}: {total} cases by both, kappa {kappa}"
    apart = (f"  {one['case']}: {one[chosen[0]]} / {one[chosen[1]]}" for one in disputed)
    say(options, record, text, *apart)
    return 0


def _add_cases(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.folder import add_found, scan_folder

    scan = scan_folder(library, options.paths, report=progress())
    added = [] if options.dry_run else add_found(library, scan.new)
    reasons = [refusal.reason for refusal in scan.refusals]
    record = {**scan.summary(), "added": len(added), "refusals": reasons}
    counts = ", ".join(f"{number} {what}" for what, number in scan.summary().items() if number)
    say(options, record, counts or "no case was found", f"{len(added)} added")
    for reason in reasons:
        print(f"cubeview: {reason}", file=sys.stderr)
    named = {Path(path) for path in options.paths}
    bad = any(refusal.path in named for refusal in scan.refusals)
    return 2 if bad or not scan.cases else 0


def _list_cases(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.worklist import rows

    sets = {kind: names[0] for kind in KINDS
            if (names := library.label_sets(kind))}  # fmt: skip
    records = [
        {
            "case": row.name, "kind": row.kind, "state": row.state, "window": row.window,
            "label": row.label, "others": dict(row.others),
            "prediction": row.answer or row.former or None, "model": row.model or None,
            "weights": row.weights or None, "doubt": row.doubt, "added": row.added_at,
        }
        for row in rows(library, sets)
    ]  # fmt: skip
    lines = (
        f"{one['case']}: {one['kind']}, {one['state']}, {one['label'] or 'not labelled'}"
        for one in records
    )
    say(options, records, *lines)
    return 0


def _classify(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.learn.ask.archive import predict_cases
    from cubeview.library.stored import records

    batch = predict_cases(
        library,
        list(records(library)),
        wanted=options.model,
        again=options.again,
        processes=options.processes,
        report=progress(),
    )
    failures = [reason for _, reason in batch.failures]
    record = {"asked": batch.asked, "before": batch.before, "failures": failures}
    say(options, record, f"{batch.asked} cases classified, {batch.before} had been before")
    for reason in failures:
        print(f"cubeview: {one_line(reason)}", file=sys.stderr)
    return 2 if failures and not batch.asked else 0


def _check_file(path: Path) -> None:
    from cubeview.library.repair import is_sound

    if not path.is_file():
        raise CubeviewError(f"{path}: there is no library here.")
    if not is_sound(path):
        raise CubeviewError(
            f"{path}: the library is damaged. Open it once in CubeView: it is then set aside and "
            "replaced by its newest backup."
        )


def _check(library: "Library", options: argparse.Namespace) -> int:
    from cubeview.library.repair import counts, missing_files

    missing = [f"{name}, {role}" for name, role in missing_files(library)]
    found = counts(library)
    text = f"{library.path}: sound, {', '.join(f'{n} {what}' for what, n in found.items())}"
    lost = (f"  not where it was: {text}" for text in missing)
    say(options, {"sound": True, **found, "missing": missing}, text, *lost)
    return 0


def _backup(library: "Library", options: argparse.Namespace) -> int:
    library.backup(options.file)
    say(options, {"file": str(options.file)}, options.file)
    return 0
