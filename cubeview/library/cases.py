"""Cases written and deleted inside a transaction of the library."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime


def delete_case(run: sqlite3.Connection, number: int) -> None:
    """Delete a case that was never labelled, inside a transaction."""
    for table in ("predictions", "thumbnails", "files"):
        run.execute(f"DELETE FROM {table} WHERE case_id = ?", (number,))
    run.execute("DELETE FROM cases WHERE id = ?", (number,))


def put_case(
    run: sqlite3.Connection,
    known: str,
    kind: str,
    name: str,
    window: str,
    files: Mapping[str, tuple[str, str, str]],
) -> int:
    """Add a case inside a transaction, or note where its files (hash, part, path) now lie."""
    found = run.execute("SELECT id FROM cases WHERE identity = ?", (known,)).fetchone()
    if found is None:
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
    return int(found[0])


def glob_text(text: str) -> str:
    """Return a text as a GLOB pattern that matches nothing else."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def now() -> str:
    """Return the time as the library writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
