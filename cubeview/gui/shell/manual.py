"""The manual: which page is about what is in use, and opening it in the user's browser."""

from collections.abc import Callable

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QCursor, QDesktopServices
from PyQt6.QtWidgets import QApplication, QWidget

from cubeview.gui.desk.desk import Desk
from cubeview.gui.dialogs.sheets import keys_sheet
from cubeview.gui.shell.docks import Docks
from cubeview.gui.shell.support import as_started
from cubeview.paths import resource

FIRST, VIEWS = "index", "panels/views"
"""Pages for an empty window and for the slices; a panel's own is ``panels/`` and its name."""

NOT_BUILT = (
    "This installation came without its manual. In a checkout make docs builds it; its pages are "
    "also in the folder docs of the sources, to be read as they are."
)


def page_for(docks: Docks, held: QWidget | None, pointed: QWidget | None, case: bool) -> str:
    """Return the name of the page about what is in use.

    Parameters
    ----------
    docks : Docks
    held : QWidget, optional
        What has the keyboard; it counts more than
    pointed : QWidget, optional
        what lies under the mouse.
    case : bool
        One is open, so that there are views.
    """
    for widget in (held, pointed):
        for dock in docks:
            if widget is not None and dock.isAncestorOf(widget):
                return f"panels/{dock.objectName()}"
    return VIEWS if case else FIRST


def handlers(window: QWidget, desk: Desk, docks: Docks) -> dict[str, Callable[..., object]]:
    """Return what the actions for help do: the manual, and the list of keys."""
    return {
        "manual": lambda: open_manual(window, desk, docks),
        "keys": lambda: keys_sheet(window, desk.session.case).show(),
    }


def open_manual(window: QWidget, desk: Desk, docks: Docks) -> None:
    """Open the page about what is in use, or say why not."""
    pointed = QApplication.widgetAt(QCursor.pos())
    page = page_for(docks, window.focusWidget(), pointed, desk.session.case is not None)
    path = resource("manual", f"{page}.html")
    if not path.is_file():
        desk.messages.warn(NOT_BUILT)
        return
    with as_started():
        opened = QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
    if not opened:
        desk.messages.warn(f"No browser could be started. The manual is {path}")
