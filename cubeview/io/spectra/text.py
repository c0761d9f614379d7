"""Spectra in text: ECSV, VOTable, CSV and columns of numbers, one spectrum a file."""

import csv
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Note
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.opened import First, Opened, Reader, read_each
from cubeview.io.spectra.case import spectrum_case
from cubeview.io.spectra.columns import Column, Named, found_in, named

_ECSV = b"# %ECSV"
_SUFFIXES = (".csv", ".txt", ".dat", ".tsv", ".asc", ".ascii", ".spec", ".ecsv", ".vot", ".xml")
_LARGEST = 64 << 20
"""Bytes of the largest text that is read."""
_HEAD = 1 << 16
_FIELD = re.compile(rb"<FIELD\b[^>]*>")
_ATTRIBUTE = re.compile(rb"\b(name|unit|datatype)\s*=\s*[\"']([^\"']*)[\"']")
_ECSV_NAME = re.compile(r"^# - \{name:\s*(?P<name>[^,}]+)(?:,\s*unit:\s*(?P<unit>[^,}]+))?", re.M)
_BRACKET = re.compile(r"\[(?P<square>.+)\]\s*$|\((?P<round>.+)\)\s*$")
_MOST_COLUMNS = 256
_WORDS = {"true": 1.0, "false": 0.0}
_LEAST_ROWS = 3


