"""The main window: builds what there is around one desk and connects it, and nothing more."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PyQt6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from cubeview.errors import CubeviewError
from cubeview.gui.desk import stopping
from cubeview.gui.desk.actions import Actions
from cubeview.gui.desk.desk import Desk
from cubeview.gui.desk.opening import dropped_paths
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.samples import samples
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.dialogs import guesses, spectral
from cubeview.gui.dialogs.about import AboutDialog
from cubeview.gui.dialogs.choosing import ChoosingDialog
from cubeview.gui.dialogs.library_dialogs import LibraryDialogs
from cubeview.gui.dialogs.models import ModelsDialog
from cubeview.gui.dialogs.sheets import RESEARCH_USE, BugDialog
from cubeview.gui.panels.cases import CasesPanel
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.gui.panels.labels import LabelPanel
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.pairing import PairStrip
from cubeview.gui.panels.predict import PredictPanel
from cubeview.gui.panels.reading import ReadingPanel
from cubeview.gui.panels.sources import SourcesPanel
from cubeview.gui.panels.teach import TeachPanel
from cubeview.gui.panels.ventricle import VentricleStrip
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.gui.shell import letters, manual, support
from cubeview.gui.shell.bench import Bench
from cubeview.gui.shell.docks import Docks
from cubeview.gui.shell.menus import Menus
from cubeview.gui.shell.pages import Pages
from cubeview.gui.shell.readingroom import ReadingRoom
from cubeview.gui.shell.startpage import StartPage
from cubeview.gui.shell.statusline import StatusLine
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.basic import keep_out, picture_of
from cubeview.gui.widgets.files import ask_save, save_png
from cubeview.kinds import kind_of
from cubeview.learn.explain.methods import EXPLAINERS

SIZE = QSize(1440, 900)


class Window(QMainWindow):
    """CubeView's one window.

    Parameters
    ----------
    memory : SettingsFile, optional
        What was remembered; read from the user's data folder by default.
    library : Path, optional
        The library file; by default the one in the user's data folder.
    room : QSize, optional
        What the screen leaves for the window; by default as measured.

    Attributes
    ----------
    stopped : bool
        After closing: all work has stopped. False when a thread is still at it.
    """

    def __init__(
        self,
        memory: SettingsFile | None = None,
        library: Path | None = None,
        room: QSize | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setAcceptDrops(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.stopped = True
        self._leaving = False
        self._bugs: BugDialog | None = None
        desk = self.desk = Desk(self, memory or SettingsFile(), Questions(), library)
        self._warned = desk.memory.settings.research_use_seen
        self.session, self.jobs, self.memory = desk.session, desk.jobs, desk.memory
        self.records, self.messages, self.opening = desk.records, desk.messages, desk.opening
        self.ortho = OrthoView(desk.session)
        self.start_page = StartPage(samples())
        self.pages = Pages(desk.session, desk.opening, self.start_page, self.ortho)
        self.status_line = StatusLine(desk.session, desk.jobs)
        self.status_line.watch(desk.records.jobs)
        self.setStatusBar(self.status_line)
        self.pair_strip = PairStrip(desk.session)
        self.setCentralWidget(self._central())
        self.docks = Docks(self, desk)
        panels = self.docks.panels
        self.cases: CasesPanel = panels["cases"]
        self.worklist: WorklistPanel = panels["library"]
        self.predict: PredictPanel = panels["classify"]
        self.explain: ExplainPanel = panels["explain"]
        self.notes: NotesPanel = panels["notes"]
        self.labels: LabelPanel = panels["labels"]
        self.reading: ReadingPanel = panels["reading"]
        self.teach: TeachPanel = panels["teach"]
        self.sources: SourcesPanel = panels["sources"]
        self.bench = Bench(desk, self.docks, self)
        self.room = ReadingRoom(desk, self.docks, self.ortho, self)
        self.models = ModelsDialog(desk.session, desk.jobs, desk.memory, self)
        self.library_dialogs = LibraryDialogs(desk, self)
        self.actions_table = Actions(self, self.ortho, self._handlers())
        self.menus = Menus(self, self.actions_table, self.docks, desk)
        for shows_paths in (
            self.messages,
            self.status_line.job_text,
            self.pages.preview_page.words,
        ):
            keep_out(shows_paths)
        self._connect()
        self.actions_table["rows"].setChecked(desk.memory.settings.rows_shown)
        screen = self.screen()
        if room is None:
            room = screen.availableSize() if screen is not None else SIZE
        self.resize(SIZE.boundedTo(room))
        self.docks.arrange(room)
        self._case_changed()

    def show_error(self, error: BaseException) -> None:
        """Show an exception nobody caught: a bug, or what the user can act on."""
        if isinstance(error, CubeviewError):
            self.messages.error(str(error))
        else:
            self._report(error)

    def take_files(self, paths: list[Path]) -> None:
        """Open files that came from outside the window, and bring it to the front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        self.opening.open(paths)

    def save_picture(self, path: Path) -> None:
        """Write a picture of the window without the patient's name, or say why not."""
        with self.notes.identifiers.covered():
            picture = picture_of(self)
        try:
            save_png(picture, path)
        except CubeviewError as error:
            self.messages.error(str(error))
        else:
            self.messages.info(f"Saved {path}")

    def focusNextPrevChild(self, next: bool) -> bool:
        """Pass the keyboard on: past panels behind others, and to the views where Qt would give it
        to whatever comes next because what had it has gone.
        """
        held = self.focusWidget()
        if held is not None and not (held.isVisible() and held.isEnabled()):
            self.ortho.take_keys()
            return True
        first: QWidget | None = None
        while super().focusNextPrevChild(next):
            here = self.focusWidget()
            if here is None or here is first or not self.docks.is_behind(here):
                return True
            first = first or here
        return False

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let the views answer keys that nothing else has."""
        if event is not None and self.focusWidget() is None:
            self.ortho.answer(event)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take files and folders."""
        if event is not None and dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open what was dropped."""
        if event is not None and (paths := dropped_paths(event.mimeData())):
            event.acceptProposedAction()
            self.opening.open(paths)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Keep the layout, stop the work, then go; long work is asked about first."""
        lanes = (self.desk.jobs, self.desk.records.jobs)
        lost = [job for jobs in lanes for job in jobs.running() if stopping.is_long(job)]
        if lost and event is not None and not self._leaving:
            event.ignore()
            stopping.ask(lost, "Leave CubeView?", self._leave, self)
            return
        self.docks.keep()
        self.ortho.stop()
        self.stopped = self.desk.close()
        super().closeEvent(event)

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    def _central(self) -> QWidget:
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(2, 6, 2, 6)
        layout.setSpacing(6)
        layout.addWidget(self.messages)
        layout.addWidget(self.pair_strip)
        layout.addWidget(VentricleStrip(self.session, self.desk.placing))
        layout.addWidget(self.pages, 1)
        return central

    def _handlers(self) -> dict[str, Callable[..., object]]:
        """Return what each action does."""
        desk, docks, ortho, explain = self.desk, self.docks, self.ortho, self.explain
        placing, labelling, library = desk.placing, desk.labelling, self.library_dialogs
        return {
            "open": desk.opening.ask_files,
            "open_folder": desk.opening.ask_folder,
            "close_case": desk.session.close_case,
            "save_map": explain.save,
            "save_picture": self._ask_picture,
            "quit": self.close,
            "fit": ortho.fit,
            "rows": self._show_rows,
            "full_screen": self._set_full_screen,
            **letters.handlers(self, desk.memory, ortho),
            "reset_layout": docks.reset,
            "close_top": self._close_top,
            "next_case": partial(self.cases.step, 1),
            "previous_case": partial(self.cases.step, -1),
            "play": ortho.play,
            "beat": ortho.beat,
            "aperture": ortho.toggle_aperture,
            "aperture_mean": ortho.toggle_mean,
            "swap": self.notes.swap,
            "unpair": self.notes.unpair,
            "white": ortho.toggle_white,
            "spectral_axis": lambda: spectral.ask(desk.session, self),
            "guesses": self._ask_guesses,
            "adjust": desk.session.set_adjusting,
            "fit_again": placing.fit_again,
            "about_cube": lambda: docks.show("notes"),
            "predict": self.predict.run,
            **{key: partial(explain.run, key) for key in EXPLAINERS},
            "toggle_map": explain.toggle,
            "fainter": partial(explain.change_opacity, -0.1),
            "stronger": partial(explain.change_opacity, 0.1),
            "teach": self._show_teach,
            "models": self.models.open,
            "unsure": labelling.unsure,
            "quality": labelling.flag_quality,
            "undo": labelling.undo,
            "redo": labelling.redo,
            "next_unlabelled": self.worklist.next,
            "back": desk.library_cases.back,
            "add_to_library": labelling.add_current,
            "import_folder": library.ask_folder,
            "import_labels": library.ask_import,
            "export_labels": library.ask_export,
            "label_sets": library.edit_sets,
            "agreement": library.show_agreement,
            "paint": self._paint,
            **docks.panels["masks"].handlers(),
            "search": self._search,
            "cancel_jobs": self.status_line.cancel_all,
            "cache_size": desk.copying.ask_size,
            "models_folder": support.open_models_folder,
            **manual.handlers(self, desk, docks),
            "report": lambda: support.copy_report(desk.messages),
            "about": lambda: AboutDialog(self, desk.jobs).show(),
            **self.bench.handlers(),
            **self.room.handlers(),
        }

    def _connect(self) -> None:
        desk, session, messages = self.desk, self.session, self.messages
        actions, panels = self.actions_table, self.docks.panels
        for jobs in (desk.jobs, desk.records.jobs, self.ortho.jobs):
            jobs.broke.connect(self._report)
        for signal in (session.case_changed, session.overlay_changed, desk.placing.changed):
            signal.connect(lambda: actions.enable(session))
        self.bench.follow(actions)
        session.case_changed.connect(self._case_changed)
        session.adjusting_changed.connect(self._adjusting_changed)
        desk.labelling.written.connect(self._label_written)
        # A map brings its answer with it.
        desk.placing.redo.connect(
            lambda method: self.explain.run(method) if method == "CAM" else self.predict.run()
        )
        desk.opening.recent_changed.connect(lambda: self.cases.set_recent(desk.opening.recent()))
        desk.opening.choice_wanted.connect(
            lambda cases: ChoosingDialog(session, cases, self).show()
        )
        self.labels.window_wanted.connect(desk.library_cases.go_to)
        self.labels.edit_wanted.connect(self.library_dialogs.edit_sets)
        self.reading.discs.left.connect(self.ortho.take_keys)
        self.worklist.folder_wanted.connect(self.library_dialogs.ask_folder)
        self.teach.opened.connect(desk.library_cases.show)
        self.teach.kept.connect(self.models.was_kept)
        self.teach.kept.connect(lambda ref, _: messages.info(f"Kept the model {ref.name}."))
        for saved in (self.sources.saved, self.explain.saved, panels["masks"].saved):
            saved.connect(lambda path: messages.info(f"Saved {path}"))
        self.cases.wanted.connect(desk.opening.open_known)
        self.cases.set_recent(desk.opening.recent())
        self.start_page.wanted.connect(desk.opening.open_known)
        self.start_page.files_wanted.connect(desk.opening.ask_files)
        self.start_page.folder_wanted.connect(desk.opening.ask_folder)
        self.notes.forgot.connect(messages.warn)
        self.notes.said.connect(messages.info)
        self.pair_strip.unpair_wanted.connect(self.notes.unpair)
        self.status_line.guesses_wanted.connect(self._ask_guesses)
        self.status_line.unreadable.connect(messages.error)
        self.ortho.beating_changed.connect(actions["beat"].setChecked)
        self.ortho.playing_changed.connect(actions["play"].setChecked)
        self.ortho.pointed.connect(self.status_line.point)

    def _adjusting_changed(self) -> None:
        on = self.session.adjusting
        self.actions_table["adjust"].setChecked(on)
        if on:  # on planes: rows show no handles
            self.actions_table["rows"].setChecked(False)

    def _show_rows(self, on: bool) -> None:
        if on:
            self.session.set_adjusting(False)
        self.ortho.show_rows(on)
        self.memory.change(rows_shown=on)

    def _report(self, error: BaseException) -> None:
        if self._bugs is None:
            self._bugs = BugDialog(self)
        self._bugs.add(error)

    def _case_changed(self) -> None:
        case = self.session.case
        self.setWindowTitle("CubeView" if case is None else f"{case.name} – CubeView")
        self.actions_table.enable(self.session)
        if case is not None and kind_of(case).patient and not self._warned:
            self._warn()
        if case is not None and case.question:
            self.docks.show("notes")

    def _warn(self) -> None:
        """Say what the program is for when the first scan of a patient is shown."""
        self._warned = True
        seen = partial(self.memory.change, research_use_seen=True)
        self.messages.show_message("warn", RESEARCH_USE, button="Understood", done=seen)

    def _ask_picture(self) -> None:
        folder = self.memory.settings.folder
        ask_save(self, "Save picture", folder, self.save_picture, names="PNG (*.png)")

    def _ask_guesses(self) -> None:
        if not guesses.ask(self.session, self):
            self.docks.show("notes")

    def _show_teach(self) -> None:
        self.docks.show_large("teach")
        self.teach.refresh()

    def _paint(self) -> None:
        self.docks.show("masks")
        self.docks.panels["masks"].toggle()
        if self.session.painting.brush.on:  # on planes: rows are cut anew and take no paint
            self.actions_table["rows"].setChecked(False)

    def _search(self) -> None:
        self.docks.show("sources")
        self.sources.run()

    def _close_top(self) -> None:
        """Close what lies uppermost; work goes on."""
        said = [message for message in self.messages.messages() if not message.asks]
        if self.ortho.playing or self.actions_table["beat"].isChecked():
            self.ortho.play(False)
            self.ortho.beat(False)
        elif self.session.adjusting:
            self.session.set_adjusting(False)
        elif self.bench.put_down():
            pass
        elif said:
            said[0].dismiss()
        elif self.isFullScreen():
            self.actions_table["full_screen"].setChecked(False)

    def _set_full_screen(self, full: bool) -> None:
        state, flag = self.windowState(), Qt.WindowState.WindowFullScreen
        self.setWindowState(state | flag if full else state & ~flag)

    def _label_written(self, text: str) -> None:
        # A panel behind another one is visible to Qt; what the user sees of it is not. One label in
        # the place of another is said in any case.
        panels = (self.labels, self.worklist, self.reading)
        if "→" in text or all(panel.visibleRegion().isEmpty() for panel in panels):
            self.messages.info(text)
