"""The work folder of a scoring: what is done, what is being done, and by whom.

Nothing in it is ever changed in place. A shard that is done is one file, written beside its name,
synced and then named; one that is being done has a journal of whole lines, which whoever takes it
over goes on from. Who works at a shard holds its lease, a file that is touched now and then: once
it has rested, or its process is known to have ended, anybody may take it. Should two work at one
shard after all, both write the same, or the difference is kept to be told.
"""

import hashlib
import json
import os
import platform
import shutil
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cubeview.errors import CubeviewError, refusing
from cubeview.paths import is_running
from cubeview.plain import from_json

LEASE_S = 60.0
"""A lease that was not touched for so long is nobody's."""
STRIKES = 5
"""A file that ended so many processes that judged it is not judged again."""
Row = dict[str, Any]
Rows = list[Row]
_NODE = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_ADVICE = "Check the disk. What is done is kept: start again to go on."


class Store:
    """A work folder.

    Parameters
    ----------
    folder : Path
        Made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts, self._leases = folder / "parts", folder / "leases"
        self._journals, self._tallies = folder / "journals", folder / "tallies"
        self._conflicts, self._again = folder / "conflicts", folder / "again"
        self.plans, self._spool = folder / "plans", folder / "spool"
        self.owner = f"{_NODE}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        with refusing(folder, "cannot be written", _ADVICE):
            for place in (self._parts, self._leases, self._journals, self._tallies,
                          self._conflicts, self._again, self.plans):  # fmt: skip
                place.mkdir(parents=True, exist_ok=True)

    @property
    def spool(self) -> Path:
        """Where this process keeps what it fetches."""
        return self._spool / self.owner

    def is_done(self, key: str) -> bool:
        """Tell whether a shard is done."""
        return self._part(key).exists()

    def size_of(self, key: str) -> int:
        """Return the bytes of a shard; CubeviewError if it is not done."""
        path = self._part(key)
        with refusing(path, "this shard is not done", "Start again to go on."):
            return path.stat().st_size

    def rows_of(self, key: str) -> list[bytes]:
        """Return the rows of a shard that is done, JSON a row, those that contradict included.

        Raises CubeviewError if it is not done, or its file is damaged; that is deleted then.
        """
        found: list[bytes] = []
        for path in (self._part(key), *sorted(self._conflicts.glob(f"{key}-*"))):
            with refusing(path, "cannot be read", _ADVICE):
                *lines, last = path.read_bytes().split(b"\n")
            if last or not lines or lines[0] != _head(lines[1:]):
                path.unlink(missing_ok=True)
                raise CubeviewError(f"{path}: was damaged, and is made again: start again.")
            found += lines[1:]
        return found

    def conflicts(self) -> int:
        """Return how many shards were done twice with different results."""
        return sum(1 for _ in self._conflicts.iterdir())

    @contextmanager
    def lease(self, key: str) -> Iterator[bool]:
        """Hold a shard while it is worked at; False where somebody else does, or it is done."""
        path = self._leases / key
        if self.is_done(key) or not (self._take(path) or self._take_over(path)):
            yield False
            return
        stop = threading.Event()

        def touch() -> None:
            while not stop.wait(LEASE_S / 4):
                with suppress(OSError):
                    os.utime(path)

        beat = threading.Thread(target=touch, daemon=True)
        beat.start()
        try:
            # It may have been done between the look and the lease.
            yield not self.is_done(key)
        finally:
            stop.set()
            beat.join()
            if _read(path) == self.owner:
                path.unlink(missing_ok=True)

    def begun(self, key: str) -> tuple[dict[int, Rows], dict[int, int]]:
        """Return what is in the journal of a shard.

        Returns
        -------
        rows : dict of unit to rows
            Of the units that were judged.
        strikes : dict of unit to int
            How often another was begun with and not ended.
        """
        rows: dict[int, Rows] = {}
        strikes: dict[int, int] = {}
        with suppress(FileNotFoundError), self._journal(key).open("rb") as stream:
            for line in stream:
                try:
                    told = from_json(line)
                    if "forgiven" in told:
                        strikes.clear()
                        continue
                    number = int(told["unit"])
                    if "rows" in told:
                        rows[number] = list(told["rows"])
                    else:
                        strikes[number] = strikes.get(number, 0) + 1
                except (ValueError, TypeError, KeyError):
                    continue  # torn where a process or the power ended
        return rows, strikes

    @contextmanager
    def journal(self, key: str) -> Iterator["Journal"]:
        """Write the journal of a shard, line by line."""
        with refusing(self._journal(key), "cannot be written", _ADVICE):
            # Unbuffered, and a line a call: what was written outlives the process.
            stream = self._journal(key).open("ab", buffering=0)
        with stream:
            stream.write(b"\n")  # ends a line that was torn
            yield Journal(stream)

    def publish(self, key: str, rows: Mapping[int, Rows]) -> None:
        """Write the rows of all units of a shard, whole or not at all.

        Rows marked ``again``, whose file could not be reached, are asked for in the next run.

        Parameters
        ----------
        key : str
        rows : mapping of unit to rows
        """
        every = [row for number in sorted(rows) for row in rows[number]]
        if any(row.pop("again", False) for row in every):
            (self._again / key).touch()
        lines = [_line(row) for row in every]
        data = b"\n".join((_head(lines), *lines, b""))
        path = self._part(key)
        with refusing(path, "cannot be written", _ADVICE):
            path.parent.mkdir(exist_ok=True)
            part = path.with_name(f"{key}.{self.owner}.tmp")
            with part.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            try:
                _name(part, path)
            except FileExistsError:
                if path.read_bytes() != data:
                    digest = hashlib.sha256(data).hexdigest()[:16]
                    os.replace(part, self._conflicts / f"{key}-{digest}.jsonl")
            finally:
                part.unlink(missing_ok=True)
            _sync(path.parent)
        self._journal(key).unlink(missing_ok=True)

    def forgive(self, processes: Collection[int]) -> None:
        """Give back what processes of this machine held that were ended on purpose.

        Parameters
        ----------
        processes : collection of int
            Their numbers.
        """
        ours = tuple(f"{_NODE}-{number}-" for number in processes)
        for path in self._leases.iterdir():
            if ours and _read(path).startswith(ours):
                with self._journal(path.name).open("ab") as stream:
                    stream.write(b'\n{"forgiven":true}\n')
                path.unlink(missing_ok=True)

    def tell(self, tally: Mapping[str, Any]) -> None:
        """Say how far this process has come; see `tallies`."""
        path = self._tallies / self.owner
        part = path.with_suffix(".tmp")
        with suppress(OSError):  # told again soon
            part.write_bytes(_line(dict(tally)))
            os.replace(part, path)

    def tallies(self) -> dict[str, dict[str, Any]]:
        """Return how far each process has come, by its name."""
        found = {}
        for path in self._tallies.iterdir():
            if path.suffix != ".tmp":
                with suppress(OSError, ValueError):
                    found[path.name] = from_json(path.read_bytes())
        return found

    def forget_empty(self) -> None:
        """Take the folder away where nothing was done in it: its name is free again."""
        if not any(self._parts.iterdir()):
            shutil.rmtree(self.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what processes left that have ended, and what is to be asked again."""
        for marker in list(self._again.iterdir()):
            self._part(marker.name).unlink(missing_ok=True)
            marker.unlink(missing_ok=True)
        for place in (self._tallies, self.plans, self._spool):
            for path in place.iterdir() if place.is_dir() else ():
                if _has_ended(path.name):
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _take(self, path: Path) -> bool:
        try:
            with path.open("x") as stream:
                stream.write(self.owner)
        except FileExistsError:
            return False
        except OSError as error:
            raise CubeviewError(
                f"{path}: cannot be written ({error.strerror}). {_ADVICE}"
            ) from error
        return True

    def _take_over(self, path: Path) -> bool:
        """Take a shard that nobody works at any more; False where somebody does."""
        try:
            held, rested = _read(path), self._now() - path.stat().st_mtime
        except OSError:
            return self._take(path)  # given back this moment
        if rested < LEASE_S and not _has_ended(held):
            return False
        gone = path.with_name(f"{path.name}.{uuid.uuid4().hex[:6]}.left")
        with suppress(OSError):  # another was faster
            os.rename(path, gone)
            gone.unlink()
        return self._take(path)

    def _now(self) -> float:
        """Return the time as the disk has it: that of another machine may be off by minutes."""
        path = self._tallies / f"{self.owner}.tmp"
        path.touch()
        return path.stat().st_mtime

    def _part(self, key: str) -> Path:
        return self._parts / key[:2] / f"{key}.jsonl"

    def _journal(self, key: str) -> Path:
        return self._journals / f"{key}.jsonl"


class Journal:
    """What one process writes down about a shard while it is at it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def begin(self, unit: int) -> None:
        """Note that a unit is about to be judged."""
        self._stream.write(_line({"unit": unit}) + b"\n")

    def end(self, unit: int, rows: Rows) -> None:
        """Note what came of it."""
        self._stream.write(_line({"unit": unit, "rows": rows}) + b"\n")


def _line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _head(lines: list[bytes]) -> bytes:
    """Return the first line of a part: how many rows follow, and their hash."""
    return _line({"rows": len(lines), "sha256": hashlib.sha256(b"\n".join(lines)).hexdigest()})


def _name(part: Path, path: Path) -> None:
    """Give a file its name unless there is one of that name: FileExistsError then."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if path.exists():
            raise FileExistsError(str(path)) from None
        os.rename(part, path)


def _sync(folder: Path) -> None:
    """Have the disk keep the names in a folder; some systems sync no folders, and do so alone."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace")
    return ""


def _has_ended(owner: str) -> bool:
    """Tell whether a process is known to have ended: one of this machine that runs no more."""
    node, _, rest = owner.partition("-")
    number = rest.partition("-")[0]
    return node == _NODE and number.isdecimal() and not is_running(int(number))
