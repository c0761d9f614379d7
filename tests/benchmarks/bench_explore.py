"""Exploring many cases: 100,000 vectors of 256 asked for what is alike, 100,000 points drawn."""

import os
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt6.QtCore import QPointF
from PyQt6.QtWidgets import QApplication
from table import at_most

from cubeview.gui.widgets.scatter import Scatter
from cubeview.learn.explore.alike import alike

CASES, FEATURES = 100_000, 256


def best(work, rounds=9):
    """Milliseconds of processor of the quickest of some rounds."""
    spent = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - begin))
    return min(spent)


def main():
    app = QApplication([])
    rng = np.random.default_rng(0)
    values = rng.standard_normal((CASES, FEATURES), np.float32)
    at_most("the 200 most alike of 100,000 cases of 256 features",
            best(lambda: alike(values, values[7], 200)), "ms", 100)  # fmt: skip
    scatter = Scatter()
    scatter.resize(800, 600)
    scatter.show()
    scatter.set_points(rng.normal(size=(CASES, 2)), ("axis 1", "axis 2"))
    scatter.set_inks(rng.integers(0, 255, (CASES, 3)).astype(np.uint8), [("one", "#ff0000")])
    turns = iter(range(10**6))

    def frame():
        scatter._zoom(QPointF(300, 200), 0.1 if next(turns) % 2 else -0.1)
        scatter.grab()

    at_most("a frame of 100,000 points while zooming", best(frame), "ms", 1000 / 30)
    scatter.set_chosen(np.arange(5000), 3)
    at_most("the same with 5,000 of them chosen", best(frame), "ms", 1000 / 30)
    app.quit()


if __name__ == "__main__":
    main()