def sniff(head: bytes, path: Path) -> bool:
    """Tell whether a file is text with the columns of a spectrum: a list of labels is none."""
    if path.suffix.lower() not in _SUFFIXES and not head.startswith(_ECSV):
        return False
    if b"\0" in head:
        return False
    if b"<VOTABLE" in head or head.startswith(_ECSV):
        try:
            with path.open("rb") as stream:
                head = stream.read(_HEAD)
        except OSError:
            return False
        return named(_fields(head)) is not None
    text = head.decode("utf-8", errors="replace")
    lines = text.splitlines()
    return _columns_of(lines[:-1] if len(head) >= 4096 else lines, path) is not None


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read spectra in text, one case each; see `cubeview.io.opened.Read`."""
    return read_each(paths, lambda path, part: [_read(path)], report)


def _read(path: Path) -> Case:
    size = path.stat().st_size
    if size > _LARGEST:
        raise CubeviewError(
            f"{path}: {size >> 20:,} MB of text, and CubeView reads {_LARGEST >> 20} MB at most. "
            "Save the spectrum as FITS."
        )
    head = path.read_bytes()[:_HEAD]
    notes: list[Note] = []
    medium = ""
    if b"<VOTABLE" in head or head.startswith(_ECSV):
        columns, medium = _of_table(path, "votable" if b"<VOTABLE" in head else "ascii.ecsv")
        chosen = named({name: column.unit for name, column in columns.items()})
        if chosen is None:
            raise CubeviewError(
                f"{path}: a table without columns of wavelengths and values of a spectrum "
                f"({', '.join(list(columns)[:8])}). Name them wavelength, flux and error."
            )
    else:
        text = path.read_text(encoding="utf-8", errors="replace")
        told = _columns_of(text.splitlines(), path)
        if told is None:
            raise CubeviewError(
                f"{path}: no columns of wavelengths and values are in this text. Give them one "
                "line of names: wavelength, flux, error."
            )
        columns, chosen, guesses = told
        notes += guesses
    return spectrum_case(path, found_in(columns, chosen, notes, medium=medium))


def _fields(head: bytes) -> dict[str, str]:
    """Return names and units of the columns of numbers that the head of a table announces."""
    if b"<VOTABLE" in head:
        found = [dict(_ATTRIBUTE.findall(field)) for field in _FIELD.findall(head)]
        return {
            one[b"name"].decode("utf-8", "replace"): one.get(b"unit", b"").decode(
                "utf-8", "replace"
            )
            for one in found
            if b"name" in one and one.get(b"datatype") not in (b"char", b"unicodeChar")
        }
    text = head.decode("utf-8", errors="replace")
    return {one["name"].strip("'\" "): one["unit"] or "" for one in _ECSV_NAME.finditer(text)}


def _of_table(path: Path, form: str) -> tuple[dict[str, Column], str]:
    """Return the columns of numbers of a table that astropy reads, and the medium it names."""
    from astropy.table import Table

    options: dict[str, Any] = {"table_id": 0} if form == "votable" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # astropy tells of each unit it does not know
            table = Table.read(path, format=form, **options)
    except Exception as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise CubeviewError(
            f"{path}: the table cannot be read ({said[0][:120]}). Save it again as ECSV or CSV."
        ) from error
    columns = {}
    for name in table.colnames[:_MOST_COLUMNS]:
        column = table[name]
        values = np.ma.asarray(getattr(column, "value", column))
        if values.dtype.kind not in "iufb" or not 1 <= values.ndim <= 2:
            continue
        if values.ndim == 2:  # one row that holds the whole spectrum
            if len(values) != 1:
                continue
            values = values[0]
        elif len(table) == 1:
            continue
        filled = np.ma.filled(values.astype(np.float64), np.nan)
        columns[name] = Column(name, str(column.unit or ""), filled)
    medium = str(table.meta.get("MEDIUM", "")).lower()
    return columns, medium if medium in ("air", "vacuum") else ""


def _columns_of(
    lines: Sequence[str], path: Path
) -> tuple[dict[str, Column], Named, list[Note]] | None:
    """Return the columns of a text, which of them are a spectrum, and what was guessed."""
    body = [
        line for line in lines if line.strip() and not line.lstrip().startswith(("#", "%", ";"))
    ]
    remarks = [line.lstrip("#%; \t") for line in lines if line.lstrip().startswith(("#", "%"))]
    if len(body) < _LEAST_ROWS:
        return None
    mark = next((mark for mark in "\t,;" if all(mark in line for line in body[:3])), None)
    rows = list(csv.reader(body, delimiter=mark)) if mark else [line.split() for line in body]
    first = [text.strip() for text in rows[0]]
    titled = not all(_is_number(text) for text in first if text)
    numbers = rows[1:] if titled else rows
    width = len(numbers[0])
    if not 2 <= width <= _MOST_COLUMNS or not all(map(_is_number, numbers[0])):
        return None
    array = np.full((len(numbers), width), np.nan)
    for place, row in enumerate(numbers):
        if len(row) != width:
            return None
        array[place] = [_number(text) for text in row]
    names = first if titled else _remarked(remarks, width)
    if names and len(names) == width and len(set(names)) == width:
        columns = {
            name: Column(name, _unit_of(name), array[:, place]) for place, name in enumerate(names)
        }
        chosen = named({name: column.unit for name, column in columns.items()})
        return None if chosen is None else (columns, chosen, [])
    places = array[:, 0]
    if names or width > 4 or not (np.all(np.diff(places) > 0) and places[0] > 0):
        return None
    told = ("wavelength", "flux", "error", "column 4")[:width]
    columns = {name: Column(name, "", array[:, place]) for place, name in enumerate(told)}
    text = f"the columns have no names: taken as {', '.join(told[:3])}"
    return (
        columns,
        Named("wavelength", "flux", "error" if width > 2 else None),
        [Note("guess", text)],
    )


def _remarked(remarks: Sequence[str], width: int) -> list[str]:
    """Return the names of columns in a remark above them; empty where there are none."""
    for text in reversed(remarks):
        words = [word.strip() for word in (text.split(",") if "," in text else text.split())]
        if len(words) == width and named(dict.fromkeys(words, "")) is not None:
            return words
    return []


def _unit_of(name: str) -> str:
    found = _BRACKET.search(name)
    return (found["square"] or found["round"]).strip() if found else ""


def _is_number(text: str) -> bool:
    return bool(np.isfinite(_number(text))) or text.strip().lower() in ("nan", "", "null", "--")


def _number(text: str) -> float:
    if text.strip().lower() in _WORDS:
        return _WORDS[text.strip().lower()]
    try:
        return float(text)
    except ValueError:
        return float("nan")


READER = Reader("spectra as text", sniff, read, alone=True)
