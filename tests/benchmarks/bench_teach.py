"""How long a fine-tune of 58 hearts in 5 folds takes, and what the window feels of it.

Run as ``python -m tests.benchmarks.bench_teach``. Three parts: seconds of preparing and of
fine-tuning, beside bare forward and backward passes of the whole network over as many samples;
how late the event loop's ticks come while the Teach panel trains, against idle; and how long
Cancel takes.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("CUBEVIEW_HOME", tempfile.mkdtemp())

EACH = 29
TICK_MS = 10
WATCH_S = 6.0
BARE_BATCHES = 48


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def cost(base, cases) -> None:
    """Time a fine-tune and bare passes over as many samples."""
    import torch
    from torch.nn import functional

    from cubeview.learn.teach.finetune import fine_tune
    from cubeview.learn.teach.tuning import FinetuneConfig

    config = FinetuneConfig()
    rounds = config.folds + config.folds * (config.folds - 1) // 2 + 1
    samples = rounds * config.steps * config.batch
    wall, cpu = time.perf_counter(), time.process_time()
    fine_tune(base, cases, config)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    say(
        f"fine-tuning {len(cases)} cases, {config.folds} folds, {rounds} rounds of {config.steps} "
        f"steps: {wall:.1f} s wall, {cpu:.1f} s of processor, {torch.get_num_threads()} threads"
    )
    inputs, labels = torch.tensor(cases.inputs[: config.batch]), torch.tensor(cases.truth)
    network = base.network
    bare = time.process_time()
    for _ in range(BARE_BATCHES):
        functional.cross_entropy(network(inputs), labels[: config.batch]).backward()
        network.zero_grad()
    bare = (time.process_time() - bare) * samples / (BARE_BATCHES * config.batch)
    say(f"bare passes of the whole network, {samples} samples: {bare:.1f} s of processor; "
        f"fine-tuning takes {cpu / bare:.2f} of it")  # fmt: skip


def smoothness(table: Path, name: str) -> None:
    """Measure the ticks of a window that teaches, and cancel it."""
    from PyQt6.QtCore import QEventLoop, Qt, QTimer

    from cubeview.gui.shell.app import application
    from cubeview.gui.shell.window import Window

    app = application()
    window = Window()
    window.resize(1440, 900)
    window.show()
    window.actions_table["teach"].trigger()
    choices = window.teach.choices
    choices.base.setCurrentIndex(choices.base.findData(name))
    choices.use_table(table)
    choices.steps.setValue(2000)
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
        while time.perf_counter() < end:
            app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)

    def told(what: str, idle: float | None = None) -> float:
        # A tick that comes in time still took its 10 ms: ratios are of the whole step.
        figure = TICK_MS + float(np.percentile(late, 99))
        ratio = "" if idle is None else f", {figure / idle:.2f} x idle"
        say(f"{what}: 99 % of ticks within {figure:.1f} ms, worst {TICK_MS + max(late):.0f}{ratio}")
        late.clear()
        return figure

    run(2.0)
    late.clear()
    run(WATCH_S)
    idle = told("window idle")
    window.teach.run()
    while not window.teach.loss.isVisible():
        run(0.1)
        if not window.teach.running:
            raise SystemExit(window.teach.problem.text())
    told("preparing the cases", idle)
    run(WATCH_S)
    told("fine-tuning", idle)
    begin = time.perf_counter()
    window.teach.cancel()
    while window.jobs.running():
        run(0.005)
    say(f"cancelled after {1000 * (time.perf_counter() - begin):.0f} ms")
    ticks.stop()
    window.close()
    app.processEvents()


def main(name: str = "spect-mpi") -> None:
    """Measure and print."""
    from cubeview.learn.models.card import find_models
    from cubeview.learn.models.model import load_model
    from cubeview.learn.teach.labelled import table_entries
    from cubeview.learn.teach.training_set import gather
    from tests.helpers.pairs import two_kinds

    base = load_model(next(ref.folder for ref in find_models() if ref.name == name))
    with tempfile.TemporaryDirectory() as folder:
        table = two_kinds(Path(folder), EACH)
        begin = time.perf_counter()
        cases = gather(table_entries(table), base.card, order=base.card.classes)
        say(f"opening and preparing {len(cases)} cases: {time.perf_counter() - begin:.1f} s wall")
        cost(base, cases)
        smoothness(table, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
