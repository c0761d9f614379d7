"""The sky of a FITS header: its two axes whatever they are called, and their coordinates."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS, WcsError

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.cubes.sky import along, frame_words
from cubeview.io.fits.header import mixed, only

WCS_ERRORS = (WcsError, ValueError, TypeError, KeyError, MemoryError, AttributeError)
"""What astropy raises on headers it cannot use; MemoryError stands for bad distortion keywords."""

_NAMES = {
    "RA": "RA",
    "DEC": "Dec",
    "GLON": "Galactic longitude",
    "GLAT": "Galactic latitude",
    "ELON": "Ecliptic longitude",
    "ELAT": "Ecliptic latitude",
    "HPLN": "Solar X",
    "HPLT": "Solar Y",
}
_LONGITUDE = re.compile(r"(RA|[A-Z]LON|[A-Z]{2}LN|DEC|[A-Z]LAT|[A-Z]{2}LT)(?![A-Z])[^A-Z0-9]*")
# FITS Paper II, table 13, with NCP and GLS of AIPS, and TPV, TNX and ZPX of IRAF.
_PROJECTIONS = (
    *("AZP", "SZP", "TAN", "STG", "SIN", "ARC", "ZPN", "ZEA", "AIR", "CYP", "CEA", "CAR", "MER"),
    *("SFL", "PAR", "MOL", "AIT", "COP", "COE", "COD", "COO", "BON", "PCO", "TSC", "CSC", "QSC"),
    *("HPX", "XPH", "NCP", "GLS", "TPV", "TNX", "ZPX", "TAB"),
)
_UNKNOWN = "CAR"
"""What an unknown projection is taken for: near its reference each is like any other."""

_CYLINDERS = ("CAR", "CEA", "CYP", "MER")
"""Projections on which longitude goes on along x: a turn further on lies the same sky."""

# The Sun is half a degree wide: larger offsets without a unit are in arcsec.
_SUN_DEG = 2.0
_SUN_STEP_DEG = 0.02


@dataclass(frozen=True)
class SkyPair:
    """FITS axes of longitude and latitude."""

    numbers: tuple[int, int]
    written: tuple[str, str]  # CTYPE as in the file


def find_sky(header: Header, lengths: tuple[int, ...], notes: list[Note]) -> SkyPair | None:
    """Find the axes of the sky, and spell their types and units in the header as the standard does.

    None when there are not two, or one of them is no real axis.

    Parameters
    ----------
    header : Header
        Of `cubeview.io.fits.header.wcs_header`.
    lengths : tuple of int
        Of the FITS axes, the first being axis 1.
    notes : list of Note
        Gains what was repaired or guessed.
    """
    pair: dict[bool, tuple[int, str, str, str]] = {}
    for number, length in enumerate(lengths, start=1):
        written = str(header.get(f"CTYPE{number}", ""))
        found = _LONGITUDE.match(written.upper())
        if found is None or length < 2:
            continue
        # RA---TAN-SIP: the distortion is left out with its keywords.
        code = written.upper()[found.end() :].split("-")[0].strip()
        pair[_is_longitude(found[1])] = number, written, found[1], code
    if len(pair) != 2:
        return None
    longitude, latitude = pair[True], pair[False]
    codes = [code for *_, code in (longitude, latitude) if code]
    projection = codes[0] if codes else ""
    if projection and projection not in _PROJECTIONS:
        text = f"the projection {projection} is unknown: read as {_UNKNOWN}"
        notes.append(Note("guess", text, "projection"))
        projection = _UNKNOWN
    elif not projection:
        text = "the sky axes have no projection: read as linear"
        notes.append(Note("guess", text, "projection"))
    for number, written, name, _ in (longitude, latitude):
        key = f"CTYPE{number}"
        header[key] = f"{name:-<5}{projection}" if projection else name
        if header[key] != written.upper() and projection != _UNKNOWN:
            notes.append(Note("repair", f"{key} = '{written}' read as {header[key]}"))
    numbers = longitude[0], latitude[0]
    _guess_unit(header, numbers, notes)
    return SkyPair(numbers, (longitude[1], latitude[1]))


def celestial_of(
    header: Header, hdus: Any, pair: SkyPair, shape: tuple[int, int], notes: list[Note]
) -> Any:
    """Return the two-dimensional sky WCS, longitude first, in degrees; None if it is unusable.

    No other axis of the header has a say in it.

    Parameters
    ----------
    header : Header
    hdus : astropy.io.fits.HDUList
        For axes given by a table (-TAB).
    pair : SkyPair
    shape : tuple of int
        Rows and columns.
    notes : list of Note
    """
    try:
        sky = WCS(only(header, pair.numbers), hdus)
        if not np.all(np.isfinite(sky.wcs.crval)):
            raise ValueError("the reference value is not a number")
        sky.wcs_pix2world(0.0, 0.0, 0)
        sky = _turned(sky, shape)
    except WCS_ERRORS as error:
        first = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        notes.append(Note("repair", f"sky coordinates could not be used ({first})"))
        return None
    if mixed(header, pair.numbers):
        notes.append(Note("repair", "the sky turns along the third axis: its turning is ignored"))
    rows, columns = shape
    corners = [[x, y] for x in (0, columns - 1) for y in (0, rows - 1)]
    known = np.isfinite(sky.wcs_pix2world(corners, 0)).all(axis=1)
    if known.any() and not known.all():
        text = "the edge of the projection lies within the picture: what is beyond it has no place"
        notes.append(Note("info", text))
    return sky


def sky_axes(celestial: Any, pair: SkyPair, shape: tuple[int, int]) -> dict[int, Axis]:
    """Return the axes of the sky, with coordinates along the middle row and column."""
    along_y, along_x = along(celestial, shape)
    frame = frame_words(celestial)
    axes = {}
    for number, written, values in zip(pair.numbers, pair.written, (along_x, along_y), strict=True):
        found = _LONGITUDE.match(written.upper())
        assert found is not None
        name = _NAMES.get(found[1], found[1])
        axes[number] = Axis(
            name=name, kind="celestial", unit="deg", values=values, type=written, frame=frame
        )
    return axes


def _is_longitude(name: str) -> bool:
    return name == "RA" or name.endswith(("LON", "LN"))


def _guess_unit(header: Header, numbers: tuple[int, int], notes: list[Note]) -> None:
    """Give offsets on the Sun without a unit theirs: as degrees they would be off it."""
    if not str(header[f"CTYPE{numbers[0]}"]).startswith("HPLN"):
        return
    for number in numbers:
        value, step = (abs(header.get(f"{key}{number}", 0.0)) for key in ("CRVAL", "CDELT"))
        if f"CUNIT{number}" not in header and (value > _SUN_DEG or step > _SUN_STEP_DEG):
            header[f"CUNIT{number}"] = "arcsec"
            text = (
                f"CUNIT{number} is missing: arcsec guessed, as in degrees it would be off the Sun"
            )
            notes.append(Note("guess", text))


def _turned(sky: Any, shape: tuple[int, int]) -> Any:
    """Return a sky whose projection does not end within the cube, where longitude goes round.

    WCSLIB ends a cylinder half a turn from the reference, wherever the pixels go on.
    """
    if str(sky.wcs.ctype[0])[-3:] not in _CYLINDERS:
        return sky
    matrix, height, width = sky.pixel_scale_matrix, *shape
    middle = np.array([width + 1, height + 1]) / 2 - sky.wcs.crpix
    corners = np.array([[x, y] for x in (1, width) for y in (1, height)]) - sky.wcs.crpix
    if np.abs(corners @ matrix[0]).max() <= 180.0:
        return sky
    away = float(matrix[0] @ middle)
    whole = _moved(sky, matrix, 360.0 * round(away / 360.0), 0.0)
    away -= 360.0 * round(away / 360.0)
    # Around the pole of the sky itself the reference can be put anywhere; else the turn must do.
    round_pole = _moved(whole, matrix, away, away)
    near = whole.wcs.crpix + np.linalg.solve(matrix, [away / 2, 0.0]) + [[0.0, 0.0], [1.0, 1.0]]
    here, there = (np.array(w.wcs_pix2world(near, 1)) for w in (whole, round_pole))
    off = (there - here + [[180.0, 0.0]]) % [[360.0, 1e9]] - [[180.0, 0.0]]
    return round_pole if np.abs(off).max() < 1e-7 else whole


def _moved(sky: Any, matrix: np.ndarray, pixels_deg: float, value_deg: float) -> Any:
    """Return a sky with its reference so many degrees further on along x, and in longitude."""
    moved = sky.deepcopy()
    moved.wcs.crpix = sky.wcs.crpix + np.linalg.solve(matrix, [pixels_deg, 0.0])
    moved.wcs.crval = sky.wcs.crval + np.array([value_deg, 0.0])
    moved.wcs.set()
    return moved
