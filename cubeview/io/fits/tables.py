"""The value of each plane where a table beside the cube gives it, not the header."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of
from cubeview.io.fits.layout import Part
from cubeview.io.quantity import (
    MEDIUM_UNKNOWN,
    NAMES,
    axis_unit,
    quantity_of,
    unit_of_wavelengths,
    words_of,
)

_LONGEST = 1_000_000
_LARGEST = 64 << 20
"""Bytes of the largest table that is read beside a cube; a row may declare any number of values."""
_WITHOUT_UNIT = ("Angstrom", "nm", "um", "m")
_USUAL = {"Frequency": "Hz", "Energy": "keV", "Velocity": "km/s", "Wavenumber": "cm-1"}
_SAME = 0.1
"""Steps by which header and table may differ and still mean the same."""


@dataclass(frozen=True, eq=False)
class PlaneValues:
    """What each plane of a cube is at: wavelengths, energies and the like."""

    values: np.ndarray  # shape (n,)
    unit: str  # empty where the file gives none
    code: str  # of FITS Paper III
    title: str  # where it stands


def is_read(part: Part) -> bool:
    """Tell whether a part is small enough to be read for what it says of a cube beside it."""
    if part.what != "table":
        return True
    row, rows = (int(part.header.get(key) or 0) for key in ("NAXIS1", "NAXIS2"))
    return 0 <= row * rows <= _LARGEST


def plane_values(hdus: Any, parts: Sequence[Part]) -> list[PlaneValues]:
    """Return all lists of spectral values in a file that are not the table of a -TAB axis.

    One-dimensional images named after a quantity, as MaNGA's WAVE; columns of tables, as ENERGIES
    of Fermi's models, EBOUNDS of its counts (OGIP 92-002: the channel's middle is the geometric
    mean of its ends) and WAVELENGTH of pipelines that write one row a plane, or one row in all.
    """
    found: list[PlaneValues] = []
    for part in filter(is_read, parts):
        said = words_of(part.name)
        if part.what == "image" and len(part.real) == 1 and said.code and part.real[0] < _LONGEST:
            values = np.asarray(hdus[part.number].data, dtype=np.float64).ravel()
            text = part.header.get("BUNIT") or part.header.get("CUNIT1") or ""
            found.append(_of(values, str(text), said.code, said.base, part.title))
        elif part.what == "table":
            found += _columns(hdus[part.number], part, said.code)
    return found


def _columns(hdu: Any, part: Part, code: str) -> Iterator[PlaneValues]:
    columns = getattr(hdu, "columns", None)
    rows = int(part.header.get("NAXIS2") or 0)
    if columns is None or not 0 < rows < _LONGEST:
        return
    names = {str(name).upper(): str(name) for name in columns.names}
    ends = [next((names[n] for n in (f"E_{end}", f"ENERG_{end}") if n in names), "") for end in
            ("MIN", "MAX")]  # fmt: skip
    if all(ends):
        low, high = (np.asarray(hdu.data[name], dtype=np.float64) for name in ends)
        unit = str(columns[ends[0]].unit or "")
        with np.errstate(invalid="ignore"):
            yield _of(np.sqrt(low * high), unit, "ENER", "", part.title)
        return
    for column in columns:
        said, unit = words_of(str(column.name)), str(column.unit or "")
        named = said.code or (code if len(columns) == 1 else "")
        if not named or column.format.lstrip("0123456789")[:1] not in "DEIJK":
            continue
        values = np.asarray(hdu.data[column.name], dtype=np.float64)
        if values.ndim == 1 or rows == 1:
            title = f"{part.title}, column {column.name}"
            yield _of(values.ravel(), unit, named, said.base, title)


def _of(values: np.ndarray, unit: str, code: str, base: str, title: str) -> PlaneValues:
    if base:
        with np.errstate(over="ignore"):
            values = np.power(np.e if base == "ln" else 10.0, values)
    unit = axis_unit(unit)
    return PlaneValues(values, unit, (quantity_of(unit) if unit else "") or code, title)


def chosen(tables: Sequence[PlaneValues], axis: Axis, number: int, notes: list[Note]) -> Axis:
    """Return the first axis of a cube with the values of a table that fits it, where one does.

    A table goes before a header that says something else, which a note says; where both say the
    same the axis stays as it is.

    Parameters
    ----------
    tables : sequence of PlaneValues
    axis : Axis
        As the header has it.
    number : int
        FITS axis, for the note.
    notes : list of Note
        Gains what was guessed.
    """
    fitting = [t for t in tables if len(t.values) == len(axis) and _rises_or_falls(t.values)]
    if not fitting:
        return axis
    table = fitting[0]
    unit = table.unit
    if axis.kind == "spectral":
        same = next((t for t in fitting if _agrees(t, axis)), None)
        if same is not None:
            return axis
        text = (
            f"the header has {axis.values[0]:.7g} to {axis.values[-1]:.7g} {axis.unit} and "
            f"{table.title} {table.values[0]:.7g} to {table.values[-1]:.7g} {unit}".rstrip()
        )
        notes.append(Note("guess", f"{text}: the table is taken", "spectral values"))
    else:
        text = f"axis {number} takes its values from the table {table.title}"
        notes.append(Note("repair", text))
    name = NAMES[table.code]
    guessed = not unit
    if guessed:
        middle = float(table.values[len(table.values) // 2])
        usual = axis.unit if axis.name == name else _USUAL.get(name, "")
        unit = unit_of_wavelengths(middle) if name == "Wavelength" else usual
        text = f"the table of {name.lower()}s has no unit: {unit} guessed"
        notes.append(Note("guess", text, "spectral unit"))
    if axis.kind == "spectral" and axis.name == name:
        return Axis(name, "spectral", unit, table.values, axis.type, axis.medium, axis.convention,
                    axis.frame, axis.rest, axis.rest_unit, axis.redshift, guessed)  # fmt: skip
    if name == "Wavelength":
        notes.append(Note("guess", MEDIUM_UNKNOWN, "medium"))
    elif name == "Velocity":
        text = "the file does not say how its velocities are defined"
        notes.append(Note("guess", text, "velocity definition"))
    return Axis(name=name, kind="spectral", unit=unit, values=table.values, guessed=guessed)


def _rises_or_falls(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return bool(np.isfinite(values).all() and (np.all(steps > 0) or np.all(steps < 0)))


def _agrees(table: PlaneValues, axis: Axis) -> bool:
    """Tell whether table and header mean the same values, to a part of a step.

    A table without a unit is in whichever makes it agree.
    """
    candidates = (table.unit,) if table.unit else (axis.unit, *_WITHOUT_UNIT)
    for unit in candidates:
        try:
            factor = unit_of(unit).to(unit_of(axis.unit)) if unit != axis.unit else 1.0
        except (ValueError, TypeError):
            continue
        if np.abs(table.values * factor - axis.values).max() < _SAME * abs(axis.step):
            return True
    return False
