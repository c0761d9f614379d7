"""How well a taught model does at hospitals the shipped one never saw, as tables of a document.

``python -m tests.benchmarks.teach_figures``: 29 healthy and 29 ischaemic hearts a seed at each
hospital of `tests.helpers.hospitals`, and two classes of the sky of 40 windows each, through files
and ``cubeview finetune`` with its defaults, in 5 folds. Options choose seeds, hospitals and base;
what is not known here goes to ``finetune``. ``--results FILE`` keeps what is measured, and another
call goes on from there; ``--write`` puts the tables into ``docs/teaching.md``.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cubeview.cli import main
from tests.helpers.hospitals import CHEST, COARSE, CZT, USUAL, Hospital
from tests.helpers.skywindows import write_windows

HOSPITALS = {"usual": USUAL, "chest": CHEST, "czt": CZT, "coarse": COARSE}
SEEDS = (2601, 2602, 2603)
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "teaching.md"
BEGIN, END = "<!-- figures: written by teach_figures -->", "<!-- end of figures -->"
HEAD = (
    "| task, seed | base AUC | tuned AUC (95 %) | plain baseline | base bal. acc. | "
    "tuned bal. acc. | tuned ECE | verdict | seconds |\n|---|---|---|---|---|---|---|---|---|"
)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def taught(base: str, table: Path, more: list[str]) -> dict:
    """Return the document of a fine-tune, with the seconds of the whole command."""
    asked = ["finetune", "--labels", str(table), "--base", base, "--json", *more]
    found, told = io.StringIO(), io.StringIO()
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(found), contextlib.redirect_stderr(told):
        status = main([*asked, "--out", str(table.parent / "kept")])
    if status:
        raise SystemExit(told.getvalue().splitlines()[-1])
    spent = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return {**json.loads(found.getvalue()), **spent}


def measured(results: Path | None, key: str, work: Callable[[Path], dict]) -> dict:
    """Return one run's document, from the results where it is there already."""
    known = json.loads(results.read_text()) if results and results.is_file() else {}
    if key not in known:
        with tempfile.TemporaryDirectory() as folder:
            known[key] = work(Path(folder))
        if results:
            results.write_text(json.dumps(known, indent=1))
    return known[key]


def ranges(hospital: Hospital) -> Iterator[str]:
    """Yield lines of what differs from the ranges of training."""
    yield "| | trained on | here |\n|---|---|---|"
    for name, (theirs, here) in hospital.differences().items():
        yield f"| {name} | {_range(theirs)} | {_range(here)} |"


def line(text: str, told: dict) -> str:
    """Return one line: base, tuned and baseline."""
    base, plain, auc = told["base"] or {}, told["baseline"], told["auc"]
    before = f"{base['auc']['mean']:.3f}" if base else "-"
    balanced = f"{base['balanced_accuracy']:.2f}" if base else "-"
    return (
        f"| {text} | {before} | **{auc['mean']:.3f}** ({auc['low']:.2f} to {auc['high']:.2f}) "
        f"| {plain['auc']['mean']:.3f} | {balanced} | **{told['balanced_accuracy']:.2f}** "
        f"| {told['ece']:.3f} | {told['verdict']['word']} "
        f"| {told['wall_s']:.0f} ({told['cpu_s']:.0f} of processor) |"
    )


def write(lines: list[str], path: Path) -> None:
    """Put lines between the marks of a document."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{path} has no marks for the figures")
    path.write_text("\n".join((f"{before}{BEGIN}", *lines, f"{END}{after}")))


def run() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--base", default="spect-mpi", help="heart model: a name or a folder")
    parser.add_argument("--sky-base", default="sky-sources")
    parser.add_argument("--hospitals", nargs="*", default=list(HOSPITALS), choices=HOSPITALS)
    parser.add_argument("--no-sky", action="store_true", help="without the two classes of the sky")
    parser.add_argument("--results", type=Path, help="JSON file to keep results in and go on from")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.name}")
    asked, more = parser.parse_known_args()
    words = " ".join(more) or "the defaults"
    lines = [
        f"Base {Path(asked.base).name}, {words} of `finetune`, {datetime.now(UTC):%d %B %Y}.\n",
        HEAD,
    ]
    say(lines[0])
    say(HEAD)
    works = [
        (name, seed, asked.base, lambda folder, n=name, s=seed: HOSPITALS[n].write(folder, 29, s))
        for name in asked.hospitals
        for seed in asked.seeds
    ]
    if not asked.no_sky:
        works += [
            ("sky", seed, asked.sky_base, lambda folder, s=seed: write_windows(folder, 40, s))
            for seed in asked.seeds
        ]
    for name, seed, base, make in works:
        key = " ".join((name, str(seed), base, *more))
        told = measured(asked.results, key, lambda f, b=base, m=make: taught(b, m(f), more))
        lines.append(line(f"{name} {seed}", told))
        say(lines[-1])
    for name in asked.hospitals:
        lines += [f"\n*{name}*: {HOSPITALS[name].name}.\n", *ranges(HOSPITALS[name])]
    if asked.write:
        write(lines, DOCUMENT)


def _range(value: object) -> str:
    return f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    run()
