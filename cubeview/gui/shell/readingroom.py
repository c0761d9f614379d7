"""What the window does with hearts that are read: actions, and what follows from them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.display import link_levels, move_level, reset_levels
from cubeview.gui.panels.reading import ReadingPanel
from cubeview.gui.shell.docks import Docks
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.files import ask_save

_STEP = 5.0
"""Per cent of the maximum by which a key moves a level."""


class ReadingRoom:
    """Connects the Reading panel and the actions of one window."""

    def __init__(self, desk: Desk, docks: Docks, views: OrthoView, window: QWidget) -> None:
        self._desk, self._docks, self._views, self._window = desk, docks, views, window
        self.panel: ReadingPanel = docks.panels["reading"]
        desk.reporting.written.connect(self._written)
        desk.reporting.refused.connect(desk.messages.error)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        session = self._desk.session
        return {
            "score": self._score,
            "heart_report": self._ask_report,
            "link_levels": lambda: link_levels(session, not session.display.linked),
            "brighter": partial(self._move, 1, -_STEP),
            "darker": partial(self._move, 1, _STEP),
            "lower_up": partial(self._move, 0, _STEP),
            "lower_down": partial(self._move, 0, -_STEP),
            "reset_levels": lambda: reset_levels(session),
        }

    def _move(self, end: int, percent: float) -> None:
        """Move a level of the state whose view or row is in use."""
        if self._desk.session.case is not None:
            move_level(self._desk.session, self._views.role, end, percent)

    def _score(self) -> None:
        self._docks.show_large("reading")
        self.panel.take_keys()

    def _ask_report(self) -> None:
        """Ask for a folder that is to be made."""
        case, memory = self._desk.session.case, self._desk.memory
        if case is not None:
            ask_save(
                self._window,
                "Write a report: name a new folder",
                memory.settings.folder,
                self._desk.reporting.write,
                names="New folder (*)",
                name=f"{case.name} report",
            )

    def _written(self, folder: Path, left_out: list[str]) -> None:
        self._desk.messages.info(f"Report written: {folder}")
        for text in left_out:
            self._desk.messages.warn(text)
