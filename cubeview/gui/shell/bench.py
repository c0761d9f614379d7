"""What the window does to measure: a sky cube by its tools, an archive by a model."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtWidgets import QWidget

from cubeview.cubes.case import Case
from cubeview.gui.desk.actions import Actions
from cubeview.gui.desk.contours import SkyLines, lines_of
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.figures import CONTOURS, figure_of
from cubeview.gui.desk.jobs import Job
from cubeview.gui.desk.measured import Tool
from cubeview.gui.dialogs.goto import GoToDialog
from cubeview.gui.dialogs.header import HeaderDialog
from cubeview.gui.dialogs.score import ScoreDialog
from cubeview.gui.dialogs.smoothing import SmoothingDialog
from cubeview.gui.panels.measure import MeasurePanel
from cubeview.gui.shell.docks import Docks
from cubeview.gui.shell.sampactions import SampActions
from cubeview.gui.widgets.figure import write_figure
from cubeview.gui.widgets.files import ask_save
from cubeview.io.export.fits import write_cube

_MOST_MAPS = 25


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
            "draw_path": lambda on: self._take_tool("path", on),
            "fit_line": self._fit_line,
            "samp": self.samp.samp.turn,
            "samp_send": self.samp.send,
            "open_catalogue": self._open_catalogue,
            "smooth": self._smooth,
            "save_cube": self._ask_cube,
            "save_channels": self._ask_channels,
            "match": self._desk.matching.turn,
            "blink": self._desk.matching.blink,
            "contours": self._lay_contours,
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
            actions["draw_path"].setChecked(tool == "path")

        matching = self._desk.matching
        matching.changed.connect(lambda: actions["match"].setChecked(matching.on))
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
            pages = {"lines": self.panel.lines, "path": self.panel.path}
            self.panel.turn_to(pages.get(tool, self.panel.interval))

    def _open_catalogue(self) -> None:
        self._docks.show_large("measure")
        self.panel.turn_to(self.panel.places)
        self.panel.places.ask()

    def _fit_line(self) -> None:
        self._docks.show_large("measure")
        self.panel.turn_to(self.panel.lines)
        self.panel.lines.fit()

    def _lay_contours(self, on: bool) -> None:
        session, case = self._session, self._session.case
        if not on or case is None or case.main.wcs is None:
            session.contours.show(None)
            return
        cube, image, z = case.main, session.measured.seen, session.cursor[0]
        white = session.shown.white_plane if session.white else None

        def work(job: Job) -> SkyLines:
            if image is not None:
                return lines_of(cube, image.values, f"{case.name}, {image.name}")
            plane = cube.plane(0, z) if white is None else white
            return lines_of(cube, plane, case.name)

        self._desk.jobs.start(
            "contours", "Drawing contours", work, finished=session.contours.show,
            failed=self._desk.messages.error,
        )  # fmt: skip

    def _smooth(self) -> None:
        if self._session.case is not None:
            SmoothingDialog(self._session, self._session.case, self._window).show()

    def _ask_cube(self) -> None:
        case = self._session.case
        if case is not None:
            folder = self._desk.memory.settings.folder
            write = partial(self.save_cube, case)
            ask_save(self._window, "Save cube", folder, write, names="FITS (*.fits)",
                     name="cube.fits")  # fmt: skip

    def save_cube(self, case: Case, path: Path) -> None:
        """Write a cube as it is shown, with noise, mask and what was done, in the background."""
        hashes = self._session.hashes_of(case) or {}
        source = [f"source SHA-256 {digest}" for digest in sorted(set(hashes.values()))]
        history = [*source, *(note.text for note in case.notes if note.level == "info")]

        def work(job: Job) -> None:
            write_cube(case.main, path, history=history, report=job.report)

        messages = self._desk.messages
        self._desk.jobs.start(
            "save cube", "Saving the cube", work,
            finished=lambda _: messages.info(f"Saved {path}"), failed=messages.error,
        )  # fmt: skip

    def _ask_channels(self) -> None:
        folder = self._desk.memory.settings.folder
        ask_save(
            self._window, "Save channel maps", folder, self.save_channels,
            names="PDF (*.pdf);;PNG (*.png)", name="channels.pdf",
        )  # fmt: skip

    def save_channels(self, path: Path) -> None:
        """Write maps of the interval, or of all channels, side by side, in the background."""
        session, case = self._session, self._session.case
        if case is None:
            return
        cube, contours = case.main, CONTOURS
        axis = cube.axes[0].values
        low, high = session.measured.interval or (float(axis.min()), float(axis.max()))

        def work(job: Job) -> Path:
            from cubeview.measure.sky.channel_maps import channel_maps
            from cubeview.measure.sky.interval import channels_in

            every = -(-int(channels_in(cube, low, high).sum()) // _MOST_MAPS)
            made = channel_maps(cube, low, high, every, report=job.report)
            levels = [made.noise * sigma for sigma in contours]
            write_figure(figure_of(cube, made, levels, 0, case.name), path)
            return path

        messages = self._desk.messages
        self._desk.jobs.start(
            "save channels", "Saving channel maps", work,
            finished=lambda _: messages.info(f"Saved {path}"), failed=messages.error,
        )  # fmt: skip

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
