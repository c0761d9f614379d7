"""Moments of a line and of a whole cube beside spectral-cube, on the same file in the same run.

``python tests/benchmarks/bench_moments.py [--full] [--whole] [--rounds 5] [--folder PATH]``. Rounds
are interleaved, with the file in memory; each begins with opening it. spectral-cube is asked for
the same three moments plane by plane (``how="slice"``), its way with little memory, and with
its own choice (``how="auto"``, of 80 channels only: of the whole cube it makes copies of many
gigabytes). Ours have errors from the cube's noise, which is read too; theirs have none. Memory is
the most that a process of its own needs for the whole cube, over what it had before.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

# Threads that wait for each other on busy cores are no measure of either.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import testcubes
from table import at_least, at_most, row, say
from testcubes import load, median_ms, ratio

from cubeview.io import open_path
from cubeview.measure.sky.moments import moments

BAR = 5
MEMORY_MB = 150


def ours(path, low, high):
    found = moments(open_path(path)[0].main, low, high)
    return [one.values for one in found.moments]


def theirs(path, low, high, how):
    import spectral_cube
    from astropy import units

    whole = spectral_cube.SpectralCube.read(path, hdu=1)
    whole.allow_huge_operations = True
    slab = whole.spectral_slab(low * units.AA, high * units.AA)
    return [slab.moment(order=order, how=how).value for order in (0, 1, 2)]


def compare(path, name, low, high, rounds, bar):
    times = {"ours": [], "slice": [], **({"auto": []} if bar else {})}
    for _ in range(rounds):
        answers = {}
        for kind, spent in times.items():
            begin = time.perf_counter()
            answers[kind] = (
                ours(path, low, high) if kind == "ours" else theirs(path, low, high, kind)
            )
            spent.append(time.perf_counter() - begin)
    share = answers["ours"][0] / answers["slice"][0]  # theirs may be in metres
    assert np.nanmax(np.abs(share / np.nanmedian(share) - 1)) < 0.01  # noise, it nearly cancels
    for kind in list(times)[1:]:
        at_least(
            f"moments 0, 1, 2 of {name}, against spectral-cube ({kind})",
            ratio(times[kind], times["ours"]),
            bar if kind == "auto" else None,
            f"{median_ms(times['ours']):.0f} ms, theirs {median_ms(times[kind]):.0f} ms",
        )


def read_only(path, low, high):
    """Return how long it takes to read the interval's planes and do no more."""
    cube = open_path(path)[0].main
    axis = cube.axes[0].values
    channels = np.flatnonzero((axis >= low) & (axis <= high))
    begin = time.perf_counter()
    for z in channels:
        cube.plane(0, int(z))
        cube.uncertainty.plane(0, int(z))
    return time.perf_counter() - begin


def memory(path):
    """Print how many MB moments of the whole cube need, as the process that does nothing else."""
    case = open_path(path)[0]
    axis = case.main.axes[0].values
    moments(case.main, axis[10], axis[14])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    moments(case.main, axis[0], axis[-1])
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    say(json.dumps((after - before) / 1024))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="3681 planes, 1.5 GB of values")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--whole", action="store_true", help="of the whole cube too: minutes")
    parser.add_argument("--memory", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.memory:
        memory(given.memory)
        return
    say(load())
    with tempfile.TemporaryDirectory() as own:
        path = testcubes.muse(
            given.folder or Path(own), testcubes.FULL if given.full else testcubes.SMALL
        )
        axis = open_path(path)[0].main.axes[0].values
        middle = len(axis) // 2
        line = axis[middle], axis[middle + 79]
        try:
            import spectral_cube  # noqa: F401
        except ImportError:
            say("spectral-cube is not installed: nothing to compare with")
        else:
            compare(path, "80 channels", *line, given.rounds, BAR)
            if given.whole:
                compare(path, "the whole cube", axis[0], axis[-1], 1, None)
        spent = read_only(path, *line)
        row("reading the 80 planes and their noise, warm, nothing else", f"{spent:.2f} s")
        command = [sys.executable, __file__, "--memory", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        at_most("memory of moments of the whole cube", float(told), "MB", MEMORY_MB)


if __name__ == "__main__":
    main()
