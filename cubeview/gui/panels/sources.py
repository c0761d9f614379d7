"""The Sources panel: search a whole sky cube, read what was found, go there, save it."""

import math
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.stopping import stop
from cubeview.gui.desk.units import places, shown_unit
from cubeview.gui.widgets.basic import button, label, set_part
from cubeview.gui.widgets.files import ask_save
from cubeview.gui.widgets.layout import column, put, row
from cubeview.io.export.catalogue import write_catalogue
from cubeview.kinds import kind_of

COLUMNS = {
    "No.": ("number", 0),
    "Class": ("called", 0),
    "p": ("sure", 2),
    "S/N": ("sn", 1),
    "Purity": ("purity", 2),
    "RA": ("ra_deg", 6),
    "Dec": ("dec_deg", 6),
    "Spectral": ("spectral", None),
    "Sky size": ("sky_extent", 2),
    "Width": ("spectral_extent", None),
}
"""Heading, field of a detection and its decimal places: to a tenth of a channel where None."""


class SourcesPanel(QWidget):
    """Starts the search and lists what it found; a click on a row goes there.

    Signals
    -------
    saved(object)
        The path a catalogue was written to.
    """

    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, memory: SettingsFile, questions: Questions
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self._questions = questions
        self._running: dict[Case, Job] = {}
        self.run_button = button("Search", self.run, part="main")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        said = "Stop the search"
        self.cancel_button = button("✕", self._stop, said, "quiet", name=said)
        tip = "Save the catalogue as ECSV, VOTable or FITS"
        self.save_button = button("Save…", self.ask_file, tip)
        self.said = label(part="dim")
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setAccessibleName("Sources")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.sortItems(0, Qt.SortOrder.AscendingOrder)
        self.table.currentCellChanged.connect(lambda row, *_: self._go(row))
        if (rows := self.table.verticalHeader()) is not None:
            rows.hide()
        if (header := self.table.horizontalHeader()) is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        top = (self.run_button, (self.said, 1), self.progress, self.cancel_button, self.save_button)
        put(column(self), row(*top), (self.table, 1))
        session.case_changed.connect(self._case_changed)
        session.catalogue_changed.connect(self._fill)
        self._case_changed()

    def run(self) -> None:
        """Search the current cube, in the background."""
        session = self._session
        ref = self._questions.chosen(session)
        case = session.case
        if case is None or not kind_of(case).window_px or ref is None or ref.card.kind != case.kind:
            return
        folder = ref.folder
        job = self._running[case] = self._jobs.start(
            # Another cube on the screen ends no search: what it finds is kept for its own.
            f"search {id(case)}",
            f"Searching {case.name} for sources",
            lambda job: self._questions.found_in(folder, case, report=job.report),
            finished=session.set_catalogue,
            failed=lambda why: self._failed(why, case),
            # Minutes for a large cube: classifying must not wait for it.
            lane="train",
        )
        job.progressed.connect(lambda done, _: self._progressed(done, case))
        job.ended.connect(lambda: self._ended(job, case))
        self.progress.setValue(0)
        self._say("Searching…")
        self._show_state()

    def ask_file(self) -> None:
        """Ask where to save the catalogue."""
        filters = "ECSV (*.ecsv);;VOTable (*.vot);;FITS (*.fits)"
        folder = self._memory.settings.folder
        ask_save(self, "Save catalogue", folder, self.save, names=filters)

    def save(self, path: Path) -> None:
        """Save the catalogue, or say why not."""
        if self._session.catalogue is None:
            return
        try:
            write_catalogue(self._session.catalogue, path)
        except CubeviewError as error:
            self._say(str(error), "bad")
            return
        self.saved.emit(path)

    def _go(self, row: int) -> None:
        catalogue = self._session.catalogue
        item = self.table.item(row, 0)
        if catalogue is None or item is None or catalogue.case is not self._session.case:
            return
        found = catalogue.detections[item.data(Qt.ItemDataRole.UserRole)]
        self._session.set_cursor(*found.voxel)
        self._session.set_window(window_at(catalogue.case.main, *found.voxel))

    def _case_changed(self) -> None:
        for case, job in self._running.items():
            if not any(case is known for known in self._session.cases):
                job.cancel()  # closed
        self._say("Searching…" if self._job is not None else "")
        self._fill()

    @property
    def _job(self) -> Job | None:
        """The search of the cube on the screen."""
        case = self._session.case
        return None if case is None else self._running.get(case)

    def _stop(self) -> None:
        if self._job is not None:
            stop([self._job], self.window() or self)
        self._show_state()

    def _progressed(self, done: float, case: Case) -> None:
        if case is self._session.case:
            self.progress.setValue(round(100 * done))

    def _failed(self, why: str, case: Case) -> None:
        mine = case is self._session.case
        self._say(why if mine else f"{case.name}: {why}", "bad")

    def _ended(self, job: Job, case: Case) -> None:
        if self._running.get(case) is job:
            del self._running[case]
        self._show_state()

    def _fill(self) -> None:
        catalogue = self._session.catalogue
        found = catalogue.detections if catalogue else ()
        channel = places(catalogue.case.main.axes[0].step) if catalogue else 0
        with QSignalBlocker(self.table):
            self.table.setSortingEnabled(False)
            self.table.setHorizontalHeaderLabels(self._headings(catalogue))
            self.table.setRowCount(len(found))
            for row, source in enumerate(found):
                for place, (name, digits) in enumerate(COLUMNS.values()):
                    item = _Cell(getattr(source, name), channel if digits is None else digits)
                    item.setData(Qt.ItemDataRole.UserRole, row)
                    self.table.setItem(row, place, item)
            self.table.setCurrentCell(-1, -1)
            self.table.setSortingEnabled(True)
        if catalogue is not None:
            self._say(_summary(catalogue))
        self._show_state()

    def _headings(self, catalogue: Catalogue | None) -> list[str]:
        unit = shown_unit(catalogue.spectral_unit) if catalogue else ""
        sky = "″" if catalogue and catalogue.case.main.wcs is not None else "voxels"
        units = {"Spectral": unit, "Width": unit, "Sky size": sky}
        names = {}
        if catalogue and catalogue.case.main.wcs is not None:
            _, latitude, longitude = catalogue.case.main.axes
            names = {"RA": longitude.name, "Dec": latitude.name}
            units["RA"] = longitude.frame
        return [
            f"{names.get(name, name)} ({units[name]})" if units.get(name) else names.get(name, name)
            for name in COLUMNS
        ]

    def _show_state(self) -> None:
        working = self._job is not None and self._job.running and not self._job.cancelled
        case = self._session.case
        if not working and self.said.text() == "Searching…":
            self._say("")
        self.run_button.setEnabled(not working and case is not None and kind_of(case).window_px > 0)
        self.progress.setVisible(working)
        self.cancel_button.setVisible(working)
        self.save_button.setEnabled(self._session.catalogue is not None)

    def _say(self, text: str, part: str = "dim") -> None:
        self.said.setText(text)
        set_part(self.said, part)


class _Cell(QTableWidgetItem):
    """A number or a word that sorts as what it is; no number sorts last."""

    def __init__(self, value: float | str, places: int) -> None:
        text = value if isinstance(value, str) else f"{value:.{places}f}".replace("-", "−")
        super().__init__("" if isinstance(value, float) and math.isnan(value) else text)
        self.value = value
        if not isinstance(value, str):
            self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        ours, theirs = self.value, getattr(other, "value", "")
        if isinstance(ours, str) or isinstance(theirs, str):
            return str(ours) < str(theirs)
        return not math.isnan(ours) and (math.isnan(theirs) or ours < theirs)


def _summary(catalogue: Catalogue) -> str:
    count = len(catalogue.detections)
    said = [f"{count} source{'' if count == 1 else 's'}"]
    if math.isfinite(catalogue.threshold):
        said.append(f"lines from S/N {catalogue.threshold:.1f}")
    return " · ".join((*said, *catalogue.notes))
