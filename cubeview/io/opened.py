"""What a reader is, and what comes of it: cases, refusals with their reasons, a first look."""

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cubeview.crashlog import places
from cubeview.cubes.case import Case
from cubeview.errors import Cancelled, CubeviewError, Report, part_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """A file that was not opened, and why, in the user's words."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Opened:
    """What came of a list of paths: cases to look at, and files refused with reasons."""

    cases: tuple[Case, ...]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, eq=False)
class Preview:
    """One plane of a cube that is still being unpacked: to look at, and for nothing else."""

    name: str  # of the file
    plane: np.ndarray  # shape (y, x), float32, in the unit of the file; NaN where there is no value
    index: int  # which plane across the first axis, from 0


First = Callable[[Preview], None]
"""Called from the thread that reads, at most once a file, while the file is being unpacked."""


class Read(Protocol):
    """Read files that a reader knows; nothing is raised for a bad one."""

    def __call__(self, paths: Sequence[Path], *, report: Report, first: First | None) -> Opened:
        """Return one case for each cube, or for those that belong together.

        Parameters
        ----------
        paths : sequence of Path
        report : callable
            Called per file; may raise Cancelled.
        first : callable or None
            Given a plane of each file that takes long to unpack, as soon as there is one.
        """


@dataclass(frozen=True)
class Reader:
    """One format of files, as the table of readers holds it.

    What is `aside` is about another case, as a mask is: it is shown where nothing else was opened,
    or where its file was named.
    """

    label: str  # what the format is called: "FITS"
    sniff: Callable[[bytes, Path], bool]  # tells by first bytes and path if it knows a file
    read: Read
    aside: Callable[[Case], bool] = lambda case: False
    alone: bool = False  # each file is a case of its own: a folder can be read bit by bit


def read_each(
    paths: Sequence[Path], read: Callable[[Path, Report], Sequence[Case]], report: Report
) -> Opened:
    """Read files each of which is a case, or several, of its own.

    Parameters
    ----------
    paths : sequence of Path
    read : callable
        Reads one; whatever it raises costs this one alone.
    report : callable
    """
    cases: list[Case] = []
    refusals: list[Refusal] = []
    for done, path in enumerate(paths):
        report(done / len(paths), f"opening {path.name}")
        with one_refused(path, refusals):
            cases += read(path, part_of(report, done / len(paths), 1 / len(paths)))
    return Opened(tuple(cases), tuple(refusals))


@contextmanager
def one_refused(path: Path, refusals: list[Refusal]) -> Iterator[None]:
    """Let whatever goes wrong with one file cost this file alone, and be said."""
    try:
        yield
    except Cancelled:
        raise
    except CubeviewError as error:
        refusals.append(Refusal(path, str(error)))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        text = f"{path}: cannot be read ({reason}). Copy or download it again."
        refusals.append(Refusal(path, text))
    except Exception as error:
        log.warning("a file could not be read:\n" + places(error))
        text = f"{path}: damaged, or of a kind nobody has met ({type(error).__name__}). Copy or "
        text += "download it again; if that does not help, send us Help, Copy report."
        refusals.append(Refusal(path, text))


def too_large(count: int | None, key: str, scale: float) -> str:
    """Say that a scale makes values no float32 holds; of how many voxels, where it is known."""
    which = "some voxels" if count is None else f"{count:,} voxels"
    return f"{which} have no value: {key} = {scale:g} makes them larger than can be held"


def inside_gzip(head: bytes) -> bytes:
    """Return the first bytes inside a gzip file whose own are given; empty where it is none."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 1024)
    except zlib.error:
        return b""
