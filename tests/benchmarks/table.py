"""Rows of a benchmark: what was measured, the figure, its bar, and whether it holds."""

import json
import os
import sys
from pathlib import Path

ROWS = "CUBEVIEW_BENCH_ROWS"


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(what: str, figure: str, bar: str = "", holds: bool | None = None) -> None:
    """Print a row, and keep it for the table of all benchmarks where one is made.

    Parameters
    ----------
    what, figure : str
    bar : str
        What is asked of the figure; empty where nothing is.
    holds : bool or None
    """
    verdict = {True: "holds", False: "FAILS", None: ""}[holds]
    say(f"{what:66s} {figure:34s} {bar:18s} {verdict}".rstrip())
    kept = os.environ.get(ROWS)
    if kept:
        with Path(kept).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([what, figure, bar, verdict]) + "\n")


def at_least(what: str, times: float, bar: float | None, details: str) -> None:
    """A ratio that is to be large."""
    figure = f"{times:.1f} × ({details})"
    row(what, figure, f"≥ {bar:g} ×" if bar else "", times >= bar if bar else None)


def at_most(what: str, value: float, unit: str, bar: float | None, details: str = "") -> None:
    """A value that is to be small."""
    figure = f"{value:.3g} {unit}" + (f" ({details})" if details else "")
    row(what, figure, f"≤ {bar:g} {unit}" if bar else "", value <= bar if bar else None)
