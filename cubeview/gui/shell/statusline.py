"""The bottom line: where the cursor is, what was guessed, and what is being worked on."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QProgressBar, QStatusBar

from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest, StillLine
from cubeview.gui.desk.stopping import stop
from cubeview.gui.desk.words import place_text, values_text
from cubeview.gui.dialogs.guesses import chip_text
from cubeview.gui.widgets.basic import button, label, plain_tip, say

FRAME_MS = 16
# A job that is over before this is not worth the flicker of a progress bar.
SHOW_AFTER_MS = 150
_CHIP_TIP = "Something about this case was guessed; click to correct it"


class StatusLine(QStatusBar):
    """Reads the session and the jobs; changes neither, but for the cancel button.

    Signals
    -------
    guesses_wanted()
        The user clicked the chip that says something was guessed.
    unreadable(str)
        A value under the cursor could not be read: the file has gone, say.
    """

    guesses_wanted = pyqtSignal()
    unreadable = pyqtSignal(str)

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._jobs = session, [jobs]
        self._shown: Job | None = None
        self._pointed = ""
        self.setSizeGripEnabled(False)
        self.cursor_text = StillLine(left=10, above=3)
        self.addWidget(self.cursor_text, 1)
        self.chip = button("", self.guesses_wanted.emit, _CHIP_TIP, "chip")
        self.job_text = label(part="dim", wrap=False)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(140)
        self.cancel_button = button(
            "✕", self.cancel, "Cancel", "quiet", name="Cancel the running work"
        )
        for widget in (self.chip, self.job_text, self.progress, self.cancel_button):
            self.addPermanentWidget(widget)
        # Mouse moves come far oftener than the screen can show; one readout a frame is enough.
        self._frame = AtRest(self._show_cursor, self, FRAME_MS)
        self._patience = AtRest(self._show_jobs, self, SHOW_AFTER_MS)
        for signal in (
            session.cursor_changed,
            session.case_changed,
            session.ventricles_changed,
            session.gate_changed,
            session.white_changed,
            session.measured_changed,
        ):
            signal.connect(self._moved)
        session.case_changed.connect(self._show_chip)
        jobs.started.connect(self._started)
        self._show_chip()
        self._show_jobs()

    def point(self, text: str) -> None:
        """Say what lies under the mouse in place of the cursor; empty for the cursor again."""
        self._pointed = text
        if not self._frame.isActive():
            self._frame.start()

    def watch(self, jobs: Jobs) -> None:
        """Show the work of further lanes too."""
        self._jobs.append(jobs)
        jobs.started.connect(self._started)

    def cancel(self) -> None:
        """Cancel the job that is shown, or else whatever runs."""
        stop([self._shown] if self._shown is not None else self._running(), self.window() or self)
        self._show_jobs()

    def cancel_all(self) -> None:
        """Cancel all running work."""
        stop(self._running(), self.window() or self)
        self._show_jobs()

    def _running(self) -> list[Job]:
        return [job for jobs in self._jobs for job in jobs.running()]

    def _started(self, job: Job) -> None:
        job.progressed.connect(lambda fraction, text: self._progressed(job, fraction, text))
        job.ended.connect(self._show_jobs)
        if not self._patience.isActive():
            self._patience.start()

    def _progressed(self, job: Job, fraction: float, text: str) -> None:
        if job is self._shown:
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(1000 * fraction))
            self.job_text.setToolTip(plain_tip(text))

    def _show_jobs(self) -> None:
        running = [job for job in self._running() if not job.cancelled]
        first = running[0] if running else None
        if first is not self._shown:
            # Busy until its first report.
            self.progress.setRange(0, 0)
            self._shown = first
        others = f" (+{len(running) - 1})" if len(running) > 1 else ""
        self.job_text.setText(f"{first.title}{others}" if first else "")
        for widget in (self.job_text, self.progress, self.cancel_button):
            widget.setVisible(first is not None)

    def _show_chip(self) -> None:
        case = self._session.case
        say(self.chip, chip_text(case))
        self.chip.setToolTip(plain_tip((case.question if case is not None else "") or _CHIP_TIP))

    def _moved(self) -> None:
        self._pointed = ""
        self._frame.start()

    def _show_cursor(self) -> None:
        if self._pointed:
            self.cursor_text.setText(self._pointed)
            return
        try:
            text = " · ".join(filter(None, (place_text(self._session), values_text(self._session))))
        except CubeviewError as error:
            text = place_text(self._session)
            self.unreadable.emit(str(error))
        self.cursor_text.setText(text)
        self.cursor_text.setToolTip(plain_tip(text))
