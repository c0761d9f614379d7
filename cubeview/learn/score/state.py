"""How far a scoring has come, as its processes tell."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from cubeview.learn.score.plan import Listed
from cubeview.learn.score.store import Row, Store
from cubeview.learn.score.work import FIRST


@dataclass(frozen=True)
class State:
    """How far a scoring has come.

    Parameters
    ----------
    listed : Listed
    units, rows, failed, size : int
        Units judged in this run, answers, cases without one, bytes.
    first, reasons : tuple of row
        A few answers, and rows that say why there is none.
    timed, seconds : int, float
        Units but the first of each process, and seconds since the first was there.
    """

    listed: Listed
    units: int = 0
    rows: int = 0
    failed: int = 0
    size: int = 0
    first: tuple[Row, ...] = ()
    reasons: tuple[Row, ...] = ()
    timed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Units a second, once they come: loading the model does not count."""
        return self.timed / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds that are left; None while that is not known."""
        if not self.listed.ended or not self.rate:
            return None
        return max(self.listed.units - self.listed.done - self.units, 0) / self.rate

    @property
    def fraction(self) -> float:
        """Share of the units that are judged, 0 to 1."""
        return min(1.0, (self.listed.done + self.units) / max(self.listed.units, 1))


def state_of(store: Store, listed: Listed, processes: Collection[str] | None = None) -> State:
    """Return how far a scoring is, from what its processes tell.

    Parameters
    ----------
    store : Store
    listed : Listed
    processes : collection of str, optional
        Numbers of those that count; all by default.
    """
    tallies = [
        tally
        for owner, tally in sorted(store.tallies().items())
        if processes is None or owner.split("-")[1] in processes
    ]
    began = min((tally["began"] for tally in tallies if tally["units"]), default=time.time())
    timed = sum(max(tally["units"] - 1, 0) for tally in tallies)
    total: dict[str, int] = {
        name: sum(tally[name] for tally in tallies) for name in ("units", "rows", "failed", "size")
    }
    first, reasons = (
        tuple(row for tally in tallies for row in tally[name])[:FIRST]
        for name in ("first", "reasons")
    )
    seconds = time.time() - began
    return State(listed, **total, first=first, reasons=reasons, timed=timed, seconds=seconds)


def words(state: State) -> str:
    """Return how far a scoring is: ``"120 of 10,000 (23.1 a second, 7 min left)"``."""
    left = "" if state.left_s is None else f", {time_words(state.left_s)} left"
    done = state.listed.done + state.units
    of = f"{state.listed.units:,}" if state.listed.ended else f"more than {state.listed.units:,}"
    return f"{done:,} of {of} ({state.rate:.1f} a second{left})"


def time_words(seconds: float) -> str:
    """Return a time in words: ``"3 min"``."""
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
