"""Labels placed, taken back and placed again; each is on disk before the call returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.answer import Answer
from cubeview.cubes.case import Case
from cubeview.cubes.scores import Scores, as_text
from cubeview.gui.desk.acts import Act, class_for_all, labels, mark_for_all, words
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.records import Changes, Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject
from cubeview.io.identity import identity
from cubeview.library.answers import answer_of, keep, packed
from cubeview.library.library import Library
from cubeview.library.marks import What
from cubeview.library.placed import (
    OPINION_SEEN,
    Placed,
    Step,
    ever_labelled,
    opinion_asked,
    placed,
    steps,
)
from cubeview.library.scored import (
    SUGGESTION_SEEN,
    readable,
    suggestion_seen,
    with_suggestion,
    without_suggestion,
)
from cubeview.library.ventricles import as_placed

POOR = "poor"


class Labelling(QObject):
    """What the keys do to the subject, and the Explore panel to many cases; all can be undone.

    Signals
    -------
    written(str)
        A label is on disk; the case and what was said of it.
    spared(str)
        A key of labels that means no class of the label set in use.
    """

    written = pyqtSignal(str)
    spared = pyqtSignal(str)

    def __init__(
        self, session: Session, records: Records, subject: Subject, questions: Questions
    ) -> None:
        super().__init__()
        self._session, self._records, self._subject = session, records, subject
        self._questions = questions
        self._seen: dict[str, str] = {}  # identity of a case to the model that was asked
        self._recalled: Answer | None = None
        self._undo: list[Act] = []
        self._redo: list[Act] = []
        session.prediction_changed.connect(self._predicted)
        subject.known.connect(self._predicted)
        for signal in (session.case_changed, session.window_changed, session.model_changed):
            signal.connect(self._recall)
        subject.known.connect(self._recall)
        records.reader_changed.connect(self._reader_changed)

    @property
    def placed(self) -> Placed:
        """What this reader said of the subject."""
        number, library = self._subject.case_id, self._records.library
        if number is None or library is None:
            return Placed()
        return placed(library, number, self._records.label_set)

    def label_of(self, case: Case) -> str:
        """Return the class this reader gave to an open case as a whole; empty for none."""
        library, hashes = self._records.library, self._session.hashes_of(case)
        number = None if library is None or hashes is None else library.find(identity(case, hashes))
        if library is None or number is None:
            return ""
        return placed(library, number, self._records.label_sets.get(case.kind, "")).class_name or ""

    def place(self, class_name: str) -> None:
        """Label the subject; the label is on disk when this returns."""
        sure = class_name != self._class_of("U")
        self._change(lambda old: replace(old, class_name=class_name, sure=sure))

    def place_key(self, key: str) -> None:
        """Label the subject with the class of a key."""
        if (name := self._class_of(key)) is not None:
            self.place(name)
        else:
            self.spared.emit(key)

    def unsure(self) -> None:
        """Label as unsure; in a set without such a class, mark the label as an unsure one."""
        if (name := self._class_of("U")) is not None:
            self.place(name)
        elif self.placed.class_name is None:
            self._records.say(
                "This label set has no class for unsure: choose a class first, then U."
            )
        else:
            self._change(lambda old: replace(old, sure=not old.sure))

    def flag_quality(self) -> None:
        """Flag the subject as of poor quality, or take the flag back."""
        self._change(lambda old: replace(old, quality="" if old.quality else POOR))

    def set_note(self, text: str) -> None:
        """Write a note to the subject."""
        if text != self.placed.note:
            self._change(lambda old: replace(old, note=text))

    def place_with_note(self, class_name: str, note: str, *, sure: bool) -> None:
        """Label the subject and write a note to it, as one step."""
        self._change(lambda old: replace(old, class_name=class_name, note=note, sure=sure))

    @property
    def scores(self) -> Scores:
        """The segment scores this reader gave the current heart."""
        return readable(self.placed.scores)

    def score(self, scores: Scores) -> None:
        """Give the current heart other segment scores; they are on disk when this returns."""
        self._change(lambda old: replace(old, scores=as_text(scores)))

    @property
    def suggestion_seen(self) -> bool:
        """True once this reader has seen what the program suggests for the current heart."""
        library, known = self._records.library, self._known()
        return library is not None and bool(known) and suggestion_seen(library, known)

    def note_suggestion(self) -> None:
        """Write down that this reader sees what the program suggests for the current heart."""
        if (known := self._known()) and not self.suggestion_seen:
            self._records.do(lambda library: library.log(SUGGESTION_SEEN, known))

    def _known(self) -> str:
        """Return the identity of the subject; empty while it has none."""
        case, hashes = self._subject.case, self._subject.hashes
        return "" if case is None or hashes is None else identity(case, hashes)

    def undo(self) -> None:
        """Take back the last step, whatever case it was for; the history keeps both.

        What this reader did before the window was opened can be taken back too.
        """
        if not self._undo and self._records.library is not None:
            self._undo = [labels((step,)) for step in steps(self._records.library)]
        if not self._undo:
            self._records.say("Nothing to undo.")
        elif self._records.do((act := self._undo[-1]).back):
            self._redo.append(self._undo.pop())
            self._records.say(f"Undone: {self._called(act.cases)}, {act.after} → {act.before}")

    def redo(self) -> None:
        """Do again what was undone."""
        if not self._redo:
            self._records.say("Nothing to redo.")
        elif self._records.do((act := self._redo[-1]).forth):
            self._undo.append(self._redo.pop())
            self._records.say(f"Redone: {self._called(act.cases)}, {act.before} → {act.after}")

    def place_all(self, cases: Sequence[int], class_name: str, kind: str, seen: str) -> None:
        """Label cases of the library with one class, as one step.

        Parameters
        ----------
        cases : sequence of int
            Their numbers.
        class_name : str
        kind : str
            Of all of them.
        seen : str
            The model whose view of the cases the reader has before them.
        """
        library, label_set = self._records.library, self._records.label_sets.get(kind, "")
        if library is not None and label_set and cases:
            self._do(class_for_all(library, cases, class_name, label_set, seen))

    def mark_all(self, cases: Sequence[int], what: What, word: str) -> None:
        """Say something of cases of the library, as one step; empty takes it back.

        Parameters
        ----------
        cases : sequence of int
            Their numbers.
        what : {"interest", "group"}
        word : str
        """
        library = self._records.library
        if library is not None and cases:
            self._do(mark_for_all(library, cases, what, word))

    def _do(self, act: Act) -> None:
        if self._records.do(act.forth):
            self._undo.append(act)
            self._redo.clear()
            self.written.emit(f"{self._called(act.cases)}: {act.after}")

    def _called(self, cases: Sequence[int]) -> str:
        row = self._records.row(cases[0]) if len(cases) == 1 else None
        return f"{len(cases)} cases" if len(cases) > 1 else "" if row is None else row.name

    def add_current(self) -> None:
        """Put the subject into the library without a label."""
        case, hashes = self._subject.case, self._subject.hashes
        if self._subject.objection or case is None or hashes is None:
            self._records.say(self._subject.objection)
            return

        def add(library: Library) -> Changes:
            return Changes(cases=(library.add_case(case, hashes),), pictures=True)

        if self._records.do(add):
            self._predicted()

    def _class_of(self, key: str) -> str | None:
        return next((c.name for c in self._records.classes() if c.key == key), None)

    def _change(self, change: Callable[[Placed], Placed]) -> None:
        library, case, hashes = self._records.library, self._subject.case, self._subject.hashes
        if self._subject.objection or library is None or case is None or hashes is None:
            self._records.say(self._subject.objection)
            return
        label_set, known = self._records.label_set, identity(case, hashes)
        new = library.find(known) is None

        def add(library: Library) -> Changes:
            library.add_case(case, hashes)
            return Changes(pictures=True)

        if new and not self._records.do(add):
            return
        number = library.find(known)
        assert number is not None
        before = placed(library, number, label_set)
        model = self._opinion_seen(number, without_suggestion(before.opinion_seen))
        seen = with_suggestion(model, suggestion_seen(library, known))
        after = replace(change(before), opinion_seen=seen)
        if case.window is not None:
            self._session.set_window(case.window, drawn=self._session.drawn)
        act = labels((Step(number, label_set, before, after),))
        if not self._records.do(act.forth):
            return
        self._undo.append(act)
        self._redo.clear()
        was = f"{words(before)} → " if before.class_name not in (None, after.class_name) else ""
        self.written.emit(f"{case.name}: {was}{words(after)}")
        if new:
            self._predicted()

    def _opinion_seen(self, number: int, before: str) -> str:
        """Return the model whose opinion of the case this reader could see, now or before."""
        case, hashes, library = self._subject.case, self._subject.hashes, self._records.library
        if case is not None and hashes is not None:
            asked = self._seen.get(identity(case, hashes)) or self._found_by()
            if asked:
                return asked
        row = self._records.row(number)
        if row is None or library is None:
            return before
        if asked := opinion_asked(library, number):
            return asked
        if not row.model:
            return before
        # A case once labelled was shown with what is kept of it.
        shown = not self._records.blind or ever_labelled(library, number)
        return row.model if shown else before

    def _found_by(self) -> str:
        """Return the model whose search has put a ring into the window that is labelled."""
        case, found = self._subject.case, self._session.catalogue
        if case is None or case.window is None or found is None:
            return ""
        _, rows, columns = case.window
        ringed = any(
            rows.start <= source.voxel[1] < rows.stop
            and columns.start <= source.voxel[2] < columns.stop
            for source in found.detections
        )
        return found.model if ringed else ""

    def _predicted(self) -> None:
        """Keep an answer the user asked for, and that it was seen."""
        answer, hashes = self._session.prediction, self._subject.hashes
        if answer is None or hashes is None:
            return
        known = identity(answer.case, hashes)
        new = self._seen.get(known) != answer.model
        self._seen[known] = answer.model

        def write(library: Library) -> Changes | None:
            if new:
                library.log(OPINION_SEEN, known, answer.model)
            number = library.find(known)
            if number is None:
                return None
            keep(library, number, packed(answer))
            return Changes(cases=(number,))

        self._records.do(write)

    def _recall(self) -> None:
        """Show again what the model that answers now said of the current case before.

        Blind, only what the reader may see of it: of a case they labelled, or asked about.
        """
        session, library, hashes = self._session, self._records.library, self._subject.hashes
        case, shown = session.asked, session.prediction
        ref = self._questions.chosen(session)
        if case is None or library is None or hashes is None or ref is None:
            return
        weights = ref.card.weights_sha256
        if shown is not None:
            if not shown.weights or shown.model != ref.name or shown.weights == weights:
                return
            session.set_prediction(None)  # a model of the same name has taken its place
        known = identity(case, hashes)
        number = library.find(known)
        row = None if number is None else self._records.row(number)
        if number is None or row is None:
            return
        if self._records.blind and row.label is None and not opinion_asked(library, number):
            return
        answer = answer_of(library, number, case, weights)
        if answer is not None and as_placed(case, known, answer.ventricles):
            self._recalled = answer
            session.set_prediction(answer)

    def _reader_changed(self) -> None:
        """Forget the steps of another reader, and what was shown because of what they had seen."""
        self._undo, self._redo = [], []
        shown, hashes = self._session.prediction, self._subject.hashes
        if shown is not None and shown is self._recalled and hashes is not None:
            self._seen.pop(identity(shown.case, hashes), None)
            self._session.set_prediction(None)
            self._recall()
