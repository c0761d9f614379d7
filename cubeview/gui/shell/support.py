"""What helps whoever asks for help: a report to copy, and where models lie."""

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices

from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.dialogs.about import DEVICE_UNKNOWN, support_report
from cubeview.gui.widgets.basic import copy_text
from cubeview.learn.models.card import find_models
from cubeview.paths import data_dir


def copy_report(messages: MessageBar) -> None:
    """Put versions, models and log on the clipboard, and say so."""
    copy_text(support_report(DEVICE_UNKNOWN, find_models()))
    messages.info(
        "The report is on the clipboard: versions, models and log, nothing about any case."
    )


def open_models_folder() -> None:
    """Show the folder of the user's own models in the file manager."""
    folder = data_dir() / "models"
    folder.mkdir(exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
