"""How well a taught model does at hospitals the shipped one never saw, as lines of a table.

``python -m tests.benchmarks.teach_figures --seeds 2601 2602 2603 [--base spect-mpi]``: 29 healthy
and 29 ischaemic hearts a seed, 5 folds, the defaults of ``cubeview finetune``, through files.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

from cubeview.cli import main
from tests.helpers.hospitals import COARSE, CZT, Hospital
from tests.helpers.skywindows import write_windows

HOSPITALS = {"czt": CZT, "coarse": COARSE}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def taught(base: str, table: Path, *more: str) -> dict:
    """Return the document of a fine-tune."""
    asked = ["finetune", "--labels", str(table), "--base", base, "--json", *more]
    found, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(found), contextlib.redirect_stderr(told):
        status = main([*asked, "--out", str(table.parent / "kept")])
    if status:
        raise SystemExit(told.getvalue().splitlines()[-1])
    return json.loads(found.getvalue())


def ranges(hospital: Hospital) -> None:
    """Print what differs from the ranges of training."""
    say("| | trained on | here |\n|---|---|---|")
    for name, (theirs, here) in hospital.differences().items():
        say(f"| {name} | {theirs} | {here} |")


def figures(text: str, told: dict) -> None:
    """Print one line: base, tuned and baseline."""
    base, plain = told["base"] or {}, told["baseline"]
    auc = told["auc"]
    before = f"{base['auc']['mean']:.3f}" if base else "-"
    balanced = f"{base['balanced_accuracy']:.2f}" if base else "-"
    say(
        f"| {text} | {before} | **{auc['mean']:.3f}** ({auc['low']:.2f} to {auc['high']:.2f}) "
        f"| {plain['auc']['mean']:.3f} | {balanced} | **{told['balanced_accuracy']:.2f}** "
        f"| {told['ece']:.3f} | {told['verdict']['word']} |"
    )


def run() -> None:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[2601])
    parser.add_argument("--base", default="spect-mpi")
    parser.add_argument("--hospitals", nargs="*", default=list(HOSPITALS), choices=HOSPITALS)
    parser.add_argument("--sky", action="store_true", help="the two-class sky task too")
    asked, more = parser.parse_known_args()
    for name in asked.hospitals:
        say(f"\n{name}: {HOSPITALS[name].name}\n")
        ranges(HOSPITALS[name])
    say("\n| task, seed | base AUC | tuned AUC (95 %) | plain baseline | base bal. acc. | "
        "tuned bal. acc. | ECE | verdict |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name in asked.hospitals:
        for seed in asked.seeds:
            with tempfile.TemporaryDirectory() as folder:
                table = HOSPITALS[name].write(Path(folder), 29, seed)
                figures(f"{name} {seed}", taught(asked.base, table, *more))
    for seed in asked.seeds if asked.sky else ():
        with tempfile.TemporaryDirectory() as folder:
            table = write_windows(Path(folder), 40, seed)
            figures(f"sky {seed}", taught("sky-sources", table))


if __name__ == "__main__":
    run()
