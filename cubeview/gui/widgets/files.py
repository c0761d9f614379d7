"""Dialogs that ask for a file; the window is not held up meanwhile."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QFileDialog, QWidget

from cubeview.errors import CubeviewError, refusing
from cubeview.paths import replacing

FOLDER, FILE, FILES = (
    QFileDialog.FileMode.Directory,
    QFileDialog.FileMode.ExistingFile,
    QFileDialog.FileMode.ExistingFiles,
)


def ask_open(
    parent: QWidget,
    title: str,
    folder: str,
    chosen: Callable[[list[Path]], object],
    *,
    names: str = "",
    mode: QFileDialog.FileMode = FILE,
) -> None:
    """Ask for what is to be read.

    Parameters
    ----------
    parent : QWidget
    title : str
    folder : str
        Where to begin.
    chosen : callable
        Given the paths, when the user agrees.
    names : str
        Filters, as Qt writes them: ``"Tables (*.csv);;All files (*)"``.
    mode : {FILE, FILES, FOLDER}
    """
    dialog = QFileDialog(parent, title, folder, names)
    dialog.setFileMode(mode)
    dialog.filesSelected.connect(lambda paths: chosen([Path(path) for path in paths]))
    _open(dialog)


def ask_save(
    parent: QWidget,
    title: str,
    folder: str,
    chosen: Callable[[Path], object],
    *,
    names: str,
    name: str = "",
) -> None:
    """Ask where to write; the suffix is that of the filter in use. Else as `ask_open`.

    Parameters
    ----------
    parent, title, folder, chosen, names
        As for `ask_open`.
    name : str
        The file name offered.
    """
    dialog = QFileDialog(parent, title, folder, names)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)

    def follow(filter_: str) -> None:
        dialog.setDefaultSuffix(filter_.partition("*.")[2].rstrip(")"))

    follow(names.split(";;")[0])
    dialog.filterSelected.connect(follow)
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    _open(dialog)


def save_png(picture: QPixmap, path: Path) -> None:
    """Write a picture, whole or not at all; CubeviewError if it cannot be."""
    advice = "Choose another folder."
    with refusing(path, "cannot be written", advice), replacing(path) as part:
        if not picture.save(str(part), "PNG"):
            raise CubeviewError(f"{path}: cannot be written. {advice}")


def _open(dialog: QFileDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
