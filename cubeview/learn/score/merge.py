"""Shards to one catalogue: a union by key, sorted, of any size in little memory.

Rows are dealt out by key into piles that fit into memory; in each, what is there twice is told
apart and the rest is sorted by place; the sorted piles are merged. Which worker did which shard,
and when, leaves no trace.
"""

import heapq
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from cubeview.errors import Report, nothing, refusing
from cubeview.learn.score.plan import read_plan
from cubeview.learn.score.store import Row, Store

_PILE_BYTES = 16 << 20
_MOST_PILES = 400
"""As many files are open at once, and systems allow 1024."""
_APART = ("file", "case", "at", "nth")
"""What may differ between rows of one key: where a copy lies and what it is called."""

_HEAD = 500
_DIFFER = "two runs gave different answers"


@dataclass
class Merged:
    """What a union came to.

    Parameters
    ----------
    rows, failed, copies, conflicts : int
        Rows; those of them without an answer; rows left out because their content was there;
        keys of which two runs said different things.
    head : list of row
        The first ones, to look at.
    """

    rows: int = 0
    failed: int = 0
    copies: int = 0
    conflicts: int = 0
    head: list[Row] = field(default_factory=list, repr=False)


def merged(store: Store, plan: Path, counted: Merged, *, report: Report = nothing) -> Iterator[Row]:
    """Yield the rows of all shards of a plan, each key once, in the order of file and window.

    Parameters
    ----------
    store : Store
    plan : Path
    counted : Merged
        Counts along.
    report : Report

    Raises
    ------
    CubeviewError
        If a shard is not done, or damaged.
    """
    # Also the piles are sweepable: they are this process's own.
    folder = store.spool / "merge"
    with refusing(folder, "cannot be written", "Check the disk."):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        piles = _deal(store, plan, folder, report)
        with ExitStack() as stack:
            runs = [stack.enter_context(_sorted(pile, counted).open("rb")) for pile in piles]
            for *_, row in heapq.merge(*(map(json.loads, run) for run in runs)):
                counted.rows += 1
                counted.failed += bool(row.get("reason"))
                if len(counted.head) < _HEAD:
                    counted.head.append(row)
                yield row
    finally:
        shutil.rmtree(store.spool, ignore_errors=True)


def _keys(plan: Path) -> Iterator[str]:
    return (shard.key for shard in read_plan(plan) if shard is not None)


def _deal(store: Store, plan: Path, folder: Path, report: Report) -> list[Path]:
    """Deal the rows of all shards out to piles by their key."""
    total = sum(store.size_of(key) for key in _keys(plan))
    count = min(_MOST_PILES, 1 + total // _PILE_BYTES)
    piles = [folder / str(number) for number in range(count)]
    with ExitStack() as stack:
        streams = [stack.enter_context(pile.open("wb")) for pile in piles]
        for key in _keys(plan):
            report(0.0, "joining what was found")
            for line in store.rows_of(key):
                place = int(json.loads(line)["key"][:8], 16) % count
                streams[place].write(line + b"\n")
    return piles


def _sorted(pile: Path, counted: Merged) -> Path:
    """Return a pile in which each key is there once, in order."""
    by_key: dict[str, list[Row]] = {}
    for line in pile.read_bytes().splitlines():
        row = json.loads(line)
        by_key.setdefault(row["key"], []).append(row)
    kept = []
    for key, rows in by_key.items():
        rows.sort(key=lambda row: (*_place(row), json.dumps(row, sort_keys=True)))
        first = rows[0]
        files = len({row["file"] for row in rows})
        counted.copies += files - 1
        if len({json.dumps(_said(row), sort_keys=True) for row in rows}) > 1:
            counted.conflicts += 1
            first["cautions"] = "; ".join(filter(None, (first.get("cautions"), _DIFFER)))
        kept.append([*_place(first), key, {**first, "copies": files}])
    kept.sort(key=lambda entry: entry[:4])
    pile.write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="ascii")
    return pile


def _place(row: Row) -> tuple[str, list[int], int]:
    return row["file"], row["at"], row["nth"]


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _APART}
