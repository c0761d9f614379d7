"""A whole archive asked about: what and where, how far it is, what came out, what could not be."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PyQt6.QtCore import Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.basic import button, chooser, label, offer, plain_tip, set_part, steady
from cubeview.gui.widgets.files import FOLDER, ask_open, ask_save
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import KINDS
from cubeview.learn.models.choose import models_for
from cubeview.plain import sized

_TASKS = {
    "": "What the model says",
    "embed": "The model's features, for likeness and oddness",
    "search": "Sources of whole sky cubes",
    "redshift": "Redshifts of spectra, without a model",
}
_NAMES = "ECSV (*.ecsv);;CSV (*.csv);;VOTable (*.vot);;Parquet (*.parquet)"
_PLACE = "A folder, a pattern (…/*.fits), a list (@FILE) or a URL (s3://, gs://, https://)"
_HEADS = ("File", "Window", "Answer")


class ScoreDialog(QDialog):
    """Asks what is to be scored, does it in the background, and shows how it goes.

    Signals
    -------
    wanted(list)
        Paths of a case to look at.
    """

    wanted = pyqtSignal(list)

    def __init__(self, jobs: Jobs, memory: SettingsFile, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs, self._memory = jobs, memory
        self._job: Job | None = None
        self._proposed = ""
        self.setWindowTitle("Score an archive")
        self.resize(860, 620)
        words = label(
            "Every case of a place is asked about once, without coming into the library. Paused, "
            "or stopped by anything, the same place and catalogue go on from where they were.",
            "dim",
        )
        self.place, self.out = QLineEdit(), QLineEdit()
        self.place.setAccessibleName("Place")
        self.place.setPlaceholderText(_PLACE)
        self.place.setToolTip(plain_tip(_PLACE))
        self.out.setAccessibleName("Catalogue")
        self.out.setPlaceholderText("Table that is written: .ecsv, .csv, .vot or .parquet")
        self.task, self.model = chooser("Task"), chooser("Model")
        offer(self.task, _TASKS)
        self.processes = steady(QSpinBox())
        self.processes.setAccessibleName("Processes")
        self.place_button = button("Folder…", self._ask_place)
        self.out_button = button("Choose…", self._ask_out)
        form = QFormLayout()
        form.addRow("Place", row((self.place, 1), self.place_button))
        form.addRow("Asked for", self.task)
        form.addRow("Model", self.model)
        form.addRow("Catalogue", row((self.out, 1), self.out_button))
        form.addRow("Processes", row(self.processes, None))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.said = label()
        self.answers, self.failures = _table("Answers"), _table("Without an answer")
        self.answers.itemDoubleClicked.connect(partial(self._open_row, self.answers))
        self.failures.itemDoubleClicked.connect(partial(self._open_row, self.failures))
        self.tabs = QTabWidget()
        self.tabs.addTab(self.answers, "Answers")
        self.tabs.addTab(self.failures, "Without an answer")
        self.start_button = button("Start", self.start)
        self.start_button.setProperty("part", "main")
        self.pause_button = button("Pause", self.pause, "Stop now; Start goes on from here")
        self.open_button = button("Open the catalogue", self.open_catalogue)
        close = button("Close", self.close)
        for made in (self.place_button, self.out_button, self.start_button, self.pause_button,
                     self.open_button, close):  # fmt: skip
            made.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        put(layout, words, form, self.bar, self.said, (self.tabs, 1))
        put(layout, row(self.start_button, self.pause_button, None, self.open_button, close))
        self.place.textChanged.connect(self._propose)
        self.task.currentIndexChanged.connect(self._enable)
        self._enable()

    def open(self) -> None:
        """Show it, with the models there are now."""
        from cubeview.learn.score.run import cores

        if not self._running:
            chosen = self.model.currentData()
            refs = [ref for kind in KINDS for ref in models_for(kind)]
            told = {str(ref.folder): f"{ref.card.title} ({ref.card.task})" for ref in refs}
            offer(self.model, told, chosen)
            self.processes.setRange(1, cores())
            self.processes.setValue(cores())
            self._enable()
        self.show()
        self.raise_()

    def start(self) -> None:
        """Begin, or go on with what was begun."""
        from cubeview.learn.score.ask import ask_for
        from cubeview.learn.score.run import score

        place, out = self.place.text().strip(), self.out.text().strip()
        if not place or not out:
            self._say("Name the place and the catalogue first.", "bad")
            return
        task, model = self.task.currentData(), self.model.currentData() or ""
        processes = self.processes.value()
        for table in (self.answers, self.failures):
            table.setRowCount(0)
        self._say("Starting: the first answers take some seconds.")

        def work(job: Job) -> Any:
            ask = ask_for(place, task, model)
            return score(
                ask, Path(out), processes=processes, told=job.emit_partial, report=job.report
            )

        self._job = self._jobs.start(
            "score archive",
            "Scoring an archive",
            work,
            partial=self._show_state,
            finished=self._show_end,
            failed=partial(self._say, part="bad"),
            lane="train",
            keeps=True,
        )
        self._job.ended.connect(self._enable)
        self._enable()

    def pause(self) -> None:
        """Stop; what is done is kept."""
        if self._job is not None:
            self._job.cancel()
        self._say("Paused. Start goes on from here.")
        self.pause_button.setEnabled(False)

    def open_catalogue(self) -> None:
        """Show the catalogue with the program that opens such tables."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.out.text().strip()))

    @property
    def _running(self) -> bool:
        return self._job is not None and self._job.running

    def _show_state(self, state: Any) -> None:
        from cubeview.learn.score.state import words

        listed = state.listed
        more = "" if listed.ended else " so far"
        before = f", {listed.done:,} done before" if listed.done else ""
        counts = f"{listed.files:,} files, {sized(listed.size)}{more}{before}"
        self.bar.setValue(round(1000 * state.fraction))
        self._say(f"{counts} · {words(state)}")
        self._fill(self.answers, state.first)
        self._fill(self.failures, state.reasons)
        self._count_failures(state.failed)

    def _show_end(self, merged: Any) -> None:
        self.bar.setValue(1000)
        copies = f" {merged.copies:,} are copies and count once." if merged.copies else ""
        differ = f" {merged.conflicts:,} rows differ between runs." if merged.conflicts else ""
        self._say(
            f"{merged.rows:,} rows, {merged.failed:,} of them without an answer, are in "
            f"{self.out.text().strip()}.{copies}{differ}",
            "good",
        )
        self._fill(self.answers, [found for found in merged.head if not found.get("reason")])
        self._fill(self.failures, [found for found in merged.head if found.get("reason")])
        self._count_failures(merged.failed)

    def _count_failures(self, count: int) -> None:
        number = f" ({count:,})" if count else ""
        self.tabs.setTabText(1, f"Without an answer{number}")

    def _fill(self, table: QTableWidget, rows: Sequence[Mapping[str, Any]]) -> None:
        from cubeview.learn.score.tasks import said

        table.setRowCount(len(rows))
        for number, found in enumerate(rows):
            cells = (Path(found["file"]).name, found.get("window", ""), said(found))
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tip(found["file"] if column == 0 else text))
                item.setData(Qt.ItemDataRole.UserRole, found["file"])
                table.setItem(number, column, item)

    def _open_row(self, table: QTableWidget, item: QTableWidgetItem) -> None:
        path = str(item.data(Qt.ItemDataRole.UserRole))
        if "://" in path:
            self._say("This file lies elsewhere. Download it to look at it.", "bad")
        else:
            self.wanted.emit([Path(path)])

    def _propose(self, text: str) -> None:
        """Propose a catalogue beside the place, until the user names another."""
        if self.out.text() == self._proposed:
            place = Path(text.strip().removeprefix("@"))
            local = text.strip() and "://" not in text and not set("*?") & set(text)
            self._proposed = str(place.with_name(f"{place.name}.ecsv")) if local else ""
            self.out.setText(self._proposed)

    def _enable(self) -> None:
        running = self._running
        for field in (self.place, self.place_button, self.task, self.out, self.out_button,
                      self.processes, self.start_button):  # fmt: skip
            field.setEnabled(not running)
        self.model.setEnabled(not running and self.task.currentData() != "redshift")
        self.pause_button.setEnabled(running)
        out = self.out.text().strip()
        self.open_button.setEnabled(not running and bool(out) and Path(out).is_file())

    def _ask_place(self) -> None:
        folder = self._memory.settings.folder
        ask_open(self, "Score a folder", folder, lambda p: self.place.setText(str(p[0])),
                 mode=FOLDER)  # fmt: skip

    def _ask_out(self) -> None:
        folder = self._memory.settings.folder
        ask_save(self, "Catalogue", folder, lambda path: self.out.setText(str(path)), names=_NAMES)

    def _say(self, text: str, part: str = "") -> None:
        self.said.setText(text)
        set_part(self.said, part)


def _table(name: str) -> QTableWidget:
    """Return a table of rows of a catalogue; the answer takes the width that is left."""
    table = QTableWidget(0, len(_HEADS))
    table.setAccessibleName(name)
    table.setHorizontalHeaderLabels(_HEADS)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setColumnWidth(0, 220)
    table.setColumnWidth(1, 140)
    head, side = table.horizontalHeader(), table.verticalHeader()
    assert head is not None
    assert side is not None
    head.setStretchLastSection(True)
    side.hide()
    return table
