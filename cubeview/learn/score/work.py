"""What each worker does, whoever started it: takes shards nobody has, judges, writes them whole.

The same for a process of this machine, a task of a Slurm array and a Dask worker. They know of
each other by the work folder alone; any of them may end at any moment.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cubeview.errors import Report, nothing
from cubeview.learn.score.ask import Ask, read_ask
from cubeview.learn.score.judge import failed_row, judge
from cubeview.learn.score.plan import Shard, read_plan
from cubeview.learn.score.store import STRIKES, Row, Rows, Store

FIRST = 20
"""Answers, and failures, that a worker shows."""
MOST_UNITS = 5000
"""Units after which a process is replaced: what it remembers of each file must not add up."""
_TELL_S = 0.5
_WAIT_S = 0.3


class Tally:
    """How far one process has come, told now and then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told = 0.0
        self._at_once = True
        self.now: dict[str, Any] = {
            "began": time.time(), "units": 0, "rows": 0, "failed": 0, "size": 0,
            "first": [], "reasons": [], "said": "",
        }  # fmt: skip

    def add(self, size: int, rows: Rows) -> None:
        """Count a unit that was judged."""
        if not self.now["units"]:
            self.now["began"] = time.time()
        self.now["units"] += 1
        self.now["size"] += size
        for row in rows:
            name = "failed" if row.get("reason") else "rows"
            self.now[name] += 1
            shown: list[Row] = self.now["reasons" if row.get("reason") else "first"]
            if len(shown) < FIRST:
                shown.append(row)
        if self._at_once or time.monotonic() - self._told > _TELL_S:
            self.tell()

    def stop(self, reason: str) -> None:
        """Tell why this process cannot go on, and no other could."""
        self.now["said"] = reason
        self.tell()

    def tell(self) -> None:
        """Tell it now."""
        self._told, self._at_once = time.monotonic(), False
        self._store.tell(self.now)


def work(
    folder: Path,
    plan: Path,
    *,
    share: tuple[int, int] = (0, 1),
    most: int = MOST_UNITS,
    report: Report = nothing,
) -> bool:
    """Do shards of a plan until all are done; first one's own share, then what others left.

    Parameters
    ----------
    folder : Path
        The work folder; its question is answered.
    plan : Path
        May still be growing.
    share : tuple of (int, int)
        Which worker this is, from 0, and of how many.
    most : int
        Units after which it stops.
    report : Report
        Called before each unit and while waiting; may raise Cancelled.

    Returns
    -------
    bool
        All is done; False where it stopped before, for another process to go on.

    Raises
    ------
    CubeviewError
        If the model was replaced, or the disk cannot be written.
    """
    ask, store = read_ask(folder), Store(folder)
    tally = Tally(store)
    number, count = share

    def own(place: int) -> bool:
        return place % count == number

    def others(place: int) -> bool:
        return not own(place)

    try:
        left = _pass(ask, store, _of(plan, own, report), tally, most, report)
        if count > 1 and tally.now["units"] < most:
            left += _pass(ask, store, _of(plan, others, report), tally, most, report)
        while left and tally.now["units"] < most:
            report(0.0, "waiting for others")
            time.sleep(_WAIT_S)
            left = _pass(ask, store, iter(left), tally, most, report)
    finally:
        tally.tell()
    return int(tally.now["units"]) < most


def _of(plan: Path, mine: Callable[[int], bool], report: Report) -> Iterator[Shard]:
    place = 0
    for shard in read_plan(plan):
        if shard is None:
            report(0.0, "waiting for the plan")
            time.sleep(_WAIT_S / 3)
            continue
        if mine(place):
            yield shard
        place += 1


def _pass(
    ask: Ask, store: Store, shards: Iterator[Shard], tally: Tally, most: int, report: Report
) -> list[Shard]:
    """Do what nobody does; return what others were at."""
    left = []
    for shard in shards:
        if tally.now["units"] >= most:
            break
        if store.is_done(shard.key):
            continue
        with store.lease(shard.key) as mine:
            if mine:
                _shard(ask, store, shard, tally, report)
            elif not store.is_done(shard.key):
                left.append(shard)
    return left


def _shard(ask: Ask, store: Store, shard: Shard, tally: Tally, report: Report) -> None:
    rows, strikes = store.begun(shard.key)
    with store.journal(shard.key) as journal:
        for number, unit in enumerate(shard.units):
            if number not in rows:
                report(0.0, os.path.basename(unit[0].path))
                if strikes.get(number, 0) >= STRIKES:
                    ended = f"the process that judged it was ended {STRIKES} times. Try it alone."
                    rows[number] = [failed_row(ask, unit, f"{unit[0].path}: {ended}")]
                else:
                    journal.begin(number)
                    rows[number] = judge(ask, unit, store.spool)
                journal.end(number, rows[number])
            tally.add(sum(item.size for item in unit), rows[number])
    store.publish(shard.key, rows)
