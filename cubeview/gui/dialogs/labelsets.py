"""The label set editor: names, keys, colours and codes of the classes; old labels stay."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cubeview.errors import CubeviewError
from cubeview.gui.widgets.basic import button, chooser, colour_icon, label, offer
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import KINDS
from cubeview.library.library import Library
from cubeview.library.values import LabelClass

KEYS = (*"123456789", "U")
COLOURS = (
    "#5ac58e", "#4aa3ff", "#ef6f6c", "#b58cff", "#f0b429", "#8b95a3", "#3fc1c9", "#e889c2",
    "#a3b86c",
)  # fmt: skip
_COLUMNS = ("key", "class", "colour", "code")


class LabelSetsDialog(QDialog):
    """Edits one label set at a time, or makes a new one."""

    saved = pyqtSignal()

    def __init__(self, library: Library, label_set: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self.setWindowTitle("Label sets")
        self.resize(620, 440)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        self.sets = chooser("Label set")
        self.sets.activated.connect(self._chosen)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the new label set")
        self.kind = chooser("Kind of cube")
        offer(self.kind, {kind.key: f"for {kind.many}" for kind in KINDS.values()})
        layout.addLayout(row((self.sets, 1), (self.name, 1), (self.kind, 1)))
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.setAccessibleName("Classes")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.cellDoubleClicked.connect(self._ask_colour)
        top, side = self.table.horizontalHeader(), self.table.verticalHeader()
        assert top is not None
        assert side is not None
        side.hide()
        top.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        top.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        buttons = [
            button("Add a class", self.add_class),
            button("Remove", self.remove_class),
            button("Up", lambda: self._move(-1)),
            button("Down", lambda: self._move(1)),
        ]
        for made in buttons:
            made.setAutoDefault(False)
        words = label(
            "Keys are 1 to 9, and U for unsure. A class that is removed is no longer offered; "
            "labels that were placed with it stay as they are.",
            "dim",
        )
        self.problem = label("", "bad")
        put(layout, (self.table, 1), row(*buttons, None), words, self.problem)
        box = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        box.accepted.connect(self.save)
        box.rejected.connect(self.reject)
        layout.addWidget(box)
        self._list(label_set)

    def add_class(self, name: str = "new class") -> None:
        """Append a class with the first free key and colour."""
        used = {self._text(row, 0) for row in range(self.table.rowCount())}
        colours = {self._text(row, 2) for row in range(self.table.rowCount())}
        key = next((key for key in KEYS if key not in used), "")
        colour = next((colour for colour in COLOURS if colour not in colours), COLOURS[0])
        self._append(LabelClass(name, key, colour, "", False))
        self.table.setCurrentCell(self.table.rowCount() - 1, 1)

    def remove_class(self) -> None:
        """Take the selected class out of the set."""
        if self.table.currentRow() >= 0:
            self.table.removeRow(self.table.currentRow())

    def save(self) -> None:
        """Write the set, or say what is wrong with it."""
        new = self.sets.currentData() is None
        name = self.name.text().strip() if new else self.sets.currentData()
        classes = [
            LabelClass(self._text(row, 1), self._text(row, 0).upper(), self._text(row, 2),
                       self._text(row, 3), False)
            for row in range(self.table.rowCount())
        ]  # fmt: skip
        try:
            _check(name, classes, self._library.label_sets() if new else [])
            self._library.save_label_set(name, self.kind.currentData(), classes)
        except CubeviewError as error:
            self.problem.setText(str(error))
            return
        self.saved.emit()
        self.accept()

    def _list(self, chosen: str) -> None:
        known = {name: name for name in self._library.label_sets()}
        offer(self.sets, {**known, None: "New label set…"}, chosen)
        self._chosen()

    def _chosen(self) -> None:
        name = self.sets.currentData()
        self.name.setVisible(name is None)
        self.kind.setVisible(name is None)
        self.table.setRowCount(0)
        self.problem.setText("")
        if name is None:
            self.add_class("first class")
            return
        kinds = [kind for kind in KINDS if name in self._library.label_sets(kind)]
        self.kind.setCurrentIndex(self.kind.findData(kinds[0]) if kinds else 0)
        for entry in self._library.classes(name):
            if not entry.retired:
                self._append(entry)

    def _append(self, entry: LabelClass) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self._fill(row, (entry.key, entry.name, entry.colour, entry.code))

    def _fill(self, row: int, texts: tuple[str, ...]) -> None:
        for place, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if _COLUMNS[place] == "colour":
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip("Double-click to choose a colour")
                item.setIcon(colour_icon(text))
            self.table.setItem(row, place, item)

    def _text(self, row: int, place: int) -> str:
        item = self.table.item(row, place)
        return item.text().strip() if item is not None else ""

    def _move(self, step: int) -> None:
        row, other = self.table.currentRow(), self.table.currentRow() + step
        if row < 0 or not 0 <= other < self.table.rowCount():
            return
        one, two = (
            tuple(self._text(r, place) for place in range(len(_COLUMNS))) for r in (row, other)
        )
        self._fill(row, two)
        self._fill(other, one)
        self.table.setCurrentCell(other, self.table.currentColumn())

    def _ask_colour(self, row: int, place: int) -> None:
        if _COLUMNS[place] != "colour":
            return
        dialog = QColorDialog(QColor(self._text(row, place)), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def take(colour: QColor) -> None:
            texts = [self._text(row, at) for at in range(len(_COLUMNS))]
            texts[place] = colour.name()
            self._fill(row, tuple(texts))

        dialog.colorSelected.connect(take)
        dialog.open()


def _check(name: str, classes: list[LabelClass], taken: list[str]) -> None:
    """Raise CubeviewError if a set cannot be used as it is."""
    if not name:
        raise CubeviewError("Give the label set a name.")
    if name in taken:
        raise CubeviewError(f"There is a label set {name!r} already: choose another name.")
    if not classes or any(not entry.name for entry in classes):
        raise CubeviewError("Each class needs a name, and a set needs a class.")
    for entry in classes:
        if entry.key and entry.key not in KEYS:
            raise CubeviewError(f"{entry.name}: the key {entry.key!r} is none of 1 to 9 and U.")
