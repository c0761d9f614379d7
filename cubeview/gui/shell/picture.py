"""A picture of the window, without the patient's name."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QFileDialog, QWidget

from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.settings import SettingsFile


class Picture(QObject):
    """Saves what a widget looks like.

    Parameters
    ----------
    of : QWidget
    covered : callable
        Gives a context in which nothing shows that must not be kept.
    memory : SettingsFile
    messages : MessageBar
    """

    def __init__(
        self,
        of: QWidget,
        covered: Callable[[], AbstractContextManager[None]],
        memory: SettingsFile,
        messages: MessageBar,
    ) -> None:
        super().__init__(of)
        self._of, self._covered, self._memory, self._messages = of, covered, memory, messages

    def ask(self) -> None:
        """Ask where to write the picture, and write it."""
        dialog = QFileDialog(self._of, "Save picture", self._memory.settings.folder, "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the picture, or say why not."""
        with self._covered():
            picture = self._of.grab()
        if picture.save(str(path), "PNG"):
            self._messages.info(f"Saved {path}")
        else:
            self._messages.error(f"{path}: cannot be written. Choose another folder.")
