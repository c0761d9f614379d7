"""The Quality panel: whether the scan can be trusted, and what may make a heart look ill."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from cubeview.cubes.answer import Prediction
from cubeview.cubes.study import beside
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.gui.widgets.basic import button, label, rule, say
from cubeview.gui.widgets.chart import Chart
from cubeview.gui.widgets.layout import column, empty, put
from cubeview.kinds import kind_of
from cubeview.measure.heart.projections import TELLING_MM, is_turn
from cubeview.measure.heart.taken import Found, looked_at

_SOON_MS = 80
_NOTHING = "Open a heart, or its projections, to see how it was taken."
_REASONS = "What may make it look ill, the likeliest first:"
_NO_REASON = (
    "Nothing of what is looked for speaks for an artefact: motion, gut beside the inferior wall, "
    "the shadow of breast or diaphragm, states turned against each other."
)


class QualityPanel(QWidget):
    """Motion, counts and gates, and reasons with their evidence; worked out in the quick lane.

    Signals
    -------
    suspected(str)
        The likeliest reason for an artefact of the heart shown, in words; empty for none.
    case_wanted(object)
        Projections that the user wants to see.
    """

    suspected = pyqtSignal(str)
    case_wanted = pyqtSignal(object)

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._jobs = session, jobs
        self._for: tuple[object, ...] = ()
        self.found = Found()
        self.words = label()
        self.reasons = QVBoxLayout()
        self.lines = label("", "dim")
        self.motion = Chart("angle, °", "motion, mm")
        self.beats = Chart("gate", "counts, % of mean")
        self.opening = QVBoxLayout()
        put(column(self), self.words, self.reasons, rule(), self.lines, self.opening)
        put(self.layout(), self.motion, self.beats, None)  # type: ignore[arg-type]
        self._soon = AtRest(self._start, self, _SOON_MS)
        for signal in (
            session.case_changed,
            session.cases_changed,
            session.ventricles_changed,
            session.ventricle_placed,
            session.prediction_changed,
        ):
            signal.connect(self._soon.start)
        self._show(self.found)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Look at what has been opened meanwhile."""
        super().showEvent(event)
        self._soon.start()

    @property
    def wanted(self) -> bool:
        """True where somebody may see it, or an artefact is the answer and needs its reason."""
        answer = self._session.prediction
        flagged = isinstance(answer, Prediction) and answer.probabilities.get("artefact", 0) >= 0.5
        return self.isVisible() or flagged

    def _start(self) -> None:
        session, case = self._session, self._session.case
        if session.held or not self.wanted:
            return
        if case is None or not kind_of(case).patient:
            self._take(Found(), ())
            return
        turns = [one for one in (case, *beside(case, session.cases)) if is_turn(one.main)]
        heart = kind_of(case).ventricle
        known = {role: v for role in case.roles if (v := session.ventricles.get(role))}
        wanted = (case, *turns, *(known.values() if heart else ()))
        if wanted == self._for:
            return
        self._for = wanted
        self._jobs.start(
            "quality",
            "Looking how it was taken",
            lambda job: looked_at(case, known if heart else {}, turns, job.report),
            finished=lambda found: self._take(found, wanted),
            failed=lambda why: self._take(Found(lines=(why,)), wanted),
        )

    def _take(self, found: Found, made_for: tuple[object, ...]) -> None:
        self._for, self.found = made_for, found
        self._show(found)
        self.suspected.emit(str(found.reasons[0]) if found.reasons else "")

    def _show(self, found: Found) -> None:
        empty(self.reasons)
        empty(self.opening)
        if found.heart:
            say(self.words, _REASONS if found.reasons else _NO_REASON)
        else:
            say(self.words, "" if found.lines else _NOTHING)
        for reason in found.reasons:
            code = f" ({reason.code[0]} {reason.code[1]})" if reason.code else ""
            self.reasons.addWidget(label(f"⚠ {reason}{code}", "warn"))
        say(self.lines, "\n".join(found.lines))
        for name, (case, _) in found.turns.items():
            if case is not self._session.case:
                show: Callable[[], None] = partial(self.case_wanted.emit, case)
                tip = "Show the projections as a film and as a sinogram (J)"
                self.opening.addWidget(button(f"Show {name}  J", show, tip, "quiet"))
        self.motion.setVisible(bool(found.turns))
        self.beats.setVisible(bool(found.gates))
        self._draw(found)

    def _draw(self, found: Found) -> None:
        if found.turns:
            self.motion.clear()
            for number, (_, turn) in enumerate(found.turns.values()):
                ends = turn.angles[[0, -1]]
                for level in (-TELLING_MM, TELLING_MM):
                    self.motion.curve(ends, [level] * 2, "line", width=1, style="dashed")
                tint = ("accent", "good")[number % 2]
                self.motion.curve(turn.angles, turn.axial, tint)
                self.motion.curve(turn.angles, turn.lateral, tint, width=1, style="dashed")
        if found.gates:
            self.beats.clear()
            for number, counts in enumerate(found.gates.values()):
                share = 100 * counts / max(float(counts.mean()), 1e-9)
                tint = ("accent", "good")[number % 2]
                self.beats.curve(np.arange(len(counts)) + 1, share, tint, style="dots")
            self.beats.plot.setYRange(0, 120)
