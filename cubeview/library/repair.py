"""Opening a library: a damaged file is replaced by its backup, an older one is upgraded."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from cubeview.errors import CubeviewError, refusing
from cubeview.library import schema
from cubeview.library.connection import kept_as
from cubeview.library.library import Library

BACKUPS_KEPT = 10
"""Newest copies kept; of each of the last so many days one more."""

# sqlite3 cannot even put its complaint into words where it quotes damaged text.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)


def open_library(path: Path, reader: str) -> tuple[Library, str]:
    """Open a library, putting right what can be put right; return it and what to tell the user.

    A damaged, emptied or vanished file is replaced by the newest sound automatic backup, a
    damaged one is kept beside it; an older schema is backed up and upgraded. A backup is made
    whenever something was written since the newest one. Raises CubeviewError if the library is
    newer than this program, or cannot be opened or written.
    """
    what = "the library is damaged and cannot be replaced by its backup"
    with refusing(path, what, "Check its folder for space and permissions."):
        told = _mended(path)
    before = _format(path)
    library = Library(path, reader)
    if 0 < before < schema.VERSION:
        told = (
            f"{told} The library was brought to this version's format; as it was it is kept as "
            f"{kept_as(path, before).name}."
        ).strip()
    try:
        back_up(library)
    except (CubeviewError, OSError) as error:
        told = f"{told} No backup of the library could be made: {error}".strip()
    return library, told


def back_up(library: Library) -> None:
    """Copy the library beside itself if something was written since the newest copy."""
    copies = backups(library.path)
    written = library.read("SELECT COALESCE(MAX(id), 0) FROM audit", ())[0][0]
    if not written or (copies and _last_entry(copies[-1]) == written):
        return
    folder = backup_folder(library.path)
    library.backup(folder / f"{datetime.now():%Y%m%d-%H%M%S-%f}.sqlite")
    copies = backups(library.path)
    by_day = {copy.name[:8]: copy for copy in copies}
    kept = {*copies[-BACKUPS_KEPT:], *list(by_day.values())[-BACKUPS_KEPT:]}
    for old in copies:
        if old not in kept:
            old.unlink(missing_ok=True)


def backup_folder(path: Path) -> Path:
    """Return where the automatic backups of a library lie."""
    return path.with_name(path.stem + "-backups")


def backups(path: Path) -> list[Path]:
    """Return the automatic backups of a library, the newest last."""
    return sorted(backup_folder(path).glob("*.sqlite"))


def is_sound(path: Path) -> bool:
    """Tell whether a file is an SQLite database without damage."""
    try:
        return bool(_asked(path, "PRAGMA quick_check") == "ok")
    except _UNREADABLE as error:
        # A folder or file that may not be opened is not damage; Library says what it is.
        return isinstance(error, sqlite3.OperationalError)


def missing_files(library: Library) -> list[tuple[str, str]]:
    """Return (case, role) of each file that is not where it was."""
    files = library.read(
        "SELECT c.name, f.role, f.path FROM files f JOIN cases c ON c.id = f.case_id"
        " WHERE f.path <> '' ORDER BY c.id",
        (),
    )
    return [(name, role) for name, role, file in files if not Path(file).is_file()]


def counts(library: Library) -> dict[str, int]:
    """Return how many cases, labels, answers of models and entries of the log there are."""
    return {
        table: library.read(f"SELECT COUNT(*) FROM {table}", ())[0][0]
        for table in ("cases", "labels", "answers", "audit")
    }


def _format(path: Path) -> int:
    """Return the format of a library file; 0 where there is none yet or it cannot be read."""
    try:
        return int(_asked(path, "PRAGMA user_version")) if path.is_file() else 0
    except _UNREADABLE:
        return 0


def _mended(path: Path) -> str:
    """Replace a file that lost its content; return what to tell the user."""
    copies = [copy for copy in backups(path) if copy.stat().st_size and is_sound(copy)]
    if not path.exists() or path.stat().st_size == 0:
        if not copies:
            return ""
        told = "The library was missing or empty."
    elif is_sound(path):
        return ""
    else:
        aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        told = f"The library was damaged; it was set aside as {aside.name}."
    if not copies:
        return f"{told} There was no backup: a new, empty library was made."
    part = path.with_name(path.name + ".part")
    shutil.copyfile(copies[-1], part)
    os.replace(part, path)
    when = datetime.fromtimestamp(copies[-1].stat().st_mtime)
    return f"{told} The backup of {when:%Y-%m-%d %H:%M} took its place."


def _last_entry(copy: Path) -> int:
    try:
        return int(_asked(copy, "SELECT MAX(id) FROM audit") or 0)
    except _UNREADABLE:
        return -1


def _asked(path: Path, query: str) -> Any:
    """Return the one value a query of a file has for an answer."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]
