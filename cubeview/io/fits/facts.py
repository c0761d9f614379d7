"""Facts worth showing out of FITS headers: instrument, object, beam; never who observed."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units
from astropy.io.fits import Header

from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of

_BEAM_KEYS = (("BMAJ", "BMIN", "BPA"), ("CLEANBMJ", "CLEANBMN", "CLEANBPA"))
_BEAM_TOLD = re.compile(r"\b(BMAJ|BMIN|BPA)\s*=\s*([-+]?[\d.]+(?:[EeDd][-+]?\d{1,3})?)", re.I)


def first_text(headers: Iterable[Header], key: str) -> str:
    """Return the first text of a keyword among headers, the nearest first, that has any."""
    for header in headers:
        value = header.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def facts_of(headers: tuple[Header, Header]) -> dict[str, str]:
    """Return what a cube's own header and the primary one say; empty texts where they do not."""
    return {
        "instrument": first_text(headers, "INSTRUME"),
        "telescope": first_text(headers, "TELESCOP"),
        "object": first_text(headers[::-1], "OBJECT"),
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


@dataclass(frozen=True)
class Beam:
    """A radio beam."""

    axes: tuple[float, float, float]  # full widths at half maximum, arcsec, and angle, degrees
    many: bool = False  # the median of one for each channel

    @property
    def words(self) -> str:
        """The beam in words, as it is shown."""
        major, minor, angle = self.axes
        many = "median of channels: " if self.many else ""
        turn = f", PA {angle:.0f}°" if math.isfinite(angle) else ""
        return f"{many}{major:.2f}″ × {minor:.2f}″{turn}"


def beam_of(headers: Sequence[Header], hdus: Any, notes: list[Note]) -> Beam | None:
    """Return the radio beam of a cube; None when there is none.

    From BMAJ, BMIN, BPA in degrees, or as AIPS spells them; from the table named BEAMS that CASA
    writes (CASAMBM = T) with one beam for each channel; else from the last line of HISTORY in
    which AIPS's or MIRIAD's CLEAN tells it.

    Parameters
    ----------
    headers : sequence of Header
        Of the cube, then of the primary unit.
    hdus : astropy.io.fits.HDUList
    notes : list of Note
        Gains where it was found, if not where it belongs.
    """
    if headers[0].get("CASAMBM") is True and "BEAMS" in hdus:
        table = hdus["BEAMS"]
        try:
            angle = float(np.median(table.data["BPA"]))
            return _beam(_median(table, "BMAJ"), _median(table, "BMIN"), angle, True)
        except (KeyError, TypeError, ValueError):
            return None
    for header in headers:
        for keys in _BEAM_KEYS:
            found = _beam(*(header.get(key) for key in keys))
            if found is not None:
                return found
    for header in headers:
        lines = [str(line) for line in header.get("HISTORY", ())] if "HISTORY" in header else []
        for line in reversed(lines):
            told = {m[1].upper(): _number(m[2]) for m in _BEAM_TOLD.finditer(line)}
            found = _beam(told.get("BMAJ"), told.get("BMIN"), told.get("BPA"))
            if found is not None:
                notes.append(Note("repair", "the beam was taken from the file's HISTORY"))
                return found
    return None


def _beam(major: Any, minor: Any, angle: Any, many: bool = False) -> Beam | None:
    """Return a beam given in degrees; a round one where only one axis is given."""
    if not isinstance(major, int | float) or not math.isfinite(major) or major <= 0:
        return None
    minor = minor if isinstance(minor, int | float) and 0 < minor <= major else major
    angle = float(angle) if isinstance(angle, int | float) else math.nan
    return Beam((major * 3600.0, minor * 3600.0, angle), many)


def _number(text: str) -> float:
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        return math.nan


def _median(table: Any, name: str) -> float:
    """Return the median of a column in degrees, whatever its unit."""
    unit = unit_of(table.columns[name].unit or "arcsec")
    return float(np.median(table.data[name]) * unit.to(units.deg))
