"""The part of the Measure panel for catalogues laid over the sky."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QModelIndex, QStringListModel, pyqtSignal
from PyQt6.QtWidgets import QAbstractItemView, QListView, QWidget

from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.basic import button, label, say, tick
from cubeview.gui.widgets.files import ask_open
from cubeview.gui.widgets.layout import column, put, row

if TYPE_CHECKING:
    from cubeview.io.places import Places

_NAMES = "Tables (*.ecsv *.vot *.xml *.votable *.fits *.fit *.csv);;All files (*)"


class PlacesControl(QWidget):
    """Opens tables, lists their entries on the cube, and goes to one.

    Signals
    -------
    opened()
        A table was laid over the sky.
    """

    opened = pyqtSignal()

    def __init__(self, session: Session, jobs: Jobs, memory: SettingsFile) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self.shown = tick("Show on the sky")
        tip = "ECSV, VOTable, FITS or CSV table with coordinates"
        self.open_button = button("Open catalogue…", self.ask, tip)
        self.clear_button = button("Clear", lambda: session.set_measured(places=()))
        self.names = QStringListModel()
        self.list = QListView()
        self.list.setAccessibleName("Entries of catalogues")
        self.list.setModel(self.names)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setUniformItemSizes(True)
        self.said, self.problem = label(part="dim"), label(part="bad")
        layout = column(self)
        put(layout, row(self.open_button, self.clear_button, None), self.shown)
        put(layout, self.problem, (self.list, 1), self.said)
        self.shown.clicked.connect(lambda on: session.set_measured(places_shown=on))
        self.list.clicked.connect(self._go)
        self.list.activated.connect(self._go)
        session.case_changed.connect(self._read)
        session.measured_changed.connect(self._read)
        self._filled: object = None
        self.problem.hide()
        self._read()

    def ask(self) -> None:
        """Ask for a table."""
        folder = self._memory.settings.folder
        ask_open(self, "Open catalogue", folder, lambda paths: self.open(paths[0]), names=_NAMES)

    def open(self, path: Path) -> None:
        """Lay a table over the sky, in the background."""
        session, case, opened = self._session, self._session.case, self._session.shown
        if case is None:
            return
        cube = case.main

        def work(job: Job) -> "Places":
            from cubeview.io.places import read_places

            job.report(0.0, "reading the table")
            return read_places(path, cube)

        def finished(found: "Places") -> None:
            if session.shown is opened:
                self.problem.hide()
                session.set_measured(places=(*session.measured.places, found), places_shown=True)
                self.opened.emit()

        failed = partial(say, self.problem)
        self._jobs.start("places", "Reading a catalogue", work, finished=finished, failed=failed)

    def _go(self, index: QModelIndex) -> None:
        number = index.row()
        for one in self._session.measured.places:
            if number < len(one.x):
                z, _, _ = self._session.cursor
                self._session.set_cursor(z, float(one.y[number]), float(one.x[number]))
                return
            number -= len(one.x)

    def _read(self) -> None:
        case, asked = self._session.case, self._session.measured
        self.setEnabled(case is not None and case.main.wcs is not None)
        self.shown.setChecked(asked.places_shown)
        for widget in (self.shown, self.clear_button):
            widget.setEnabled(bool(asked.places))
        if asked.places is not self._filled:
            self._filled = asked.places
            self.names.setStringList([name for one in asked.places for name in one.names])
            say(self.said, "\n".join(f"{one.title}: {one.words}" for one in asked.places))
