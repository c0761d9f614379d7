"""The two ways a CubeView function may stop early, and how long functions report progress."""

from collections.abc import Callable
from pathlib import Path

Report = Callable[[float, str], None]
"""``report(fraction, text)``: fraction of the work done, 0 to 1, and what is being done.

It may raise `Cancelled`; a long function calls it at least every 200 ms of work and lets the
exception through.
"""


class CubeviewError(Exception):
    """Something the user can act on: the text says what happened, to which file, what to do."""


class Cancelled(Exception):
    """The user stopped the work; shown to nobody."""


class refusing:
    """Turn what the system says of a file into a CubeviewError: ``with refusing(path, what):``.

    A class, because a spectrum passes here once a channel and a generator takes five times as long.

    Parameters
    ----------
    path : Path
        What the message begins with.
    what : str
        What cannot be done; the system's reason follows in brackets.
    advice : str
        What to do about it; a sentence, or more.
    """

    __slots__ = ("_advice", "_path", "_what")

    def __init__(self, path: Path, what: str, advice: str = "") -> None:
        self._path, self._what, self._advice = path, what, advice

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            why = f"{self._path}: {self._what} ({error.strerror or error}). {self._advice}".rstrip()
            raise CubeviewError(why) from error


def nothing(fraction: float, text: str) -> None:
    """Report to nobody; the default of every ``report`` argument."""


def part_of(report: Report, first: float, share: float) -> Report:
    """Return a report over a part of the work.

    Parameters
    ----------
    report : Report
        Of the whole work.
    first, share : float
        Where the part begins and how much of the whole it is, 0 to 1.
    """
    return lambda fraction, text: report(first + share * fraction, text)
