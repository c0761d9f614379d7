"""Pieces of a mask as a table: ECSV, VOTable, FITS or CSV, with units."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.table import Table

import cubeview
from cubeview.cubes.cube import Cube
from cubeview.cubes.unit import unit_of
from cubeview.errors import CubeviewError, refusing
from cubeview.io.export.fits import ascii_text
from cubeview.paths import replacing

FORMATS = {".ecsv": "ascii.ecsv", ".vot": "votable", ".fits": "fits", ".csv": "ascii.csv"}

Row = dict[str, float | int | str | None]


def refuse_table(path: Path) -> None:
    """Raise CubeviewError if no table is written under a name, or it is taken."""
    if path.suffix.lower() not in FORMATS:
        raise CubeviewError(f"{path}: catalogues end in {', '.join(FORMATS)}. Choose such a name.")
    if path.exists():
        raise CubeviewError(f"{path}: is there already, and is not replaced. Choose a new name.")


def write_components(rows: Sequence[Row], cube: Cube, path: Path, notes: Sequence[str]) -> None:
    """Write rows of numbers and words as a table, a column a key.

    Parameters
    ----------
    rows : sequence of mapping
        All with the same keys; ``axis 0`` to ``axis 2`` are written under the axes' names.
    cube : Cube
        Whose axes and unit the columns are in.
    path : Path
    notes : sequence of str
        How it was made.

    Raises
    ------
    CubeviewError
        If the name ends otherwise than `FORMATS` say, or it cannot be written.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise CubeviewError(f"{path}: catalogues end in {', '.join(FORMATS)}. Choose such a name.")
    table = Table()
    names = [axis.name or f"axis{n}" for n, axis in enumerate(cube.axes)]
    units = {f"axis {n}": axis.unit for n, axis in enumerate(cube.axes)}
    for key in rows[0] if rows else ("number", "name", "voxels"):
        column = [row[key] for row in rows]
        name = names[int(key[-1])] if key in units else key
        if any(isinstance(value, str) for value in column):
            table[name] = np.array([ascii_text(str(value)) for value in column])
        else:
            filled = [np.nan if value is None else value for value in column]
            table[name] = np.array(filled)
        if unit := units.get(key, ""):
            try:
                table[name].unit = unit_of(unit)
            except ValueError:
                table.meta[f"UNIT_{name}"] = unit
    table.meta["PROGRAM"] = f"CubeView {cubeview.__version__}"
    table.meta["USE"] = "research use only"
    for number, note in enumerate(notes, 1):
        table.meta[f"NOTE{number}"] = ascii_text(note)
    with refusing(path, "cannot be written", "Choose another folder."), replacing(path) as part:
        table.write(part, format=kind, overwrite=True)
