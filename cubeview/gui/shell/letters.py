"""The size of all letters, by key."""

from collections.abc import Callable
from functools import partial

from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QApplication, QMainWindow

from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.theme import text_size

_STEP = 10


def handlers(
    window: QMainWindow, memory: SettingsFile, ortho: OrthoView
) -> dict[str, Callable[..., object]]:
    """Return what the actions for the size of letters do; it is remembered."""

    def write(percent: int) -> None:
        before = memory.settings.text_percent
        percent = text_size(percent)
        memory.change(text_percent=percent)
        if percent != before:
            ortho.renew()
            if (bar := window.menuBar()) is not None and (badge := bar.cornerWidget()) is not None:
                # Qt gives it a place when the bar gets another size, and only then.
                badge.adjustSize()
                QApplication.sendEvent(bar, QResizeEvent(bar.size(), bar.size()))

    return {
        "larger_text": lambda: write(memory.settings.text_percent + _STEP),
        "smaller_text": lambda: write(memory.settings.text_percent - _STEP),
        "usual_text": partial(write, 100),
    }
