"""The Label panel: the classes as buttons with their keys, and what was said of this case."""

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QWidget,
)

from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.subject import Subject
from cubeview.gui.desk.words import place_text, window_text
from cubeview.gui.widgets.basic import chooser, colour_icon, column, label, rule
from cubeview.kinds import kind_of
from cubeview.library.placed import Placed
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
        self,
        session: Session,
        records: Records,
        subject: Subject,
        labelling: Labelling,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._records = session, records
        self._subject, self._labelling = subject, labelling
        self.buttons: dict[str, QPushButton] = {}
        layout = column(self)
        row = QHBoxLayout()
        self.sets = chooser("Label set", "Which classes are offered")
        self.sets.activated.connect(self._choose_set)
        self.edit_button = QPushButton("Edit…")
        self.edit_button.setProperty("part", "quiet")
        self.edit_button.setToolTip("Change the classes of this label set, or make one of your own")
        self.edit_button.clicked.connect(self.edit_wanted)
        row.addWidget(self.sets, 1)
        row.addWidget(self.edit_button)
        layout.addLayout(row)
        self.what = label("", "dim")
        self.what.setToolTip("Ctrl+drag in a slice or in the spectrum draws another window")
        layout.addWidget(self.what)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        layout.addLayout(self._grid)
        row = QHBoxLayout()
        self.quality = QPushButton("Q  poor quality")
        self.quality.setCheckable(True)
        self.quality.setToolTip("Flag this case as of poor quality (Q)")
        self.quality.clicked.connect(labelling.flag_quality)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note to this case")
        self.note.editingFinished.connect(lambda: labelling.set_note(self.note.text().strip()))
        # Else the next digit would go into the note.
        self.note.returnPressed.connect(self.note.clearFocus)
        row.addWidget(self.quality)
        row.addWidget(self.note, 1)
        layout.addLayout(row)
        self.state = label()
        layout.addWidget(self.state)
        self.windows = QListWidget()
        self.windows.setAccessibleName("Labelled windows of this cube")
        self.windows.setMaximumHeight(110)
        self.windows.itemClicked.connect(self._go_to)
        layout.addWidget(self.windows)
        layout.addWidget(rule())
        row = QHBoxLayout()
        self.blind = QCheckBox("Blind")
        self.blind.setToolTip(
            "The model's opinions in the library stay hidden until you label a case. "
            "Classify (P) still answers when you ask; your label then records that you saw it."
        )
        self.blind.toggled.connect(records.set_blind)
        self.reader = QLineEdit()
        self.reader.setAccessibleName("Your name as a reader")
        self.reader.setToolTip("Labels are kept under this name, beside those of other readers")
        self.reader.editingFinished.connect(lambda: records.set_reader(self.reader.text()))
        self.reader.returnPressed.connect(self.reader.clearFocus)
        row.addWidget(self.blind)
        row.addWidget(label("Reader", "dim", wrap=False))
        row.addWidget(self.reader, 1)
        layout.addLayout(row)
        layout.addStretch(1)
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
        classes = records.classes()
        for button in self.buttons.values():
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        for place, entry in enumerate(classes):
            button = _class_button(entry)
            button.clicked.connect(lambda _=False, name=entry.name: self._press(name))
            self._grid.addWidget(button, place // 2, place % 2)
            self.buttons[entry.name] = button
        with QSignalBlocker(self.reader):
            self.reader.setText(records.reader)
        self._list_windows()
        self._refresh()

    def _press(self, name: str) -> None:
        self._labelling.place(name)
        # A checkable button has toggled itself; it shows what is on disk.
        self._refresh()

    def _refresh(self) -> None:
        records, case = self._records, self._session.case
        objection, placed = self._subject.objection, self._labelling.placed
        for name, button in self.buttons.items():
            button.setEnabled(not objection)
            button.setChecked(name == placed.class_name)
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
        self.what.setText(objection or (self._what() if sky else ""))
        self.what.setVisible(bool(self.what.text()))
        self.state.setVisible(not objection)
        self.state.setText(_state_text(placed))
        self.state.setProperty("part", "good" if placed.class_name else "dim")
        self.state.style().polish(self.state)  # type: ignore[union-attr]

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
            self.windows.addItem(f"{mark.text} · {window_text(self._session.case.main, mark.box)}")
            item = self.windows.item(self.windows.count() - 1)
            assert item is not None
            item.setIcon(colour_icon(mark.colour))
        self.windows.setVisible(bool(self._session.marks))

    def _go_to(self) -> None:
        place = self.windows.currentRow()
        if 0 <= place < len(self._session.marks):
            self.window_wanted.emit(self._session.marks[place].box)


def _class_button(entry: LabelClass) -> QPushButton:
    button = QPushButton(f"{entry.key}  {entry.name}" if entry.key else entry.name)
    button.setCheckable(True)
    button.setIcon(colour_icon(entry.colour))
    button.setStyleSheet("text-align: left;")
    button.setMinimumWidth(60)
    tip = f"Label as {entry.name}" + (f" ({entry.key})" if entry.key else "")
    button.setToolTip(f"{tip}\n{entry.code}" if entry.code else tip)
    return button


def _state_text(placed: Placed) -> str:
    if placed.class_name is None:
        return "Not labelled yet"
    sure = "" if placed.sure else ", unsure"
    seen = f"{placed.opinion_seen}'s opinion was seen" if placed.opinion_seen else "read blind"
    if placed.opinion_seen == NOT_RECORDED:
        seen = "imported"
    return f"✓ {placed.class_name}{sure} · {seen}"
