"""What the window does to measure: a sky cube by its tools, an archive by a model."""

from collections.abc import Callable

from PyQt6.QtWidgets import QWidget

from cubeview.gui.desk.actions import Actions
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.measured import Tool
from cubeview.gui.dialogs.goto import GoToDialog
from cubeview.gui.dialogs.header import HeaderDialog
from cubeview.gui.dialogs.score import ScoreDialog
from cubeview.gui.panels.measure import MeasurePanel
from cubeview.gui.shell.docks import Docks
from cubeview.gui.shell.sampactions import SampActions


class Bench:
    """Connects the tools, the Measure panel and the actions of one window."""

    def __init__(self, desk: Desk, docks: Docks, window: QWidget) -> None:
        self._window = window
        self.goto = GoToDialog(desk.session, window)
        self.score = ScoreDialog(desk.jobs, desk.memory, window)
        self.score.wanted.connect(desk.opening.open)
        self._desk, self._session, self._docks = desk, desk.session, docks
        self.panel: MeasurePanel = docks.panels["measure"]
        self.samp = SampActions(desk, self.panel, desk.samp)
        self.panel.saved.connect(lambda path: desk.messages.info(f"Saved {path}"))

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        return {
            "undo_placed": self._undo,
            "measure_interval": lambda on: self._take_tool("interval", on),
            "drag_lines": lambda on: self._take_tool("lines", on),
            "fit_line": self._fit_line,
            "samp": self.samp.samp.turn,
            "samp_send": self.samp.send,
            "open_catalogue": self._open_catalogue,
            "score_archive": self.score.open,
            "header": self._show_header,
            "goto": self.goto.ask,
            "apertures": self._show_apertures,
            "toggle_image": self._desk.measuring.toggle_image,
        }

    def follow(self, actions: Actions) -> None:
        """Keep the actions as the session has it."""

        def changed() -> None:
            actions.enable(self._session)
            tool = self._session.measured.tool
            actions["measure_interval"].setChecked(tool == "interval")
            actions["drag_lines"].setChecked(tool == "lines")

        samp = self._desk.samp
        samp.changed.connect(lambda: actions["samp"].setChecked(samp.on))
        self._session.measured_changed.connect(changed)
        self._session.case_changed.connect(changed)
        changed()

    def put_down(self) -> bool:
        """Put the tool in use down; tell whether there was one."""
        held = bool(self._session.measured.tool)
        self._session.set_measured(tool="")
        return held

    def _take_tool(self, tool: Tool, on: bool) -> None:
        asked = self._session.measured
        if on != (asked.tool == tool):
            shown = asked.lines_shown or (on and tool == "lines")
            self._session.set_measured(tool=tool if on else "", lines_shown=shown)
        if on:
            self._docks.show_large("measure")
            self.panel.turn_to(self.panel.lines if tool == "lines" else self.panel.interval)

    def _open_catalogue(self) -> None:
        self._docks.show_large("measure")
        self.panel.turn_to(self.panel.places)
        self.panel.places.ask()

    def _fit_line(self) -> None:
        self._docks.show_large("measure")
        self.panel.turn_to(self.panel.lines)
        self.panel.lines.fit()

    def _show_header(self) -> None:
        case = self._session.case
        if case is not None and case.main.source is not None:
            HeaderDialog(case.main.source, self._desk.jobs, self._window).show()

    def _show_apertures(self) -> None:
        self._docks.show_large("measure")
        self.panel.turn_to(self.panel.apertures)
        if not self._session.measured.shapes:
            self._session.set_measured(tool="circle")

    def _undo(self) -> None:
        self._desk.placing.undo()
        self._desk.measuring.undo()
