"""The window with a large cube: steps, cursor moves, memory, start and evenness under work.

``python tests/benchmarks/bench_window.py [--full] [--rounds 5] [--folder PATH]``. Off screen; each
figure that needs a fresh process gets one. napari and glue are started from the Python named by
``CUBEVIEW_PEERS`` (by default this one) on a virtual screen, and so is the window beside them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import testcubes
from screen import display
from table import at_least, at_most, row, say
from testcubes import evict, load, median_ms, ratio

STEPS = 60
TICK_MS = 5
SPELL_S = 1.5
SETTLE_S = 1.5
CHILD_S = 120
COPY_S = 90
OURS = Path(__file__).with_name("ours.py")


def spin(seconds):
    """Let the window work; app.exec would close it at the end."""
    from PyQt6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def opened_window(path):
    from cubeview.gui.shell.app import application
    from cubeview.gui.widgets.theme import theme
    from cubeview.startup import lasting

    app = application()
    theme("dark")
    with lasting():  # as the program starts
        from cubeview.gui.shell.window import Window

        window = Window()
    window.show()
    if path is not None:
        window.opening.open([path])
        while window.session.case is None:
            app.processEvents()
            time.sleep(0.001)
        app.processEvents()
        window.ortho.follow_now()
        window.grab()
    return app, window


def anonymous_mb():
    """Return the memory that is this process' own and no page of a file."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def channel_steps(path, window, rounds):
    """A step of the sky plane against bare pread, byte swap and one repaint of the same view."""
    view = next(view for view in window.ortho.slices if view.axis == 0)
    layout = view.cube.pixels.original.layout
    depth, height, width = view.cube.shape
    spectrum = next(c for c in window.ortho.canvases if c.__class__.__name__ == "Plot")
    descriptor = os.open(path, os.O_RDONLY)
    bare, ours = [], []
    for number in range(rounds * STEPS):
        channel = number % (depth - 1)
        begin = time.perf_counter()
        stored = os.pread(
            descriptor, 4 * height * width, layout.offset + 4 * height * width * channel
        )
        np.frombuffer(stored, ">f4").astype(np.float32)
        view.canvas.viewport().repaint()
        bare.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        window.session.set_cursor(channel + 1, *window.session.cursor[1:])
        for soon in (view._follow_soon, view._repaint_soon):
            if soon.isActive():
                soon.run()
        view.canvas.viewport().repaint()
        ours.append(time.perf_counter() - begin)
        spectrum.viewport().update()
    os.close(descriptor)
    at_most(
        "channel step (fetch, levels, paint) against pread, byte swap and one repaint",
        ratio(ours, bare),
        "×",
        2,
        f"{median_ms(ours):.2f} ms, {median_ms(bare):.2f} ms",
    )


def cursor_moves(window, app, rounds):
    rng = np.random.default_rng(3)
    times = []
    shape = window.session.case.main.shape
    for number in range(rounds * STEPS):
        place = [int(rng.integers(n)) for n in shape]
        begin = time.perf_counter()
        window.session.set_cursor(*place)
        window.ortho.follow_now()
        for part in window.ortho.canvases:
            part.viewport().repaint()
        if number >= STEPS // 2:  # the first ones find the files cold
            times.append(time.perf_counter() - begin)
        app.processEvents()
    p50, p95 = np.percentile(1000 * np.array(times), (50, 95))
    at_most("linked cursor move, three slices and spectrum, warm: median", p50, "ms", 16)
    at_most("the same, 95 %", p95, "ms", 33)


def aperture_drag(window, app, path, rounds):
    """From a move of an aperture of 50 px to the first spectrum of it on the screen."""
    from cubeview.gui.views.spectrum import SpectrumView

    view = window.ortho.findChild(SpectrumView)
    pixels = window.session.case.main.pixels
    for state in ("cold", "warm"):
        times = []
        window.session.set_aperture(50.0)
        for number in range(2 * rounds):
            spin(0.3)  # what the last move asked for is over
            if state == "cold":
                evict(path, pixels._path)
            before = view.curve.getData()[1]
            begin = time.perf_counter()
            window.session.set_cursor(window.session.cursor[0], 140 + 4 * number, 150)
            while view.curve.getData()[1] is before and time.perf_counter() - begin < 5:
                app.processEvents()
            view.plot.viewport().repaint()
            times.append(time.perf_counter() - begin)
        window.session.set_aperture(0.0)
        at_most(f"aperture r = 50 px dragged, first partial, {state}", median_ms(times), "ms", 100)


