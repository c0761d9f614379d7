"""A folder of files into the library: first what was found, then, when the user says so, added."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.io import READERS, Reader, Refusal, open_paths, reader_of
from cubeview.io.identity import identity, window_text
from cubeview.kinds import KINDS, kind_of
from cubeview.library.cases import Record, files_of, put_case
from cubeview.library.library import Library
from cubeview.library.stored import hashes_of, thumbnail

_TOGETHER = 64
"""Cubes of one folder opened at a time: noise and mask files lie beside them."""


@dataclass(frozen=True)
class Found(Record):
    """One case of a folder, closed again."""

    question: str  # what the user must decide; empty when nothing is open
    picture: tuple[int, bytes] | None  # its thumbnail: width and grey bytes
    known: bool  # already in the library

    @property
    def paired(self) -> bool:
        """A heart with both states."""
        return {"rest", "stress"} <= self.files.keys()


@dataclass(frozen=True)
class Scan:
    """What was found in a folder; nothing has been added yet."""

    cases: tuple[Found, ...]
    refusals: tuple[Refusal, ...]

    @property
    def new(self) -> tuple[Found, ...]:
        """Cases the library does not have."""
        return tuple(case for case in self.cases if not case.known)

    def summary(self) -> dict[str, int]:
        """Return counts by what the user asks: paired, unpaired, sky, pictures, other …"""
        hearts = [case for case in self.cases if KINDS[case.kind].states]
        return {
            "paired": sum(case.paired for case in hearts),
            "unpaired": sum(not case.paired for case in hearts),
            "sky": sum(KINDS[case.kind].window_px > 0 for case in self.cases),
            "pictures": sum(KINDS[case.kind].flat for case in self.cases),
            "other": sum(not KINDS[case.kind].judged for case in self.cases),
            "asking": sum(bool(case.question) for case in self.cases),
            "known": sum(case.known for case in self.cases),
            "unreadable": len(self.refusals),
        }


Kept = dict[tuple[Path, ...], tuple[list[Found], list[Refusal]]]
"""What was found in each group of files."""


def scan_folder(
    library: Library, paths: Sequence[Path], *, kept: Kept | None = None, report: Report = nothing
) -> Scan:
    """Find the cases below some folders, and the files that cannot be read, with reasons.

    The scans directly below one subfolder are opened together, since rest and stress may lie
    apart there; no more than one such group is in memory.

    Parameters
    ----------
    library : Library
    paths : sequence of Path
        Folders and files.
    kept : dict, optional
        Filled group by group; given again after an interruption, the scan goes on from there.
    report : callable
    """
    kept = {} if kept is None else kept
    refusals: list[Refusal] = []
    found_groups = list(groups(paths, refusals))
    for done, (title, files) in enumerate(found_groups):
        part = _part_of(report, done, len(found_groups), f"looking into {title}")
        if tuple(files) not in kept:
            kept[tuple(files)] = _look_into(library, files, part)
    cases: dict[str, Found] = {}
    for _, files in found_groups:
        found, refused = kept[tuple(files)]
        refusals += refused
        for case in found:
            cases.setdefault(case.identity, case)
    report(1.0, f"{len(cases)} cases")
    return Scan(tuple(cases.values()), tuple(refusals))


def add_found(library: Library, cases: Sequence[Found], *, report: Report = nothing) -> list[int]:
    """Add cases, each in one transaction; return their numbers. Interrupted, those added stay.

    Parameters
    ----------
    library : Library
    cases : sequence of Found
    report : callable
    """
    numbers = []
    for done, case in enumerate(cases):
        report(done / max(len(cases), 1), f"adding {case.name}")
        with library.transaction() as run:
            number = put_case(run, case.identity, case.kind, case.name, case.window, case.files)
            if case.picture is not None:
                run.execute(
                    "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", (number, *case.picture)
                )
        numbers.append(number)
    library.log("added", detail=f"{len(numbers)} cases")
    return numbers


def _look_into(
    library: Library, files: list[Path], report: Report
) -> tuple[list[Found], list[Refusal]]:
    """Open a group of files, and close them again."""
    opened = open_paths(files, report=part_of(report, 0.0, 0.6))
    found, refusals = [], list(opened.refusals)
    taken = [case for case in opened.cases if not any(r.aside(case) for r in READERS)]
    # Pictures of a folder of their own are what is meant; beside cubes they are looks at them.
    taken = taken or [case for case in opened.cases if kind_of(case).flat]
    for number, case in enumerate(opened.cases):
        report(0.6 + 0.4 * number / len(opened.cases), "")
        if case not in taken:
            continue
        try:
            found.append(_found(library, case))
        except CubeviewError as error:
            source = case.main.source
            refusals.append(Refusal(source.path if source else files[0], str(error)))
    return found, refusals


def _found(library: Library, case: Case) -> Found:
    hashes = hashes_of(library, case)
    known = identity(case, hashes)
    files = files_of(case, hashes)
    try:
        picture = thumbnail(case)
    except CubeviewError:
        picture = None
    there = library.find(known) is not None
    return Found(
        known, case.kind, case.name, window_text(case), files, case.question, picture, there
    )


def _part_of(report: Report, done: int, count: int, text: str) -> Report:
    return lambda fraction, _: report((done + min(fraction, 1.0)) / count, text)


def groups(paths: Sequence[Path], refusals: list[Refusal]) -> Iterator[tuple[str, list[Path]]]:
    """Yield the files of each subfolder as one group, and those that lie loose.

    Parameters
    ----------
    paths : sequence of Path
        Folders and files.
    refusals : list of Refusal
        Gains the folders that cannot be listed.
    """
    for path in paths:
        if not path.is_dir():
            yield path.name, [path]
            continue
        try:
            inside = sorted(path.iterdir())
        except OSError as error:
            refusals.append(Refusal(path, f"{path}: cannot be read ({error.strerror})."))
            continue
        loose = [entry for entry in inside if entry.is_file()]
        readers = {entry: reader for entry in loose if (reader := _reader_of(entry))}
        cubes = [entry for entry, reader in readers.items() if reader.alone]
        others = [entry for entry, reader in readers.items() if not reader.alone]
        for start in range(0, len(cubes), _TOGETHER):
            yield path.name, cubes[start : start + _TOGETHER]
        for folder in (entry for entry in inside if entry.is_dir()):
            yield from _below(folder)
        if others:
            # Scans of one patient may lie loose among thousands, and belong together.
            yield path.name, others


def _below(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield a subfolder as one group, or its own subfolders where it holds only those."""
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        inside = []
    deeper = [entry for entry in inside if entry.is_dir()]
    # A patient's folder holds a folder a series; an archive's holds many patients.
    if len(deeper) > _SERIES and len(deeper) == len(inside):
        for entry in deeper:
            yield from _below(entry)
    else:
        yield folder.name, [folder]


_SERIES = 8
"""A folder of more folders than this, and nothing else, is no patient's but an archive's."""


def _reader_of(path: Path) -> Reader | None:
    try:
        return reader_of(path)
    except CubeviewError:
        return None
