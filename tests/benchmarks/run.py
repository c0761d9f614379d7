"""All benchmarks, one after another, each on its own: ``make bench``.

``python tests/benchmarks/run.py [--small] [--folder PATH] [--only NAME ...]``. Prints what each
says, and writes the rows with their bars to ``docs/benchmarks.md`` with the machine, the
date and the load. A benchmark that fails or takes too long is said to have done so, and the next
one runs. Peers (napari, glue) are started from the Python named by ``CUBEVIEW_PEERS``, by default
this one.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from table import ROWS, say

HERE = Path(__file__).resolve().parent
TABLE = HERE.parents[1] / "docs" / "benchmarks.md"
LONGEST_S = 700
NAMES = ("torch", "monai", "captum", "astropy", "numpy", "PyQt6", "pyqtgraph")


def benchmarks(folder, small):
    """Return title, command and limit in seconds, what matters most first."""
    size = [] if small else ["--full"]
    rounds = ["--rounds", "3" if small else "5"]
    cube = [*size, *rounds, "--folder", str(folder)]
    return (
        ("Explanations", ["bench_explain.py", "2" if small else "3"], 210),
        ("The window with a large cube", ["bench_window.py", *cube], 280),
        ("Large cubes", ["bench_cubes.py", *cube], 240),
        ("Moments of a line", ["bench_moments.py", *cube], 200),
        ("Late ticks of the window", ["bench_tick.py"], 60),
        ("Start of the program", ["bench_startup.py"], 90),
        ("Cursor moves of views alone", ["bench_views.py"], 40),
        ("Search of a sky cube", ["bench_search.py"], 60),
        ("Labels and lists", ["bench_labels.py"], 60),
        ("Many cases explored", ["bench_explore.py"], 60),
    )


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def memory_gb():
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB"
    except (AttributeError, ValueError, OSError):
        return "memory unknown"


def versions():
    found = []
    for name in NAMES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def run(command, limit, rows):
    """Run one benchmark, passing its lines on; return (rows, lines, what went wrong)."""
    rows.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join((str(HERE.parents[1]), str(HERE))),
        "PYTHONUNBUFFERED": "1",
        ROWS: str(rows),
    }
    process = subprocess.Popen(
        [sys.executable, str(HERE / command[0]), *command[1:]],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # What the benchmark started ends with it.
    alarm = signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
    signal.alarm(max(1, round(limit)))
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        say(lines[-1])
    status = process.wait()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, alarm)
    wrong = ""
    if status == -signal.SIGKILL:
        wrong = f"stopped after {limit:.0f} s"
    elif status:
        wrong = f"failed: {next((line for line in reversed(lines) if line), status)}"
    kept = rows.read_text(encoding="utf-8").splitlines() if rows.exists() else []
    return [json.loads(line) for line in kept], lines, wrong


def page(parts, load):
    now = datetime.now(UTC)
    text = [
        "# Benchmarks",
        "",
        f"{now:%Y-%m-%d %H:%M} UTC, {processor()}, {os.cpu_count()} cores, {memory_gb()}, "
        f"{platform.system()} {platform.release()}, load before the run {load}. Python "
        f"{platform.python_version()}, {versions()}. Made by `make bench`; ratios are medians of "
        "interleaved rounds of one run.",
    ]
    for title, script, rows, lines, wrong in parts:
        text += ["", f"## {title}", "", f"`tests/benchmarks/{script}`", ""]
        if rows:
            text += ["| what | figure | bar | |", "|---|---|---|---|"]
            text += ["| " + " | ".join(c.replace("|", "/") for c in row) + " |" for row in rows]
        elif lines:
            text += ["```", *lines[-40:], "```"]
        if wrong:
            text += ["", f"**{wrong}**"]
    return "\n".join(text) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a third of the cube, fewer rounds")
    parser.add_argument("--folder", type=Path, help="where the test cubes are made and kept")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="parts of the titles to run")
    given = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    begin = time.monotonic()
    parts = []
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        for title, command, limit in benchmarks(folder, given.small):
            if given.only and not any(name.lower() in title.lower() for name in given.only):
                continue
            say(f"== {title}")
            left = LONGEST_S - (time.monotonic() - begin)
            if left < 10:
                parts.append((title, command[0], [], [], "not run: no time was left"))
                continue
            rows, lines, wrong = run(command, min(limit, left), Path(own) / "rows")
            if wrong:
                say(wrong)
            parts.append((title, command[0], rows, lines, wrong))
            if not given.only:  # after each, so that an interrupted run leaves its figures
                TABLE.write_text(page(parts, load), encoding="utf-8")
    rows = [row for part in parts for row in part[2]]
    failing = [row[0] for row in rows if row[3] == "FAILS"]
    judged = [row for row in rows if row[3]]
    say(f"{len(judged) - len(failing)} of {len(judged)} bars hold")
    for what in failing:
        say(f"  fails: {what}")


if __name__ == "__main__":
    main()
