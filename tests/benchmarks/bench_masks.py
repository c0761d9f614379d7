"""A stroke of the brush in a mask of 256³ voxels, from the mouse to three slices drawn again."""

import time

import numpy as np
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.gui.desk.session import Session
from cubeview.gui.views.ortho import OrthoView
from cubeview.measure.masks.scribble import OUTSIDE, UNKNOWN, spread
from tests.benchmarks.table import at_most

SIDE = 256


def strokes(rounds=200):
    """Return milliseconds of each dab along a drag, views drawn."""
    app = QApplication.instance() or QApplication([])
    axes = tuple(
        Axis(name, "space", "mm", np.arange(float(SIDE))) for name in ("Slice", "Row", "Column")
    )
    values = np.random.default_rng(1).random((SIDE,) * 3, np.float32)
    case = Case("large", "volume", {"flux": Cube(axes, ArrayPixels(values), "volume")})
    session = Session()
    ortho = OrthoView(session)
    ortho.resize(1200, 900)
    session.set_case(case)
    ortho.show()
    for _ in range(20):
        app.processEvents()
        time.sleep(0.02)
    session.painting.set_brush(on=True, radius=8.0)
    view = min(ortho.slices, key=lambda one: one.axis)
    times = []
    for step in range(rounds):
        across = 40.0 + 170.0 * step / rounds
        began = time.perf_counter()
        view.canvas.brushed.emit(across, 120.0, step == 0, False)
        for each in ortho.slices:
            each.painted.draw(each.index)
            each.canvas.viewport().repaint()
        times.append(1000 * (time.perf_counter() - began))
    view.canvas.lifted.emit()
    ortho.stop()
    return np.array(times)


def growth(side=64):
    """Return CPU seconds of a mask grown from three strokes."""
    rng = np.random.default_rng(2)
    values = rng.standard_normal((side,) * 3) * 0.3
    values[20:44, 20:44, 20:44] += 1.0
    painted = np.full(values.shape, UNKNOWN)
    painted[32, 32, 24:40] = 1
    painted[32, 8:56, 10], painted[6:58, 54, 32] = OUTSIDE, OUTSIDE
    began = time.process_time()
    spread(values, painted)
    return time.process_time() - began


def main():
    times = strokes()
    details = f"95th of 100 {np.percentile(times, 95):.1f}"
    at_most(f"a dab of the brush in {SIDE}³, three slices drawn", float(np.median(times)), "ms", 16,
            details)  # fmt: skip
    at_most("a mask grown from strokes in 64³, CPU", growth(), "s", 1.0)


if __name__ == "__main__":
    main()
