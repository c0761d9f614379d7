"""The main window: builds views, panels and menus around one session, and nothing more."""

import traceback
from pathlib import Path

from PyQt6.QtCore import QSize, Qt, QUrl
from PyQt6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QFileDialog, QMainWindow, QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.gui.desk import questions
from cubeview.gui.desk.actions import Actions
from cubeview.gui.desk.copying import Copying
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.library_cases import Shelf
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.opening import Opening, dropped_paths
from cubeview.gui.desk.placing import Placing
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.samples import samples
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.subject import Subject
from cubeview.gui.dialogs import guesses
from cubeview.gui.dialogs.about import AboutDialog
from cubeview.gui.dialogs.choosing import Chooser
from cubeview.gui.dialogs.library_dialogs import Boxes
from cubeview.gui.dialogs.models import ModelsDialog
from cubeview.gui.dialogs.sheets import RESEARCH_USE, BugDialog, keys_sheet
from cubeview.gui.dialogs.spectral import SpectralDialog
from cubeview.gui.panels.cases import CasesPanel
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.gui.panels.labels import LabelPanel
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.predict import PredictPanel
from cubeview.gui.panels.sources import SourcesPanel
from cubeview.gui.panels.teach import TeachPanel
from cubeview.gui.panels.ventricle import VentricleStrip
from cubeview.gui.panels.worklist import WorklistPanel
from cubeview.gui.shell.docks import add_docks, fill_menus
from cubeview.gui.shell.middle import Middle
from cubeview.gui.shell.startpage import StartPage
from cubeview.gui.shell.statusline import StatusLine
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.widgets.theme import ThemeName, theme
from cubeview.kinds import kind_of
from cubeview.paths import data_dir

