"""Files to cases: sniff the bytes, ask each reader, say what was tried."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cubeview.cubes.case import Case, differing, paired
from cubeview.errors import CubeviewError, Report, nothing, part_of, refusing
from cubeview.io import archive, corrections, foreign, nifti
from cubeview.io.dicom import reader as dicom_reader
from cubeview.io.fits import reader as fits_reader
from cubeview.io.opened import First, Opened, Preview, Reader, Refusal, one_refused
from cubeview.io.pictures import reader as pictures
from cubeview.io.spectra import text
from cubeview.paths import keep_whole

READERS = (fits_reader.READER, dicom_reader.READER, nifti.READER, pictures.READER, text.READER)
"""Every format there is; the first that knows a file reads it."""

_HEAD_BYTES = 4096

__all__ = [
    "READERS",
    "First",
    "Opened",
    "Preview",
    "Reader",
    "Refusal",
    "chosen_together",
    "formats",
    "nothing_in",
    "open_path",
    "open_paths",
    "reader_of",
]  # fmt: skip


def open_paths(
    paths: Sequence[Path | str], *, report: Report = nothing, first: First | None = None
) -> Opened:
    """Open files and folders as cases, in order of first appearance.

    Files that belong together (a rest and a stress series, the slices of one volume) become one
    case, wherever they lie among the paths. Folders are read with all folders below them; files
    in a folder that no reader knows are passed over in silence, and so are masks beside scans;
    files named directly are opened or refused with a reason. Nothing is raised for a bad file.

    Parameters
    ----------
    paths : sequence of path
    report : callable
        Called per file; may raise Cancelled.
    first : callable, optional
        Given one plane of a compressed FITS cube while the rest of it is unpacked.
    """
    refusals: list[Refusal] = []
    known: dict[int, list[Path]] = {}
    found = list(_files([Path(path) for path in paths], refusals))
    for path, _ in found:
        keep_whole(path)
    inside: dict[Path, tuple[Path, str]] = {}
    files = dict(_with_archives(found, inside, refusals, report))
    for done, (path, named) in enumerate(files.items()):
        report(0.2 * done / len(files), f"looking at {path.name}")
        try:
            known.setdefault(READERS.index(reader_of(path)), []).append(path)
        except CubeviewError as error:
            if named:
                refusals.append(Refusal(path, str(error)))
    cases: list[Case] = []
    aside: list[Case] = []
    for done, (number, mine) in enumerate(known.items()):
        part = part_of(report, 0.2 + 0.8 * done / len(known), 0.8 / len(known))
        opened = _read(READERS[number], mine, part, first)
        for case in opened.cases:
            (aside if READERS[number].aside(case) else cases).append(case)
        refusals += opened.refusals
    # What is about other cases is shown on its own, or where the user named it.
    cases += [case for case in aside if not cases or any(map(files.get, _paths(case)))]
    memory = corrections.load()
    cases = [corrections.applied(case, memory) for case in cases]
    order = {path: position for position, path in enumerate(files)}
    last = len(order)
    cases.sort(key=lambda case: min((order.get(p, last) for p in _paths(case)), default=last))
    return Opened(tuple(cases), tuple(_as_known(refusal, inside) for refusal in refusals))


def chosen_together(opened: Opened, paths: Sequence[Path | str]) -> Opened:
    """Return what was opened, with two scans that a user chose to compare as one case.

    So are two files of which one is a stress and one a rest scan, also where they were not made
    alike; but not where they may be of two patients: that is asked.

    Parameters
    ----------
    opened : Opened
    paths : sequence of path
        All that the user chose.
    """
    by_role = {case.roles: case for case in opened.cases}
    if len(paths) != 2 or len(opened.cases) != 2 or by_role.keys() != {("stress",), ("rest",)}:
        return opened
    stress, rest = by_role["stress",], by_role["rest",]
    if _paths(stress) | _paths(rest) != {Path(path) for path in paths}:
        return opened
    if stress.question or rest.question or differing(stress.main, rest.main):
        return opened
    return replace(opened, cases=(paired(stress, rest),))


def open_path(path: Path | str, *, report: Report = nothing) -> tuple[Case, ...]:
    """Open one file or folder as one case or more.

    Raises CubeviewError with the reason of every file refused, when nothing could be opened.
    """
    opened = open_paths([path], report=report)
    if opened.cases:
        return opened.cases
    if opened.refusals:
        raise CubeviewError("\n".join(refusal.reason for refusal in opened.refusals))
    raise CubeviewError(nothing_in(path))


def formats(last: str) -> str:
    """Return the names of all formats in words: ``"FITS, DICOM or NIfTI"``."""
    names = [reader.label for reader in READERS]
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def nothing_in(path: Path | str) -> str:
    """Say that there is nothing to open in a folder."""
    return f"{path}: no {formats('or')} file in this folder. Open one that holds scans or cubes."


def reader_of(path: Path) -> Reader:
    """Return the reader that knows a file; CubeviewError, saying why, when there is none."""
    with refusing(path, "cannot be read", "Check its permissions."), path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise CubeviewError(f"{path}: the file is empty (0 bytes). Copy or download it again.")
    found = next((reader for reader in READERS if reader.sniff(head, path)), None)
    if found is None:
        if other := foreign.file(head, path):
            raise CubeviewError(other)
        raise CubeviewError(
            f"{path}: neither {formats('nor')}, and CubeView opens nothing else. Convert the file "
            "or choose another."
        )
    return found


def _files(paths: Iterable[Path], refusals: list[Refusal]) -> Iterable[tuple[Path, bool]]:
    """Yield each file once, with whether the user named it directly."""
    seen: set[Path] = set()
    for path in paths:
        try:
            if not path.exists():
                raise FileNotFoundError
            if other := foreign.folder(path):
                refusals.append(Refusal(path, other))
                continue
            found = _below(path) if path.is_dir() else [path]
        except FileNotFoundError:
            refusals.append(Refusal(path, f"{path}: there is no such file or folder."))
            continue
        except OSError as error:
            refusals.append(
                Refusal(path, f"{path}: cannot be read ({error.strerror}). Check its permissions.")
            )
            continue
        for file in found:
            if file.is_file() and file not in seen:
                seen.add(file)
                yield file, file == path
            elif other := foreign.folder(file):
                refusals.append(Refusal(file, other))


def _with_archives(
    files: Iterable[tuple[Path, bool]],
    inside: dict[Path, tuple[Path, str]],
    refusals: list[Refusal],
    report: Report,
) -> Iterable[tuple[Path, bool]]:
    """Yield the files with those of zip archives in the archives' places.

    `inside` gains the archive and the name there of each file unpacked.
    """
    for path, named in files:
        try:
            with path.open("rb") as stream:
                packed = archive.is_zip(stream.read(4))
            if packed:
                members = archive.unpack(path, report=part_of(report, 0.0, 0.2))
        except CubeviewError as error:
            refusals.append(Refusal(path, str(error)))
            continue
        except OSError:
            packed = False  # said when a reader is looked for
        if not packed:
            yield path, named
            continue
        inside |= {member: (path, name) for member, name in members.items()}
        yield from ((member, False) for member in members)
        if named and not any(_is_known(member) for member in members):
            text = f"{path}: no file in this archive is one CubeView opens. Unpack it to see why."
            refusals.append(Refusal(path, text))


def _read(reader: Reader, mine: list[Path], report: Report, first: First | None) -> Opened:
    """Read files of one format; those that a reader falls over cost themselves alone."""
    refusals: list[Refusal] = []
    with one_refused(mine[0], refusals):
        return reader.read(mine, report=report, first=first)
    if len(mine) == 1:
        return Opened((), tuple(refusals))
    each = [_read(reader, [path], report, first) for path in mine]
    return Opened(
        tuple(case for opened in each for case in opened.cases),
        tuple(refusal for opened in each for refusal in opened.refusals),
    )


def _is_known(path: Path) -> bool:
    try:
        reader_of(path)
    except CubeviewError:
        return False
    return True


def _as_known(refusal: Refusal, inside: dict[Path, tuple[Path, str]]) -> Refusal:
    """Return a refusal with the names the user knows, where it speaks of the cache."""
    if refusal.path not in inside:
        return refusal
    path, name = inside[refusal.path]
    shown = "".join(c if c.isprintable() else "?" for c in name)[:200]
    return Refusal(path, refusal.reason.replace(str(refusal.path), f"{path} ({shown})"))


def _below(folder: Path) -> list[Path]:
    """Return everything below a folder; OSError when the folder itself cannot be listed."""
    with os.scandir(folder):
        # rglob passes over what it may not list, so a closed folder would look empty.
        return sorted(folder.rglob("*"))


def _paths(case: Case) -> set[Path]:
    return {cube.source.path for cube in case.cubes.values() if cube.source}
