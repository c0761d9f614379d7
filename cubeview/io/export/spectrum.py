"""Spectra as files: FITS table, ECSV, VOTable or CSV, with error, mask, units and history."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy import units
from astropy.table import Table

import cubeview
from cubeview.cubes.cube import Cube
from cubeview.cubes.sky import frame_words
from cubeview.cubes.unit import unit_of
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError, refusing
from cubeview.io.export.catalogue import FORMATS as TABLES
from cubeview.io.export.fits import ascii_text, fact_cards
from cubeview.paths import replacing

FORMATS = TABLES | {".csv": "ascii.csv"}


class Trace(NamedTuple):
    """One spectrum: values and errors of shape (z,), and their unit."""

    values: np.ndarray
    sigma: np.ndarray
    unit: str


def spectrum_table(cube: Cube, traces: Sequence[Trace], history: Sequence[str] = ()) -> Table:
    """Return spectra of a cube as a table.

    Columns: the spectral axis by its name, then of each spectrum ``flux``, ``uncertainty`` (one
    standard deviation) and ``mask`` (true where nothing is known), numbered from the second on.
    Frame, medium, definition, beam and history stand in ``meta``.
    """
    axis = cube.axes[0]
    table = Table()
    table[axis.name.lower()] = axis.values.copy()
    table[axis.name.lower()].unit = _unit(axis.unit)
    for number, trace in enumerate(traces, 1):
        end = "" if number == 1 else f"_{number}"
        for name, values in (("flux", trace.values), ("uncertainty", trace.sigma)):
            table[name + end] = np.asarray(values, np.float64)
            table[name + end].unit = _unit(trace.unit)
        table["mask" + end] = ~np.isfinite(trace.values)
    meta: dict[str, Any] = {"PROGRAM": f"CubeView {cubeview.__version__}"}
    meta |= {key: value for key, value, _ in fact_cards(cube)}
    said = {"SPECSYS": axis.frame, "CTYPE": axis.type, "MEDIUM": axis.medium,
            "VELDEF": axis.convention}  # fmt: skip
    meta |= {key: value for key, value in said.items() if value}
    if axis.rest is not None:
        meta["RESTFRQ" if axis.rest_unit == "Hz" else "RESTWAV"] = axis.rest
    if axis.redshift:
        meta["REDSHIFT"] = axis.redshift
    if cube.wcs is not None:
        meta["SKYFRAME"] = frame_words(cube.wcs)
    if cube.beam is not None:
        meta |= dict(zip(("BMAJ", "BMIN"), (side / 3600.0 for side in cube.beam[:2]), strict=True))
        meta["BPA"] = cube.beam[2]
    meta["HISTORY"] = [ascii_text(line) for line in history]
    table.meta = meta
    return table


def write_spectrum(
    cube: Cube, traces: Sequence[Trace], path: Path | str, history: Sequence[str] = ()
) -> None:
    """Write spectra; the name's ending says how: .fits, .ecsv, .vot or .xml, .csv.

    CSV has units in the names of its columns and nothing else of what is known. A file of that
    name is replaced only once the new one is whole. Raises CubeviewError if the ending is none of
    these, or the file cannot be written.
    """
    path = Path(path)
    form = spectrum_format(path)
    unknown = sorted({one.unit for one in traces if one.unit and not _in_fits(one.unit)})
    if form == "fits" and unknown:
        text = f"values are in {', '.join(unknown)}, a unit that FITS has no word for"
        history = (*history, text)
    table = spectrum_table(cube, traces, history)
    with refusing(path, "cannot be written", "Choose another folder."), replacing(path) as new:
        if form == "votable":
            _votable(table, new)
            return
        if form == "ascii.csv":
            for column in table.colnames:
                if table[column].unit is not None:
                    table.rename_column(column, f"{column} [{table[column].unit}]")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said in HISTORY, or true of the cube already
            table.write(new, format=form, overwrite=True)


def spectrum_format(path: Path) -> str:
    """Return how astropy calls the format a name ends with; CubeviewError if there is none."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise CubeviewError(
            f"{path}: spectra are saved as .fits, .ecsv, .vot or .csv. Choose a name ending so."
        )
    return form


def _votable(table: Table, path: Path) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import Info

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = from_table(table)
        for key, value in table.meta.items():
            for one in value if isinstance(value, list) else [value]:
                document.resources[0].infos.append(Info(name=key, value=str(one)))
        document.to_xml(str(path))


def _unit(text: str) -> Any:
    """Return a unit, None where astropy does not know it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", units.UnitsWarning)
            return unit_of(text) if text else None
    except ValueError:
        return parse_unit(text)


def _in_fits(text: str) -> bool:
    """Tell whether FITS can hold a unit."""
    unit = _unit(text)
    try:
        return unit is not None and bool(unit.to_string("fits"))
    except ValueError:
        return False
