"""Files to cases: sniff the bytes, ask each reader, say what was tried."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io import archive, corrections, nifti
from cubeview.io.dicom import reader as dicom
from cubeview.io.fits import reader as fits
from cubeview.io.opened import First, Opened, Preview, Refusal

READERS = (fits, dicom, nifti)
"""Each reader module has ``label``, ``sniff(head, path)`` and ``read(paths, report)``."""

HEAD_BYTES = 4096

__all__ = [
    "READERS", "First", "Opened", "Preview", "Refusal", "dicom", "fits", "nifti", "open_path",
    "open_paths",
]  # fmt: skip


def open_paths(
    paths: Sequence[Path | str], *, report: Report = nothing, first: First | None = None
) -> Opened:
    """Open files and folders as cases.

    Files that belong together (a rest and a stress series, the slices of one volume) become one
    case, wherever they lie among the paths. Folders are read with all folders below them; files
    in a folder that no reader knows are passed over in silence, and so are masks beside scans;
    files named directly are opened or refused with a reason.

    Parameters
    ----------
    paths : sequence of path
    report : callable
        Called per file; may raise Cancelled.
    first : callable, optional
        Given one plane of a compressed FITS cube while the rest of it is unpacked.

    Returns
    -------
    Opened
        Cases in order of first appearance, and refusals. Nothing is raised for a bad file.
    """
    refusals: list[Refusal] = []
    by_reader: dict[int, list[Path]] = {}
    files = list(_files([Path(path) for path in paths], refusals))
    inside: dict[Path, tuple[Path, str]] = {}
    files = list(_with_archives(files, inside, refusals, report))
    for done, (path, named) in enumerate(files):
        report(0.2 * done / len(files), f"looking at {path.name}")
        try:
            reader = _reader_of(path)
        except CubeviewError as error:
            if named:
                refusals.append(Refusal(path, str(error)))
            continue
        by_reader.setdefault(reader, []).append(path)
    cases: list[Case] = []
    for done, (reader, known) in enumerate(by_reader.items()):
        low = 0.2 + 0.8 * done / len(by_reader)
        share = 0.8 / len(by_reader)

        def part(fraction: float, text: str, low: float = low, share: float = share) -> None:
            report(low + share * fraction, text)

        if READERS[reader] is fits:
            opened = fits.read(known, report=part, first=first)
        else:
            opened = READERS[reader].read(known, report=part)
        cases += opened.cases
        refusals += opened.refusals
    refusals = [_as_known(refusal, inside) for refusal in refusals]
    asked = {path for path, named in files if named}
    scans = [case for case in cases if not nifti.is_mask(case)]
    # Masks beside scans are about them; on their own, or named by the user, they are shown.
    if scans:
        cases = [c for c in cases if not nifti.is_mask(c) or _paths(c) & asked]
    memory = corrections.load()
    cases = [corrections.applied(case, memory) for case in cases]
    order = {path: position for position, (path, _) in enumerate(files)}
    cases.sort(key=lambda case: min(_positions(case, order)))
    return Opened(tuple(cases), tuple(refusals))


def open_path(path: Path | str, *, report: Report = nothing) -> tuple[Case, ...]:
    """Open one file or folder.

    Returns
    -------
    tuple of Case
        At least one.

    Raises
    ------
    CubeviewError
        If nothing could be opened; the text holds the reason of every file refused.
    """
    opened = open_paths([path], report=report)
    if opened.cases:
        return opened.cases
    if opened.refusals:
        raise CubeviewError("\n".join(refusal.reason for refusal in opened.refusals))
    raise CubeviewError(
        f"{path}: no FITS, DICOM or NIfTI file in this folder. Open a folder that holds scans or "
        "cubes."
    )


def _files(paths: Iterable[Path], refusals: list[Refusal]) -> Iterable[tuple[Path, bool]]:
    """Yield each file once, with whether the user named it directly."""
    seen: set[Path] = set()
    for path in paths:
        try:
            if not path.exists():
                raise FileNotFoundError
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
                members = archive.unpack(path, report=lambda f, text: report(0.2 * f, text))
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


def _is_known(path: Path) -> bool:
    try:
        _reader_of(path)
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


def _reader_of(path: Path) -> int:
    """Return the index of the reader that knows the file, or raise CubeviewError saying why not."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise CubeviewError(
            f"{path}: cannot be read ({error.strerror}). Check its permissions."
        ) from error
    if not head:
        raise CubeviewError(f"{path}: the file is empty (0 bytes). Copy or download it again.")
    for number, reader in enumerate(READERS):
        if reader.sniff(head, path):
            return number
    tried = " nor ".join(reader.label for reader in READERS)
    raise CubeviewError(
        f"{path}: neither {tried}. CubeView opens FITS cubes, DICOM scans and NIfTI volumes; "
        "convert the file or choose another."
    )


def _paths(case: Case) -> set[Path]:
    return {cube.source.path for cube in case.cubes.values() if cube.source}


def _positions(case: Case, order: dict[Path, int]) -> list[int]:
    sources = [cube.source for cube in case.cubes.values()]
    return [order.get(source.path, len(order)) for source in sources if source] or [len(order)]
