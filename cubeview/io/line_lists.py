"""The user's own list of spectral lines: a table with name, wavelength and medium."""

from pathlib import Path

import numpy as np
from astropy import units

from cubeview.cubes.spectral import to_vacuum
from cubeview.errors import CubeviewError
from cubeview.paths import read_within

_MOST_BYTES = 2**22
_ADVICE = (
    "A list of lines is a CSV or ECSV table with the columns name, wavelength (Angstrom, unless "
    "the column has a unit) and medium (air or vacuum)."
)


def read_lines(path: Path | str) -> dict[str, float]:
    """Return the lines of a table: frequency at rest in Hz, by name.

    Raises
    ------
    CubeviewError
        If it cannot be read, lacks a column, or a line has no name or no positive wavelength.
    """
    from astropy.table import Table

    path = Path(path)
    text = read_within(path, _MOST_BYTES, _ADVICE).decode("utf-8", "replace")
    form = "ascii.ecsv" if text.startswith("# %ECSV") else "ascii.csv"
    try:
        table = Table.read(text.splitlines(), format=form)
    except Exception as error:  # astropy's readers raise what they like
        raise CubeviewError(f"{path}: no table ({error}). {_ADVICE}".replace("\n", " ")) from error
    columns = {name.lower(): name for name in table.colnames}
    if missing := {"name", "wavelength", "medium"} - set(columns):
        raise CubeviewError(f"{path}: no column {', '.join(sorted(missing))}. {_ADVICE}")
    waves = table[columns["wavelength"]]
    found: dict[str, float] = {}
    for row, (name, wave, medium) in enumerate(
        zip(table[columns["name"]], waves, table[columns["medium"]], strict=True), 1
    ):
        word = str(name).strip()
        try:
            length = units.Quantity(float(wave), waves.unit or units.AA)
            if str(medium).strip().lower() == "air":
                length = to_vacuum(length)
            elif str(medium).strip().lower() != "vacuum":
                raise ValueError("its medium is neither air nor vacuum")
            hz = float(length.to_value(units.Hz, units.spectral()))
            if not (word and np.isfinite(hz) and hz > 0):
                raise ValueError("it has no name or no positive wavelength")
        except (TypeError, ValueError) as error:
            raise CubeviewError(f"{path}: line {row}: {error}. {_ADVICE}") from error
        found[word] = hz
    if not found:
        raise CubeviewError(f"{path}: there is no line in it. {_ADVICE}")
    return found
