"""What helps whoever asks for help: a report to copy, and where models lie."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices

from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.dialogs.about import DEVICE_UNKNOWN, support_report
from cubeview.gui.widgets.basic import copy_text
from cubeview.learn.models.card import find_models
from cubeview.paths import data_dir

_LIBRARIES = "LD_LIBRARY_PATH"


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
    with as_started():
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


@contextmanager
def as_started() -> Iterator[None]:
    """Start programs with the system's libraries, not with those of the bundle.

    PyInstaller's starter puts its own folder into LD_LIBRARY_PATH and what was there before into
    LD_LIBRARY_PATH_ORIG (its manual, "LD_LIBRARY_PATH considerations").
    """
    ours = os.environ.get(_LIBRARIES)
    if not getattr(sys, "frozen", False) or ours is None:
        yield
        return
    before = os.environ.get(f"{_LIBRARIES}_ORIG")
    if before is None:
        del os.environ[_LIBRARIES]
    else:
        os.environ[_LIBRARIES] = before
    try:
        yield
    finally:
        os.environ[_LIBRARIES] = ours
