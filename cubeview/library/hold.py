"""Who has a library open: many may at once, but whoever replaces its file must be alone.

SQLite's own locks on an empty file beside the library: they work alike on every system, go with
the process that holds them, and stay when the library itself is damaged, renamed or replaced.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cubeview.errors import CubeviewError

_WAIT_S = 10.0
"""How long another window may take to put a damaged library right."""


def hold(path: Path) -> sqlite3.Connection:
    """Hold a library together with others, until what is returned is closed; sqlite3.Error."""
    return _locked(path, "BEGIN", _WAIT_S)


@contextmanager
def alone(path: Path, wait_s: float = 2.0) -> Iterator[None]:
    """Have a library that nobody else holds; CubeviewError, saying what to do, where one does."""
    try:
        connection = _locked(path, "BEGIN EXCLUSIVE", wait_s)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise CubeviewError(
                f"{path}: the library cannot be put right ({error}). Check that its folder is not "
                "read-only and has space."
            ) from error
        raise CubeviewError(
            f"{path}: the library is damaged or not where it was, and another window of CubeView "
            "still has it open. It was left as it is: close that window, then start again."
        ) from error
    with closing(connection):
        yield


def _locked(path: Path, begin: str, wait_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path.with_name(f"{path.name}.lock"),
        timeout=wait_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute(begin)
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # takes the lock
    except BaseException:
        connection.close()
        raise
    return connection
