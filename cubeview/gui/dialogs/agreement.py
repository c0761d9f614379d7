"""How far two readers agree: kappa, the confusion of their classes, and the cases in dispute."""

import math

import numpy as np
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.widgets.basic import chooser, label
from cubeview.gui.widgets.layout import put, row
from cubeview.gui.widgets.theme import colours
from cubeview.library.agreement import Agreement, agreement
from cubeview.library.library import Library
from cubeview.library.stored import case_names


class AgreementDialog(QDialog):
    """Compares two readers over one label set.

    Signals
    -------
    case_wanted(int)
        A disputed case to look at again.
    """

    case_wanted = pyqtSignal(int)

    def __init__(self, library: Library, label_set: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._library = library
        self.setWindowTitle("Agreement of readers")
        self.resize(680, 560)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        self.sets = chooser("Label set")
        self.sets.addItems(library.label_sets())
        self.sets.setCurrentText(label_set)
        self.first, self.second = chooser("First reader"), chooser("Second reader")
        self.words = label()
        self.table = QTableWidget()
        self.table.setAccessibleName("Confusion of the two readers")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.disputed = QListWidget()
        self.disputed.setAccessibleName("Disputed cases")
        self.disputed.itemActivated.connect(
            lambda item: self.case_wanted.emit(item.data(Qt.ItemDataRole.UserRole))
        )
        heading = label("To look at again together (double click opens)", "heading")
        put(layout, row((self.sets, 1), (self.first, 1), (self.second, 1)), self.words)
        put(layout, (self.table, 2), heading, (self.disputed, 1))
        self.sets.activated.connect(self._set_chosen)
        self.first.activated.connect(self._compare)
        self.second.activated.connect(self._compare)
        self._set_chosen()

    def _set_chosen(self) -> None:
        labels = self._library.current(self.sets.currentText())
        readers = sorted({reader for _, reader in labels})
        for box in (self.first, self.second):
            box.clear()
            box.addItems(readers)
        own = self.first.findText(self._library.reader)
        self.first.setCurrentIndex(max(own, 0))
        others = [place for place in range(len(readers)) if place != self.first.currentIndex()]
        self.second.setCurrentIndex(others[0] if others else self.first.currentIndex())
        self._compare()

    def _compare(self) -> None:
        labels = self._library.current(self.sets.currentText())
        said = [
            {case: one.class_name or "" for (case, reader), one in labels.items() if reader == name}
            for name in (self.first.currentText(), self.second.currentText())
        ]
        self.table.setRowCount(0)
        self.disputed.clear()
        if self.first.count() < 2:
            self.words.setText(
                "Two readers are needed. Each labels under a name of their own: Label panel, "
                "Reader. Labels of another library come in with Import labels."
            )
            return
        classes = [one.name for one in self._library.classes(self.sets.currentText())]
        found = agreement(said[0], said[1], classes)
        self.words.setText(_words(found))
        self._show_table(found)
        names = case_names(self._library)
        for case in found.disputed:
            item = QListWidgetItem(f"{names[case]}: {said[0][case]} / {said[1][case]}")
            item.setData(Qt.ItemDataRole.UserRole, case)
            self.disputed.addItem(item)

    def _show_table(self, found: Agreement) -> None:
        count = len(found.classes)
        self.table.setRowCount(count)
        self.table.setColumnCount(count)
        self.table.setHorizontalHeaderLabels(found.classes)
        self.table.setVerticalHeaderLabels(found.classes)
        for (y, x), number in np.ndenumerate(found.confusion):
            item = QTableWidgetItem(f"{number:.0f}" if number else "·")
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            if number and x != y:
                item.setForeground(QColor(colours().warn))
            self.table.setItem(y, x, item)
        self.table.resizeColumnsToContents()


def _words(found: Agreement) -> str:
    total = int(found.confusion.sum())
    if not total:
        return "No case was labelled by both."
    same = int(found.confusion.trace())
    kappa = "not defined" if math.isnan(found.kappa) else f"{found.kappa:.2f}"
    return (
        f"{same} of {total} cases alike · Cohen's kappa {kappa} · rows the first reader, "
        "columns the second"
    )
