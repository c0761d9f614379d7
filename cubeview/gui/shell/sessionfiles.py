"""What the window does with saved sessions: asks where they lie, and keeps how the panels lay."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.actions import Actions
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.saved import SUFFIX
from cubeview.gui.desk.sessions import Missing
from cubeview.gui.dialogs.missing import MissingDialog
from cubeview.gui.shell.docks import Docks
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.files import ask_open, ask_save

_NAMES = f"Sessions (*{SUFFIX})"


class SessionFiles:
    """Connects the sessions of one desk to the window around it."""

    def __init__(self, desk: Desk, docks: Docks, ortho: OrthoView, window: QWidget) -> None:
        self._desk, self._docks, self._ortho, self._window = desk, docks, ortho, window
        desk.sessions.asked.connect(self._ask_for)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        return {"open_session": self.ask_open, "save_session": self.ask_save}

    def follow(self, actions: Actions) -> None:
        """Lay the panels out as a session that was opened has them."""

        def arrange(layout: str, rows: bool) -> None:
            self._docks.lay_out(layout)
            actions["rows"].setChecked(rows)

        self._desk.sessions.arranged.connect(arrange)

    def ask_save(self) -> None:
        """Ask where to save the session."""
        folder = self._desk.memory.settings.folder
        name = f"session{SUFFIX}"
        ask_save(self._window, "Save session", folder, self.save, names=_NAMES, name=name)

    def save(self, path: Path) -> None:
        """Save the session, with what the views show and how the panels lie."""
        self._ortho.note_zoom()
        layout, rows = self._docks.layout(), self._ortho.in_rows
        self._desk.sessions.save(path, layout=layout, rows=rows)

    def ask_open(self) -> None:
        """Ask for a session."""
        folder = self._desk.memory.settings.folder
        names = f"{_NAMES};;All files (*)"
        sessions = self._desk.sessions
        ask_open(
            self._window, "Open session", folder, lambda paths: sessions.open(paths[0]),
            names=names,
        )  # fmt: skip

    def _ask_for(self, path: Path, missing: list[Missing], places: list[Path]) -> None:
        dialog = MissingDialog(path, missing, self._window)
        sessions = self._desk.sessions
        dialog.place_chosen.connect(lambda more: sessions.open(path, places=[*places, *more]))
        dialog.left_out.connect(lambda: sessions.open(path, places=places, without=True))
        dialog.show()
