"""The dialog that asks which of the many cubes of one file are wanted."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cubeview.cubes.case import Case
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import shown_axis, shown_unit
from cubeview.gui.widgets.basic import answers, label
from cubeview.gui.widgets.layout import put


class ChoosingDialog(QDialog):
    """Lists the cubes of one file; those chosen come into the session."""

    def __init__(self, session: Session, cases: list[Case], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._cases = session, cases
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        source = cases[0].main.source
        name = source.path.name if source else cases[0].name
        self.setWindowTitle(f"Cubes of {name}")
        self.resize(520, min(140 + 24 * len(cases), 560))
        self.list = QListWidget()
        self.list.setAccessibleName("Cubes of the file")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for case in cases:
            self.list.addItem(QListWidgetItem(f"{case.name}    {_about(case)}"))
        self.list.setCurrentRow(0)
        self.list.itemDoubleClicked.connect(lambda _: self.accept())
        buttons = answers(self, "Open", "Cancel")
        self.all_button = QPushButton(f"Open all {len(cases)}")
        buttons.addButton(self.all_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.all_button.clicked.connect(self.accept_all)
        asked = label(f"The file holds {len(cases)} cubes. Which do you want to open?")
        put(QVBoxLayout(self), asked, (self.list, 1), buttons)

    def accept(self) -> None:
        """Open the chosen cubes."""
        rows = sorted(index.row() for index in self.list.selectedIndexes())
        self._take([self._cases[row] for row in rows])
        super().accept()

    def accept_all(self) -> None:
        """Open every cube of the file."""
        self._take(self._cases)
        super().accept()

    def _take(self, chosen: list[Case]) -> None:
        if chosen:
            self._session.add_cases(tuple(chosen))
            self._session.set_case(chosen[0])


def _about(case: Case) -> str:
    """Return shape and spectral range."""
    cube = case.main
    text = " × ".join(str(n) for n in cube.shape)
    if cube.axes[0].kind != "spectral":
        return text
    axis = shown_axis(cube.axes[0])
    return f"{text}    {axis.values[0]:.6g} to {axis.values[-1]:.6g} {shown_unit(axis.unit)}"
