"""The Label panel: the classes as buttons with their keys, and what was said of this case."""

from itertools import pairwise

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject
from cubeview.gui.desk.words import place_text, window_text
from cubeview.gui.widgets.basic import button, chooser, colour_icon, label, rule, say, tick
from cubeview.gui.widgets.layout import column, empty, put, row
from cubeview.kinds import kind_of
from cubeview.library.placed import Placed
from cubeview.library.scored import without_suggestion
from cubeview.library.values import NOT_RECORDED, LabelClass

DIGITS = "123456789"


class LabelPanel(QWidget):
    """Labels the case on the screen; of a sky cube the window at the cursor.

    Signals
    -------
    window_wanted(object)
        A labelled window of this cube to be shown, as its box.
    edit_wanted()
        The user wants to change the classes.
    """

    window_wanted = pyqtSignal(object)
    edit_wanted = pyqtSignal()

    def __init__(
        self, session: Session, records: Records, subject: Subject, labelling: Labelling
    ) -> None:
        super().__init__()
        self._session, self._records = session, records
        self._subject, self._labelling = subject, labelling
        self.buttons: dict[str, QPushButton] = {}
        self.sets = chooser("Label set", "Which classes are offered")
        self.sets.activated.connect(self._choose_set)
        tip = "Change the classes of this label set, or make one of your own"
        self.edit_button = button("Edit…", self.edit_wanted.emit, tip, "quiet")
        self.what = label("", "dim")
        self.what.setToolTip("Ctrl+drag in a slice or in the spectrum draws another window")
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        tip = "Flag this case as of poor quality (Q)"
        self.quality = button("Q  poor quality", labelling.flag_quality, tip)
        self.quality.setCheckable(True)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note to this case")
        self.note.editingFinished.connect(lambda: labelling.set_note(self.note.text().strip()))
        # Else the next digit would go into the note.
        self.note.returnPressed.connect(self.note.clearFocus)
        self.state = label()
        self.windows = QListWidget()
        self.windows.setAccessibleName("Labelled windows of this cube")
        self.windows.setMaximumHeight(110)
        self.windows.itemClicked.connect(self._go_to)
        self.blind = tick(
            "Blind",
            "The model's opinions in the library stay hidden until you label a case. "
            "Classify (P) still answers when you ask; your label then records that you saw it.",
        )
        self.blind.toggled.connect(records.set_blind)
        self.reader = QLineEdit()
        self.reader.setAccessibleName("Your name as a reader")
        self.reader.setToolTip("Labels are kept under this name, beside those of other readers")
        self.reader.editingFinished.connect(lambda: records.set_reader(self.reader.text()))
        self.reader.returnPressed.connect(self.reader.clearFocus)
        put(
            column(self),
            row((self.sets, 1), self.edit_button),
            self.what,
            self._grid,
            row(self.quality, (self.note, 1)),
            self.state,
            self.windows,
            rule(),
            row(self.blind, label("Reader", "dim", wrap=False), (self.reader, 1)),
            None,
        )
        for key in DIGITS:
            # Keys belong to the window: any view may have the focus.
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(lambda key=key: labelling.place_key(key))
        records.sets_changed.connect(self._rebuild)
        subject.changed.connect(self._refresh)
        records.blind_changed.connect(self._refresh)
        session.case_changed.connect(self._rebuild)
        session.marks_changed.connect(self._list_windows)
        self._rebuild()

    def _rebuild(self) -> None:
        records, case = self._records, self._session.case
        with QSignalBlocker(self.sets):
            self.sets.clear()
            if case is not None and records.library is not None:
                self.sets.addItems(records.library.label_sets(case.kind))
                self.sets.setCurrentText(records.label_set)
        empty(self._grid)
        self.buttons = {entry.name: self._class_button(entry) for entry in records.classes()}
        for place, made in enumerate(self.buttons.values()):
            self._grid.addWidget(made, place // 2, place % 2)
        chain = (self.edit_button, *self.buttons.values(), self.quality)
        for one, following in pairwise(chain):  # or the buttons come last of all
            self.setTabOrder(one, following)
        with QSignalBlocker(self.reader):
            self.reader.setText(records.reader)
        self._list_windows()
        self._refresh()

    def _class_button(self, entry: LabelClass) -> QPushButton:
        text = f"{entry.key}  {entry.name}" if entry.key else entry.name
        tip = f"Label as {entry.name}" + (f" ({entry.key})" if entry.key else "")
        tip += f"\n{entry.code}" if entry.code else ""
        made = button(text, lambda: self._press(entry.name), tip)
        made.setCheckable(True)
        made.setIcon(colour_icon(entry.colour))
        made.setStyleSheet("text-align: left;")
        made.setMinimumWidth(60)
        return made

    def _press(self, name: str) -> None:
        self._labelling.place(name)
        # A checkable button has toggled itself; it shows what is on disk.
        self._refresh()

    def _refresh(self) -> None:
        records, case = self._records, self._session.case
        objection, placed = self._subject.objection, self._labelling.placed
        for name, made in self.buttons.items():
            made.setEnabled(not objection)
            made.setChecked(name == placed.class_name)
        self.sets.setEnabled(self.sets.count() > 1)
        self.edit_button.setEnabled(records.library is not None)
        self.quality.setEnabled(not objection)
        self.quality.setChecked(bool(placed.quality))
        self.note.setEnabled(not objection)
        if not self.note.hasFocus() or not self.note.isModified():
            self.note.setText(placed.note)
        with QSignalBlocker(self.blind):
            self.blind.setChecked(records.blind)
        sky = case is not None and kind_of(case).window_px > 0
        say(self.what, objection or (self._what() if sky else self._subject.news))
        text = "" if objection else _state_text(placed)
        say(self.state, text, "good" if placed.class_name else "dim")

    def _what(self) -> str:
        session = self._session
        if session.drawn and session.case is not None and session.window is not None:
            return f"Labels the window you drew: {window_text(session.case.main, session.window)}"
        return f"Labels the window at the cursor: {place_text(session)}"

    def _choose_set(self, place: int) -> None:
        if self._session.case is not None:
            self._records.set_label_set(self._session.case.kind, self.sets.itemText(place))

    def _list_windows(self) -> None:
        self.windows.clear()
        for mark in self._session.marks:
            assert self._session.case is not None
            text = f"{mark.text} · {window_text(self._session.case.main, mark.box)}"
            self.windows.addItem(QListWidgetItem(colour_icon(mark.colour), text))
        self.windows.setVisible(bool(self._session.marks))

    def _go_to(self) -> None:
        place = self.windows.currentRow()
        if 0 <= place < len(self._session.marks):
            self.window_wanted.emit(self._session.marks[place].box)


def _state_text(placed: Placed) -> str:
    if placed.class_name is None:
        return "Not labelled yet"
    sure = "" if placed.sure else ", unsure"
    return f"✓ {placed.class_name}{sure} · {_seen(placed.opinion_seen)}"


def _seen(opinion: str) -> str:
    """Say what a reader had seen."""
    if opinion == NOT_RECORDED:
        return "imported"
    model = without_suggestion(opinion)
    seen = [f"{model}'s opinion was seen"] if model else []
    seen += ["the suggested scores were seen"] if opinion != model else []
    return ", ".join(seen) or "read blind"
