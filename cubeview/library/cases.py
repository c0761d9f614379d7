"""Cases written and deleted inside a transaction of the library, and where their files lie."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Source
from cubeview.io.archive import lasting
from cubeview.kinds import KINDS


class Held(NamedTuple):
    """The file, or the files, a cube of the library is made of."""

    sha256: str  # of `cubeview.io.identity.file_hashes`
    part: str  # of the file that holds the cube
    path: str  # "" if unknown
    beside: tuple[str, ...] = ()  # paths of all other files


Files = Mapping[str, Held]
"""What each role is held by."""


@dataclass(frozen=True)
class Record:
    """One case closed again: all that is needed to open it, in plain values."""

    identity: str
    kind: str
    name: str
    window: str
    files: Files

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of its files."""
        return tuple(self.files)

    @property
    def is_whole_cube(self) -> bool:
        """A cube as it was imported, of a kind that is judged and labelled window by window."""
        return KINDS[self.kind].window_px > 0 and not self.window


def files_of(case: Case, hashes: Mapping[str, str]) -> dict[str, Held]:
    """Return hash, part and paths of what is behind each role; see `Files`."""
    sources = {role: cube.source for role, cube in case.cubes.items()}
    return {
        role: Held(hashes[role], found.part, *_lasting(found))
        for role, found in sources.items()
        if found
    }


def _lasting(source: Source) -> tuple[str, tuple[str, ...]]:
    return lasting(source.path), tuple(map(lasting, source.beside))


def was_spoken_of(run: sqlite3.Connection, number: int) -> bool:
    """Tell whether a reader ever labelled, painted or marked a case, withdrawn or not."""
    tables = ("labels", "masks", "marks")
    asked = (f"SELECT 1 FROM {table} WHERE case_id = ? LIMIT 1" for table in tables)
    return any(run.execute(query, (number,)).fetchone() for query in asked)


def delete_case(run: sqlite3.Connection, number: int) -> None:
    """Delete a case that nobody has spoken of, inside a transaction."""
    for table in ("answers", "thumbnails", "files"):
        run.execute(f"DELETE FROM {table} WHERE case_id = ?", (number,))
    run.execute("DELETE FROM cases WHERE id = ?", (number,))
    run.execute("DELETE FROM beside WHERE sha256 NOT IN (SELECT sha256 FROM files)")


def put_case(
    run: sqlite3.Connection, known: str, kind: str, name: str, window: str, files: Files
) -> int:
    """Add a case inside a transaction, or note where its files now lie; return its number.

    Parameters
    ----------
    run : sqlite3.Connection
        Inside its transaction.
    known, kind, name, window : str
        Identity, kind, pseudonym and window as text.
    files : mapping of role to Held
    """
    found = run.execute("SELECT id FROM cases WHERE identity = ?", (known,)).fetchone()
    if found is None:
        name = public_name(kind, name, files)
        # Short pseudonyms meet in a large library; the number after them tells them apart.
        taken = {
            other
            for (other,) in run.execute(
                "SELECT name FROM cases WHERE name = ? OR name GLOB ?",
                (name, glob_text(name) + "-[0-9]*"),
            )
        }
        number = 2
        free = name
        while free in taken:
            free, number = f"{name}-{number}", number + 1
        found = run.execute(
            "INSERT INTO cases (identity, kind, name, window, added_at) VALUES (?, ?, ?, ?, ?)"
            " RETURNING id",
            (known, kind, free, window, now()),
        ).fetchone()
    run.executemany(
        "INSERT INTO files (case_id, role, sha256, part, path) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (case_id, role) DO UPDATE SET path = excluded.path, part = excluded.part"
        " WHERE excluded.path != ''",
        [(found[0], role, held.sha256, held.part, held.path) for role, held in files.items()],
    )
    note_places(run, files)
    return int(found[0])


def public_name(kind: str, name: str, files: Files) -> str:
    """Return what a case is called where others read it: the name of a file may be a patient's.

    Parameters
    ----------
    kind, name : str
        Of the case.
    files : mapping of role to Held
    """
    for held in files.values():
        if KINDS[kind].patient and (stem := of_file(name, Path(held.path))):
            return f"{KINDS[kind].name} {held.sha256[:8]}{name[len(stem) :]}"
    return name


def of_file(name: str, path: Path) -> str:
    """Return the beginning of a case's name that is the name of a file; empty where none is."""
    stems = (path.stem, path.name.split(".")[0])
    return next((s for s in stems if s and (name == s or name.startswith(f"{s} ["))), "")


def after_a_file(case: Case) -> bool:
    """Tell whether a patient's scan is called as its file is, which may be the patient's name."""
    sources = [cube.source for cube in case.cubes.values() if cube.source is not None]
    named = any(of_file(case.name, source.path) for source in sources)
    return KINDS[case.kind].patient and named


def note_places(run: sqlite3.Connection, files: Files) -> None:
    """Write down inside a transaction where some files lie, for every case made of them.

    All windows of a cube are found again when the cube is.
    """
    run.executemany(
        "UPDATE files SET path = ? WHERE sha256 = ? AND part = ? AND path <> ?",
        [(held.path, held.sha256, held.part, held.path) for held in files.values() if held.path],
    )
    for held in files.values():
        if held.beside:
            run.execute("DELETE FROM beside WHERE sha256 = ? AND part = ?", held[:2])
            run.executemany(
                "INSERT INTO beside VALUES (?, ?, ?, ?)",
                [(*held[:2], number, path) for number, path in enumerate(held.beside)],
            )


def glob_text(text: str) -> str:
    """Return a text as a GLOB pattern that matches nothing else."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def now() -> str:
    """Return the time as the library writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
