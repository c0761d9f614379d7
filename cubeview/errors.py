"""The two ways a CubeView function may stop early, and how long functions report progress."""

from collections.abc import Callable

Report = Callable[[float, str], None]
"""``report(fraction, text)``: fraction of the work done, 0 to 1, and what is being done.

It may raise `Cancelled`; a long function calls it at least every 200 ms of work and lets the
exception through.
"""


class CubeviewError(Exception):
    """Something the user can act on: the text says what happened, to which file, what to do."""


class Cancelled(Exception):
    """The user stopped the work; shown to nobody."""


def nothing(fraction: float, text: str) -> None:
    """Report to nobody; the default of every ``report`` argument."""


def part_of(report: Report, first: float, share: float) -> Report:
    """Return a report over a part of the work that begins at `first`."""
    return lambda fraction, text: report(first + share * fraction, text)
