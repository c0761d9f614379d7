"""The Teach panel: fine-tune a copy of a model from labels, and see what it is worth."""

import time
from collections.abc import Callable

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QProgressBar, QWidget

from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.stopping import stop
from cubeview.gui.panels.teach_choices import TeachChoices
from cubeview.gui.panels.teach_result import TeachResult
from cubeview.gui.widgets.basic import button, label, say
from cubeview.gui.widgets.chart import Chart
from cubeview.gui.widgets.layout import column, put, row
from cubeview.learn.models.card import ModelRef
from cubeview.learn.models.packs import free_name
from cubeview.learn.teach.labelled import check_number
from cubeview.learn.teach.procedure import Taught, Teacher, keep, plan_in_words
from cubeview.learn.teach.tuning import Going

KIND = "teach"


class TeachPanel(QWidget):
    """Chooses, runs and judges a fine-tune.

    Signals
    -------
    kept(object, bool)
        The ModelRef of a model that was kept, and whether it is to be the default.
    opened(object)
        A Case of the last run that the user wants to look at, read from its files.
    """

    kept = pyqtSignal(object, bool)
    opened = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, records: Records, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._records = session, jobs, records
        self._teacher = Teacher()  # used in the train lane only
        self._job: Job | None = None
        self._began = 0.0
        self._taught: Taught | None = None
        self._open = {}  # type: ignore[var-annotated]  # what opens each case of the last run
        self.choices = TeachChoices(records, memory)
        self.choices.changed.connect(self._refresh)
        tip = "Open all cases and say what is doubtful, without training"
        self.check_button = button("Check", self.check, tip)
        self.run_button = button("Run", self.run, "Fine-tune a copy of the base model", "main")
        self.cancel_button = button("Cancel", self.cancel)
        self.plan = label(part="dim")
        self.problem = label(part="bad")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress_text = label(part="dim")
        self.curves = label("Learning, this fold in colour, those before it in grey", "heading")
        self.loss = Chart("step", "loss", 120)
        self.accuracy = Chart("step", "share right", 120)
        self.held_out = label(part="dim")
        self.told = label()
        self.result = TeachResult()
        self.result.open_wanted.connect(self._open_case)
        self.result.keep_wanted.connect(self._keep)
        self.result.discarded.connect(self.discard)
        self._passing = (self.curves, self.loss, self.accuracy, self.held_out)
        layout = column(self)
        put(layout, self.choices, row(self.check_button, self.run_button, self.cancel_button, None))
        put(layout, self.plan, self.problem, self.progress_text, self.progress, *self._passing)
        put(layout, self.told, self.result, None)
        session.model_changed.connect(self.refresh)
        session.case_changed.connect(self._case_changed)
        self.discard()

    @property
    def running(self) -> bool:
        """True while cases are prepared or a network is taught."""
        return self._job is not None and self._job.running and not self._job.cancelled

    def refresh(self) -> None:
        """Look again which models and labels there are."""
        if not self.running:
            case = self._session.case
            kind = case.kind if case is not None else ""
            self.choices.refresh(kind, self._session.default_models.get(kind, ""))

    def _case_changed(self) -> None:
        case = self._session.case
        if case is not None and case.kind != self.choices.kind:
            self.refresh()

    def check(self) -> None:
        """Prepare the cases and say what is doubtful."""
        base, entries, folds = self.choices.model, self.choices.entries, self.choices.folds.value()
        if base is None or not entries:
            return
        self._start(
            "Looking at the labelled cases",
            lambda job: self._teacher.check(base, entries, folds, report=job.report),
            self._tell,
        )

    def run(self) -> None:
        """Fine-tune, in the background."""
        base, entries, asked = self.choices.model, self.choices.entries, self.choices.asked
        if base is None or not entries:
            return
        try:
            config = self.choices.config()
        except CubeviewError as error:
            self._failed(str(error))
            return
        self.discard()
        self._open = {entry.name: entry.open for entry in entries}

        def work(job: Job) -> Taught:
            teach, tell = self._teacher.teach, job.emit_partial
            return teach(base, entries, config, asked, report=job.report, told=tell, going=tell)

        self._start(f"Fine-tuning {base.card.title}", work, self._show)

    def cancel(self) -> None:
        """Stop at the next step; nothing is written."""
        if self._job is not None:
            stop([self._job], self.window() or self)
        self._refresh()

    def discard(self) -> None:
        """Forget the last result."""
        self._taught = None
        for widget in (*self._passing, self.told, self.result):
            widget.hide()
        self._refresh()

    def _start(self, title: str, work: Callable[[Job], object], done: Callable) -> None:  # type: ignore[type-arg]
        self.problem.setText("")
        self._began = time.monotonic()
        failed, partial = self._failed, self._partial
        self._job = self._jobs.start(
            KIND, title, work, finished=done, failed=failed, partial=partial, lane="train"
        )
        self._job.progressed.connect(self._progressed)
        self._job.ended.connect(self._refresh)
        self._refresh()

    def _progressed(self, fraction: float, text: str) -> None:
        spent = time.monotonic() - self._began
        left = f" · {_in_words(spent * (1 - fraction) / fraction)} left" if fraction > 0.05 else ""
        self.progress.setValue(round(100 * fraction))
        self.progress_text.setText(f"{text}{left}")

    def _partial(self, found: object) -> None:
        if isinstance(found, Going):
            self._draw(found)
        elif isinstance(found, list):
            self._tell(found)

    def _tell(self, lines: list[str]) -> None:
        say(self.told, "\n".join(lines))

    def _draw(self, going: Going) -> None:
        charts = ((self.loss, going.losses), (self.accuracy, going.accuracies))
        for chart, curves in charts if any(going.losses) else ():  # the first rungs have no steps
            chart.clear()
            for number, curve in enumerate(curves, start=1):
                steps = range(1, len(curve) + 1)
                last = number == len(curves)
                chart.curve(steps, curve, "accent" if last else "dim", width=2 if last else 1)
            chart.show()
        self.curves.setVisible(any(going.losses))
        self.accuracy.plot.setYRange(0, 1)
        shares = ", ".join(f"{share:.2f}" for share in going.held_out)
        words = f"Share right of the cases held out, fold by fold: {shares}"
        say(self.held_out, words if shares else "")

    def _show(self, taught: Taught) -> None:
        self._taught = taught
        said = f"{taught.base.name}, {len(taught.cases)} cases"
        self._records.do(lambda library: library.log("trained", detail=said))
        self.result.show_taught(taught, free_name(f"{taught.base.card.name}-tuned"))
        for widget in self._passing:
            widget.hide()
        self.result.show()
        self._refresh()

    def _failed(self, why: str) -> None:
        self.problem.setText(why)
        self._refresh()

    def _keep(self, name: str) -> None:
        taught = self._taught
        if taught is None:
            return
        self.problem.setText("")
        self.result.keep_button.setEnabled(False)
        title, done, failed = f"Keeping {name}", self._was_kept, self._failed
        job = self._jobs.start(
            "keep", title, lambda _: keep(taught, name), finished=done, failed=failed, lane="train"
        )
        job.ended.connect(lambda: self.result.keep_button.setEnabled(self._taught is not None))

    def _was_kept(self, ref: ModelRef) -> None:
        default = self.result.default_box.isChecked()
        self.discard()
        self.refresh()
        self.kept.emit(ref, default)

    def _open_case(self, name: str) -> None:
        """Open a case of the run, at its window; where it is open already, go back to it."""
        open_it = self._open[name]
        title, failed = f"Opening {name}", self._failed
        self._jobs.start(
            "open wrong case", title, lambda _: open_it(), finished=self.opened.emit, failed=failed
        )

    def _refresh(self) -> None:
        running = self.running
        ready = self.choices.model is not None and bool(self.choices.entries) and not running
        self.run_button.setEnabled(ready)
        self.check_button.setEnabled(ready)
        self.cancel_button.setEnabled(running)
        # One thing at a time in a narrow panel: the choices, how it goes, or what came of it.
        choosing = not running and self._taught is None
        for widget in (self.choices, self.check_button, self.run_button):
            widget.setVisible(choosing)
        self.plan.setVisible(choosing or running)
        for told in (self.cancel_button, self.progress, self.progress_text):
            told.setVisible(running)
        self.problem.setVisible(bool(self.problem.text()))
        self.plan.setText(self._plan())

    def _plan(self) -> str:
        base = self.choices.model
        if base is None:
            return "No model is installed: there is nothing to start from."
        if not self.choices.entries:
            return (
                "Label cases with the keys 1 to 9, or choose a table of labels; then a copy of "
                f"{base.card.title} can learn from them."
            )
        try:
            check_number(self.choices.entries, self.choices.folds.value())
            return plan_in_words(base, self.choices.config())
        except CubeviewError as error:
            return str(error)


def _in_words(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
