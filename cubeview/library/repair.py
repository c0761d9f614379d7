"""Opening a library: a damaged file is replaced by its backup, an older one is upgraded."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cubeview.errors import CubeviewError, refusing
from cubeview.io.archive import is_there
from cubeview.library import schema
from cubeview.library.connection import existing, kept_as
from cubeview.library.hold import alone
from cubeview.library.library import Library
from cubeview.paths import replacing, sweep

_SUFFIXES = (".sqlite", ".db")
_MAGIC = b"SQLite format 3\0"

BACKUPS_KEPT = 10
"""Newest copies kept; of each of the last so many days one more."""

# sqlite3 cannot even put its complaint into words where it quotes damaged text.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
_NO_DAMAGE = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY,
)  # fmt: skip


def open_library(path: Path, reader: str) -> tuple[Library, str]:
    """Open a library, putting right what can be put right; return it and what to tell the user.

    A damaged, emptied or vanished file is replaced by the newest sound automatic backup, a
    damaged one is kept beside it; an older schema is backed up and upgraded. A backup is made
    whenever something was written since the newest one. Raises CubeviewError if the library is
    newer than this program, is a file of another kind, or cannot be opened or written.
    """
    _check_kind(path)
    what = "the library is damaged and cannot be replaced by its backup"
    with refusing(path, what, "Check its folder for space and permissions."):
        told = [_mended(path)]
    before = _format(path)
    library = Library(path, reader)
    if 0 < before < schema.VERSION:
        told.append(
            "The library was brought to this version's format; as it was it is kept as "
            f"{kept_as(path, before).name}."
        )
    elif library.put_right:
        told.append(
            f"Rules of the library were not CubeView's own ({', '.join(library.put_right)}) and "
            "were put right; look through labels written lately."
        )
    try:
        back_up(library)
    except (CubeviewError, OSError) as error:
        told.append(f"No backup of the library could be made: {error}")
    return library, " ".join(filter(None, told))


def is_database(path: Path) -> bool:
    """Tell whether a file begins as a library does; CubeviewError if it cannot be read."""
    if not path.is_file():
        return False
    with refusing(path, "cannot be read", "Check its permissions."), path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def _check_kind(path: Path) -> None:
    """Raise CubeviewError for what was never a library, which must not be set aside as damaged."""
    if path.suffix.lower() in _SUFFIXES or not path.is_file():
        return
    if not is_database(path) and path.stat().st_size:
        raise CubeviewError(
            f"{path}: this is no library of CubeView; it was not touched. Libraries end in .sqlite."
        )


def back_up(library: Library) -> None:
    """Copy the library beside itself if something was written since the newest copy."""
    copies = backups(library.path)
    written = library.entries
    if not written or (copies and _last_entry(copies[-1]) == written):
        return
    sweep(backup_folder(library.path))
    made = backup_folder(library.path) / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.sqlite"
    library.backup(made)
    copies = backups(library.path)
    by_day = {copy.name[:8]: copy for copy in copies}
    kept = {made, *copies[-BACKUPS_KEPT:], *list(by_day.values())[-BACKUPS_KEPT:]}
    for old in copies:
        if old not in kept:
            old.unlink(missing_ok=True)


def backup_folder(path: Path) -> Path:
    """Return where the automatic backups of a library lie."""
    return path.with_name(path.stem + "-backups")


def backups(path: Path) -> list[Path]:
    """Return the automatic backups of a library, that with the most written in it last.

    No clock is asked, which may be set back, or have flown west: entries of the log only grow.
    """
    copies = backup_folder(path).glob("*.sqlite")
    return sorted(copies, key=lambda copy: (_last_entry(copy), copy.name))


def is_sound(path: Path) -> bool:
    """Tell whether a file is a library without damage, or another program's database."""
    try:
        with closing(existing(path)) as connection:
            return schema.is_whole(connection)
    except _UNREADABLE as error:
        # A folder or file that may not be opened is not damage; Library says what it is.
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _NO_DAMAGE


def missing_files(library: Library) -> list[tuple[str, str]]:
    """Return (case, role) of each file that is not where it was."""
    files = library.read(
        "SELECT c.name, f.role, f.path FROM files f JOIN cases c ON c.id = f.case_id"
        " WHERE f.path <> '' ORDER BY c.id",
        (),
    )
    return [(name, role) for name, role, file in files if not is_there(file)]


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
    if not path.parent.is_dir() or not _is_lost(path):
        return ""
    with alone(path):
        # Another window may have been quicker, and done by now.
        return _replaced(path) if _is_lost(path) else ""


def _is_lost(path: Path) -> bool:
    """Tell whether a library holds nothing any more but did once, or is damaged."""
    if _size(path):
        return not is_sound(path) or (_is_empty(path) and bool(backups(path)))
    return _beside(path, "-wal").exists() or bool(backups(path))


def _replaced(path: Path) -> str:
    """Set aside what is left of a library and put its backup in its place; say so."""
    damaged = _size(path) > 0
    told = "The library was damaged" if damaged else "The library was missing or empty"
    aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S-%f}{path.suffix}")
    # Left here, a log of changes would be written into the backup, which it does not belong to.
    left = [suffix for suffix in ("", "-wal", "-shm") if _beside(path, suffix).exists()]
    for suffix in left:
        _beside(path, suffix).rename(_beside(aside, suffix))
    kept = [_beside(aside, s).name for s in left if s != "-shm" and _size(_beside(aside, s))]
    told += f"; it was set aside as {' and '.join(kept)}." if kept else "."
    copies = [copy for copy in backups(path) if is_sound(copy) and not _is_empty(copy)]
    if not copies:
        return f"{told} There was no backup: a new, empty library was made."
    with replacing(path) as part:
        part.touch(0o600)
        shutil.copyfile(copies[-1], part)
    when = datetime.fromtimestamp(copies[-1].stat().st_mtime)
    told += f" The backup of {when:%Y-%m-%d %H:%M} took its place"
    return f"{told}, with {_said_missing(aside, copies[-1])}"


def _said_missing(lost: Path, copy: Path) -> str:
    """Say how many labels a backup has, and how many more there were."""
    query = "SELECT COUNT(*) FROM labels"
    there = int(_asked(copy, query))
    try:
        # Asked of a copy: SQLite changes what it opens, and what was set aside stays as it is.
        with TemporaryDirectory(dir=lost.parent, prefix=lost.stem) as folder:
            for suffix in ("", "-wal"):
                if _beside(lost, suffix).exists():
                    shutil.copy(_beside(lost, suffix), folder)
            missing = max(0, int(_asked(Path(folder) / lost.name, query)) - there)
    except (*_UNREADABLE, OSError):
        return f"{there} labels; whether any were written after it cannot be told."
    return f"{there} labels; {missing} written after it are missing."


def _is_empty(path: Path) -> bool:
    """Tell whether a sound database holds no library, nor anything else."""
    try:
        return int(_asked(path, "SELECT COUNT(*) FROM sqlite_master")) == 0
    except _UNREADABLE:
        return False


def _size(path: Path) -> int:
    """Return the bytes of a file; 0 where there is none, or another window just took it away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _last_entry(copy: Path) -> int:
    try:
        return int(_asked(copy, "SELECT MAX(id) FROM audit") or 0)
    except _UNREADABLE:
        return -1


def _asked(path: Path, query: str) -> Any:
    """Return the one value a query of a file has for an answer."""
    with closing(existing(path)) as connection:
        return connection.execute(query).fetchone()[0]
