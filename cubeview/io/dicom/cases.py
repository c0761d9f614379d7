"""DICOM files to cases: nuclear medicine and volumes are opened, all else refused in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from pydicom.dataset import Dataset

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.io.corrections import load
from cubeview.io.dicom.cut import in_order, is_piece, study_of, whole_of
from cubeview.io.dicom.directory import listed_files
from cubeview.io.dicom.file import bad_file, read_dataset
from cubeview.io.dicom.identifiers import series_of
from cubeview.io.dicom.nm import Scan, is_reconstruction, read_nm
from cubeview.io.dicom.pair import pair
from cubeview.io.dicom.planar import is_planar, read_planar
from cubeview.io.dicom.sniff import sniffed
from cubeview.io.dicom.volume import (
    Single,
    is_enhanced,
    is_single_slice,
    read_enhanced,
    read_series,
)
from cubeview.io.dicom.what import is_capture, is_directory, what_it_is
from cubeview.io.opened import Opened, Refusal, one_refused

MOST_NEIGHBOURS = 5000
"""Files beside a single slice that are looked at for the rest of its series."""

_ONLY_AN_INDEX = (
    "{path}: this is the index of a disc (DICOMDIR), and none of the files it lists is there. Open "
    "the folder that holds the images."
)


def read_cases(paths: Sequence[Path], *, report: Report = nothing) -> Opened:
    """Read DICOM files as cases; rest and stress of one heart, or a series, become one case.

    Nothing is raised for a bad file: it is among the refusals. Images of another kind are refused
    once a series. A lone slice brings the rest of its series from its folder. `report` is called
    per file and may raise Cancelled.
    """
    found = _Found()
    todo, known = list(paths), set(paths)
    done = 0
    while done < len(todo):
        path = todo[done]
        report(0.5 * done / len(todo), f"reading {path.name}")
        with one_refused(path, found.refusals):
            _sort(path, found)
        # An index brings the files it lists, each once.
        new = [listed for listed in dict.fromkeys(found.listed) if listed not in known]
        found.listed.clear()
        todo += new
        known.update(new)
        done += 1
    for singles in found.series.values():
        if len(singles) == 1:
            singles += _neighbours(singles[0], known, is_single_slice, series_of, report)
    alone: dict[object, list[Single]] = {}
    for pieces in found.pieces.values():
        if len(pieces) == 1:
            pieces += _neighbours(pieces[0], known, _is_piece, whole_of, report)
        if len(pieces) > 1:
            _join(pieces, known, found)
        else:  # some write a series for each gate
            alone.setdefault(study_of(pieces[0].header, pieces[0].path), []).extend(pieces)
    for pieces in alone.values():
        _join(pieces, known, found)
    cases = list(pair(found.scans, load().choices)) + found.cases
    for done, singles in enumerate(found.series.values()):
        share = 0.5 / len(found.series)
        part = part_of(report, 0.5 + share * done, share)
        with one_refused(singles[0].path, found.refusals):
            opened = read_series(singles, report=part)
            cases += opened.cases
            found.refusals += opened.refusals
    report(1.0, "sorted scans into cases")
    refusals = found.refusals + [other.refusal(files) for other, files in found.others.items()]
    # The index of a disc is no picture: beside what it lists there is nothing to say about it.
    if cases or refusals:
        found.directories.clear()
    refusals += [Refusal(path, _ONLY_AN_INDEX.format(path=path)) for path in found.directories]
    return Opened(tuple(cases), tuple(refusals))


@dataclass(frozen=True)
class _Other:
    """A series CubeView does not open, and what it is."""

    series: object
    what: str

    def refusal(self, files: list[Path]) -> Refusal:
        more = f" and {len(files) - 1} more of its series" if len(files) > 1 else ""
        return Refusal(
            files[0],
            f"{files[0]}{more}: this is {self.what}. CubeView opens nuclear medicine, and CT, MR "
            "and PET volumes; open such a series of the study.",
        )


@dataclass
class _Found:
    """What the files of one opening turned out to be."""

    scans: list[Scan] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    series: dict[object, list[Single]] = field(default_factory=dict)
    pieces: dict[object, list[Single]] = field(default_factory=dict)
    others: dict[_Other, list[Path]] = field(default_factory=dict)
    directories: list[Path] = field(default_factory=list)
    listed: list[Path] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def _sort(path: Path, found: _Found) -> None:
    """Read one file, or put it with others of its series."""
    header = read_dataset(path, pixels=False)
    with bad_file(path):
        if len(header) == 0:
            raise CubeviewError(f"{path}: DICOM without any content. Export it again.")
        if is_directory(header):
            found.directories.append(path)
            found.listed += listed_files(header, path)
        elif is_capture(header) and is_planar(header):
            found.cases += read_planar(path)
        elif _is_piece(header):
            found.pieces.setdefault(whole_of(header, path), []).append(Single(path, header))
        elif is_reconstruction(header):
            _add_scans([path], found)
        elif is_planar(header):
            found.cases += read_planar(path)
        elif is_enhanced(header):
            found.cases += read_enhanced(path)
        elif is_single_slice(header):
            found.series.setdefault(series_of(header, path), []).append(Single(path, header))
        else:
            series = series_of(header, path)
            what = what_it_is(header) + ("" if "Rows" in header else " without pixels")
            found.others.setdefault(_Other(series, what), []).append(path)


def _is_piece(header: Dataset) -> bool:
    return is_reconstruction(header) and is_piece(header)


def _join(pieces: list[Single], known: set[Path], found: _Found) -> None:
    """Read the pieces of one volume as one; each on its own where they are none.

    What lies beside them and cannot be read is nothing that anybody asked for.
    """
    with bad_file(pieces[0].path):
        order = in_order([piece.header for piece in pieces])
    alone = [[n] for n, piece in enumerate(pieces) if piece.path in known]
    groups = alone if order is None else [order]
    for group in groups:
        paths = [pieces[n].path for n in group]
        try:
            _add_scans(paths, found)
        except CubeviewError as error:
            if asked := [path for path in paths if path in known]:
                found.refusals.append(Refusal(asked[0], str(error)))


def _neighbours(
    single: Single,
    known: set[Path],
    is_one: Callable[[Dataset], bool],
    whole: Callable[[Dataset, Path], object],
    report: Report,
) -> list[Single]:
    """Return the other files of a whole that lie beside the one that was opened."""
    found = []
    report(0.5, f"looking beside {single.path.name}")
    try:
        # A packed one would have to be unpacked whole to be looked at.
        beside = (path for path in single.path.parent.iterdir() if path.suffix != ".gz")
        others = sorted(path for path in beside if path not in known)
    except OSError:
        return []
    for path in islice(others, MOST_NEIGHBOURS):
        report(0.5, f"looking at {path.name}")
        try:
            if not path.is_file() or not sniffed(path):
                continue
            header = read_dataset(path, pixels=False)
            with bad_file(path):
                if is_one(header) and whole(header, path) == whole(single.header, single.path):
                    found.append(Single(path, header))
        except (CubeviewError, OSError):
            continue
    return found


def _add_scans(paths: list[Path], found: _Found) -> None:
    for scan in read_nm(paths):
        same = scan.instance, scan.digest
        twin = next((s for s in found.scans if s.instance and (s.instance, s.digest) == same), None)
        if twin is None:
            found.scans.append(scan)
        else:
            text = f"{scan.path}: a copy of {twin.path.name}, which is open already."
            found.refusals.append(Refusal(scan.path, text))
