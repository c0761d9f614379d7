"""Masks from files: NIfTI, FITS, DICOM Segmentation and RT Structure Set."""

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.cube import Cube
from cubeview.cubes.mask import Mask, MaskLabel, as_label
from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io import nifti
from cubeview.io.dicom import reader as dicom_reader
from cubeview.io.dicom.contours import is_contours, read_contours
from cubeview.io.dicom.file import read_dataset
from cubeview.io.dicom.identifiers import uid
from cubeview.io.dicom.seg import read_segmentation
from cubeview.io.fits import reader as fits_reader
from cubeview.io.opened import Reader
from cubeview.paths import keep_whole

_HEAD_BYTES = 4096


def read_mask(path: Path | str, cube: Cube | None = None, *, report: Report = nothing) -> Mask:
    """Read a mask with the names of its labels, where the file holds them.

    Of a FITS file the first image of whole numbers counts, of a NIfTI file the only volume.

    Parameters
    ----------
    path : Path or str
    cube : Cube, optional
        What it is a mask of: contours need it, and where a DICOM file says to be made of another
        image a note does.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If there is no such file, it is no mask, or it is damaged; says what to do.
    """
    path = Path(path)
    with refusing(path, "cannot be read", "Check its name."), path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    keep_whole(path)
    if dicom_reader.sniff(head, path):
        header = read_dataset(path, pixels=False)
        if is_contours(header):
            if cube is None:
                raise CubeviewError(f"{path}: contours lie on no grid: open their scan with them.")
            mask = read_contours(path, cube)
        else:
            mask = read_segmentation(path)
        return (
            mask if cube is None else replace(mask, notes=(*mask.notes, *_of_others(header, cube)))
        )
    for reader, labels in ((nifti.READER, _nifti_labels), (fits_reader.READER, _fits_labels)):
        if reader.sniff(head, path):
            cube, values = _marks(path, reader, report)
            try:
                return Mask(values, labels(path), cube)
            except CubeviewError as error:
                raise CubeviewError(f"{path}: {error}") from error
    raise CubeviewError(
        f"{path}: no mask CubeView reads: choose a NIfTI, FITS, DICOM SEG or RTSTRUCT file."
    )


def is_dicom(path: Path) -> bool:
    """Tell whether a file that was opened is DICOM."""
    with refusing(path, "cannot be read"), path.open("rb") as stream:
        return dicom_reader.sniff(stream.read(_HEAD_BYTES), path)


def _of_others(header: Dataset, cube: Cube) -> list[str]:
    """Return a note where a file says of which images it was made, and a cube is none of them."""
    images = {
        str(element.value) for element in header.iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }  # fmt: skip
    source = cube.source
    if not images or source is None or not is_dicom(source.path):
        return []
    for path in source.paths:
        if uid(read_dataset(path, pixels=False), "SOPInstanceUID") in images:
            return []
    return ["the file says that it was made of another image than this one: rest and stress?"]


def _marks(path: Path, reader: Reader, report: Report) -> tuple[Cube, np.ndarray]:
    """Return the first cube of a file that holds labels only."""
    opened = reader.read([path], report=report, first=None)
    if not opened.cases:
        reasons = [refusal.reason for refusal in opened.refusals]
        raise CubeviewError(reasons[0] if reasons else f"{path}: holds no mask. Choose another.")
    cubes = [cube for case in opened.cases for cube in case.cubes.values()]
    for cube in cubes:
        values = cube.pixels.read(report)
        known = values[np.isfinite(values)]
        if known.size and known.min() >= 0 and not (known % 1).any():
            return cube, values
    raise CubeviewError(
        f"{path}: holds no labels, which are whole numbers from 0 (0 is nothing, and -1 is none). "
        "Choose a mask."
    )


def _nifti_labels(path: Path) -> tuple[MaskLabel, ...]:
    """Return the labels of the comment CubeView writes behind a header."""
    import gzip

    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            head = stream.read(1 << 16)
    except (OSError, EOFError, zlib.error):
        return ()
    start = head.find(b'{"cubeview labels"')
    if start < 0:
        return ()
    text = head[start : head.find(b"\0", start)].decode("ascii", "replace")
    try:
        return _labels(json.loads(text)["cubeview labels"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _fits_labels(path: Path) -> tuple[MaskLabel, ...]:
    """Return the labels of the table beside an image, where it has one."""
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False) as hdus:
            if "LABELS" not in hdus:
                return ()
            table = hdus["LABELS"].data
            rows = [(row["NUMBER"], row["NAME"], row["COLOUR"]) for row in table]
            return _labels(rows)
    except Exception:  # a table damaged anyhow costs the names, not the mask
        return ()


def _labels(rows: Any) -> tuple[MaskLabel, ...]:
    found = {int(n): as_label(int(n), str(name), str(colour)) for n, name, colour in rows}
    return tuple(found[number] for number in sorted(found) if number > 0)
