"""A report of the heart on the screen, written in the background."""

from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.scores import SEGMENTS, Reading
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject
from cubeview.learn.explain.methods import EXPLAINERS
from cubeview.library.scored import readings

Made = tuple[Prediction, Overlay, list[str]]


class Reporting(QObject):
    """Gathers what readers, the network and the measurements say, and has it written.

    Signals
    -------
    written(object, list)
        The folder, and what could not be written and why.
    refused(str)
        Why there is no report.
    """

    written = pyqtSignal(object, list)
    refused = pyqtSignal(str)

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        records: Records,
        subject: Subject,
        labelling: Labelling,
        questions: Questions,
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._records = session, jobs, records
        self._subject, self._labelling, self._questions = subject, labelling, questions

    def readings(self) -> tuple[Reading, ...]:
        """Return what readers said of the current heart.

        Blind, only what this reader said before all segments were scored: a report is read.
        """
        library, number = self._records.library, self._subject.case_id
        if library is None or number is None:
            return ()
        known = readings(library, number)
        own = tuple(one for one in known if one.reader == self._records.reader)
        case = self._session.case
        asked = SEGMENTS * len(case.roles) if case is not None else 0
        done = any(
            not one.scores.open and SEGMENTS * len(one.scores.states) == asked for one in own
        )
        return known if done or not self._records.blind else own

    def write(self, folder: Path) -> None:
        """Write a report into a new folder; `written` or `refused` follows."""
        session, questions = self._session, self._questions
        case, opened, said = session.case, session.shown, self.readings()
        ref = questions.chosen(session)
        objection = questions.objection(session)
        if case is None or ref is None or objection:
            self.refused.emit(objection)
            return
        answer, overlay, ventricles = session.prediction, session.overlay, dict(session.ventricles)
        method = next(iter(EXPLAINERS.values())).label

        def work(job: Job) -> Made:
            from cubeview.io.export.report import refuse_existing, write_report
            from cubeview.learn.measure.told import told_of
            from cubeview.measure.heart.measured import measurable, measure

            refuse_existing(folder)
            measurable(case)
            known = answer if answer is not None and answer.model == ref.name else None
            if known is None:
                known = questions.answer(ref.folder, opened, case, ventricles, report=job.report)
            if not isinstance(known, Prediction):
                raise CubeviewError(
                    f"{ref.card.title} gives no class, which a report begins with. Choose a model "
                    "that classifies."
                )
            shown = overlay
            if shown is None or not shown.complete or shown.target != known.answer:
                shown = questions.explanation(
                    ref.folder, opened, case, known.answer, ventricles,
                    method=method, settings=None, report=job.report,
                )  # fmt: skip
            found = measure(case, ventricles, report=job.report)
            told = told_of(case, known, shown, ventricles, found, readings=said)
            return known, shown, write_report(told, folder, report=job.report)

        def finished(made: Made) -> None:
            # The report shows all this: it is seen from now on, and not before.
            session.set_prediction(made[0])
            session.set_overlay(made[1])
            if session.shown is opened:
                self._labelling.note_suggestion()
            self.written.emit(folder, made[2])

        self._jobs.start(
            "report", "Writing the report", work, finished=finished, failed=self.refused.emit
        )
