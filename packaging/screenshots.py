"""Photograph the program at work for the manual and the README: ``make screenshots``.

Every case is simulated, from fixed seeds, so the pictures can be made again at any time and show no
patient. The library holds made-up cases, and the reader is called Anna. Off screen, 1280 × 800, in
the dark theme; pictures are brought down to 128 colours, which a window hardly needs more than.

Usage: ``python packaging/screenshots.py [NAME …]``; by default all of them, into ``docs/pictures``.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SIZE = (1280, 800)
MOST_BYTES = 150_000
COLOURS = 128
PAINT_MS = 500


class Studio:
    """A window with simulated cases, and what is done in it before a picture."""

    def __init__(self, folder: Path, wanted: set[str]) -> None:
        from PyQt6.QtCore import QSize

        from cubeview.gui.desk.settings import SettingsFile
        from cubeview.gui.shell.app import application
        from cubeview.gui.shell.window import Window
        from cubeview.gui.widgets.theme import theme

        self.folder, self.wanted = folder, wanted
        self.app = application()
        theme("dark")
        memory = SettingsFile()
        memory.change(research_use_seen=True, reader="Anna")
        self.window = Window(memory, room=QSize(*SIZE))
        self.window.resize(*SIZE)
        self.window.show()
        self.settle()

    def settle(self) -> None:
        """Wait until no work is left and the views have painted what came of it."""
        from PyQt6.QtCore import QEventLoop, QTimer

        window = self.window
        for _ in range(2):
            lanes = (window.jobs, window.records.jobs, window.ortho.jobs)
            while running := [job for lane in lanes for job in lane.running()]:
                loop = QEventLoop()
                running[0].ended.connect(loop.quit)
                loop.exec()
            loop = QEventLoop()
            QTimer.singleShot(PAINT_MS, loop.quit)
            loop.exec()

    def do(self, *actions: str) -> None:
        """Trigger actions by key, each when the one before is done."""
        for key in actions:
            self.window.actions_table[key].trigger()
            self.settle()

    def open(self, paths: list[Path]) -> None:
        """Open files as the user does."""
        self.window.opening.open(paths, remember=False)
        self.settle()

    def take(self, name: str, widget: Any = None) -> None:
        """Photograph the window or a part of it, if that picture is wanted."""
        if self.wanted and name not in self.wanted:
            return
        for message in self.window.messages.messages():
            message.dismiss()
        self.settle()
        _save((widget or self.window).grab(), PICTURES / f"{name}.png")


def hearts(studio: Studio) -> None:
    """Ask about a heart, see why, hang it in rows, read it by segments."""
    from cubeview.gui.desk.samples import samples

    window, docks = studio.window, studio.window.docks
    studio.take("start")
    studio.open(list(samples()[0].paths))  # simulated too
    studio.do("predict", "cam")
    studio.take("heart")
    studio.take("panel-classify", docks["classify"])
    docks["explain"].raise_()
    studio.take("panel-explain", docks["explain"])
    docks.show("notes")
    studio.take("panel-notes", docks["notes"])
    studio.take("panel-labels", docks["labels"])
    docks.show("display")
    studio.take("panel-display", docks["display"])
    studio.do("rows")
    studio.take("rows")
    studio.do("rows", "score")
    studio.take("reading")
    docks["reading"].hide()
    window.session.set_overlay(None)


def masks(studio: Studio) -> None:
    """Paint a part of the wall of a heart."""
    import numpy as np

    window = studio.window
    studio.do("paint")
    panel, session = window.docks.panels["masks"], window.session
    values = np.nan_to_num(np.asarray(session.case.cubes["stress"]))
    z = round(session.cursor_in("stress")[0])
    bright = np.argwhere(values[z] > 0.55 * values[z].max())
    session.painting.set_brush(radius=1.0, opacity=0.85)
    for row, column in bright.astype(float):
        session.painting.stroke("stress", (0, z), ((row, column), (row, column)))
    panel.measure()
    studio.take("masks")
    studio.do("paint")
    window.docks["masks"].hide()


def sky(studio: Studio) -> None:
    """Ask about a window of a sky cube, search all of it, measure a line."""
    from cubeview.commands.simulated import write_fields
    from cubeview.cubes.shape import Shape

    window, session = studio.window, studio.window.session
    folder = studio.folder / "field"
    write_fields(folder, 1, 1)
    studio.open(sorted(folder.glob("*.fits"))[:1])
    case = session.case
    studio.do("search")
    window.sources.table.setCurrentCell(0, 0)
    studio.settle()
    studio.take("sources")
    window.docks["sources"].hide()
    studio.do("predict", "cam")
    studio.take("sky")
    session.set_overlay(None)
    axis = case.main.axes[0]
    z, y, x = session.cursor
    low, high = float(axis.world(z - 5)), float(axis.world(z + 5))
    left = (float(axis.world(z - 22)), float(axis.world(z - 9)))
    right = (float(axis.world(z + 9)), float(axis.world(z + 22)))
    studio.do("measure_interval")
    session.set_measured(interval=(low, high), continuum=(left, right), how="moment 0")
    studio.take("measure-interval")
    studio.do("measure_interval", "apertures")
    circle = Shape("circle", y, x, (4.0,), name="A1")
    ring = Shape("annulus", y, x, (6.0, 9.0), name="A2")
    session.set_measured(shapes=(circle, ring), chosen=0, tool="")
    studio.take("measure-apertures")
    session.set_measured(shapes=(), chosen=-1, interval=None, continuum=(), image=None)
    window.docks["measure"].hide()


def spectrum(studio: Studio) -> None:
    """Find the redshift of a spectrum made of a shipped galaxy template and noise."""
    import numpy as np

    from cubeview.measure.sky.templates import templates

    galaxy = next(template for template in templates() if template.type == "galaxy")
    grid = np.linspace(4200.0, 9000.0, 2400)
    values = galaxy.single[40] @ galaxy.at(0.15, grid)
    values /= np.median(values)
    sigma = np.full(grid.shape, 0.05)
    values += np.random.default_rng(3).normal(0, sigma)
    path = studio.folder / "galaxy.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["wavelength (Angstrom)", "flux (1e-17 erg/s/cm2/Angstrom)", "error"])
        writer.writerows(zip(grid, values, sigma, strict=True))
    studio.open([path])
    studio.window.docks.show("redshift")
    studio.take("redshift")
    studio.window.docks["explain"].raise_()


def library(studio: Studio) -> None:
    """Import a folder of hearts and fields, ask about all, label half of them."""
    from PyQt6.QtCore import Qt

    from cubeview.commands.simulated import write_fields, write_pairs
    from cubeview.gui.dialogs.plan import PlanDialog

    window = studio.window
    scans = studio.folder / "scans"
    write_pairs(scans / "hearts", 12, 4)
    write_fields(scans / "fields", 2, 4)
    window.docks["library"].raise_()
    window.library_dialogs.scan(scans)
    studio.settle()
    (box,) = window.findChildren(PlanDialog)
    box.do_button.click()
    studio.settle()
    window.worklist.classify()
    studio.settle()
    with (scans / "hearts" / "cases.csv").open() as stream:
        truth = {row["case"]: row["class"] for row in csv.DictReader(stream)}
    for _ in range(9):
        window.worklist.next()
        studio.settle()
        # A window of a sky field is taken around its middle.
        window.desk.labelling.place(truth.get(window.session.case.name, "continuum"))
    window.worklist.next()
    studio.settle()
    window.resizeDocks([window.docks["library"]], [520], Qt.Orientation.Horizontal)
    studio.take("library")
    window.resizeDocks([window.docks["library"]], [260], Qt.Orientation.Horizontal)


def teach(studio: Studio) -> None:
    """Teach a copy of the heart model fourteen and fourteen scans of another camera."""
    sys.path.insert(0, str(ROOT))
    from tests.helpers.hospitals import CZT

    window = studio.window
    scans = studio.folder / "camera"
    scans.mkdir()
    table = CZT.write(scans, 14, seed=7)
    studio.do("teach")
    choices = window.teach.choices
    choices.base.setCurrentIndex(choices.base.findData("spect-mpi"))
    choices.use_table(table)
    studio.settle()
    studio.take("teach")
    window.teach.run()
    studio.settle()
    studio.take("teach-done")


WORK: dict[Callable[[Studio], None], tuple[str, ...]] = {
    hearts: (
        *("start", "heart", "rows", "reading", "panel-classify", "panel-explain"),
        *("panel-notes", "panel-labels", "panel-display"),
    ),
    masks: ("masks",),
    sky: ("sky", "sources", "measure-interval", "measure-apertures"),
    spectrum: ("redshift",),
    library: ("library",),
    teach: ("teach", "teach-done"),
}
"""What is done, in this order, and the pictures it leaves."""


def _save(picture: Any, path: Path) -> None:
    """Write a picture of few colours; stop where it is too large for the repository."""
    import io

    from PIL import Image
    from PyQt6.QtCore import QBuffer

    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    image = Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")
    image = image.quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {image.width} × {image.height}  {size // 1000} KB")
    if size > MOST_BYTES:
        sys.exit(f"{path}: larger than {MOST_BYTES} bytes")


def main(wanted: set[str]) -> None:
    """Take all pictures, or those that are named."""
    if unknown := wanted - {name for names in WORK.values() for name in names}:
        sys.exit(f"no such picture: {', '.join(sorted(unknown))}")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        os.environ["CUBEVIEW_HOME"] = str(Path(name) / "home")
        studio = Studio(Path(name), wanted)
        for work, names in WORK.items():
            # Masks are painted in the heart that stands on the screen.
            if not wanted or wanted & {*names, *(WORK[masks] if work is hearts else ())}:
                work(studio)
        studio.window.close()
        studio.app.processEvents()


if __name__ == "__main__":
    main(set(sys.argv[1:]))
