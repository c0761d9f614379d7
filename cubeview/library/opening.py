"""Opening a library: a damaged file is replaced by its backup, an older one is upgraded."""

import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

from cubeview.library.library import Library


def open_library(path: Path, reader: str) -> tuple[Library, str]:
    """Open a library, putting right what can be put right.

    A damaged file is set aside and the newest automatic backup takes its place; an older schema
    is backed up and upgraded. A backup is made when the newest is over a day old.

    Returns
    -------
    library : Library
    told : str
        What the user must be told; empty when nothing happened.

    Raises
    ------
    CubeviewError
        If the library is newer than this program, or cannot be opened or written.
    """
    told = ""
    if path.exists() and not _is_sound(path):
        aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        newest = max(_backups(path), default=None, key=lambda copy: copy.stat().st_mtime)
        told = f"The library was damaged; it was set aside as {aside.name}."
        if newest is None:
            told += " There was no backup: a new, empty library was made."
        else:
            shutil.copyfile(newest, path)
            when = datetime.fromtimestamp(newest.stat().st_mtime)
            told += f" The backup of {when:%Y-%m-%d %H:%M} took its place."
    library = Library(path, reader)
    copies = _backups(path)
    newest_at = max((copy.stat().st_mtime for copy in copies), default=0.0)
    if datetime.now().timestamp() - newest_at > _BACKUP_EVERY_S:
        _backup_folder(path).mkdir(exist_ok=True)
        library.backup(_backup_folder(path) / f"{datetime.now():%Y%m%d-%H%M%S}.sqlite")
        for old in sorted(copies)[: -_BACKUPS_KEPT + 1]:
            old.unlink()
    return library, told


_BACKUP_EVERY_S = 24 * 3600
_BACKUPS_KEPT = 10


def _backup_folder(path: Path) -> Path:
    return path.with_name(path.stem + "-backups")


def _backups(path: Path) -> list[Path]:
    return sorted(_backup_folder(path).glob("*.sqlite"))


def _is_sound(path: Path) -> bool:
    try:
        connection = sqlite3.connect(path)
        try:
            sound: bool = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        # A folder or file that may not be opened is not damage; Library says what it is.
        return isinstance(error, sqlite3.OperationalError)
    return sound
