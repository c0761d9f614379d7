"""Large cubes: spectra, spectral planes and apertures, cold and warm, against astropy's memory map.

``python tests/benchmarks/bench_cubes.py [--full] [--rounds 5] [--folder PATH]``. Cold: the pages of
the file itself are thrown out before each read. Rounds are interleaved, at another place each.
"""

import argparse
import gc
import os
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import testcubes
from astropy.io import fits
from table import at_least, at_most, row, say
from testcubes import evict, load, median_ms, ratio, timed

from cubeview.cubes.aperture import aperture_spectrum
from cubeview.cubes.region import Circle
from cubeview.errors import Cancelled
from cubeview.io import open_path

APERTURE_PX = 50
BARS = {("spectrum", False): 8, ("spectrum", True): 30, ("λ-Dec plane", True): 10}


def _copied(data, index):
    return np.array(data[index], dtype=np.float32)


def mapped(path, index):
    """Time one read of a memory map that was opened, but not touched, before."""
    with fits.open(path, memmap=True) as hdus:
        data = hdus[1].data
        evict(path)
        spent, values = timed(partial(_copied, data, index))
        del data
    gc.collect()
    return spent, values


def against_astropy(path, pixels, rounds):
    copy = pixels._path if pixels.ready else None
    files = [path] if copy is None else [path, copy]
    depth, height, width = pixels.shape
    rng = np.random.default_rng(1)
    times = {}
    for _ in range(rounds):
        y, x = (int(rng.integers(n // 4, 3 * n // 4)) for n in (height, width))
        questions = {
            "spectrum": ((slice(None), y, x), lambda y=y, x=x: pixels.spectrum(y, x)),
            "λ-RA plane": ((slice(None), y), lambda y=y: pixels.plane(1, y)),
            "λ-Dec plane": (
                (slice(None), slice(None), x),
                lambda x=x: pixels.plane(2, x),
            ),
            "channel": ((depth // 2 + y,), lambda y=y: pixels.plane(0, depth // 2 + y)),
        }
        for name, (index, ask) in questions.items():
            theirs, expected = mapped(path, index)
            evict(*files)
            ours, values = timed(ask)
            assert np.array_equal(values, expected, equal_nan=True)
            warm, _ = timed(ask)
            times.setdefault(name, []).append((theirs, ours, warm))
    state = "with the copy" if pixels.ready else "no copy yet"
    for name, rows in times.items():
        theirs, ours, warm = zip(*rows, strict=True)
        at_least(
            f"cold {name}, {state}, against astropy's memory map",
            ratio(theirs, ours),
            BARS.get((name, pixels.ready)),
            f"{median_ms(ours):.2f} ms, astropy {median_ms(theirs):.0f} ms, "
            f"ours warm {median_ms(warm):.2f} ms",
        )


def first_partial(cube, circle, by_rows):
    """Return seconds to the first answer, and to the last."""
    begin = time.perf_counter()
    firsts = []

    def told(found):
        firsts.append(time.perf_counter() - begin)

    aperture_spectrum(cube, circle, by_rows=by_rows, partial=told)
    whole = time.perf_counter() - begin
    return (firsts or [whole])[0], whole


def apertures(path, cube, rounds, by_rows):
    files = [path, *(p._path for p in (cube.pixels, cube.uncertainty) if by_rows)]
    for state in ("cold", "warm"):
        times = []
        for number in range(rounds):
            if state == "cold":
                evict(*files)
            circle = Circle(150 + 3 * number, 160, APERTURE_PX)
            times.append(first_partial(cube, circle, by_rows))
        first, whole = (median_ms(t) for t in zip(*times, strict=True))
        copy = "with the copy" if by_rows else "no copy yet"
        what = f"aperture r = {APERTURE_PX} px, values and noise, {state}, {copy}: first answer"
        at_most(what, first, "ms", 100, f"whole {whole:.0f} ms")


def reads_of_others(folder, rounds):
    for name, path in testcubes.others(folder).items():
        spent, cases = timed(lambda path=path: open_path(path))
        cube = cases[0].main
        planes = [timed(lambda n=n, c=cube: c.plane(0, 50 + n))[0] for n in range(rounds)]
        spectra = [timed(lambda n=n, c=cube: c.spectrum(100 + n, 99))[0] for n in range(rounds)]
        again, _ = timed(lambda path=path: open_path(path))
        row(
            f"{name}, 400 × 320 × 320",
            f"open {spent:.2f} s, again {again:.2f} s, channel {median_ms(planes):.2f} ms, "
            f"spectrum {median_ms(spectra):.2f} ms",
        )


def build_time(cube):
    for name, pixels in (("values", cube.pixels), ("noise", cube.uncertainty)):
        evict(pixels.original.path if name == "values" else pixels.original.pixels.path)
        cpu = time.process_time()
        spent, _ = timed(pixels.build)
        cpu = time.process_time() - cpu
        size = pixels._path.stat().st_size / 1e9
        row(f"copy of the {name}", f"{spent:.1f} s, {cpu:.1f} s of processor, {size:.2f} GB")


def cancel_time(cube):
    """Return seconds from a cancel to the end of the work, at its worst over one copy."""
    last = time.perf_counter()
    gaps = []

    def report(fraction, text):
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now
        if fraction > 0.3:
            raise Cancelled

    try:
        cube.pixels.build(report=report)
    except Cancelled:
        at_most("longest wait between two reports of a copy", 1000 * max(gaps[1:]), "ms", 200)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="3681 x 320 x 320 instead of 1200")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the cubes are made and kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        os.environ["CUBEVIEW_HOME"] = str(Path(own) / "home")
        path = testcubes.muse(folder, testcubes.FULL if given.full else testcubes.SMALL)
        size = path.stat().st_size / 1e9
        say(f"{path.name}, {size:.2f} GB with its variance; {load()}")
        cube = open_path(path)[0].main
        say("without a copy")
        against_astropy(path, cube.pixels, given.rounds)
        apertures(path, cube, given.rounds, by_rows=False)
        cancel_time(cube)
        build_time(cube)
        say(f"with the copy; {load()}")
        against_astropy(path, cube.pixels, given.rounds)
        apertures(path, cube, given.rounds, by_rows=True)
        say(f"other formats, 400 x 320 x 320; {load()}")
        reads_of_others(folder, given.rounds)


if __name__ == "__main__":
    main()
