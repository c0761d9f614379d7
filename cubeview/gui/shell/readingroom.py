"""What the window does with hearts that are read: actions, and what follows from them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.cubes.case import Case
from cubeview.cubes.study import beside, is_projections, studies
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.display import link_levels, move_level, reset_levels
from cubeview.gui.panels.reading import ReadingPanel
from cubeview.gui.shell.docks import Docks
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.files import ask_save
from cubeview.kinds import kind_of

_STEP = 5.0
"""Per cent of the maximum by which a key moves a level."""


class ReadingRoom:
    """Connects the Reading panel and the actions of one window."""

    def __init__(self, desk: Desk, docks: Docks, views: OrthoView, window: QWidget) -> None:
        self._desk, self._docks, self._views, self._window = desk, docks, views, window
        self._left: Case | None = None
        self.panel: ReadingPanel = docks.panels["reading"]
        quality, predict = docks.panels["quality"], docks.panels["classify"]
        quality.suspected.connect(predict.set_reason)
        quality.case_wanted.connect(desk.session.set_case)
        predict.why_wanted.connect(lambda: docks.show_large("quality"))
        desk.reporting.written.connect(self._written)
        desk.reporting.refused.connect(desk.messages.error)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        session = self._desk.session
        return {
            "score": self._score,
            "heart_report": self._ask_report,
            "quality_control": lambda: self._docks.show_large("quality"),
            "projections": self._show_projections,
            "next_in_study": self._next_in_study,
            "link_levels": lambda: link_levels(session, not session.display.linked),
            "brighter": partial(self._move, 1, -_STEP),
            "darker": partial(self._move, 1, _STEP),
            "lower_up": partial(self._move, 0, _STEP),
            "lower_down": partial(self._move, 0, -_STEP),
            "reset_levels": lambda: reset_levels(session),
        }

    def _show_projections(self) -> None:
        """Show the next projections of the study; from projections the heart that is read."""
        session, case = self._desk.session, self._desk.session.case
        if case is None:
            return
        others, raw = beside(case, session.cases), is_projections(case.main.view)
        hearts = [one for one in others if kind_of(one).ventricle]
        wanted = hearts if raw else [one for one in others if is_projections(one.main.view)]
        if wanted:
            session.set_case(self._left if raw and self._left in hearts else wanted[0])
            self._left = None if raw else case
        else:
            self._desk.messages.info(
                "No projections of this study are open: open its whole folder."
            )

    def _next_in_study(self) -> None:
        """Go round the scans of a study."""
        session, case = self._desk.session, self._desk.session.case
        if case is not None:
            group = next(one for one in studies(session.cases) if any(c is case for c in one))
            place = next(n for n, one in enumerate(group) if one is case)
            session.set_case(group[(place + 1) % len(group)])

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
