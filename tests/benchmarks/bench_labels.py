"""How long a label takes to be on disk after its key, and how a list of 10,000 cases moves.

Run as ``python -m tests.benchmarks.bench_labels``; prints medians and 95th percentiles.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

CASES = 10_000
KEYS = 200


def told(what: str, seconds: list[float]) -> None:
    """Print median and 95th percentile in ms."""
    middle, high = np.percentile(np.array(seconds) * 1000, (50, 95))
    worst = max(seconds) * 1000
    sys.stdout.write(f"{what}: median {middle:.1f} ms, 95 % {high:.1f}, worst {worst:.1f}\n")


def fill(path: Path, count: int = CASES) -> None:
    """Make a library of many cases, half of them labelled, all with an opinion and a picture."""
    from cubeview.library.library import Library

    rng = np.random.default_rng(1)
    library = Library(path, "Anna")
    names = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")
    at = "2026-01-01T00:00:00.000+00:00"
    odds = rng.dirichlet(np.full(5, 0.5), count)
    features = rng.normal(size=(count, 256)).astype("<f4")
    picture = rng.integers(0, 255, 80 * 40, dtype=np.uint8).tobytes()
    with library.transaction() as run:
        for n in range(1, count + 1):
            run.execute(
                "INSERT INTO cases VALUES (?, ?, 'heart', ?, '', ?)",
                (n, f"{n:064x}", f"Case {n}", at),
            )
            for role in ("rest", "stress"):
                run.execute(
                    "INSERT INTO files VALUES (?, ?, ?, '', ?)",
                    (n, role, f"{n:064x}", f"/scans/{n}/{role}.dcm"),
                )
            said = "{" + ", ".join(
                f'"{c}": {p:.4f}' for c, p in zip(names, odds[n - 1], strict=True)
            )
            run.execute(
                "INSERT INTO answers (case_id, task, weights, model, at, said, features)"
                " VALUES (?, 'classify', '', 'net', ?, ?, ?)",
                (n, at, f'{{"probabilities": {said}}}}}', features[n - 1].tobytes()),
            )
            run.execute("INSERT INTO thumbnails VALUES (?, 80, ?)", (n, picture))
            if n % 2:
                run.execute(
                    "INSERT INTO labels (case_id, set_id, reader, at, class)"
                    " VALUES (?, 1, ?, ?, ?)",
                    (n, "Anna", at, names[n % 5]),
                )
    library.close()


def main() -> None:
    """Measure and print."""
    from cubeview.gui.desk.settings import SettingsFile
    from cubeview.gui.panels.worklist import ORDERS
    from cubeview.gui.shell.app import application
    from cubeview.gui.shell.window import Window
    from cubeview.gui.widgets.theme import theme

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CUBEVIEW_HOME"] = str(folder / "home")
        fill(folder / "library.sqlite")
        app = application()
        theme("dark")
        memory = SettingsFile()
        memory.change(reader="Anna")
        start = time.perf_counter()
        window = Window(memory, folder / "library.sqlite")
        told(f"window with a library of {CASES} cases", [time.perf_counter() - start])
        panel = window.worklist
        window.docks["library"].raise_()
        window.show()
        app.processEvents()
        took = []
        for _ in range(5):
            start = time.perf_counter()
            panel.refill()
            app.processEvents()
            took.append(time.perf_counter() - start)
        told("list read and shown", took)
        bar, took = panel.table.verticalScrollBar(), []
        for step in range(300):
            start = time.perf_counter()
            bar.setValue(bar.maximum() * step // 300)
            app.processEvents()
            took.append(time.perf_counter() - start)
        told("one step of scrolling", took)
        took = []
        for words in ("case 12", "mixed", "case 99", ""):
            start = time.perf_counter()
            panel.model.set_filter("all", words)
            app.processEvents()
            took.append(time.perf_counter() - start)
        told("filter", took)
        took = []
        for column in range(panel.model.columnCount()):
            start = time.perf_counter()
            panel.model.sort(column)
            app.processEvents()
            took.append(time.perf_counter() - start)
        told("sort", took)
        panel.model.sort(-1)
        for place, order in enumerate(ORDERS):
            start = time.perf_counter()
            panel._order_chosen(place)
            app.processEvents()
            told(f"order {order}", [time.perf_counter() - start])
        keys(window, app, folder)
        window.close()


def keys(window, app, folder: Path) -> None:
    """Time from a digit key to the label on disk, in the window with the full list."""
    from PyQt6.QtGui import QKeySequence
    from PyQt6.QtTest import QTest

    from cubeview.io import open_paths
    from tests.helpers.nmfolder import write_hearts

    write_hearts(folder / "scans", 1)
    (case,) = open_paths([folder / "scans"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    window.activateWindow()
    end = time.perf_counter() + 2
    while time.perf_counter() < end:
        app.processEvents()
    library, took, alone, bare = window.records.library, [], [], []
    page, spare = b"x" * 4096, os.open(folder / "spare", os.O_WRONLY | os.O_CREAT)
    QTest.keySequence(window, QKeySequence("1"))
    for number in range(KEYS):
        before = library.read("SELECT COUNT(*) FROM labels", ())[0][0]
        start = time.perf_counter()
        QTest.keySequence(window, QKeySequence(str(number % 5 + 1)))
        took.append(time.perf_counter() - start)
        assert library.read("SELECT COUNT(*) FROM labels", ())[0][0] == before + 1
        start = time.perf_counter()
        library.label(1, "mixed", label_set="SPECT perfusion")
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        os.pwrite(spare, page, 4096 * number)
        os.fsync(spare)
        bare.append(time.perf_counter() - start)
    os.close(spare)
    told("key press to durable label, list repainted", took)
    told("the transaction alone", alone)
    told("a bare write and fsync of 4 KB in the same folder", bare)
    key, row, disk = (float(np.median(part)) for part in (took, alone, bare))
    sys.stdout.write(
        f"medians of one run: key press {key / disk:.1f} × fsync, transaction {row / disk:.1f} ×; "
        f"the window adds {(key - row) * 1000:.1f} ms\n"
    )


if __name__ == "__main__":
    sys.exit(main())
