"""Cases written and deleted inside a transaction of the library, and where their files lie."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.io.archive import lasting
from cubeview.kinds import KINDS

Files = Mapping[str, tuple[str, str, str]]
"""By role: SHA-256 of the file, the part of it that holds the cube, its path ("" if unknown)."""


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


def files_of(case: Case, hashes: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """Return hash, part and path of the file behind each role; see `Files`."""
    return {
        role: (hashes[role], cube.source.part, lasting(cube.source.path))
        for role, cube in case.cubes.items()
        if cube.source is not None
    }


def delete_case(run: sqlite3.Connection, number: int) -> None:
    """Delete a case that was never labelled, inside a transaction."""
    for table in ("answers", "thumbnails", "files"):
        run.execute(f"DELETE FROM {table} WHERE case_id = ?", (number,))
    run.execute("DELETE FROM cases WHERE id = ?", (number,))


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
    files : mapping of role to (hash, part, path)
    """
    found = run.execute("SELECT id FROM cases WHERE identity = ?", (known,)).fetchone()
    if found is None:
        name = _pseudonym(kind, name, files)
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
        [(found[0], role, *file) for role, file in files.items()],
    )
    note_places(run, files)
    return int(found[0])


def _pseudonym(kind: str, name: str, files: Files) -> str:
    """Return what a case is called where others read it: the name of a file may be a patient's."""
    for digest, _, path in files.values():
        if KINDS[kind].patient and (stem := of_file(name, Path(path))):
            return f"{KINDS[kind].name} {digest[:8]}{name[len(stem) :]}"
    return name


def of_file(name: str, path: Path) -> str:
    """Return the beginning of a case's name that is the name of a file; empty where none is."""
    stems = (path.stem, path.name.split(".")[0])
    return next((s for s in stems if s and (name == s or name.startswith(f"{s} ["))), "")


def note_places(run: sqlite3.Connection, files: Files) -> None:
    """Write down inside a transaction where some files lie, for every case made of them.

    All windows of a cube are found again when the cube is.
    """
    run.executemany(
        "UPDATE files SET path = ? WHERE sha256 = ? AND part = ? AND path <> ?",
        [(path, digest, part, path) for digest, part, path in files.values() if path],
    )


def glob_text(text: str) -> str:
    """Return a text as a GLOB pattern that matches nothing else."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def now() -> str:
    """Return the time as the library writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
