"""The dialog in which the user says otherwise where a reader had to guess."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.cubes.guesses import Question, corrected, corrected_case, questions
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import shown_unit
from cubeview.gui.widgets.basic import answers, label, offer, rule, say, steady
from cubeview.gui.widgets.layout import put
from cubeview.io import corrections
from cubeview.kinds import kind_of

_WIDTH = 520


def ask(session: Session, parent: QWidget) -> bool:
    """Show the dialog; False where nothing in the current case can be said otherwise."""
    case = session.case
    if case is None or not (
        kind_of(case).states or any(questions(cube) for cube in case.cubes.values())
    ):
        return False
    GuessesDialog(session, case, parent).show()
    return True


def chip_text(case: Case | None) -> str:
    """Return what the status line says of the guesses in a case; empty for none."""
    if case is None:
        return ""
    if case.question:
        states = any(word in case.question.casefold() for word in ("which", "whether"))
        return "⚠ rest or stress?" if states else "⚠ do the two belong together?"
    guesses = [note for note in case.notes if note.level == "guess"]
    named = list(dict.fromkeys(note.about for note in guesses if note.about))
    if not guesses:
        return ""
    if not named:
        return f"⚠ {len(guesses)} guess{'' if len(guesses) == 1 else 'es'}"
    more = f" and {len(named) - 2} more" if len(named) > 2 else ""
    return f"⚠ guessed: {', '.join(named[:2])}{more}"


@dataclass
class _Group:
    """Cubes of a case that share an instrument, and what the user says about them."""

    cubes: dict[str, Cube]
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def lead(self) -> Cube:
        return next(iter(self.cubes.values()))

    def questions(self) -> list[Question]:
        """Return the questions as they are with the answers given so far."""
        found: dict[str, Question] = {}
        for cube in self.cubes.values():
            for question in questions(corrected(cube, self.answers)):
                found.setdefault(question.key, question)
        return list(found.values())

    def read_as(self, key: str) -> str:
        """Return what a reader took, without the user's answer to this question."""
        others = {k: v for k, v in self.answers.items() if k != key}
        for cube in self.cubes.values():
            for question in questions(corrected(cube, others)):
                if question.key == key:
                    return question.now
        return ""


