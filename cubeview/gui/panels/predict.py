"""The Classify panel: which model, what it says, and how far to trust it."""

import math
from typing import TYPE_CHECKING

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QWidget

from cubeview.cubes.answer import Answer, Prediction
from cubeview.cubes.case import Case, same_cubes
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.gui.desk.words import place_text
from cubeview.gui.widgets.bars import Bars
from cubeview.gui.widgets.basic import button, chooser, headline, label, rule, say
from cubeview.gui.widgets.layout import column, put, row
from cubeview.kinds import kind_of
from cubeview.learn.tasks import TASKS

if TYPE_CHECKING:
    from cubeview.learn.measure.trust import Held

SURE = 0.5
SUSPECTED = 0.5


class PredictPanel(QWidget):
    """Asks the chosen model about the current case and shows the answer.

    Signals
    -------
    why_wanted()
        The user wants to see what speaks for an artefact.
    """

    why_wanted = pyqtSignal()

    def __init__(self, session: Session, jobs: Jobs, questions: Questions) -> None:
        super().__init__()
        self._session, self._jobs, self._questions = session, jobs, questions
        self._job: Job | None = None
        self._failure = ""
        self._shown: Answer | None = None
        self.answer = headline()
        self.run_button = button("Run  P", self.run, "Classify this case (P)", "main")
        self.reason = label(part="dim")
        self.abnormal = label()
        self.bars = Bars()
        self.artefact = label()
        self.why = button("", self.why_wanted.emit, "Show what speaks for it (Shift+Q)", "quiet")
        self._reason, self._suspected = "", False
        self.cautions = label(part="warn")
        self.distance = label(part="dim")
        tip = "Try the answer: noise, a voxel's shift, gain, blur, and the smallest change (Ctrl+P)"
        self.try_button = button("Does it hold?  Ctrl+P", self.try_answer, tip)
        self.held = label(part="dim")
        self.where = label(part="dim")
        self.footer = label(part="dim")
        self.models = chooser("Model")
        self.models.activated.connect(self._choose)
        # What is told of an answer, and goes with it.
        self._told = (
            self.abnormal,
            self.artefact,
            self.cautions,
            self.distance,
            self.footer,
            self.held,
        )
        layout = column(self)
        put(layout, row((self.answer, 1), self.run_button), self.reason, self.abnormal, self.bars)
        put(
            layout,
            self.artefact,
            self.why,
            self.cautions,
            self.distance,
            self.where,
            self.footer,
            row(self.try_button, None),
            self.held,
            rule(),
        )
        put(layout, row(label("Model", "dim", wrap=False), (self.models, 1)), None)
        session.case_changed.connect(self._case_changed)
        session.prediction_changed.connect(self._refresh)
        session.prediction_changed.connect(self._draw)
        session.model_changed.connect(self._model_changed)
        self._soon = AtRest(self._refresh_where, self)
        session.cursor_changed.connect(self._soon.start)
        session.window_changed.connect(self._refresh_where)
        self._case_changed()

    @property
    def needed(self) -> int:
        """Pixels from the top to where the answer ends."""
        parts: tuple[QWidget, ...] = (self.bars, self.abnormal, self.run_button)
        last = next((part for part in parts if part.isVisible()), self)
        return last.geometry().bottom() + 8

    def run(self) -> None:
        """Ask the chosen model about the current case, in the background."""
        session = self._session
        ref = self._questions.chosen(session)
        if session.case is None or ref is None or self._questions.objection(session):
            self._refresh()
            return
        case, opened = self._questions.aim(session, ref.card), session.shown
        ventricles, folder = dict(session.ventricles), ref.folder
        self._failure = ""
        # A name for each case: an answer that comes when the user has gone on is kept for its case.
        self._job = self._jobs.start(
            f"predict {id(session.case)}",
            "Classifying",
            lambda job: self._questions.answer(folder, opened, case, ventricles, report=job.report),
            finished=session.set_prediction,
            failed=lambda why: self._failed(why, case),
        )
        self._job.ended.connect(self._refresh)
        self._refresh()

    def set_reason(self, reason: str) -> None:
        """Take the likeliest reason for an artefact, in words; empty for none."""
        self._reason = reason
        self._say_why()

    def _say_why(self) -> None:
        """Say why it may be an artefact, where one is suspected."""
        shown = self._suspected and self._session.prediction is not None
        text = f"Likely reason: {self._reason}" if self._reason else "What speaks for it  Shift+Q"
        say(self.why, text if shown else "")

    def try_answer(self) -> None:
        """Try the answer that is shown, in the background."""
        session, prediction = self._session, self._session.prediction
        ref = self._questions.chosen(session)
        if not isinstance(prediction, Prediction) or ref is None or ref.name != prediction.model:
            say(self.held, "Classify the case first (P).")
            return
        opened, case, ventricles = session.shown, prediction.case, dict(prediction.ventricles)
        folder, trying = ref.folder, self._questions.how_it_holds
        say(self.held, "Trying the answer…")
        self._jobs.start(
            "try",
            "Trying the answer",
            lambda job: trying(folder, opened, case, ventricles, report=job.report),
            finished=lambda held: self._tell_held(prediction, _held_words(held)),
            failed=lambda why: self._tell_held(prediction, why),
        )

    def _tell_held(self, prediction: Answer, said: str) -> None:
        if self._session.prediction is prediction:
            say(self.held, said)

    def _draw(self) -> None:
        """Draw an answer that says what is where."""
        answer = self._session.prediction
        drawn = answer.overlay if answer is not None else None
        if drawn is not None:
            self._session.set_overlay(drawn)
            self._session.set_overlay_style(visible=True)

    def _failed(self, why: str, case: Case) -> None:
        if self._session.case is not None and same_cubes(case, self._session.case):
            self._failure = why
        self._refresh()

    def _choose(self, place: int) -> None:
        self._session.set_model(self.models.itemData(place))

    def _model_changed(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._case_changed()

    def _case_changed(self) -> None:
        self._failure = self._reason = ""
        self._suspected = False
        self._job = None
        ref = self._questions.chosen(self._session)
        self.models.clear()
        for choice in self._questions.choices(self._session.case):
            self.models.addItem(choice.card.title, choice.name)
        self.models.setCurrentIndex(self.models.findData(ref.name) if ref else -1)
        self.models.setEnabled(self.models.count() > 1)
        self._refresh()

    def _refresh(self) -> None:
        session, prediction = self._session, self._session.prediction
        working = self._job is not None and self._job.running and not self._job.cancelled
        objection = self._questions.objection(session)
        self.run_button.setEnabled(not objection and not working)
        reason = self._failure or ("" if prediction else objection or self._offer())
        say(self.reason, reason, "bad" if self._failure else "dim")
        if prediction is not None:
            self._show(prediction)
        else:
            waiting = "Classifying…" if working else "Cannot judge" if objection else "Not asked"
            self.answer.setText("No case" if session.case is None else waiting)
            for told in self._told:
                say(told, "")
            self._say_why()
        for part in (self.bars, self.try_button):
            part.setVisible(isinstance(prediction, Prediction))
        self._refresh_where()

    def _offer(self) -> str:
        ref = self._questions.chosen(self._session)
        return f"Tells apart: {', '.join(ref.card.classes)}." if ref and ref.card.classes else ""

    def _show(self, prediction: Answer) -> None:
        if prediction is not self._shown:
            self._shown = prediction
            self._jobs.cancel("try")
            say(self.held, "")
        known = self._questions.choices(prediction.case)
        ref = next((m for m in known if m.name == prediction.model), None)
        if isinstance(prediction, Prediction):
            self._show_classes(prediction, ref.card.artefact if ref else "")
        else:
            self.answer.setText(TASKS[prediction.task].words(prediction))
            say(self.abnormal, "")
            say(self.artefact, "")
            self._suspected = False
        self._say_why()
        said = "No class is given" if prediction.answer else "Not to be relied on"
        told = (f"{said}: {prediction.unlike}.",) if prediction.unlike else ()
        say(self.cautions, "\n".join(f"⚠ {text}" for text in (*told, *prediction.cautions)))
        seconds, far = prediction.seconds, prediction.distance  # None where the model cannot tell
        text = "" if far is None else f"Distance from the training data {far:.2f}; strange above 1"
        say(self.distance, text)
        spent = f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
        calibrated = ref is not None and ref.card.temperature != 1.0
        parts = (prediction.model, prediction.device, spent, "calibrated" if calibrated else "")
        say(self.footer, " · ".join(filter(None, parts)))

    def _show_classes(self, prediction: Prediction, flag: str) -> None:
        odds = prediction.probabilities
        sure = odds[prediction.answer] >= SURE
        name = prediction.answer
        self.answer.setText(name.capitalize() if sure else f"Unsure: {name}?")
        self.bars.set_values(odds, "" if prediction.unlike else prediction.answer)
        abnormal = prediction.abnormal
        if prediction.unlike:
            self.answer.setText("Unlike anything it was trained on")
            abnormal, flag = None, ""
        said = ""
        if abnormal is not None:
            word = "Abnormal" if abnormal >= 0.5 else "Not abnormal"
            said = f"{word}: {abnormal:.2f} against {1 - abnormal:.2f} for healthy"
        say(self.abnormal, said)
        share = odds.get(flag, 0.0)
        suspected = self._suspected = share >= SUSPECTED
        words = f"artefact not suspected, {share:.2f}"
        if suspected:
            words = f"⚠ artefact suspected, {share:.2f}: check the image first"
        say(self.artefact, words if flag else "", "warn" if suspected else "dim")

    def _refresh_where(self) -> None:
        case = self._session.case
        visible = case is not None and kind_of(case).window_px > 0
        self.where.setVisible(visible)
        if not visible:
            return
        prediction = self._session.prediction
        if prediction is None or prediction.case.window is None:
            which = "around the middle of what you drew" if self._session.drawn else "at the cursor"
            self.where.setText(f"Judges the window {which}: {place_text(self._session)}")
            return
        inside = all(
            part.start <= place < part.stop
            for part, place in zip(prediction.case.window, self._session.cursor, strict=True)
        )
        self.where.setText(
            "For the window around the cursor."
            if inside
            else "For a window the cursor has left. P judges the one at the cursor."
        )


def _held_words(held: "Held") -> str:
    """Say what flips an answer."""
    flips = [f"{name} {share:.0%}" for name, share in held.flips.items()]
    least = f"in each voxel a change of {held.smallest:.2%} of the maximum is enough to flip it"
    if math.isinf(held.smallest):
        least = "no change of up to 10 % of the maximum that was tried flips it"
    return f"Flipped by: {', '.join(flips)}; {least}"
