"""What a key would label: the case on the screen, known by the content of its files."""

import math
from contextlib import suppress
from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.region import fits, window_at
from cubeview.errors import CubeviewError
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.records import Changes, Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.gui.desk.styles import Mark
from cubeview.io.identity import identity
from cubeview.kinds import kind_of
from cubeview.library.corrected import take_place
from cubeview.library.library import Library
from cubeview.library.placed import labelled_windows
from cubeview.library.stored import hashes_of, rewritten, window_box

AT_ONCE_BYTES = 32 << 20
"""Files together below this are read for their hash at once; larger ones in the background."""

AT_ONCE_FILES = 8
"""More files than this are read in the background too, each being remembered on disk."""


class Subject(QObject):
    """The case on the screen as the library knows it; of a sky cube the window at the cursor.

    Attributes
    ----------
    busy : str
        Name of the case that is being opened from the library; empty when none is. Meanwhile
        nothing can be labelled: the key would reach the case that is about to go.

    Signals
    -------
    changed()
        Another subject, its label, or whether it can be labelled at all.
    known()
        The hash of the current case's files was found.
    """

    changed = pyqtSignal()
    known = pyqtSignal()

    def __init__(self, session: Session, records: Records) -> None:
        super().__init__()
        self._session, self._records = session, records
        self._no_hash = ""
        self._former: Case | None = None
        self._corrected: Case | None = None
        self.busy = ""
        session.case_changed.connect(self._case_changed)
        # Who labels by key labels what the session says; the panels may follow a moment later.
        self._soon = AtRest(self._moved, self)
        session.cursor_changed.connect(self._soon.start)
        session.window_changed.connect(self._moved)
        for signal in (records.sets_changed, records.rows_changed, records.row_changed):
            signal.connect(self.refresh)

    @property
    def case(self) -> Case | None:
        """What a key labels: the current case; of a sky cube the window drawn or at the cursor."""
        session, case = self._session, self._session.case
        if case is None or not kind_of(case).window_px or case.window is not None:
            return case
        if session.drawn:
            return replace(case, window=session.window)
        return replace(case, window=window_at(case.main, *session.cursor))

    @property
    def hashes(self) -> dict[str, str] | None:
        """SHA-256 of the current case's files by role; None while they are not known."""
        return self._session.shown.hashes

    @property
    def case_id(self) -> int | None:
        """Number of the subject in the library; None while it is not in it."""
        case, library = self.case, self._records.library
        if library is None or case is None or self.hashes is None:
            return None
        return library.find(identity(case, self.hashes))

    @property
    def news(self) -> str:
        """What is to be said of how the library knows the current case; empty for nothing."""
        library, case, hashes = self._records.library, self._session.case, self.hashes
        if library is None or case is None or hashes is None or self.case_id is None:
            return ""
        if not kind_of(case).patient or not rewritten(library, case, hashes):
            return ""
        return "Known by its pixels: the file was renamed, pseudonymised or compressed since."

    @property
    def objection(self) -> str:
        """Why nothing can be labelled now; empty when it can."""
        if self._records.library is None:
            return self._records.problem
        if self._session.case is None:
            return "Open a case to label it."
        if self.busy:
            return f"Opening {self.busy}…"
        if not self._records.label_set:
            return "There is no label set for this kind of cube: make one with Edit."
        if self.hashes is None:
            return self._no_hash or "Reading the file once, to know it again…"
        return ""

    def set_busy(self, name: str) -> None:
        """Say that another case is being opened, or no more."""
        if name != self.busy:
            self.busy = name
            self.changed.emit()

    def twin(self, case: Case, hashes: dict[str, str]) -> Case | None:
        """Return the open case that is the same by the content of its files; None if none is."""
        known = identity(case, hashes)
        for other in self._session.cases:
            theirs = self._session.open_case(other).hashes
            if theirs is not None and identity(other, theirs) == known:
                return other
        return None

    def is_known(self, case: Case) -> bool:
        """Tell whether the library holds an open case; no of one too large to be read at once."""
        opened, library = self._session.open_case(case), self._records.library
        if library is None:
            return False
        with suppress(CubeviewError, OSError):
            if opened.hashes is None and _is_small(case):
                opened.hashes = hashes_of(library, case)
        return opened.hashes is not None and library.find(identity(case, opened.hashes)) is not None

    def refresh(self) -> None:
        """Read the labels of what is on the screen again."""
        self._session.set_marks(self._marks())
        self.changed.emit()

    def _case_changed(self) -> None:
        opened, library = self._session.shown, self._records.library
        self._no_hash = ""
        if self._was_corrected(opened.case):
            self._corrected = opened.case
        self._former = opened.case
        if opened.case is not None and library is not None and opened.hashes is None:
            self._find_hashes(opened, opened.case, library)
        self._correct()
        self._write_down()
        self.refresh()

    def _find_hashes(self, opened: OpenCase, case: Case, library: Library) -> None:
        """Read the files for their hash: small ones now, large ones in the background."""

        def take(hashes: dict[str, str]) -> None:
            opened.hashes = hashes
            self._correct()
            if opened is self._session.shown:
                self._write_down()
            self.known.emit()
            self.refresh()

        def missed(why: str) -> None:
            self._no_hash = why
            self.refresh()

        try:
            if _is_small(case):
                opened.hashes = hashes_of(library, case)
                return
        except (CubeviewError, OSError) as error:
            self._no_hash = f"This case cannot be labelled: {error}"
            return
        self._records.jobs.start(
            "hash",
            "Reading the file once, to know it again",
            lambda job: hashes_of(library, case, report=job.report),
            finished=take,
            failed=missed,
        )

    def _write_down(self) -> None:
        """Write into the audit log that the current case was opened, and note where it lies."""
        case, hashes = self._session.case, self.hashes
        if case is None or hashes is None:
            return

        def write(library: Library) -> Changes:
            library.log("opened", identity(case, hashes))
            moved = library.found_again(case, hashes)
            return Changes(found=bool(moved), pictures=bool(moved))

        self._records.do(write)

    def _was_corrected(self, case: Case | None) -> bool:
        """Tell whether a case is the former one with other roles, or with a partner."""
        former = self._former
        if case is None or former is None or any(former is other for other in self._session.cases):
            return False
        before = list(former.cubes.values())
        return any(cube is other for cube in case.cubes.values() for other in before)

    def _correct(self) -> None:
        """Let a corrected case take its former place in the library."""
        case = self._corrected
        hashes = None if case is None else self._session.open_case(case).hashes
        if case is None or hashes is None:
            return
        self._corrected = None

        def correct(library: Library) -> Changes | None:
            number = take_place(library, case, hashes)
            return None if number is None else Changes(all=True, pictures=True)

        self._records.do(correct)

    def _moved(self) -> None:
        if self._session.case is not None and kind_of(self._session.case).window_px:
            self.changed.emit()

    def _marks(self) -> tuple[Mark, ...]:
        """Return the labelled windows of the current sky cube."""
        case, library, hashes = self._session.case, self._records.library, self.hashes
        if library is None or case is None or not kind_of(case).window_px or hashes is None:
            return ()
        label_set, source = self._records.label_set, case.main.source
        colours = {entry.name: entry.colour for entry in library.classes(label_set)}
        marks = []
        for window, name in labelled_windows(
            library, label_set, hashes[case.roles[0]], source.part if source else ""
        ):
            box = window_box(window)
            if box is not None and fits(box, case.main):
                marks.append(Mark(box, name, colours.get(name) or "#d7dce3"))
        return tuple(marks)


def _is_small(case: Case) -> bool:
    """Tell whether the files of a case are read for their hash in no time; OSError if one is not
    there.
    """
    found = [cube.source for cube in case.cubes.values() if cube.source is not None]
    sources = {path for source in found for path in source.paths}
    size = sum(path.stat().st_size for path in sources)
    # The values of a scan are hashed too; those of a sky cube are not.
    if kind_of(case).patient:
        size += sum(4 * math.prod(cube.shape) for cube in case.cubes.values())
    return size <= AT_ONCE_BYTES and len(sources) <= AT_ONCE_FILES


def centre(box: Box) -> tuple[int, int, int]:
    """Return the voxel a window of 32 stands on; near an edge the window is cut short."""
    z, y, x = ((part.start + 16) if part.start else (part.stop - 16) for part in box)
    return max(z, 0), max(y, 0), max(x, 0)