class GuessesDialog(QDialog):
    """Shows each guess with what can be said instead; answers count at once and are remembered.

    The case must still be open when the user agrees.
    """

    def __init__(self, session: Session, case: Case, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._case = session, case
        self.setWindowTitle("What was guessed")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        memory = corrections.load()
        self._groups = [
            _Group(cubes, dict(memory.answers(next(iter(cubes.values())))))
            for cubes in _grouped(case)
        ]
        self.editors: dict[str, QComboBox | QLineEdit] = {}
        self._owner: dict[str, _Group] = {}
        self.roles: QComboBox | None = None
        self.problem = label("", "warn")
        self._rows = QWidget()
        self._shape: list[tuple[str, tuple[str, ...]]] = []
        buttons = answers(self, "Apply", "Cancel")
        apply = buttons.button(QDialogButtonBox.StandardButton.Apply)
        assert apply is not None
        apply.setDefault(True)
        apply.clicked.connect(self.accept)
        self.forget_button = steady(QPushButton("Forget my answers"))
        self.forget_button.setToolTip("Take what the reader made of the file, now and next time")
        self.forget_button.clicked.connect(self.forget)
        buttons.addButton(self.forget_button, QDialogButtonBox.ButtonRole.ResetRole)
        self._outer = QVBoxLayout(self)
        self._outer.setSpacing(10)
        put(
            self._outer, label(_scope(self._groups), "dim"), self._rows, self.problem, None, buttons
        )
        self.problem.hide()
        self._fill()

    def accept(self) -> None:
        """Apply the answers to what is open and remember them, or say why not and stay."""
        if not any(case is self._case for case in self._session.cases):
            self.reject()
            return
        try:
            self._take()
            for group in self._groups:
                corrections.keep(group.lead, group.answers)
            self._apply()
        except CubeviewError as error:
            self._complain(error)
            return
        super().accept()

    def forget(self) -> None:
        """Go back to what the reader made of the file."""
        for group in self._groups:
            group.answers.clear()
        try:
            corrections.forget_roles(self._case)
            for group in self._groups:
                corrections.keep(group.lead, {})
            self._apply()
        except CubeviewError as error:
            self._complain(error)
            return
        super().accept()

    def _apply(self) -> None:
        """Correct all open cases of the same instruments; roles of this one."""
        memory = corrections.load()
        mine = {group.lead.instrument for group in self._groups} - {""}
        wanted = None if self.roles is None else self.roles.currentData()
        for case in self._session.cases:
            here = case is self._case
            if not here and mine.isdisjoint(cube.instrument for cube in case.cubes.values()):
                continue
            new = corrected_case(case, memory.answers)
            if here and wanted is not None and kind_of(new).states:
                new = new.swapped() if wanted == "swap" else new.named(wanted)
                corrections.keep_roles(new)
            if new is not case:
                self._session.replace_case(case, new)

    def _complain(self, error: CubeviewError) -> None:
        say(self.problem, str(error))

    def _fill(self) -> None:
        """Build the rows for the questions there are now."""
        found = [(group, question) for group in self._groups for question in group.questions()]
        shape = [(question.key, question.choices) for _, question in found]
        if shape == self._shape and self.editors:
            return
        self._shape = shape
        old = self._rows
        self._rows, self.editors, self.roles = QWidget(), {}, None
        grid = QGridLayout(self._rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(4)
        if kind_of(self._case).states:
            self.roles = _roles_box(self._case)
            reason = self._case.question or "; ".join(self._case.evidence[:2]) or "not asked"
            _add_row(grid, "Rest and stress", self.roles, reason, bool(self._case.question))
        for group, question in found:
            editor = self._editor(group, question)
            self.editors[question.key], self._owner[question.key] = editor, group
            guessed = not question.answered and any(
                note.level == "guess" and note.about == question.key
                for cube in group.cubes.values()
                for note in cube.notes
            )
            _add_row(grid, question.title, editor, question.reason, guessed)
        self._outer.replaceWidget(old, self._rows)
        old.hide()
        old.deleteLater()
        # Wrapped lines make a box as low as its width allows, which Qt does not ask for itself.
        self.resize(max(self.width(), _WIDTH), 0)
        self.resize(self.width(), self._outer.totalHeightForWidth(self.width()))

    def _editor(self, group: _Group, question: Question) -> QComboBox | QLineEdit:
        answer = group.answers.get(question.key)
        read_as = group.read_as(question.key)
        if not question.choices:
            line = QLineEdit(answer or "")
            line.setAccessibleName(question.title)
            line.setPlaceholderText(
                f"as read: {read_as}" if read_as else f"not given, such as {question.example}"
            )
            line.editingFinished.connect(self._changed)
            return line
        box = steady(QComboBox())
        box.setAccessibleName(question.title)
        kept = {None: f"as read: {shown_unit(read_as) or 'not known'}"}
        offer(box, {**kept, **{choice: shown_unit(choice) for choice in question.choices}}, answer)
        box.currentIndexChanged.connect(self._changed)
        return box

    def _changed(self) -> None:
        """Take the answers as they are now, and ask what follows from them."""
        self.problem.hide()
        try:
            self._take()
            self._fill()
        except CubeviewError as error:
            self._complain(error)

    def _take(self) -> None:
        """Take what stands in the rows, or raise CubeviewError and keep what was there."""
        for group in self._groups:
            given = dict(group.answers)
            for key, editor in self.editors.items():
                if self._owner[key] is not group:
                    continue
                if isinstance(editor, QComboBox):
                    answer = editor.currentData()
                else:
                    answer = editor.text().strip()
                given.pop(key, None)
                if answer:
                    given[key] = answer
            for cube in group.cubes.values():
                corrected(cube, given)
            group.answers = given


def _grouped(case: Case) -> Iterator[dict[str, Cube]]:
    """Yield the cubes that are remembered together."""
    groups: dict[str, dict[str, Cube]] = {}
    for role, cube in case.cubes.items():
        groups.setdefault(cube.instrument or role, {})[role] = cube
    yield from groups.values()


def _scope(groups: list[_Group]) -> str:
    names = [group.lead.instrument for group in groups if group.lead.instrument]
    if names:
        return f"Your answers hold for every file of {' and '.join(names)}, from now on."
    return "The file names no instrument, so your answers hold for this file, wherever it lies."


def _roles_box(case: Case) -> QComboBox:
    box = steady(QComboBox())
    box.setAccessibleName("Rest and stress")
    if len(case.cubes) > 1:
        offer(box, {None: "as shown", "swap": "exchanged"})
    else:
        known = "not known" if case.roles == ("heart",) else case.roles[0]
        offer(box, {None: f"as read: {known}", "rest": "rest", "stress": "stress"})
    return box


def _add_row(grid: QGridLayout, title: str, editor: QWidget, reason: str, guessed: bool) -> None:
    row = grid.rowCount()
    if row > 1:
        grid.addWidget(rule(), row, 0, 1, 2)
        row += 1
    grid.addWidget(label(f"{'⚠ ' if guessed else ''}{title}", wrap=False), row, 0)
    grid.addWidget(editor, row, 1)
    grid.addWidget(label(reason, "dim"), row + 1, 0, 1, 2)
