"""The user's own say about where the left ventricle lies: dragging, undoing, remembering, and
asking again.
"""

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.answer import MASK
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.kinds import kind_of
from cubeview.library import ventricles as placed

ASK_AFTER_MS = 200
"""Several drags in a row ask the network once."""

_MOST_UNDOS = 100


class Placing(QObject):
    """Has the ventricle of each heart found, and keeps what the user did to the ellipsoids.

    Signals
    -------
    changed()
        What can be undone, or the question, changed.
    redo(str)
        The answer (and the map of this method, if not empty) that was on the screen was for
        another geometry and is wanted again.
    """

    changed = pyqtSignal()
    redo = pyqtSignal(str)

    def __init__(
        self, session: Session, jobs: Jobs, questions: Questions, messages: MessageBar
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._questions = session, jobs, questions
        self._messages = messages
        self._settled: dict[str, Ventricle] = {}
        self._search: Job | None = None
        self._wanted: tuple[bool, str] = (False, "")
        self._patience = AtRest(self._ask, self, ASK_AFTER_MS)
        session.case_changed.connect(self._case_changed)
        session.ventricles_changed.connect(self._follow)
        session.ventricle_placed.connect(lambda: self._take(self._settled))

    @property
    def by_user(self) -> bool:
        """True when an ellipsoid stands where the user placed it."""
        return any(found.by == "user" for found in self._session.ventricles.values())

    @property
    def missing(self) -> bool:
        """True when the ventricle of the case shown is not known and is not being looked for."""
        session = self._session
        heart = session.case is not None and kind_of(session.case).ventricle
        looking = self._search is not None and self._search.running and not self._search.cancelled
        return heart and not session.ventricles and not looking

    def confirm(self) -> None:
        """Take the ellipsoids as they are: the open question is answered."""
        before = dict(self._session.ventricles)
        sure = {r: Ventricle(v.centre, v.axes, v.radii, by="user") for r, v in before.items()}
        self._put(sure, before)

    def undo(self) -> None:
        """Go back to before the last change."""
        case = self._session.case
        if case is not None and self._session.shown.undo:
            self._session.set_ventricles(case, self._session.shown.undo.pop())
            self._changed()

    def fit_again(self) -> None:
        """Drop what the user placed and look for the ventricle anew."""
        opened, before = self._session.shown, dict(self._session.ventricles)

        def take(found: dict[str, Ventricle]) -> None:
            if opened is self._session.shown:
                self._put(found, before)

        if opened.case is not None and kind_of(opened.case).ventricle:
            self._find(opened, take, anew=True)

    def _find(
        self, opened: OpenCase, take: Callable[[dict[str, Ventricle]], None], *, anew: bool
    ) -> None:
        self._search = self._jobs.start(
            "ventricle",
            "Finding the left ventricle",
            lambda job: self._questions.ventricles(opened, anew=anew, report=job.report),
            finished=take,
        )
        self._search.ended.connect(self.changed)
        self.changed.emit()

    def _follow(self) -> None:
        if self._session.held:
            # What is being asked now was asked of another geometry.
            self._stop_asking()
        else:
            self._settled = dict(self._session.ventricles)
        self.changed.emit()

    def _case_changed(self) -> None:
        self._patience.stop()
        self._wanted = (False, "")
        self._settled = dict(self._session.ventricles)
        opened, case = self._session.shown, self._session.case
        if case is None:
            self._jobs.cancel("ventricle")
        elif kind_of(case).ventricle and not opened.ventricles:
            self._find(opened, lambda found: self._session.set_ventricles(case, found), anew=False)
        self.changed.emit()

    def _put(self, new: dict[str, Ventricle], before: dict[str, Ventricle]) -> None:
        if self._session.case is not None:
            self._session.set_ventricles(self._session.case, new)
            self._take(before)

    def _take(self, before: dict[str, Ventricle]) -> None:
        """Note a change for undo, then follow it up."""
        if self._session.case is not None:
            undo = self._session.shown.undo
            undo.append(before)
            del undo[:-_MOST_UNDOS]
            self._changed()

    def _changed(self) -> None:
        """Remember the new geometry and take away what was said of the former one."""
        session = self._session
        self._settled = dict(session.ventricles)
        overlay, prediction = session.overlay, session.prediction
        answered, method = self._wanted
        if overlay is not None and overlay.method != MASK:
            method = overlay.method
        self._wanted = (answered or prediction is not None, method)
        session.set_overlay(None)
        session.set_prediction(None)
        self._stop_asking()
        self._remember()
        self._patience.start()
        self.changed.emit()

    def _ask(self) -> None:
        answered, method = self._wanted
        self._wanted = (False, "")
        if answered and not self._session.held:
            self.redo.emit(method)
        elif answered:
            self._wanted = (True, method)  # the next drop asks

    def _stop_asking(self) -> None:
        for job in self._jobs.running():
            if job.kind == "explain" or job.kind.startswith("predict"):
                self._wanted = (True, self._wanted[1])
                job.cancel()

    def _remember(self) -> None:
        case, ventricles = self._session.case, dict(self._session.ventricles)
        if case is None or any(cube.source is None for cube in case.cubes.values()):
            return
        keep = self.by_user

        def work(job: Job) -> None:
            if keep:
                placed.remember(case, ventricles)
            else:
                placed.forget(case)

        # Never cancelled by the next: each is over in an instant, and the last one counts.
        self._jobs.start(
            f"place {id(ventricles)}", "Remembering the ventricle", work, failed=self._messages.warn
        )
