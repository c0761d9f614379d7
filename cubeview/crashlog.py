"""A log that goes with a report: where in the program something went wrong, and of no case a word.

What an error says may quote a file, its name or a patient's; so neither that nor what is filled
into a line of the log is written down: only kinds of errors, and places in the code.
"""

import faulthandler
import logging
import traceback
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from cubeview.paths import data_dir

_BYTES, _KEPT = 1 << 18, 3
_TOLD_LINES = 150
_PACKAGE = Path(__file__).parent.name
_kept_open: list[IO[str]] = []


def start() -> None:
    """Write the log of this program, and where it is when it crashes, into the user's folder."""
    with suppress(OSError):  # a full disk or a read-only home is said elsewhere
        handler = RotatingFileHandler(
            _file("log"), maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True
        )
        handler.setFormatter(_Bare())
        handler.setLevel(logging.INFO)
        logging.getLogger(_PACKAGE).setLevel(logging.INFO)
        logging.getLogger().addHandler(handler)
        crash = _file("crash")
        if crash.is_file() and crash.stat().st_size > _BYTES:
            crash.replace(crash.with_suffix(".old"))
        _kept_open.append(crash.open("a", encoding="utf-8"))
        faulthandler.enable(_kept_open[-1])


def stop() -> None:
    """Leave both files."""
    faulthandler.disable()
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h.formatter, _Bare)]:
        root.removeHandler(handler)
        handler.close()
    while _kept_open:
        _kept_open.pop().close()


def told() -> str:
    """Return the last lines of both files, for a report; the user's folder is a tilde."""
    parts = []
    for name, title in (("log", "Log"), ("crash", "Crashes")):
        with suppress(OSError):
            lines = _file(name).read_text(encoding="utf-8", errors="replace").splitlines()
            parts += [f"{title}:", *lines[-_TOLD_LINES:]] if lines else []
    return "\n".join(parts).replace(str(Path.home()), "~")


def places(error: BaseException) -> str:
    """Return the kinds of an error and of what caused it, and the lines they came through."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < _TOLD_LINES:
        frames = traceback.extract_tb(cause.__traceback__)
        found = [f"  {'/'.join(Path(f.filename).parts[-3:])}:{f.lineno} {f.name}" for f in frames]
        lines += [f"{type(cause).__module__}.{type(cause).__qualname__}", *found]
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines)


class _Bare(logging.Formatter):
    """Lines as they stand in the code, nothing filled in; of other packages only the name."""

    def format(self, record: logging.LogRecord) -> str:
        own = record.name.split(".")[0] == _PACKAGE
        said = record.msg if own and isinstance(record.msg, str) else ""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {said}"
        error = record.exc_info[1] if record.exc_info else None
        return f"{line}\n{places(error)}" if error is not None else line


def _file(name: str) -> Path:
    return data_dir() / f"cubeview-{name}.txt"
