"""How long a cursor move takes: three slices and a spectrum, or six slices and a profile, with
painting. Run it by hand: ``python tests/benchmarks/bench_views.py``."""

import os
import sys
import time

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtWidgets import QApplication

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.gui.desk.session import Session
from cubeview.gui.views.ortho import OrthoView

MOVES = 60


def axis(name, kind, unit, length):
    return Axis(name, kind, unit, np.linspace(0.0, 10.0, length))


def sky(shape):
    rng = np.random.default_rng(1)
    values = rng.standard_normal(shape, dtype=np.float32)
    values[:, : shape[1] // 10] = np.nan
    names = (("Wavelength", "spectral", "Angstrom"), ("Dec", "space", ""), ("RA", "space", ""))
    axes = tuple(axis(*name, n) for name, n in zip(names, shape, strict=True))
    noise = ArrayPixels(np.ones(shape, np.float32))
    return Case("sky", "sky", {"flux": Cube(axes, ArrayPixels(values), "sky", uncertainty=noise)})


def heart(n):
    rng = np.random.default_rng(2)
    axes = tuple(axis(name, "space", "mm", n) for name in ("Slice", "Row", "Column"))
    cubes = {
        role: Cube(axes, ArrayPixels(rng.random((n, n, n))), "heart", view="short axis")
        for role in ("stress", "rest")
    }
    return Case("heart", "heart", cubes)


def measure(app, case):
    session = Session()
    view = OrthoView(session)
    view.resize(1400, 900)
    session.set_case(case)
    view.show()
    app.processEvents()
    rng = np.random.default_rng(3)
    wall, cpu = [], []
    for _ in range(MOVES):
        clocks = time.perf_counter(), time.thread_time()
        session.set_cursor(*(int(rng.integers(n)) for n in case.main.shape))
        view.follow_now()
        for part in view.canvases:
            part.viewport().repaint()
        wall.append(time.perf_counter() - clocks[0])
        cpu.append(time.thread_time() - clocks[1])
        app.processEvents()
    view.stop()
    view.hide()
    return [np.percentile(1000 * np.array(times), q) for times in (wall, cpu) for q in (50, 95)]


def main():
    app = QApplication([])
    cases = {
        "sky 500 x 30 x 30": sky((500, 30, 30)),
        "sky 3681 x 100 x 100": sky((3681, 100, 100)),
        "sky 1000 x 320 x 320": sky((1000, 320, 320)),
        "heart pair 64 x 64 x 64": heart(64),
        "heart pair 128 x 128 x 128": heart(128),
    }
    sys.stdout.write("ms a move: wall median, 95 %, CPU median, 95 %\n")
    for name, case in cases.items():
        figures = "  ".join(f"{ms:6.1f}" for ms in measure(app, case))
        sys.stdout.write(f"{name:28s} {figures}\n")


if __name__ == "__main__":
    main()
