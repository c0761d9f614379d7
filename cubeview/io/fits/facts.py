"""Facts worth showing out of FITS headers: instrument, object, beam; never who observed."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from astropy import units
from astropy.io.fits import Header

from cubeview.cubes.unit import unit_of


def first_text(headers: Iterable[Header], key: str) -> str:
    """Return the first text of a keyword among headers, the nearest first, that has any."""
    for header in headers:
        value = header.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def facts_of(headers: tuple[Header, Header], hdus: Any) -> dict[str, str]:
    """Return what a cube's own header and the primary one say; empty texts where they do not."""
    return {
        "instrument": first_text(headers, "INSTRUME"),
        "telescope": first_text(headers, "TELESCOP"),
        "object": first_text(headers[::-1], "OBJECT"),
        "beam": beam_of(headers[0], hdus),
        "redshift": redshift_of(headers),
    }


def redshift_of(headers: Iterable[Header]) -> str:
    """Return the redshift of the source where a header gives one; empty where none does."""
    for header in headers:
        for key in ("ZSOURCE", "REDSHIFT"):
            value = header.get(key)
            if isinstance(value, int | float) and -1.0 < value < 2000.0 and value:
                return f"{value:.8g}"
    return ""


def beam_of(header: Header, hdus: Any) -> str:
    """Return a radio beam in words: axes in arcsec and position angle; empty when there is none.

    From BMAJ, BMIN, BPA in degrees; CASA writes one beam for each channel to a table named BEAMS
    (CASAMBM = T).
    """
    values = [header.get(key) for key in ("BMAJ", "BMIN", "BPA")]
    many = ""
    if header.get("CASAMBM") is True and "BEAMS" in hdus:
        table = hdus["BEAMS"]
        many = "median of channels: "
        try:
            turn = float(np.median(table.data["BPA"]))
            values = [_median(table, "BMAJ"), _median(table, "BMIN"), turn]
        except (KeyError, TypeError, ValueError):
            return ""
    major, minor, angle = values
    if not isinstance(major, int | float) or not isinstance(minor, int | float) or major <= 0:
        return ""
    text = f"{many}{major * 3600:.2f}″ × {minor * 3600:.2f}″"
    return f"{text}, PA {angle:.0f}°" if isinstance(angle, int | float) else text


def _median(table: Any, name: str) -> float:
    """Return the median of a column in degrees, whatever its unit."""
    unit = unit_of(table.columns[name].unit or "arcsec")
    return float(np.median(table.data[name]) * unit.to(units.deg))
