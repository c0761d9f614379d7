"""How late the event loop's ticks come while the window works, against when it does not.

Run as ``python tests/benchmarks/bench_tick.py``; prints the 99th percentile of lateness in ms, the
worst, and the ratio to idle. As in ``bench_window.py``, the cursor is moved all the time, also
while nothing else goes on: a tick of a window that does nothing at all is never late.
"""

import itertools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from table import at_most, row

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("CUBEVIEW_HOME", tempfile.mkdtemp())

TICK_MS = 5
FRAME_MS = 33
IDLE_S = 2.0


def main() -> None:
    """Measure idle, opening, the first and second question, occlusion, and a moving cursor."""
    from PyQt6.QtCore import QEventLoop, Qt, QTimer

    from cubeview.gui.desk.samples import samples
    from cubeview.gui.shell.app import application
    from cubeview.startup import lasting

    app = application()
    with lasting():  # as the program starts
        from cubeview.gui.shell.window import Window

        window = Window()
    window.show()
    late: list[float] = []
    last = [time.perf_counter()]
    ticks = QTimer()
    ticks.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        now = time.perf_counter()
        late.append(max(0.0, 1000 * (now - last[0]) - TICK_MS))
        last[0] = now

    ticks.timeout.connect(tick)
    ticks.start(TICK_MS)

    def run(seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or window.jobs.running():
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    def told(what: str, idle: float | None) -> float:
        figure = float(np.percentile(late, 99))
        words = f"99 % {figure:.1f} ms, worst {max(late):.0f} ms"
        if idle is None:
            row(f"tick lateness, {what}", words)
        else:
            at_most(
                f"tick lateness, {what}, against idle", figure / max(idle, 0.1), "×", 2.5, words
            )
        late.clear()
        return figure

    pair = [Path(path) for path in samples()[0].paths]
    steps = itertools.count()

    def step() -> None:
        if window.session.case is not None:
            z, y, x = window.session.cursor
            window.session.set_cursor(z, y, x + (1 if next(steps) % 20 < 10 else -1))

    stepper = QTimer()
    stepper.timeout.connect(step)
    stepper.start(FRAME_MS)

    window.opening.open(pair, remember=False)
    run(IDLE_S)
    late.clear()
    run(IDLE_S)
    idle = told("idle, the cursor moving", None)
    window.opening.open(pair, remember=False)
    run(1.0)
    told("opening a pair", idle)
    window.predict.run()
    run(1.0)
    told("first question", idle)
    window.predict.run()
    run(1.0)
    told("second question", idle)
    window.explain.run("occlusion")
    run(1.0)
    told("occlusion", idle)
    stepper.start(16)
    run(1.0)
    told("cursor drag", idle)
    stepper.stop()
    ticks.stop()
    window.close()


if __name__ == "__main__":
    main()