def lateness(seconds):
    from PyQt6.QtCore import Qt, QTimer

    late = []
    last = time.perf_counter()

    def tick():
        nonlocal last
        now = time.perf_counter()
        late.append(1000 * (now - last) - TICK_MS)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    spin(seconds)
    timer.stop()
    return late


def evenness(window, rounds):
    """Lateness of a 5 ms tick while the view steps on, idle and at work in turns."""
    from PyQt6.QtCore import QTimer

    from cubeview.gui.desk.copying import _step_back
    from cubeview.gui.desk.open_case import OpenCase
    from cubeview.gui.desk.samples import samples
    from cubeview.gui.desk.styles import Display
    from cubeview.io import open_path
    from cubeview.io.voxels.cache import CachedPixels

    original = window.session.case.main.pixels.original

    def copy(job):
        _step_back()
        while True:
            pixels = CachedPixels(original)
            pixels._path.unlink(missing_ok=True)
            CachedPixels(original).build(report=job.report)

    works = {"copy of a cube": ("copy", copy), "training": ("train", train)}
    sky = next((s for s in samples() if s.paths[0].suffix == ".fits"), None)
    questions = window.desk.questions
    models = [ref for ref in questions.models() if ref.card.kind == "sky"]
    if sky is not None and models:
        from dataclasses import replace

        from cubeview.cubes.region import window_at
        from cubeview.learn.explain.question import OcclusionSettings

        case = open_path(sky.paths[0])[0]
        middle = [n // 2 for n in case.main.shape]
        case = replace(case, window=window_at(case.main, *middle))
        opened = OpenCase(case, Display())
        folder, target = models[0].folder, models[0].card.classes[0]

        def predict(job):
            while True:
                questions.answer(folder, opened, case, {}, report=job.report)

        def occlude(job):
            settings = OcclusionSettings(patch=8, stride=2)
            while True:
                questions.explanation(
                    folder, opened, case, target, {}, method="occlusion", settings=settings,
                    report=job.report,
                )  # fmt: skip

        works |= {"prediction": ("quick", predict), "occlusion": ("quick", occlude)}
    stepper = QTimer()
    stepper.timeout.connect(lambda: window.ortho.focused.wrap_step())
    stepper.start(33)
    ticks = {}
    for _ in range(rounds):
        for name, (lane, work) in works.items():
            ticks.setdefault(f"idle before {name}", []).extend(lateness(SPELL_S))
            job = window.jobs.start("bench", name, work, lane=lane)
            spin(0.3)
            ticks.setdefault(name, []).extend(lateness(SPELL_S))
            job.cancel()
            while window.jobs.running():
                spin(0.05)
    for name in works:
        idle, busy = (np.percentile(ticks[n], 99) for n in (f"idle before {name}", name))
        at_most(
            f"tick lateness, 99 %, {name} against idle",
            busy / max(idle, 0.1),
            "×",
            2.5,
            f"{busy:.1f} ms, {idle:.1f} ms",
        )


def train(job):
    """Steps as `cubeview.learn.train.train` takes them, until cancelled."""
    from cubeview.learn.models.preload import preload

    preload()  # as a lesson begins
    import torch

    from cubeview.learn.models.device import share_cores
    from cubeview.learn.models.strided import NetworkConfig, build

    share_cores()
    network = build(NetworkConfig())
    steps = torch.optim.AdamW(network.parameters())
    cases, truth = torch.rand(16, 2, 32, 32, 32), torch.randint(5, (16,))
    while True:
        job.report(0.5, "training")
        steps.zero_grad()
        torch.nn.functional.cross_entropy(network(cases), truth).backward()
        steps.step()


def told(command, path, platform):
    """Run a process and return the words of its last line; errors carry what it said."""
    environment = {**os.environ, "QT_QPA_PLATFORM": platform}
    # Else the window alone, run from its sources, would be compiled anew at each start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [*command, *([str(path)] if path else [])],
        capture_output=True,
        text=True,
        check=False,
        timeout=CHILD_S,
        env=environment,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError((done.stderr.strip().splitlines() or ["nothing"])[-1][:160])
    return lines[-1].split()


def as_child(path):
    """Print how much memory of its own the window takes at most, empty or with a cube."""
    both = opened_window(Path(path) if path else None)  # Qt ends with the last name of its app
    window = both[1]
    highest = anonymous_mb()
    for step in range(20 if path else 3):  # some of it while the copy is made
        spin(SETTLE_S / 10)
        highest = max(highest, anonymous_mb())
        if path:
            window.session.set_cursor(*(n // 3 + step for n in window.session.case.main.shape))
    say(str(highest))
    os._exit(0)


def starts(path, rounds):
    ours, torch = [], []
    alone = [sys.executable, "-c", "import time, torch; print(time.time())"]
    program = [sys.executable, str(OURS), "image"]
    told(program, path, "offscreen")  # leaves its bytecode, as an installed program has it
    for _ in range(rounds):
        begin = time.time()
        torch.append(float(told(alone, None, "offscreen")[0]) - begin)
        begin = time.time()
        ours.append(float(told(program, path, "offscreen")[0]) - begin)
    at_most(
        f"window with the first image of {path.name}, from process start, against importing torch",
        ratio(ours, torch),
        "×",
        1,
        f"{median_ms(ours):.0f} ms, {median_ms(torch):.0f} ms",
    )


def peers(path, rounds):
    """First image and channel step of others, each in its own Python, beside the window's."""
    python = os.environ.get("CUBEVIEW_PEERS", sys.executable)
    screen = "xcb" if os.environ.get("DISPLAY") else "offscreen"
    for name in ("napari", "glue"):
        ours, theirs = [], []
        try:
            for _ in range(rounds):
                begin = time.time()
                shown, step = told(
                    [python, str(Path(__file__).with_name("peer.py")), name], path, screen
                )
                theirs.append((float(shown) - begin, float(step)))
                begin = time.time()
                shown, step = told([sys.executable, str(OURS), "steps"], path, screen)
                ours.append((float(shown) - begin, float(step)))
        except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
            row(f"first image and step against {name}", f"not measured: {error}"[:120])
            continue
        for what, place, unit, factor in (("first image", 0, "s", 1), ("channel step", 1, "ms", 1)):
            mine, other = ([pair[place] for pair in pairs] for pairs in (ours, theirs))
            at_least(
                f"{what}, {path.name}, against {name}",
                ratio(other, mine),
                3,
                f"{factor * np.median(mine):.3g} {unit}, {factor * np.median(other):.3g} {unit}",
            )


def memory(paths):
    child = [sys.executable, __file__, "--child"]
    empty = float(told(child, None, "offscreen")[0])
    for path in paths:
        try:
            over = float(told(child, path, "offscreen")[0]) - empty
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            row(f"own memory over the empty window, {path.name}", f"not measured: {error}"[:120])
            continue
        at_most(f"own memory over the empty window at most, {path.name}", over, "MB", 150)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="3681 x 320 x 320 instead of 1200")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the cubes are made and kept")
    parser.add_argument("--child", nargs="?", const="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        as_child(given.child)
        return
    with tempfile.TemporaryDirectory() as own:
        folder = given.folder or Path(own)
        os.environ["CUBEVIEW_HOME"] = str(Path(own) / "home")
        path = testcubes.muse(folder, testcubes.FULL if given.full else testcubes.SMALL)
        say(f"{path.name}; {load()}")
        tried(starts, path, given.rounds)
        tried(memory, [path, testcubes.sparse(folder)])
        with display():
            tried(peers, path, min(given.rounds, 3))
        app, window = opened_window(path)
        end = time.monotonic() + COPY_S
        pixels = window.session.case.main.pixels
        while (window.jobs.running() or not pixels.ready) and time.monotonic() < end:
            spin(0.1)
        evict(path)
        say(load())
        tried(channel_steps, path, window, given.rounds)
        tried(cursor_moves, window, app, given.rounds)
        tried(aperture_drag, window, app, path, given.rounds)
        tried(evenness, window, given.rounds)
        os._exit(0)


def tried(measure, *given):
    """Measure; what fails is said and does not end the rest."""
    try:
        measure(*given)
    except Exception as error:
        row(measure.__name__.replace("_", " "), f"failed: {error}"[:120])


if __name__ == "__main__":
    main()
