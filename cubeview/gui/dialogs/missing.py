"""The dialog that asks where the files of a saved session are."""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.desk.sessions import Missing
from cubeview.gui.widgets.basic import answers, label
from cubeview.gui.widgets.files import FOLDER, ask_open
from cubeview.gui.widgets.layout import put
from cubeview.plain import visible


class MissingDialog(QDialog):
    """Lists what was not found; the user names a folder, or leaves it out.

    Signals
    -------
    place_chosen(list)
        Folders in which to look.
    left_out()
        Open the session without them.
    """

    place_chosen = pyqtSignal(list)
    left_out = pyqtSignal()

    def __init__(
        self, path: Path, missing: Sequence[Missing], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Files of the session")
        self.resize(560, min(180 + 22 * len(missing), 520))
        self._folder = str(path.parent)
        self.list = QListWidget()
        self.list.setAccessibleName("Files that were not found")
        for one in missing:
            self.list.addItem(visible(one.words))
        count = len(missing)
        asked = label(
            f"{count} file{'s' if count > 1 else ''} of this session "
            f"{'were' if count > 1 else 'was'} not found. Name a folder to look in, with all "
            "folders below it, or open the session without."
        )
        buttons = answers(self, "Cancel")
        self.look_button = QPushButton("Look in a folder…")
        self.leave_button = QPushButton("Open without")
        for button in (self.look_button, self.leave_button):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        self.look_button.clicked.connect(self._ask)
        self.leave_button.clicked.connect(self._leave)
        put(QVBoxLayout(self), asked, (self.list, 1), buttons)

    def look_in(self, folders: list[Path]) -> None:
        """Look in folders, and close."""
        self.place_chosen.emit(folders)
        self.accept()

    def _ask(self) -> None:
        ask_open(self, "Where the files are", self._folder, self.look_in, mode=FOLDER)

    def _leave(self) -> None:
        self.left_out.emit()
        self.accept()
