"""The library in the window: who reads, with which label sets, and the work done on it."""

import getpass
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.kinds import KINDS
from cubeview.library.library import Library
from cubeview.library.repair import back_up, open_library
from cubeview.library.stored import keep_thumbnail, open_stored, thumbnail, without_thumbnail
from cubeview.library.values import LabelClass, Row
from cubeview.library.worklist import rows
from cubeview.paths import data_dir

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 2000
"""How often another window's labels are looked for."""

BACK_UP_EVERY = 30
"""Labels, answers and other entries of the log after which a session is backed up again."""


@dataclass(frozen=True)
class Changes:
    """What an operation changed in the library, for all who show it.

    Parameters
    ----------
    cases : tuple of int
        These are new, or got a label or an opinion.
    all : bool
        Cases came or went: the list is to be read again.
    sets : bool
        Label sets were edited.
    found : bool
        Files that had been moved are known again where they lie now.
    pictures : bool
        Small pictures may be missing.
    """

    cases: tuple[int, ...] = ()
    all: bool = False
    sets: bool = False
    found: bool = False
    pictures: bool = False


class Records(QObject):
    """The open library; the one who tells what has changed in it.

    Attributes
    ----------
    library : Library or None
        None when it could not be opened; `problem` says why.
    news : str
        What the user must be told of its opening; empty when nothing.
    say, refuse : callable
        Tell the user something, or why what was asked could not be done.
    jobs : Jobs
        Lanes of its own: reading a large file for its hash must not hold up a network.
    start : callable
        `Jobs.start`, in the lane for what is long.

    Signals
    -------
    rows_changed()
        Cases came, or another window wrote: read the list again.
    row_changed(int)
        One case is new, or got a label or an opinion.
    pictures_changed()
        Small pictures that were missing are there.
    sets_changed()
        Label sets, the one in use, or the reader.
    reader_changed()
    blind_changed()
    files_found()
        Files that had been moved are known again where they lie now.
    """

    rows_changed = pyqtSignal()
    row_changed = pyqtSignal(int)
    pictures_changed = pyqtSignal()
    sets_changed = pyqtSignal()
    reader_changed = pyqtSignal()
    blind_changed = pyqtSignal()
    files_found = pyqtSignal()

    def __init__(
        self,
        session: Session,
        memory: SettingsFile,
        messages: MessageBar,
        questions: Questions,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._memory, self._questions = session, memory, questions
        self.say, self.refuse = messages.info, messages.error
        self.jobs = Jobs(self)
        self.start = partial(self.jobs.start, lane="train")
        self.jobs.refused.connect(self.refuse)
        session.model_changed.connect(self.rows_changed)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_EVERY_MS)
        self._look.timeout.connect(self.look)
        self.open(path)

    def open(self, path: Path | None = None) -> None:
        """Open a library file; by default the one in the user's data folder."""
        self.library: Library | None = None
        self.problem = self.news = ""
        try:
            file = path or data_dir() / "library.sqlite"
            self.library, self.news = open_library(file, self.reader)
        except CubeviewError as error:
            self.problem = str(error)
        self._version = self._data_version()
        if self.library is not None:
            self._backed_up = self.library.entries
            self._look.start()

    @property
    def reader(self) -> str:
        """Who labels in this window."""
        try:
            return self._memory.settings.reader or getpass.getuser()
        except (OSError, KeyError):
            return "reader"

    def set_reader(self, name: str) -> None:
        """Label under another name from now on; an empty one is the login name."""
        if name.strip() == self._memory.settings.reader:
            return
        self._memory.change(reader=name.strip())
        if self.library is not None:
            self.library.reader = self.reader
        self.reader_changed.emit()
        self.sets_changed.emit()
        self.rows_changed.emit()

    @property
    def blind(self) -> bool:
        """Opinions of the library are hidden until a case is labelled."""
        return self._memory.settings.blind

    def set_blind(self, on: bool) -> None:
        """Hide opinions of unlabelled cases, or show them."""
        if on != self.blind:
            self._memory.change(blind=on)
            self.blind_changed.emit()

    @property
    def label_sets(self) -> dict[str, str]:
        """The label set in use for each kind of case."""
        if self.library is None:
            return {}
        chosen = dict(
            entry.partition("=")[::2] for entry in self._memory.settings.label_sets if "=" in entry
        )
        sets = {}
        for kind in KINDS:
            known = self.library.label_sets(kind)
            if known:
                sets[kind] = chosen[kind] if chosen.get(kind) in known else known[0]
        return sets

    def set_label_set(self, kind: str, name: str) -> None:
        """Use another label set for a kind of case."""
        if self.label_sets.get(kind) == name:
            return
        kept = [e for e in self._memory.settings.label_sets if not e.startswith(f"{kind}=")]
        self._memory.change(label_sets=(*kept, f"{kind}={name}"))
        self.sets_changed.emit()
        self.rows_changed.emit()

    @property
    def label_set(self) -> str:
        """The label set for the current case; empty when there is none."""
        case = self._session.case
        return "" if case is None else self.label_sets.get(case.kind, "")

    def classes(self) -> list[LabelClass]:
        """Return the classes offered for the current case."""
        if self.library is None or not self.label_set:
            return []
        return [entry for entry in self.library.classes(self.label_set) if not entry.retired]

    def row(self, case_id: int) -> Row | None:
        """Return one case as the worklist shows it."""
        return next(iter(self.rows(case_id)), None)

    def rows(self, case_id: int | None = None) -> list[Row]:
        """Return all cases, or one, each with what the model that answers now said of it."""
        if self.library is None:
            return []
        return rows(
            self.library,
            self.label_sets,
            weights_for=lambda *about: self._questions.weights_for(self._session, *about),
            case_id=case_id,
        )

    @property
    def preferred_models(self) -> dict[str, str]:
        """Name of the model that answers in this window, by kind of case."""
        return self._questions.preferred(self._session)

    def do(self, operation: Callable[[Library], Changes | None]) -> bool:
        """Change the library and tell what changed; False where it was refused, which is said."""
        if self.library is None:
            return False
        try:
            changes = operation(self.library)
        except CubeviewError as error:
            self.refuse(str(error))
            return False
        if changes is not None:
            self.tell(changes)
        return True

    def tell(self, changes: Changes) -> None:
        """Tell what an operation changed."""
        if changes.sets:
            self.sets_changed.emit()
        if changes.found:
            self.files_found.emit()
        if changes.all:
            self.rows_changed.emit()
        for number in changes.cases:
            self.row_changed.emit(number)
        if changes.pictures:
            self._make_thumbnails()

    def remove(self, case_ids: Sequence[int]) -> None:
        """Take cases nobody has labelled out of the library; their files stay where they are."""

        def work(library: Library) -> Changes:
            kept = library.remove_cases(case_ids)
            gone = len(case_ids) - len(kept)
            text = f"{gone} cases removed; their files stay where they are." if gone else ""
            text += f" {len(kept)} were labelled once, and stay." if kept else ""
            self.say(text.strip())
            return Changes(all=True)

        self.do(work)

    def _make_thumbnails(self) -> None:
        """Make the pictures that are missing, in the background."""
        library = self.library
        if library is None:
            return

        def work(job: Job) -> int:
            missing = without_thumbnail(library)
            for done, number in enumerate(missing):
                job.report(done / len(missing), "small pictures")
                try:
                    keep_thumbnail(library, number, thumbnail(open_stored(library, number)))
                except CubeviewError:
                    log.info("no picture of case %d", number)
            return len(missing)

        self.start(
            "thumbnails",
            "Making small pictures",
            work,
            finished=lambda made: self.pictures_changed.emit() if made else None,
        )

    def look(self) -> None:
        """Read again if another window wrote, back up what was written, notice a file moved."""
        library = self.library
        try:
            if library is not None:
                library.check_place()
        except CubeviewError as error:
            self._look.stop()
            self.refuse(str(error))
            return
        version = self._data_version()
        if version != self._version:
            self._version = version
            self.rows_changed.emit()
        if library is not None and library.entries >= self._backed_up + BACK_UP_EVERY:
            self._backed_up = library.entries
            self.jobs.start("backup", "Backing up the library", lambda job: back_up(library))

    def close(self) -> bool:
        """Stop the work and close the file; False when some work did not stop in time."""
        self._look.stop()
        stopped = self.jobs.close()
        if self.library is not None and stopped:
            try:
                back_up(self.library)
            except (CubeviewError, OSError):
                log.warning("the library could not be backed up on closing")
            self.library.close()
            self.library = None
        return stopped

    def _data_version(self) -> int:
        return 0 if self.library is None else self.library.version
