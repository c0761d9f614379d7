"""The library in the window: what is labelled now, and everything the user does to the record."""

import getpass
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError
from cubeview.gui.jobs import Job, Jobs
from cubeview.gui.session import Mark, Session
from cubeview.gui.settings import SettingsFile
from cubeview.io.identity import identity
from cubeview.library.library import Library
from cubeview.library.opening import back_up, open_library
from cubeview.library.stored import (
    hashes_of,
    keep_thumbnail,
    open_stored,
    thumbnail,
    window_box,
    without_thumbnail,
)
from cubeview.library.values import LabelClass, Row
from cubeview.library.worklist import rows
from cubeview.paths import data_dir

log = logging.getLogger(__name__)

AT_ONCE_BYTES = 32 << 20
"""Files together below this are read for their hash at once; larger ones in the background."""
LOOK_EVERY_MS = 2000
"""How often another window's labels are looked for."""
POOR = "poor"


@dataclass(frozen=True)
class Placed:
    """What a reader said of a case; ``class_name`` None for no label."""

    class_name: str | None = None
    sure: bool = True
    quality: str = ""
    note: str = ""
    opinion_seen: str = ""


@dataclass(frozen=True)
class _Change:
    """One step that can be undone."""

    case_id: int
    label_set: str
    before: Placed
    after: Placed