SIZE = (1440, 900)
WIDE_PX = 1280
HIGH_PX = 860
LAYOUT_VERSION = 2
_LEFT = Qt.DockWidgetArea.LeftDockWidgetArea


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
        self.session = Session(self)
        self.jobs = Jobs(self)
        self.memory = memory or SettingsFile()
        self.stopped = True
        self.messages = MessageBar()
        self._bugs: BugDialog | None = None
        shipped = samples()
        self.opening = Opening(self.session, self.jobs, self.messages, self.memory, self)
        self.ortho = OrthoView(self.session)
        self.copying = Copying(self.session, self.jobs, self.memory, self.messages, self)
        self.start_page = StartPage(shipped)
        self.cases = CasesPanel(self.session, shipped)
        self.predict = PredictPanel(self.session, self.jobs)
        self.explain = ExplainPanel(self.session, self.jobs, self.memory)
        self.notes = NotesPanel(self.session, self.memory)
        self.records = Records(self.session, self.memory, library, self)
        self.subject = Subject(self.session, self.records, self)
        self.shelf = Shelf(self.session, self.records, self.subject, self)
        self.labelling = Labelling(self.session, self.records, self.subject, self)
        self.worklist = WorklistPanel(self.records, self.subject, self.shelf, self.memory)
        self.labels = LabelPanel(self.session, self.records, self.subject, self.labelling)
        self.boxes = Boxes(self.records, self.shelf, self.memory, self.messages, self)
        for entry in self.memory.settings.default_models:
            self.session.set_default_model(*entry.partition("=")[::2])
        self.teach = TeachPanel(
            self.session, self.jobs, lambda: self.records.library, self._last_folder
        )
        self.models = ModelsDialog(self.session, self.jobs, self.memory, self)
        self.placing = Placing(self.session, self.jobs, self)
        self.sources = SourcesPanel(self.session, self.jobs, self._last_folder)
        self.status_line = StatusLine(self.session, self.jobs)
        self.actions_table = Actions(self, self.ortho)
        self.setCentralWidget(self._central())
        self.docks = add_docks(self)
        self.recent_menu = fill_menus(self)
        self.setStatusBar(self.status_line)
        self._connect()
        screen = self.screen()
        if room is None:
            room = screen.availableSize() if screen is not None else QSize(*SIZE)
        self.resize(QSize(*SIZE).boundedTo(room))
        # On a small screen the pictures come first; the View menu brings the panel back.
        self.docks["display"].setVisible(room.width() >= WIDE_PX)
        if room.height() < HIGH_PX:
            self.tabifyDockWidget(self.docks["notes"], self.docks["labels"])
            self.docks["explain"].raise_()
        if room.width() < WIDE_PX:
            for name, dock in self.docks.items():
                if name != "display" and self.dockWidgetArea(dock) == _LEFT:
                    self.tabifyDockWidget(self.docks["classify"], dock)
            self.docks["classify"].raise_()
        self._factory_layout = self.saveState(LAYOUT_VERSION)
        layout = self.memory.layout()
        if layout is not None:
            self.restoreGeometry(layout[0])
            self.restoreState(layout[1], LAYOUT_VERSION)
        self._case_changed()
        self._recent_changed()
        for said in filter(None, (self.records.news, self.records.problem)):
            self.messages.warn(said)
        if not self.memory.settings.research_use_seen:
            self.messages.show_message(
                "warn",
                RESEARCH_USE,
                button="Understood",
                done=lambda: self.memory.change(research_use_seen=True),
            )

    def show_error(self, error: BaseException) -> None:
        """Show an exception: what the user can act on in the bar, a bug in its own dialog."""
        if isinstance(error, CubeviewError):
            self.messages.error(str(error))
            return
        if self._bugs is None:
            self._bugs = BugDialog(self)
        self._bugs.add("".join(traceback.format_exception(error)))

    def take_files(self, paths: list[Path]) -> None:
        """Open files that came from outside the window, and bring it to the front."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        self.opening.open(paths)

    def close_case(self) -> None:
        """Take the current case off the window."""
        if self.session.case is not None:
            self.session.remove_case(self.session.case)

    def cancel_jobs(self) -> None:
        """Cancel all running work."""
        for job in (*self.jobs.running(), *self.records.jobs.running()):
            job.cancel()
        self.status_line.cancel()

    def show_notes(self) -> None:
        """Bring the About-this-cube panel to the front."""
        self.docks["notes"].show()
        self.docks["notes"].raise_()

    def show_teach(self) -> None:
        """Bring the Teach panel to the front, with room, and read the labels anew."""
        dock = self.docks["teach"]
        dock.show()
        dock.raise_()
        self.teach.refresh()
        self.resizeDocks([self.docks["classify"], dock], [150, 700], Qt.Orientation.Vertical)
        self.resizeDocks([dock], [380], Qt.Orientation.Horizontal)

    def ask_spectral(self) -> None:
        """Ask how the spectral axis is to be shown."""
        if self.session.case is not None:
            SpectralDialog(self.session, self.session.case, self).show()

    def ask_guesses(self) -> None:
        """Ask what the user knows better than the reader could guess."""
        if not guesses.ask(self.session, self):
            self.show_notes()

    def search_sources(self) -> None:
        """Search the current sky cube, and show the panel that lists what is found."""
        self.docks["sources"].show()
        self.docks["sources"].raise_()
        self.sources.run()

    def show_keys(self) -> None:
        """Show the key list."""
        keys_sheet(self).show()

    def show_about(self) -> None:
        """Show what CubeView is and what it is made of."""
        AboutDialog(self, self.jobs).show()

    def open_models_folder(self) -> None:
        """Show the folder of the user's own models in the file manager."""
        folder = data_dir() / "models"
        folder.mkdir(exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def set_full_screen(self, full: bool) -> None:
        """Fill the screen, or go back."""
        state = self.windowState()
        flag = Qt.WindowState.WindowFullScreen
        self.setWindowState(state | flag if full else state & ~flag)

    def reset_layout(self) -> None:
        """Put all docks back where they were on the first start."""
        self.restoreState(self._factory_layout, LAYOUT_VERSION)

    def set_theme(self, name: ThemeName) -> None:
        """Change the theme and remember it."""
        self.memory.change(theme=name)
        theme(name)

    def ask_picture(self) -> None:
        """Ask where to write a picture of the window, and write it."""
        dialog = QFileDialog(self, "Save picture", self.memory.settings.folder, "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.save_picture(Path(name)))
        dialog.open()

    def save_picture(self, path: Path) -> None:
        """Write a picture of the window, without the patient's name, or say why not."""
        with self.notes.identifiers.covered():
            picture = self.grab()
        if picture.save(str(path), "PNG"):
            self.messages.info(f"Saved {path}")
        else:
            self.messages.error(f"{path}: cannot be written. Choose another folder.")

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
        """Keep the layout, stop the work, then go."""
        self.memory.save_layout(self.saveGeometry(), self.saveState(LAYOUT_VERSION))
        self.ortho.stop()
        kept = self.records.close()
        self.stopped = self.jobs.close() and kept
        super().closeEvent(event)

    def _central(self) -> QWidget:
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(2, 6, 2, 6)
        layout.setSpacing(6)
        self.stack = Middle(self.session, self.opening, self.start_page, self.ortho)
        layout.addWidget(self.messages)
        layout.addWidget(VentricleStrip(self.session, self.placing))
        layout.addWidget(self.stack, 1)
        return central

    def _connect(self) -> None:
        self.session.case_changed.connect(self._case_changed)
        self.session.overlay_changed.connect(self._enable)
        self.status_line.watch(self.records.jobs)
        self.records.failed.connect(self.show_error)
        self.records.told.connect(self.messages.info)
        self.labelling.written.connect(self._label_written)
        self.labels.window_wanted.connect(self.shelf.go_to)
        self.labels.edit_wanted.connect(self.boxes.edit_sets)
        self.worklist.folder_wanted.connect(self.boxes.ask_folder)
        self.placing.redo.connect(self._ask_again)
        self.placing.problem.connect(self.messages.warn)
        self.placing.changed.connect(self._enable)
        self.session.adjusting_changed.connect(
            lambda: self.actions_table["adjust"].setChecked(self.session.adjusting)
        )
        self.jobs.failed.connect(lambda job, error: self.show_error(error))
        self.predict.broke.connect(self.show_error)
        self.explain.broke.connect(self.show_error)
        self.teach.broke.connect(self.show_error)
        self.teach.kept.connect(self.models.was_kept)
        self.teach.kept.connect(lambda ref, _: self.messages.info(f"Kept the model {ref.name}."))
        self.models.broke.connect(self.show_error)
        self.models.models_changed.connect(self.teach.refresh)
        self.sources.broke.connect(self.show_error)
        self.sources.saved.connect(lambda path: self.messages.info(f"Saved {path}"))
        self.explain.saved.connect(lambda path: self.messages.info(f"Saved {path}"))
        self.cases.wanted.connect(self._open_known)
        self.start_page.wanted.connect(self.open_sample)
        self.start_page.files_wanted.connect(self.opening.ask_files)
        self.start_page.folder_wanted.connect(self.opening.ask_folder)
        self.opening.recent_changed.connect(self._recent_changed)
        self.opening.choice_wanted.connect(lambda cases: Chooser(self.session, cases, self).show())
        self.status_line.guesses_wanted.connect(self.ask_guesses)
        self.notes.forgot.connect(self.messages.warn)
        self.status_line.unreadable.connect(self.messages.error)
        self.ortho.beating_changed.connect(self.actions_table["beat"].setChecked)
        self.ortho.playing_changed.connect(self.actions_table["play"].setChecked)

    def _last_folder(self) -> str:
        return self.memory.settings.folder

    def _label_written(self, text: str) -> None:
        # A panel behind another one is visible to Qt; what the user sees of it is not.
        if self.labels.visibleRegion().isEmpty() and self.worklist.visibleRegion().isEmpty():
            self.messages.info(text)

    def open_sample(self, paths: list[Path], _checked: bool = False) -> None:
        """Open files shipped with the program; they are not remembered as recent."""
        self.opening.open(paths, remember=False)

    def _open_known(self, paths: list[Path]) -> None:
        shipped = any(list(sample.paths) == paths for sample in samples())
        self.opening.open(paths, remember=not shipped)

    def _case_changed(self) -> None:
        case = self.session.case
        self.setWindowTitle("CubeView" if case is None else f"{case.name} – CubeView")
        self._enable()
        if case is None:
            self.jobs.cancel("ventricle")
        elif case.question:
            self.show_notes()
        if case is not None and kind_of(case).ventricle and not self.session.ventricles:
            self._find_ventricles(case)

    def _find_ventricles(self, case: Case) -> None:
        def work(job: Job) -> object:
            return questions.ventricles_of(case, report=job.report)

        self.jobs.start(
            "ventricle",
            "Finding the left ventricle",
            work,
            finished=lambda found: self.session.set_ventricles(case, found),
        )

    def _ask_again(self, method: str) -> None:
        """Ask for what the last geometry had been asked; a map brings its answer with it."""
        if method == "CAM":
            self.explain.run_cam()
        else:
            self.predict.run()

    def _enable(self) -> None:
        case = self.session.case
        have = {"case"} if case is not None else set()
        have |= {"heart"} if self.session.ventricles else set()
        have |= {"pair"} if case is not None and len(case.cubes) > 1 else set()
        have |= {"spectral"} if case and case.main.axes[0].kind == "spectral" else set()
        have |= {"sky"} if case is not None and kind_of(case).window_px else set()
        have |= {"gated"} if case is not None and case.gates else set()
        have |= {"overlay"} if self.session.overlay is not None else set()
        self.actions_table.enable(have)
        self.actions_table["undo_ventricle"].setEnabled(self.placing.can_undo)

    def _recent_changed(self) -> None:
        recent = self.opening.recent()
        self.cases.set_recent(recent)
        self.recent_menu.clear()
        for title, paths in recent:
            action = self.recent_menu.addAction(title)
            assert action is not None
            action.triggered.connect(lambda _=False, paths=paths: self.opening.open(paths))
        self.recent_menu.addSeparator()
        clear = self.recent_menu.addAction("Clear the list")
        assert clear is not None
        clear.triggered.connect(self.opening.forget_recent)
        self.recent_menu.setEnabled(bool(recent))
