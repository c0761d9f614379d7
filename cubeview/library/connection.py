"""The connection to a library file: whose it is, its schema, and how durable it writes."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cubeview.errors import CubeviewError
from cubeview.library import schema


def existing(path: Path) -> sqlite3.Connection:
    """Open a database that must be there, text that is none in it read as far as it goes."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    connection.text_factory = as_text
    return connection


def as_text(stored: bytes) -> str:
    """Return text of a database; a byte that rotted costs one character, not the whole list."""
    return stored.decode(errors="replace")


def connect(path: Path) -> sqlite3.Connection:
    """Open a library file as a connection with WAL and full durability; make or upgrade it.

    Raises CubeviewError if the file is another program's or a newer CubeView's, which was not
    touched; sqlite3.Error if it cannot be opened or written.
    """
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.text_factory = as_text
    try:
        return _prepared(connection, path)
    except BaseException:
        connection.close()
        raise


def kept_as(path: Path, version: int) -> Path:
    """Return where a library of an older format is kept as it was."""
    return path.with_name(f"{path.stem}-format{version}{path.suffix}")


def refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    """Raise CubeviewError for a library whose format is newer than this program's.

    Asked when a file is opened, and before each change: another version of the program may have
    brought it to its own format while this one had it open.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise CubeviewError(
            f"{path}: this library was made by a newer CubeView (format {version}, this program "
            f"knows {schema.VERSION}). Update CubeView; the library was not touched."
        )


def _prepared(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    version = _version(connection)
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    foreign = application not in (0, schema.APPLICATION)
    if foreign or (tables and not {"cases", "labels", "audit"} <= tables):
        raise CubeviewError(
            f"{path}: this is a database of another program, not a library of CubeView. "
            "Choose another file; it was not touched."
        )
    refuse_newer(connection, path)
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if version == 0:
        _once(connection, schema.create)
    elif version < schema.VERSION:
        _keep(connection, path, version)
        _once(connection, schema.upgrade)
    return connection


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turn on WAL; for that SQLite waits for no other window, whatever its timeout says."""
    for wait_s in (*[0.02] * 100, 0.0):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not wait_s:
                raise
            time.sleep(wait_s)


def _keep(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy a library of an older format beside itself, unless another window was quicker."""
    kept = kept_as(path, version)
    part = kept.with_name(f"{kept.name}.{os.getpid()}-{threading.get_ident()}.part")
    backup = sqlite3.connect(part)
    try:
        connection.backup(backup)
        copied = backup.execute("PRAGMA user_version").fetchone()[0]
    finally:
        backup.close()
    if copied == version:
        os.replace(part, kept)
    else:
        part.unlink()


def _once(connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], None]) -> None:
    """Change the tables, but for what another window has changed meanwhile."""
    while True:
        before = _version(connection)
        try:
            change(connection)
            return
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            now = _version(connection)
            if now == before:
                raise
            if now == schema.VERSION:
                return


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