class Records(QObject):
    """The open library, and the labels of what is on the screen.

    Attributes
    ----------
    library : Library or None
        None when it could not be opened; `problem` says why.
    blind : bool
    opening : str
        Name of the case that is being opened from the library; empty when none is. Meanwhile
        nothing can be labelled: the key would reach the case that is about to go.
    missing : set of int
        Cases that could not be opened; the next key passes over them.

    Signals
    -------
    rows_changed()
        Cases came, or another window wrote: read the list again.
    row_changed(int)
        One case got a label or an opinion.
    subject_changed()
        What a key would label, its label, or whether it can be labelled at all.
    sets_changed()
        Label sets, the one in use, or the reader.
    blind_changed()
    written(str)
        A label is on disk; the case and what was said of it.
    told(str)
        Something to be said to the user that is no failure.
    failed(object)
        An exception while doing what the user asked.
    """

    rows_changed = pyqtSignal()
    row_changed = pyqtSignal(int)
    subject_changed = pyqtSignal()
    sets_changed = pyqtSignal()
    blind_changed = pyqtSignal()
    written = pyqtSignal(str)
    told = pyqtSignal(str)
    failed = pyqtSignal(object)

    def __init__(
        self,
        session: Session,
        memory: SettingsFile,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._memory = session, memory
        # Lanes of its own: reading a large file for its hash must not hold up a network.
        self.jobs = Jobs(self)
        self.jobs.failed.connect(lambda job, error: self.failed.emit(error))
        self.library: Library | None = None
        self.problem = self.news = ""
        self.opening = ""
        self._hashes: WeakKeyDictionary[Case, dict[str, str]] = WeakKeyDictionary()
        self._no_hash = ""
        self._seen: dict[str, str] = {}  # identity of the case to the model that was asked
        self._undo: list[_Change] = []
        self._redo: list[_Change] = []
        self._visited: list[int] = []
        self._borrowed: Case | None = None
        self.missing: set[int] = set()
        try:
            self.library, self.news = open_library(
                path or data_dir() / "library.sqlite", self.reader
            )
        except CubeviewError as error:
            self.problem = str(error)
        session.case_changed.connect(self._case_changed)
        session.cursor_changed.connect(self._moved)
        session.prediction_changed.connect(self._predicted)
        self._version = self._data_version()
        self._look = QTimer(self)
        self._look.setInterval(LOOK_EVERY_MS)
        self._look.timeout.connect(self.look)
        if self.library is not None:
            self._look.start()

    # Who, and with which classes

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
        self._undo, self._redo = [], []
        if self.library is not None:
            self.library.reader = self.reader
        self.sets_changed.emit()
        self.rows_changed.emit()
        self._refresh()

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
        for kind in ("heart", "sky", "volume"):
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
        self._refresh()

    def sets_edited(self) -> None:
        """Take notice that label sets were changed."""
        self.sets_changed.emit()
        self._refresh()

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

    # What a key would label

    @property
    def subject(self) -> Case | None:
        """What a key labels: the current case; of a sky cube the window at the cursor."""
        case, window = self._session.case, self._session.window
        if case is None or case.kind != "sky" or case.window is not None:
            return case
        if window is None or _centre(window) != self._session.cursor:
            window = window_at(case.main, *self._session.cursor)
        return replace(case, window=window)

    @property
    def objection(self) -> str:
        """Why nothing can be labelled now; empty when it can."""
        case = self._session.case
        if self.library is None:
            return self.problem
        if case is None:
            return "Open a case to label it."
        if self.opening:
            return f"Opening {self.opening}…"
        if not self.label_set:
            return "There is no label set for this kind of cube: make one with Edit."
        if case not in self._hashes:
            return self._no_hash or "Reading the file once, to know it again…"
        return ""

    @property
    def case_id(self) -> int | None:
        """Number of the subject in the library; None while it is not in it."""
        subject, case = self.subject, self._session.case
        if self.library is None or subject is None or case is None or case not in self._hashes:
            return None
        return self.library.find(identity(subject, self._hashes[case]))

    @property
    def placed(self) -> Placed:
        """What this reader said of the subject."""
        number = self.case_id
        return Placed() if number is None else self._placed(number, self.label_set)

    def row(self, case_id: int) -> Row | None:
        """Return one case as the worklist shows it."""
        assert self.library is not None
        return next(iter(rows(self.library, self.label_sets, case_id=case_id)), None)

    def rows(self) -> list[Row]:
        """Return all cases."""
        return [] if self.library is None else rows(self.library, self.label_sets)

    # What the user does

    def place(self, class_name: str) -> None:
        """Label the subject; the label is on disk when this returns."""
        unsure = next((c.name for c in self.classes() if c.key == "U"), None)
        self._change(lambda old: replace(old, class_name=class_name, sure=class_name != unsure))

    def place_key(self, key: str) -> None:
        """Label the subject with the class of a key."""
        for entry in self.classes():
            if entry.key == key:
                self.place(entry.name)

    def unsure(self) -> None:
        """Label as unsure; in a set without such a class, mark the label as an unsure one."""
        named = [entry.name for entry in self.classes() if entry.key == "U"]
        if named:
            self.place(named[0])
        elif self.placed.class_name is None:
            self.told.emit("This label set has no class for unsure: choose a class first, then U.")
        else:
            self._change(lambda old: replace(old, sure=not old.sure))

    def flag_quality(self) -> None:
        """Flag the subject as of poor quality, or take the flag back."""
        self._change(lambda old: replace(old, quality="" if old.quality else POOR))

    def set_note(self, text: str) -> None:
        """Write a note to the subject."""
        if text != self.placed.note:
            self._change(lambda old: replace(old, note=text))

    def undo(self) -> None:
        """Take back the last step, whatever case it was for; the history keeps both."""
        if not self._undo:
            self.told.emit("Nothing to undo.")
            return
        change = self._undo[-1]
        if self._write(change.case_id, change.label_set, change.before):
            self._redo.append(self._undo.pop())
            self._say("Undone", change.case_id, change.after, change.before)

    def redo(self) -> None:
        """Do again what was undone."""
        if not self._redo:
            self.told.emit("Nothing to redo.")
            return
        change = self._redo[-1]
        if self._write(change.case_id, change.label_set, change.after):
            self._undo.append(self._redo.pop())
            self._say("Redone", change.case_id, change.before, change.after)

    def add_current(self) -> int | None:
        """Put the subject into the library without a label."""
        subject, case = self.subject, self._session.case
        if self.objection or subject is None or case is None or self.library is None:
            self.told.emit(self.objection)
            return None
        try:
            number = self.library.add_case(subject, self._hashes[case])
        except CubeviewError as error:
            self.failed.emit(error)
            return None
        self.rows_changed.emit()
        self.make_thumbnails()
        return number

    def remove(self, case_ids: Sequence[int]) -> None:
        """Take cases nobody has labelled out of the library; their files stay where they are."""
        if self.library is None:
            return
        try:
            kept = self.library.remove_cases(case_ids)
        except CubeviewError as error:
            self.failed.emit(error)
            return
        gone = len(case_ids) - len(kept)
        text = f"{gone} cases removed; their files stay where they are." if gone else ""
        text += f" {len(kept)} were labelled once, and stay." if kept else ""
        self.told.emit(text.strip())
        self.rows_changed.emit()
        self._refresh()

    def open(self, case_id: int, *, visited: bool = True) -> None:
        """Open a case of the library; the one opened so before leaves the window."""
        library = self.library
        if library is None:
            return
        here = self.case_id
        if visited and here is not None and here != case_id:
            self._visited.append(here)
        row = self.row(case_id)
        if row is None:
            return
        self.opening = row.name
        self.subject_changed.emit()
        job = self.jobs.start(
            "open stored",
            f"Opening {row.name}",
            lambda job: open_stored(library, case_id, report=job.report),
            finished=self._opened,
            failed=lambda error: self._not_opened(case_id, error),
        )
        job.ended.connect(lambda: self._open_ended(job))

    def go_to(self, box: Box) -> None:
        """Show a window of the current sky cube."""
        self._session.set_cursor(*_centre(box))
        self._session.set_window(box)
        self.subject_changed.emit()

    def back(self) -> None:
        """Open the case that was looked at before this one."""
        if self._visited:
            self.open(self._visited.pop(), visited=False)
        else:
            self.told.emit("No case was looked at before this one.")

    def start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        finished: Callable[[Any], None] | None = None,
        partial: Callable[[Any], None] | None = None,
    ) -> Job:
        """Do something long with the library, in a lane where no network of the window waits."""
        return self.jobs.start(kind, title, work, finished=finished, partial=partial, lane="train")

    def make_thumbnails(self) -> None:
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
            finished=lambda made: self.rows_changed.emit() if made else None,
        )

    def look(self) -> None:
        """Read again if another window wrote."""
        version = self._data_version()
        if version != self._version:
            self._version = version
            self.rows_changed.emit()
            self._refresh()

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

    # How it is done

    def _change(self, change: Callable[[Placed], Placed]) -> None:
        library, subject, case = self.library, self.subject, self._session.case
        if self.objection or library is None or subject is None or case is None:
            self.told.emit(self.objection)
            return
        try:
            number = library.find(identity(subject, self._hashes[case]))
            new = number is None
            if number is None:
                number = library.add_case(subject, self._hashes[case])
        except CubeviewError as error:
            self.failed.emit(error)
            return
        before = self._placed(number, self.label_set)
        after = replace(change(before), opinion_seen=self._opinion_seen(number, before))
        if subject.window is not None:
            self._session.set_window(subject.window)
        if not self._write(number, self.label_set, after):
            return
        self._undo.append(_Change(number, self.label_set, before, after))
        self._redo.clear()
        self.written.emit(f"{subject.name}: {_words(after)}")
        if new:
            self._predicted()
            self.make_thumbnails()

    def _write(self, number: int, label_set: str, what: Placed) -> bool:
        assert self.library is not None
        try:
            self.library.label(
                number,
                what.class_name,
                label_set=label_set,
                sure=what.sure,
                quality=what.quality,
                note=what.note,
                opinion_seen=what.opinion_seen,
            )
        except CubeviewError as error:
            self.failed.emit(error)
            return False
        self.row_changed.emit(number)
        for (cube,) in self.library.read(
            "SELECT c.id FROM cases c JOIN files f ON f.case_id = c.id WHERE c.window = ''"
            " AND c.kind = 'sky' AND f.sha256 IN (SELECT sha256 FROM files WHERE case_id = ?)",
            (number,),
        ):
            # The row of the whole cube counts its labelled windows.
            self.row_changed.emit(cube)
        self._refresh()
        return True

    def _say(self, what: str, number: int, old: Placed, new: Placed) -> None:
        row = self.row(number)
        name = "" if row is None else row.name
        self.told.emit(f"{what}: {name}, {_words(old)} → {_words(new)}")

    def _placed(self, number: int, label_set: str) -> Placed:
        assert self.library is not None
        found = self.library.read(
            "SELECT l.class, l.sure, l.quality, l.note, l.opinion_seen FROM in_force l"
            " JOIN label_sets s ON s.id = l.set_id WHERE l.case_id = ? AND s.name = ?"
            " AND l.reader = ?",
            (number, label_set, self.library.reader),
        )
        if not found:
            return Placed()
        name, sure, quality, note, seen = found[0]
        return Placed(name, bool(sure), quality, note, seen)

    def _opinion_seen(self, number: int, before: Placed) -> str:
        """Return the model whose opinion of the case this reader could see, now or before."""
        subject, case = self.subject, self._session.case
        if subject is not None and case is not None:
            asked = self._seen.get(identity(subject, self._hashes[case]))
            if asked:
                return asked
        row = self.row(number)
        if row is not None and row.model and (not self.blind or self._revealed(number)):
            return row.model
        return before.opinion_seen

    def _revealed(self, number: int) -> bool:
        """Tell whether this reader ever labelled a case, and so was shown what is kept of it."""
        assert self.library is not None
        return bool(
            self.library.read(
                "SELECT 1 FROM labels WHERE case_id = ? AND reader = ? AND class IS NOT NULL"
                " LIMIT 1",
                (number, self.library.reader),
            )
        )

    def _predicted(self) -> None:
        """Keep an answer the user asked for, and that it was seen."""
        answer, case = self._session.prediction, self._session.case
        if answer is None or case is None or self.library is None or case not in self._hashes:
            return
        known = identity(answer.case, self._hashes[case])
        self._seen[known] = answer.model
        number = self.library.find(known)
        if number is None:
            return
        try:
            self.library.record_prediction(number, answer)
        except CubeviewError as error:
            self.failed.emit(error)
        self.row_changed.emit(number)

    def _opened(self, case: Case) -> None:
        session, library = self._session, self.library
        if library is None:
            return
        self.opening = ""
        box, whole = case.window, replace(case, window=None)
        try:
            hashes = hashes_of(library, whole)
        except CubeviewError as error:
            self.failed.emit(error)
            return
        known = identity(whole, hashes)
        same = [
            other
            for other in session.cases
            if other in self._hashes and identity(other, self._hashes[other]) == known
        ]
        former, shown = self._borrowed, same[0] if same else whole
        if not same:
            self._hashes[whole] = hashes
            session.add_cases((whole,))
            self._borrowed = whole
        session.set_case(shown)
        if box is not None:
            self.go_to(box)
        if former is not None and former is not shown and former in session.cases:
            session.remove_case(former)
        self._refresh()

    def _not_opened(self, case_id: int, error: Exception) -> None:
        self.missing.add(case_id)
        self.failed.emit(error)

    def _open_ended(self, job: Job) -> None:
        if not any(other.kind == "open stored" and not other.cancelled
                   for other in self.jobs.running()):  # fmt: skip
            self.opening = ""
        self.subject_changed.emit()

    def _case_changed(self) -> None:
        case, library = self._session.case, self.library
        self._no_hash = ""
        if case is not None and library is not None and case not in self._hashes:
            self._find_hashes(case, library)
        number = self.case_id
        if number is not None and library is not None:
            try:
                library.log("opened", number)
            except CubeviewError as error:
                self.failed.emit(error)
        self._refresh()

    def _find_hashes(self, case: Case, library: Library) -> None:
        """Read the files for their hash: small ones now, large ones in the background."""

        def take(hashes: dict[str, str]) -> None:
            self._hashes[case] = hashes
            self._predicted()
            self._refresh()

        def missed(error: Exception) -> None:
            self._no_hash = str(error)
            self._refresh()

        sources = {cube.source.path for cube in case.cubes.values() if cube.source is not None}
        try:
            size = sum(path.stat().st_size for path in sources)
            if size <= AT_ONCE_BYTES:
                self._hashes[case] = hashes_of(library, case)
                return
        except (CubeviewError, OSError) as error:
            self._no_hash = f"This case cannot be labelled: {error}"
            return
        self.jobs.start(
            "hash",
            "Reading the file once, to know it again",
            lambda job: hashes_of(library, case, report=job.report),
            finished=take,
            failed=missed,
        )

    def _moved(self) -> None:
        if self._session.case is not None and self._session.case.kind == "sky":
            self.subject_changed.emit()

    def _refresh(self) -> None:
        self._session.set_marks(self._marks())
        self.subject_changed.emit()

    def _marks(self) -> tuple[Mark, ...]:
        """Return the labelled windows of the current sky cube."""
        case, library = self._session.case, self.library
        if library is None or case is None or case.kind != "sky" or case not in self._hashes:
            return ()
        source = case.main.source
        colours = {entry.name: entry.colour for entry in library.classes(self.label_set)}
        found = library.read(
            "SELECT c.window, l.class FROM cases c JOIN files f ON f.case_id = c.id"
            " JOIN in_force l ON l.case_id = c.id JOIN label_sets s ON s.id = l.set_id"
            " WHERE f.sha256 = ? AND f.part = ? AND c.window <> '' AND s.name = ?"
            " AND l.reader = ? AND l.class IS NOT NULL ORDER BY c.id",
            (
                self._hashes[case][case.roles[0]],
                source.part if source else "",
                self.label_set,
                library.reader,
            ),
        )
        marks = []
        for window, name in found:
            box = window_box(window)
            if box is not None:
                marks.append(Mark(box, name, colours.get(name) or "#d7dce3"))
        return tuple(marks)

    def _data_version(self) -> int:
        if self.library is None:
            return 0
        return int(self.library.read("PRAGMA data_version", ())[0][0])


def _centre(box: Box) -> tuple[int, int, int]:
    """Return the voxel a window of 32 stands on; near an edge the window is cut short."""
    z, y, x = ((part.start + 16) if part.start else (part.stop - 16) for part in box)
    return max(z, 0), max(y, 0), max(x, 0)


def _words(placed: Placed) -> str:
    return placed.class_name or "no label"
