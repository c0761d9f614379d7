"""The plan of a scoring: which files are judged together, and in which shards.

A shard is known by what is in it: its files with size and time of change, and what is asked. Where
a shard ends is decided by the files themselves, so that a file that comes or goes changes the
shard it lies in and no other.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io.dicom.together import loose_groups
from cubeview.io.listing import Item, is_url, item_of, items
from cubeview.io.opened import Refusal
from cubeview.kinds import KINDS
from cubeview.learn.score.ask import Ask, digest
from cubeview.learn.score.tasks import SCORERS
from cubeview.library.folder import groups

Unit = tuple[Item, ...]
"""Files that are opened together: most often one."""


class Shard(NamedTuple):
    """What one worker does in one go, and what is written in one piece."""

    key: str
    units: tuple[Unit, ...]

    def line(self) -> str:
        """Return it as a line of a plan."""
        return json.dumps([self.key, self.units], separators=(",", ":")) + "\n"


@dataclass(frozen=True)
class Listed:
    """How much a place holds.

    Parameters
    ----------
    files, size, units, shards : int
        Files and their bytes; cases or groups of files; shards.
    done : int
        Units of shards that were done before.
    ended : bool
        All of it has been listed.
    """

    files: int = 0
    size: int = 0
    units: int = 0
    shards: int = 0
    done: int = 0
    ended: bool = False


_END = "end"
"""What the last line of a plan that is complete begins with; its counts follow."""
_LAST_BYTES = 1000


def shards(ask: Ask, *, without: Sequence[Path] = ()) -> Iterator[Shard]:
    """Yield the shards of what is asked, one after the other.

    Parameters
    ----------
    ask : Ask
    without : sequence of Path
        Files and folders that are left out: the catalogue's own.

    Raises
    ------
    CubeviewError
        If the place cannot be listed.
    """
    usual = SCORERS[ask.task].together
    card = ask.card()
    paired = card is not None and bool(KINDS[card.kind].states)
    usual = max(1, usual // 8) if paired else usual
    units: list[Unit] = []
    for unit in _groups(ask.place, without) if paired else _each(ask.place, without):
        units.append(unit)
        mark = int(digest(*(f"{item.path} {item.size} {item.stamp}" for item in unit))[:8], 16)
        if (len(units) >= usual / 4 and mark % usual == 0) or len(units) >= 4 * usual:
            yield _shard(ask, units)
            units = []
    if units:
        yield _shard(ask, units)


def write_plan(
    ask: Ask,
    path: Path,
    *,
    without: Sequence[Path] = (),
    is_done: Callable[[str], bool] = lambda key: False,
    told: Callable[[Listed], None] = lambda listed: None,
    report: Report = nothing,
) -> Listed:
    """Write the shards into a file, a line each, that others may follow while it grows.

    Parameters
    ----------
    ask : Ask
    path : Path
    without : sequence of Path
    is_done : callable
        Tells whether the shard of a key was done before.
    told : callable
        Given what has been listed so far, after each shard and at the end.
    report : Report

    Raises
    ------
    CubeviewError
        If the place cannot be listed.
    """
    listed = Listed()
    with path.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        for shard in shards(ask, without=without):
            report(0.0, f"listing: {listed.files:,} files")
            stream.write(shard.line())
            stream.flush()
            files = [item for unit in shard.units for item in unit]
            units = len(shard.units)
            listed = Listed(
                listed.files + len(files),
                listed.size + sum(item.size for item in files),
                listed.units + units,
                listed.shards + 1,
                listed.done + (units if is_done(shard.key) else 0),
            )
            told(listed)
        listed = replace(listed, ended=True)
        stream.write(f"{_END} {json.dumps(asdict(listed))}\n")
    told(listed)
    return listed


def read_plan(path: Path) -> Iterator[Shard | None]:
    """Yield the shards of a plan; None each time there is no further one yet.

    Parameters
    ----------
    path : Path
        That `write_plan` writes, or will.
    """
    while not path.exists():
        yield None
    with path.open(encoding="utf-8", errors="surrogatepass") as stream:
        begun = ""
        while not begun.startswith(_END):
            begun += stream.readline()
            if not begun.endswith("\n"):
                yield None
            elif not begun.startswith(_END):
                key, units = json.loads(begun)
                yield Shard(key, tuple(tuple(Item(*item) for item in unit) for unit in units))
                begun = ""


def read_listed(path: Path) -> Listed:
    """Return how much a plan that is complete holds.

    Raises CubeviewError if there is none, or it was never ended.
    """
    with refusing(path, "nothing was planned", "Begin with --engine slurm."):
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _LAST_BYTES))
            last = stream.read().decode(errors="replace").splitlines()[-1:]
        if not last or not last[0].startswith(_END):
            raise CubeviewError(f"{path}: the plan is not complete. Begin again.")
        return Listed(**json.loads(last[0].removeprefix(_END)))


def _shard(ask: Ask, units: Sequence[Unit]) -> Shard:
    text = json.dumps(units, separators=(",", ":"))
    return Shard(digest(ask.key, text), tuple(units))


def _each(place: str, without: Sequence[Path]) -> Iterator[Unit]:
    return ((item,) for item in items(place, without=without))


def _groups(place: str, without: Sequence[Path]) -> Iterator[Unit]:
    """Yield files that may make one case: scans of a folder, or of one person lying loose."""
    if is_url(place) or not Path(place).is_dir():
        found = items(place, without=without)
        for _, together in groupby(found, lambda item: item.path.rpartition("/")[0]):
            unit = tuple(together)
            here = not any(is_url(item.path) for item in unit)
            yield from _loose(unit) if here else iter((unit,))
        return
    refusals: list[Refusal] = []
    for _, paths in groups([Path(place)], refusals):
        inside: list[Item] = []
        for path in paths:
            inside += items(str(path), without=without) if path.is_dir() else [item_of(str(path))]
        yield from _loose(inside)
    for refusal in refusals:
        yield (Item(str(refusal.path), 0, "", True),)


def _loose(found: Sequence[Item]) -> Iterator[Unit]:
    by_path = {Path(item.path): item for item in found}
    for paths in loose_groups(list(by_path)):
        yield tuple(by_path[path] for path in paths)
