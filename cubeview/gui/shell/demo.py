"""The whole job without a display: open the samples, classify, explain, photograph the window."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QEventLoop, QSize, QTimer, qInstallMessageHandler

from cubeview.cubes.region import brightest
from cubeview.errors import CubeviewError
from cubeview.gui.desk.samples import Sample, samples
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.shell.app import Faults, application
from cubeview.gui.widgets.files import save_png
from cubeview.gui.widgets.theme import theme
from cubeview.kinds import kind_of

SIZE = (1440, 900)
PAINT_MS = 400


def demo(out: Path) -> list[dict[str, Any]]:
    """Do the main job on each sample in a real window, off screen.

    Parameters
    ----------
    out : Path
        The picture of the first sample, a PNG; the kind of the case is put into the names of the
        others (``cubeview-demo-sky.png``).

    Returns
    -------
    list of dict
        For each sample ``case``, ``kind``, ``picture``, and either ``problem`` (why there is no
        answer) or ``model``, ``class``, ``abnormal``, ``probabilities``, ``device``, ``seconds``
        and ``map`` (what was drawn over the slices).

    Raises
    ------
    CubeviewError
        If there are no samples, one cannot be opened, or a picture cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # The offscreen plugin says at every window that it knows no size hints.
    before = qInstallMessageHandler(_tell)
    app = application()  # kept: without a reference it is gone again
    from cubeview.gui.shell.window import Window

    shipped = samples()
    if not shipped:
        raise CubeviewError("The samples are not installed. Run make run, or reinstall CubeView.")
    faults: list[BaseException] = []
    hooks = Faults()
    hooks.install()
    hooks.happened.connect(faults.append)
    theme("dark")
    with tempfile.TemporaryDirectory() as folder:
        memory = SettingsFile(Path(folder))
        memory.change(research_use_seen=True)
        window = Window(memory, room=QSize(*SIZE))
        window.resize(*SIZE)
        window.docks["display"].show()
        window.show()
        answers = []
        for number, sample in enumerate(shipped):
            answers.append(_one(window, sample))
            picture = out if number == 0 else out.with_stem(f"{out.stem}-{answers[-1]['kind']}")
            save_png(window.grab(), picture)
            answers[-1]["picture"] = str(picture)
        window.close()
    app.processEvents()
    hooks.remove()
    qInstallMessageHandler(before)
    if faults:
        raise faults[0]
    return answers


def _tell(kind: object, context: object, text: str | None) -> None:
    """Write what Qt says, as it would itself."""
    if text and "propagateSizeHints" not in text:
        sys.stderr.write(f"{text}\n")


def _one(window: Any, sample: Sample) -> dict[str, Any]:
    """Open, classify and explain one sample, as the user does."""
    session = window.session
    before = session.case
    window.opening.open(list(sample.paths), remember=False)
    _settle(window)
    if session.case is before:
        reasons = [message.text for message in window.messages.messages()]
        raise CubeviewError("\n".join(reasons) or f"{sample.title}: nothing was opened.")
    if kind_of(session.case).window_px:
        session.set_cursor(*brightest(session.case.main))
    window.predict.run()
    _settle(window)
    said = {"case": session.case.name, "kind": session.case.kind}
    prediction = session.prediction
    if prediction is None:
        return {**said, "problem": window.predict.reason.text()}
    window.explain.run("cam")
    _settle(window)
    overlay = session.overlay
    return {
        **said,
        "model": prediction.model,
        "class": prediction.answer,
        "abnormal": prediction.abnormal,
        "probabilities": dict(prediction.probabilities),
        "device": prediction.device,
        "seconds": prediction.seconds,
        "map": f"{overlay.method} for {overlay.target}" if overlay is not None else "",
    }


def _settle(window: Any) -> None:
    """Run the event loop until no work is left and the views have painted what came of it."""
    while running := [*window.jobs.running(), *window.ortho.jobs.running()]:
        loop = QEventLoop()
        running[0].ended.connect(loop.quit)
        loop.exec()
    loop = QEventLoop()
    QTimer.singleShot(PAINT_MS, loop.quit)
    loop.exec()


def show_once(picture: Path) -> tuple[int, int, int]:
    """Show an empty window, photograph it and close it again.

    Returns
    -------
    width, height, colours : int
        Of the picture.
    """
    app = application()
    from cubeview.gui.shell.window import Window

    theme("dark")
    window = Window(SettingsFile(picture.parent))
    window.resize(*SIZE)
    window.show()
    _settle(window)
    image = window.grab().toImage()
    image.save(str(picture))
    window.close()
    app.processEvents()
    seen = {
        image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)
    }
    return image.width(), image.height(), len(seen)
