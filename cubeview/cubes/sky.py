"""What a celestial WCS says in words and along its axes: frames, and longitude as a circle."""

from typing import Any

import numpy as np

_SUN = "HPLN"
_FRAMES = {
    "GLON": "Galactic",
    "ELON": "Ecliptic",
    "HPLN": "Helioprojective",
    "SLON": "Supergalactic",
}
_EQUINOX = {"FK5": 2000.0, "FK4": 1950.0, "FK4-NO-E": 1950.0}


def longitude_type(wcs: Any) -> str:
    """Return the code of the longitude of a WCS: ``"RA"``, ``"GLON"``, ``"HPLN"``."""
    return str(wcs.wcs.ctype[0]).split("-")[0]


def full_turn(wcs: Any, longitude: Any) -> Any:
    """Return longitudes from 0 to 360 degrees; on the Sun, where they are offsets, as they are."""
    if longitude_type(wcs) == _SUN:
        return longitude
    # Twice: a negative one next to nothing gives 360 the first time.
    return longitude % 360.0 % 360.0


def along(wcs: Any, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates along the middle column and along the middle row, in degrees.

    Longitudes go on across 0h, so that steps stay small; the middle one is from 0 to 360.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        Of the sky, longitude first.
    shape : tuple of int
        Rows and columns.
    """
    rows, columns = shape
    along_x, _ = wcs.wcs_pix2world(np.arange(columns), np.full(columns, (rows - 1) / 2), 0)
    _, along_y = wcs.wcs_pix2world(np.full(rows, (columns - 1) / 2), np.arange(rows), 0)
    known = np.isfinite(along_x)
    if known.any():
        turned = np.unwrap(along_x[known], period=360.0)
        middle = turned[len(turned) // 2]
        along_x[known] = turned + (full_turn(wcs, middle) - middle)
    return along_y, along_x


def frame_words(wcs: Any) -> str:
    """Return the frame of a sky: ``"ICRS"``, ``"FK5"``, ``"FK4 B1950"``, ``"Galactic"``.

    The equinox stands with it where it is not the usual one, and always in FK4.
    """
    kind = longitude_type(wcs)
    if kind != "RA":
        return _FRAMES.get(kind, "")
    frame = str(wcs.wcs.radesys).strip()
    equinox = float(wcs.wcs.equinox)
    usual = _EQUINOX.get(frame)
    if usual is None:
        return frame
    equinox = equinox if np.isfinite(equinox) else usual
    if frame == "FK5":
        return frame if equinox == usual else f"{frame} J{equinox:g}"
    return f"{frame} B{equinox:g}"
