"""What the window does with hearts that are read: actions, and what follows from them."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.desk import Desk
from cubeview.gui.panels.reading import ReadingPanel
from cubeview.gui.shell.docks import Docks
from cubeview.gui.widgets.files import ask_save


class ReadingRoom:
    """Connects the Reading panel and the actions of one window."""

    def __init__(self, desk: Desk, docks: Docks, window: QWidget) -> None:
        self._desk, self._docks, self._window = desk, docks, window
        self.panel: ReadingPanel = docks.panels["reading"]
        desk.reporting.written.connect(self._written)
        desk.reporting.refused.connect(desk.messages.error)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        return {"score": self._score, "heart_report": self._ask_report}

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
