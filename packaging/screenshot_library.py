"""Photograph the library: simulated patients and sky cubes, imported, judged and half labelled.

Run by ``make_screenshots.sh``: ``python packaging/screenshot_library.py PICTURE.png``.
"""

import csv
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SIZE = (1440, 900)
HEARTS, FIELDS, LABELLED = 12, 2, 9


def main(picture: Path) -> None:
    """Make the data, work through it as a reader does, and take the picture."""
    from PyQt6.QtCore import QEventLoop, QSize, Qt, QTimer

    from cubeview.commands.simulated import write_fields, write_pairs
    from cubeview.gui.desk.settings import SettingsFile
    from cubeview.gui.dialogs.plan import PlanBox
    from cubeview.gui.shell.app import application
    from cubeview.gui.shell.window import Window
    from cubeview.gui.widgets.theme import theme

    def settle(window: Window) -> None:
        lanes = (window.jobs, window.records.jobs, window.ortho.jobs)
        while running := [job for lane in lanes for job in lane.running()]:
            loop = QEventLoop()
            running[0].ended.connect(loop.quit)
            loop.exec()
        loop = QEventLoop()
        QTimer.singleShot(400, loop.quit)
        loop.exec()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CUBEVIEW_HOME"] = str(folder / "home")
        write_pairs(folder / "scans" / "hearts", HEARTS, 4)
        write_fields(folder / "scans" / "fields", FIELDS, 4)
        app = application()
        theme("dark")
        memory = SettingsFile()
        memory.change(research_use_seen=True, reader="Anna")
        window = Window(memory, room=QSize(*SIZE))
        window.resize(*SIZE)
        window.docks["library"].raise_()
        window.docks["display"].hide()
        window.show()
        window.boxes.scan(folder / "scans")
        settle(window)
        (box,) = window.findChildren(PlanBox)
        box.do_button.click()
        settle(window)
        window.worklist.classify()
        settle(window)
        with (folder / "scans" / "hearts" / "cases.csv").open() as stream:
            truth = {row["case"]: row["class"] for row in csv.DictReader(stream)}
        for _ in range(LABELLED):
            window.worklist.next()
            settle(window)
            # A window of a sky field is taken around its middle.
            window.labelling.place(truth.get(window.session.case.name, "continuum"))
        window.worklist.next()
        settle(window)
        window.resizeDocks([window.docks["library"]], [620], Qt.Orientation.Horizontal)
        for message in window.messages.messages():
            message.dismiss()
        settle(window)
        if not window.grab().save(str(picture), "PNG"):
            sys.exit(f"{picture}: cannot be written")
        window.close()
        app.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
