"""The library: every call that changes something is one durable transaction.

SQLite in WAL mode with ``synchronous = FULL``: when a call returns, its rows survive a kill of
the program and a loss of power (sqlite.org/wal.html). Two windows may use one file.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.io.identity import identity, window_text
from cubeview.library import schema
from cubeview.library.cases import (
    Held,
    delete_case,
    files_of,
    note_places,
    now,
    put_case,
    was_spoken_of,
)
from cubeview.library.connection import connect, existing, refuse_newer
from cubeview.library.hold import hold
from cubeview.library.values import Label, LabelClass
from cubeview.paths import replacing

_PAGE = 512  # bytes; every page of SQLite is a multiple, and the file never grows shorter
_LOG = "INSERT INTO audit (at, reader, action, identity, detail) VALUES (?, ?, ?, ?, ?)"


class Library:
    """One open library file, made when absent; may be shared between threads.

    `reader` is who labels, and stands beside each label and audit entry; `put_right` names the
    views, triggers and indexes that were not as the program makes them, and are again. Raises
    CubeviewError if the file is newer than this program, damaged, or cannot be written.
    """

    def __init__(self, path: Path, reader: str) -> None:
        self.path = path
        self.reader = reader
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._hold = hold(path)
            if not path.exists():
                path.touch(0o600)  # where files lie and who reads is nobody else's business
            try:
                self._connection = connect(path)
                self.put_right = schema.put_right(self._connection)
                self._file = path.stat()
            except BaseException:
                self._hold.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise CubeviewError(
                f"{path}: the library cannot be opened ({error}). Check that its folder exists, "
                "is not read-only and has space."
            ) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            self._hold.close()

    def check_place(self) -> None:
        """Raise CubeviewError if the file opened is not the one that lies at its path any more."""
        with suppress(OSError):
            # Only asked about: to open and close it here would give up SQLite's locks on it.
            now_there = self.path.stat()
            whole = now_there.st_size >= self._file.st_size and not now_there.st_size % _PAGE
            if os.path.samestat(now_there, self._file) and whole:
                return
        raise CubeviewError(
            f"{self.path}: this library was moved, removed or replaced while it was open, or "
            "overwritten, and nothing more is written to it. Put it back, or close this window and "
            "start again."
        )

    def add_case(self, case: Case, hashes: dict[str, str]) -> int:
        """Add a case, or find it again by content and note where its files now lie.

        Returns its number; `hashes` are those of `cubeview.io.identity.file_hashes`.
        """
        known = identity(case, hashes)
        files = files_of(case, hashes)
        with self.transaction() as run:
            return put_case(run, known, case.kind, case.name, window_text(case), files)

    def found_again(self, case: Case, hashes: dict[str, str]) -> bool:
        """Note where the files of a case lie, for all cases made of them; tell if one moved."""
        files = files_of(case, hashes)
        moved = any(map(self._moved, files.values()))
        if moved:
            with self.transaction() as run:
                note_places(run, files)
        return moved

    def _moved(self, held: Held) -> bool:
        """Tell whether the files of a cube the library knows lie elsewhere than it knows."""
        query = "SELECT path FROM files WHERE sha256 = ? AND part = ?"
        there = {path for (path,) in self.read(query, held[:2])}
        if not there or (there == {held.path} and not held.beside):
            return False
        query = "SELECT path FROM beside WHERE sha256 = ? AND part = ? ORDER BY number"
        beside = tuple(path for (path,) in self.read(query, held[:2]))
        return there != {held.path} or beside != held.beside

    def find(self, known: str) -> int | None:
        """Return the number of the case of an identity, or None."""
        found = self.read("SELECT id FROM cases WHERE identity = ?", (known,))
        return int(found[0][0]) if found else None

    def remove_cases(self, case_ids: Sequence[int]) -> list[int]:
        """Take cases out that nobody ever labelled, painted or marked, with all answers to them.

        Returns the cases that were, and stay.
        """
        kept = []
        with self.transaction() as run:
            for number in case_ids:
                if was_spoken_of(run, number):
                    kept.append(number)
                    continue
                self.append_log(run, "removed", number, "")
                delete_case(run, number)
        return kept

    def label_sets(self, kind: str | None = None) -> list[str]:
        """Return the names of the label sets, of one kind of case or all."""
        rows = self.read(
            "SELECT name FROM label_sets WHERE ? IS NULL OR kind = ? ORDER BY id", (kind, kind)
        )
        return [name for (name,) in rows]

    def classes(self, label_set: str) -> list[LabelClass]:
        """Return the classes of a label set in order; those no longer offered are `retired`."""
        rows = self.read(
            "SELECT name, key, colour, code, retired FROM label_classes"
            " WHERE set_id = ? ORDER BY retired, position",
            (self._set(label_set),),
        )
        return [LabelClass(n, key, colour, code, bool(old)) for n, key, colour, code, old in rows]

    def save_label_set(self, name: str, kind: str, classes: list[LabelClass]) -> None:
        """Make or change a label set; classes left out are retired, old labels stay as they are.

        Raises CubeviewError if two classes share a name or a key.

        Parameters
        ----------
        name, kind : str
        classes : list of LabelClass
            In order.
        """
        for what in ("name", "key"):
            values = [getattr(entry, what) for entry in classes if getattr(entry, what)]
            doubled = {value for value in values if values.count(value) > 1}
            if doubled:
                raise CubeviewError(f"two classes have the {what} {doubled.pop()!r}: change one.")
        with self.transaction() as run:
            run.execute(
                "INSERT INTO label_sets (name, kind) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                (name, kind),
            )
            (number,) = run.execute("SELECT id FROM label_sets WHERE name = ?", (name,)).fetchone()
            run.execute("UPDATE label_classes SET retired = 1 WHERE set_id = ?", (number,))
            run.executemany(
                "INSERT INTO label_classes (set_id, name, position, key, colour, code, retired)"
                " VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (set_id, name) DO UPDATE SET"
                " position = excluded.position, key = excluded.key, colour = excluded.colour,"
                " code = excluded.code, retired = 0",
                [
                    (number, entry.name, place, entry.key, entry.colour, entry.code)
                    for place, entry in enumerate(classes)
                ],
            )

    def label(
        self,
        case_id: int,
        class_name: str | None,
        *,
        label_set: str,
        sure: bool = True,
        quality: str = "",
        note: str = "",
        opinion_seen: str = "",
        scores: str = "",
    ) -> Label:
        """Write a label; it is on disk when this returns.

        Raises CubeviewError if it could not be (full disk, read-only folder): nothing was changed.

        Parameters
        ----------
        case_id : int
        class_name : str or None
            None withdraws the reader's label.
        label_set : str
        sure, quality, note : bool, str, str
            Quality is a flag; empty for none.
        opinion_seen : str
            Name of the model whose opinion the reader could see; empty for a blind reading.
        scores : str
            Of the segments of a heart; see `Label`.
        """
        number = self._set(label_set)
        with self.transaction() as run:
            (last,) = run.execute(
                "SELECT MAX(at) FROM labels WHERE set_id = ? AND case_id = ? AND reader = ?",
                (number, case_id, self.reader),
            ).fetchone()
            # A clock set back must not put the new label behind the old one.
            row = (case_id, number, self.reader, max(now(), last or ""), class_name)
            done = run.execute(
                "INSERT INTO labels (case_id, set_id, reader, at, class, sure, quality, note,"
                " opinion_seen, scores) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, int(sure), quality, note, opinion_seen, scores),
            )
            self.append_log(run, "labelled", case_id, label_set)
        return Label(
            int(done.lastrowid or 0), case_id, self.reader, row[3], class_name, sure, quality, note,
            opinion_seen, scores,
        )  # fmt: skip

    def history(self, case_id: int, label_set: str) -> list[Label]:
        """Return every entry for a case, oldest first."""
        return self._labels(
            "labels WHERE case_id = ? AND set_id = ? ORDER BY id", (case_id, self._set(label_set))
        )

    def current(self, label_set: str, reader: str | None = None) -> dict[tuple[int, str], Label]:
        """Return the label now in force for each (case, reader), withdrawn ones left out."""
        labels = self._labels(
            "in_force WHERE set_id = ? AND (? IS NULL OR reader = ?) AND class IS NOT NULL",
            (self._set(label_set), reader, reader),
        )
        return {(label.case_id, label.reader): label for label in labels}

    def log(self, action: str, known: str = "", detail: str = "") -> None:
        """Append to the audit log.

        Parameters
        ----------
        action : str
        known : str
            Identity of the case, whether this library has it or not; empty for none.
        detail : str
            Never holds a name, a number or a path.
        """
        with self.transaction() as run:
            run.execute(_LOG, (now(), self.reader, action, known, detail))

    def backup(self, target: Path) -> None:
        """Write a complete copy while the library stays in use; CubeviewError if it cannot."""
        try:
            target.parent.mkdir(0o700, parents=True, exist_ok=True)
            self.check_place()
            if target.exists() and os.path.samestat(target.stat(), self._file):
                raise CubeviewError(f"{target}: this is the library itself. Choose another name.")
            # Through a connection of its own, which keeps nobody from labelling meanwhile.
            with replacing(target) as part, closing(existing(self.path)) as source:
                part.touch(0o600)
                _copied(source, part)
        except (sqlite3.Error, OSError) as error:
            raise CubeviewError(f"{target}: the backup could not be written ({error}).") from error

    def _set(self, name: str) -> int:
        found = self.read("SELECT id FROM label_sets WHERE name = ?", (name,))
        if not found:
            known = ", ".join(self.label_sets())
            raise CubeviewError(f"there is no label set {name!r}; this library has {known}.")
        return int(found[0][0])

    def append_log(
        self, run: sqlite3.Connection, action: str, case_id: int | None, detail: str
    ) -> None:
        """Write an audit entry inside a transaction.

        Parameters
        ----------
        run : sqlite3.Connection
        action, case_id : str, int or None
        detail : str
            Never holds a name, a number or a path.
        """
        found = run.execute("SELECT identity FROM cases WHERE id = ?", (case_id,)).fetchone()
        known = found[0] if found else ""
        run.execute(_LOG, (now(), self.reader, action, known, detail))

    @property
    def version(self) -> int:
        """Another number whenever another window has written to the file."""
        return int(self.read("PRAGMA data_version", ())[0][0])

    @property
    def entries(self) -> int:
        """How many entries the log has; grows with everything that is written."""
        return int(self.read("SELECT COALESCE(MAX(id), 0) FROM audit", ())[0][0])

    def read(self, query: str, values: tuple[object, ...]) -> list[tuple]:  # type: ignore[type-arg]
        """Return the rows of a query; CubeviewError if they cannot be read."""
        with self._reading():
            return self._connection.execute(query, values).fetchall()

    def records(self, query: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        """Return the rows of a query, each value by the name of its column."""
        with self._reading():
            found = self._connection.execute(query, values)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            raise CubeviewError(
                f"{self.path}: the library cannot be read ({error}). Close all windows of CubeView "
                "and start again: what is damaged is then replaced by its newest backup."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; a failure of the disk becomes a CubeviewError.

        One inside another is part of that one.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                refuse_newer(self._connection, self.path)
                yield self._connection
                self.check_place()
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise CubeviewError(
                    f"{self.path}: could not be written ({error}); nothing was changed. "
                    "Check the free space and that the folder is not read-only, then try again."
                ) from error
            except BaseException:
                self._roll_back()
                raise

    def _labels(self, source: str, values: tuple[object, ...]) -> list[Label]:
        rows = self.read(
            "SELECT id, case_id, reader, at, class, sure, quality, note, opinion_seen, scores"
            f" FROM {source}",
            values,
        )
        return [
            Label(number, case_id, reader, at, said, bool(sure), *rest)
            for number, case_id, reader, at, said, sure, *rest in rows
        ]

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _copied(source: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
