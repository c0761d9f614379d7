"""The way from files to cases on the screen: dialogs, drops, recent files, refusals."""

from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

from PyQt6.QtCore import QMimeData, QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QWidget

from cubeview.cubes.case import Case
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.samples import samples
from cubeview.gui.desk.saved import is_session
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.files import FILES, FOLDER, ask_open
from cubeview.io import Opened, Preview, Refusal, chosen_together, nothing_in, open_paths
from cubeview.kinds import kind_of
from cubeview.library.cases import after_a_file
from cubeview.plain import one_line_of

SAID_ONE_BY_ONE = 3
CHOOSE_FROM = 4
"""A file with this many cubes or more is asked about; fewer are all opened."""


class Opening(QObject):
    """Opens files in the background and puts what came of it into the session.

    Signals
    -------
    recent_changed()
    preview_changed()
        There is another `preview`, or none any more.
    choice_wanted(list)
        One file holds so many cases that the user has to say which are wanted.
    session_wanted(object)
        The path of a saved session.

    Attributes
    ----------
    preview : Preview or None
        One plane of a compressed file that is being opened. It goes with its opening.
    """

    recent_changed = pyqtSignal()
    preview_changed = pyqtSignal()
    choice_wanted = pyqtSignal(list)
    session_wanted = pyqtSignal(object)

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        messages: MessageBar,
        memory: SettingsFile,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session, self._jobs, self._messages, self._memory = session, jobs, messages, memory
        self._window = parent
        self._numbers = count()
        self.preview: Preview | None = None
        self._preview_of: Job | None = None

    def open(self, paths: Sequence[Path], *, remember: bool = True) -> Job | None:
        """Open files and folders; the first new case becomes the current one.

        None where all are saved sessions, which others open.
        """
        wanted = []
        for path in paths:
            if is_session(path):
                self.session_wanted.emit(path)
            else:
                wanted.append(path)
        if not wanted:
            return None
        name = one_line_of(wanted[0].name, 40) if len(wanted) == 1 else f"{len(wanted)} files"
        # Each request is a kind of its own: a second drop must not cancel the first.
        job = self._jobs.start(
            f"open {next(self._numbers)}",
            f"Opening {name}",
            lambda job: chosen_together(
                open_paths(wanted, report=job.report, first=job.emit_partial), wanted
            ),
            finished=lambda opened: self._take(wanted, opened, remember),
            partial=lambda preview: self._set_preview(preview, job),
        )
        job.ended.connect(lambda: self._drop_preview(job))
        return job

    def open_known(self, paths: list[Path]) -> Job | None:
        """Open files offered by the window; those shipped with the program are not remembered."""
        return self.open(paths, remember=all(list(known.paths) != paths for known in samples()))

    def ask_files(self) -> None:
        """Ask for files and open them."""
        ask_open(self._window, "Open files", self._memory.settings.folder, self.open, mode=FILES)

    def ask_folder(self) -> None:
        """Ask for a folder and open what is in it."""
        ask_open(self._window, "Open folder", self._memory.settings.folder, self.open, mode=FOLDER)

    def recent(self) -> tuple[tuple[str, list[Path]], ...]:
        """Return title and paths of what was opened lately, the newest first."""
        found = []
        for paths, title in zip(self._memory.recent(), self._memory.titles(), strict=True):
            more = f" + {len(paths) - 1} more" if paths[1:] and not title else ""
            found.append((one_line_of(title or paths[0].name) + more, paths))
        return tuple(found)

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self._memory.change(recent=(), recent_titles=())
        self.recent_changed.emit()

    def _set_preview(self, preview: Preview | None, job: Job | None) -> None:
        self.preview, self._preview_of = preview, job
        self.preview_changed.emit()

    def _drop_preview(self, job: Job) -> None:
        if job is self._preview_of:
            self._set_preview(None, None)

    def _take(self, paths: list[Path], opened: Opened, remember: bool) -> None:
        new: list[Case] = []
        for case in opened.cases:
            former = self._same_source(case)
            if former is None:
                new.append(case)
            else:  # opened once more: the file may have changed
                self._session.replace_case(former, case)
        many, few = sorted_out(new)
        self._session.add_cases(tuple(few))
        for cases in many:
            self.choice_wanted.emit(cases)
        shown = [case for case in opened.cases if not any(case is c for m in many for c in m)]
        if shown:
            self._session.set_case(shown[0])
        if opened.cases:
            if remember:
                # Written when the pictures are on the screen: the disk may take its time.
                QTimer.singleShot(0, partial(self._remember, paths, _title(opened.cases)))
        elif not opened.refusals:
            self._messages.warn(nothing_in(paths[0]))
        self._say(opened.refusals)

    def _remember(self, paths: list[Path], title: str) -> None:
        self._memory.opened(paths, title)
        self.recent_changed.emit()

    def _say(self, refusals: Sequence[Refusal]) -> None:
        if len(refusals) <= SAID_ONE_BY_ONE:
            for refusal in refusals:
                self._messages.error(refusal.reason)
            return
        self._messages.error(
            f"{len(refusals)} files were not opened. Details say why, file by file.",
            "\n\n".join(refusal.reason for refusal in refusals),
        )

    def _same_source(self, case: Case) -> Case | None:
        sources = _sources(case)
        return next((c for c in self._session.cases if sources and _sources(c) == sources), None)


def dropped_paths(mime: QMimeData | None) -> list[Path]:
    """Return the local files and folders of a drop."""
    if mime is None or not mime.hasUrls():
        return []
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def _title(cases: Sequence[Case]) -> str:
    """Return what scans are called where they are offered again; empty for no scans.

    A file may be called as its patient is: the case stands for it, or what it is and its size.
    """
    first = next((case for case in cases if kind_of(case).patient), None)
    if first is None:
        return ""
    name = first.name
    if after_a_file(first):
        name = f"{kind_of(first).name.capitalize()} of {' × '.join(map(str, first.main.shape))}"
    return name + (f" + {len(cases) - 1} more" if cases[1:] else "")


def _sources(case: Case) -> set[tuple[Path, str]]:
    """Return what a case was read from, roles aside: the user may have swapped them."""
    sources = (cube.source for cube in case.cubes.values())
    return {(source.path, source.part) for source in sources if source is not None}


def sorted_out(cases: Sequence[Case]) -> tuple[list[list[Case]], list[Case]]:
    """Return the cases of files that have many, file by file, and all others."""
    by_file: dict[object, list[Case]] = {}
    for case in cases:
        source = case.main.source
        by_file.setdefault(source.path if source else id(case), []).append(case)
    many = [group for group in by_file.values() if len(group) >= CHOOSE_FROM]
    few = [case for case in cases if not any(case is c for group in many for c in group)]
    return many, few
