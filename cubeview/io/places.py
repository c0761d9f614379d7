"""Tables of places on the sky, of whoever made them: ECSV, VOTable, FITS table or CSV."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.table import Table

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError, refusing

_FORMATS = {
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".xml": "votable",
    ".votable": "votable",
    ".fits": "fits",
    ".fit": "fits",
    ".csv": "ascii.csv",
}
_UCDS = (
    ("pos.eq.ra", "pos.eq.dec", "icrs"),
    ("pos.galactic.lon", "pos.galactic.lat", "galactic"),
)
_NAMES = (
    *((ra, dec, "icrs") for ra, dec in (
        ("ra", "dec"), ("ra_icrs", "de_icrs"), ("ra_deg", "dec_deg"), ("radeg", "dedeg"),
        ("_ra", "_de"), ("right_ascension", "declination"),
    )),
    *((ra, dec, "fk5") for ra, dec in (
        ("raj2000", "dej2000"), ("_raj2000", "_dej2000"), ("raj2000", "decj2000"),
        ("alpha_j2000", "delta_j2000"), ("ra2000", "dec2000"),
    )),
    ("glon", "glat", "galactic"),
    ("l", "b", "galactic"),
)  # fmt: skip
"""Columns of a position as catalogues call them, and the frame that is meant."""
_CALLED = ("name", "main_id", "id", "source_id", "designation", "object", "number", "class")
MOST = 20_000
"""Entries that are shown of a table."""


@dataclass(frozen=True, eq=False)
class Places:
    """Entries of a table that lie on a cube.

    Parameters
    ----------
    title : str
        The file's name.
    names : tuple of str
    y, x : ndarray, shape (n,)
        Voxel indices.
    words : str
        How they were read: columns, frame, how many lie beside the cube.
    """

    title: str
    names: tuple[str, ...]
    y: np.ndarray
    x: np.ndarray
    words: str


def read_places(path: Path | str, cube: Cube) -> Places:
    """Return the entries of a table that lie on a cube.

    Positions are a SkyCoord column, columns that their UCD names as the main position, or columns
    with a name of those that catalogues use, in degrees where no unit is given.

    Raises
    ------
    CubeviewError
        If the file is no table, has no position, or the cube has no sky coordinates.
    """
    path = Path(path)
    if cube.wcs is None:
        raise CubeviewError(f"{path.name}: the cube has no sky coordinates to lay a table over.")
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise CubeviewError(f"{path}: tables are read from .ecsv, .vot, .fits and .csv.")
    advice = "Choose an ECSV, VOTable, FITS or CSV table."
    with refusing(path, "cannot be read as a table", advice), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = Table.read(path, format=form)
        except OSError:
            raise
        except Exception as error:  # readers of tables have no error in common
            raise CubeviewError(f"{path}: cannot be read as a table ({error}). {advice}") from error
        found, said = _positions(table, path)
        x, y = found.to_pixel(cube.wcs, origin=0)
    _, height, width = cube.shape
    with np.errstate(invalid="ignore"):
        inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    (kept,) = np.nonzero(inside)
    said += f"; {len(kept)} of {len(table)} lie on the cube"
    if len(kept) > MOST:
        said += f", the first {MOST} are shown"
        kept = kept[:MOST]
    return Places(path.name, _names(table, kept), y[kept], x[kept], said)


def _positions(table: Table, path: Path) -> tuple[SkyCoord, str]:
    for name in table.colnames:
        if isinstance(table[name], SkyCoord):
            return table[name], f"{name}, {table[name].frame.name}"
    columns = {name.lower(): name for name in table.colnames}
    by_ucd: dict[str, str] = {}
    for name in table.colnames:
        ucd = str(table[name].meta.get("ucd", "")).lower()
        by_ucd.setdefault(ucd.split(";")[0], name)
        if "meta.main" in ucd:
            by_ucd[ucd.split(";")[0]] = name
    for known, pairs in ((by_ucd, _UCDS), (columns, _NAMES)):
        for first, second, frame in pairs:
            if first in known and second in known:
                longitude, latitude = table[known[first]], table[known[second]]
                frame = _frame(table, frame)
                place = _coordinates(longitude, latitude, frame, path)
                return place, f"{known[first]}, {known[second]} as {frame.upper()}"
    raise CubeviewError(
        f"{path}: no columns of a position were found. They are known by their UCDs, or as ra and "
        f"dec, RAJ2000 and DEJ2000, glon and glat …; this table has {', '.join(table.colnames)}."
    )


def _frame(table: Table, usual: str) -> str:
    said = str(table.meta.get("RADESYS", table.meta.get("FRAME", ""))).strip().lower()
    return said if usual != "galactic" and said in ("icrs", "fk5", "fk4") else usual


def _coordinates(longitude: Any, latitude: Any, frame: str, path: Path) -> SkyCoord:
    """Return positions of two columns: numbers with units, or text, hours first."""
    text = longitude.dtype.kind in "USO"
    unit = units.hourangle if text and frame != "galactic" else units.deg
    try:
        if text:
            first, second = ([str(v) for v in column] for column in (longitude, latitude))
            return SkyCoord(first, second, frame=frame, unit=(unit, units.deg))
        # What is masked lies nowhere.
        pair = [
            np.ma.filled(np.ma.asarray(column, dtype=float), np.nan)
            * (column.unit if column.unit is not None else units.deg)
            for column in (longitude, latitude)
        ]
        return SkyCoord(*pair, frame=frame)
    except (ValueError, TypeError, units.UnitsError) as error:
        raise CubeviewError(f"{path}: positions cannot be read ({error}).") from error


def _names(table: Table, kept: np.ndarray) -> tuple[str, ...]:
    columns = {name.lower(): name for name in table.colnames}
    column = next((columns[name] for name in _CALLED if name in columns), None)
    if column is None:
        return tuple(str(number + 1) for number in kept)
    return tuple(str(table[column][number]) for number in kept)
