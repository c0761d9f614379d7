"""FITS headers made fit for a WCS: known misspellings and gaps repaired, each with a note."""

import re
from collections.abc import Iterable
from typing import Any

from astropy.io.fits import Header

from cubeview.cubes.cube import Note
from cubeview.cubes.unit import LONGEST, unit_of
from cubeview.plain import one_line_of

# Only what Papers I-III define: SIP, plate solutions and time keywords of real files break or
# slow the WCS of a cube, and none of them belongs to a rectified cube.
_WCS_KEYS = re.compile(
    r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)\d$|(CD|PC)\d_\d$|(PV|PS)\d_\d+$|NAXIS\d?$|"
    r"(WCSAXES|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH|SPECSYS|SSYSOBS|VELREF|"
    r"RESTFRQ|RESTFREQ|RESTWAV|VELOSYS|ZSOURCE|EXTNAME)$"
)
_NUMBER_KEYS = re.compile(
    r"(CRVAL|CRPIX|CDELT|CROTA)\d$|(CD|PC)\d_\d$|PV\d_\d+$|(EQUINOX|EPOCH|RESTFRQ|RESTFREQ|"
    r"RESTWAV|LONPOLE|LATPOLE)$"
)

UNIT_SPELLINGS = {
    spelling: unit
    for unit, spellings in (
        ("Angstrom", ("A", "AA", "ANG", "ANGS", "ANGSTROM", "ANGSTROMS", "ÅNGSTRÖM")),
        ("nm", ("NANOMETER", "NANOMETERS", "NANOMETRE")),
        ("um", ("MICRON", "MICRONS", "MICROMETER", "MICROMETERS", "UM")),
        ("m", ("METER", "METERS")),
        ("Hz", ("HZ", "HERTZ")),
        *(("kHz", ("KHZ",)), ("MHz", ("MHZ",)), ("GHz", ("GHZ",))),
        ("m/s", ("M/S", "M/SEC", "M S-1")),
        ("km/s", ("KM/S", "KM/SEC", "KM S-1", "KMS-1", "KMS")),
        ("deg", ("DEG", "DEGREE", "DEGREES", "DEGS")),
        ("arcsec", ("ARCSEC", "ARCSECS", "ARCSECOND", "ARCSECONDS")),
        ("s", ("SEC", "SECOND", "SECONDS")),
    )
    for spelling in spellings
}
"""Axis units by their upper-case spelling in headers; Hz and MHz have no second meaning there."""

_MOST_AXES = 99
"""Axis numbers in keywords such as CDi_j have two digits at most."""


def wcs_header(header: Header, axes: int) -> tuple[Header, list[Note]]:
    """Return the keywords a WCS of so many stored axes is made of, repaired, and what was repaired.

    The new header holds nothing but WCS keywords. Units it cannot read are left out;
    `cubeview.io.fits.axes` guesses them.
    """
    notes: list[Note] = []
    out = Header()
    for card in header.cards:
        key = card.keyword
        if not _WCS_KEYS.match(key) or key in out:
            continue
        value = _value(card)
        if value is None:
            continue
        if _NUMBER_KEYS.match(key) and isinstance(value, str):
            number = _number(value)
            if number is None:
                notes.append(Note("repair", f"{key} = '{value}' is no number and was ignored"))
                continue
            notes.append(Note("repair", f"{key} was written as text '{value}'; read as a number"))
            value = number
        out[key] = value
    _repair_count(out, notes)
    _repair_units(out, axes, notes)
    _repair_matrix(out, axes, notes)
    return out, notes


def parse_unit(text: str) -> Any:
    """Return the astropy unit of a BUNIT, also in the spellings surveys use; None if unknown."""
    text = text.strip()
    if re.fullmatch(r"FLAM\d+", text):
        text = f"10**-{text[4:]} erg s-1 cm-2 Angstrom-1"
    if not text or len(text) > LONGEST:
        return None
    for candidate in _unit_candidates(text):
        for form in ("fits", None):
            try:
                return unit_of(candidate, form)
            except ValueError:
                continue
    return None


def _unit_candidates(text: str) -> Iterable[str]:
    # A in an energy flux is the Angstrom; astropy would read the ampere without a word.
    if re.search(r"\berg|\bW\b|\bph", text):
        text = re.sub(r"\b(Ang|ANG|A|AA|Angstroms)(?![A-Za-z])", "Angstrom", text)
    yield text
    tidy = re.sub(r"\s*\(.*\)$", "", text) if re.match(r"K\s*\(", text) else text
    tidy = tidy.replace("^", "**")
    tidy = re.sub(r"/\s*spaxel\b", "", tidy)
    tidy = re.sub(r"\bJY\b", "Jy", tidy)
    tidy = re.sub(r"\b(BEAM|PIXEL)\b", lambda found: found.group().lower(), tidy)
    tidy = re.sub(r"\b(electron|count|photon)s\b", r"\1", tidy)
    tidy = re.sub(r"\b1[eE]-?(\d+)\b", r"10**-\1", tidy)
    yield tidy
    # "10**-16 erg/s/cm**2" and "erg/s/cm2/arcsec2": one product over one chain of divisors.
    yield re.sub(r"(?<=[A-Za-z)])\*\*?(-?\d)", r"\1", tidy)


def _value(card: Any) -> Any:
    try:
        value = card.value
    except (ValueError, TypeError, AttributeError):
        return None
    return value.strip() if isinstance(value, str) else value


def _number(text: str) -> float | None:
    try:
        return float(text.replace("D", "E").replace("d", "e"))
    except ValueError:
        return None


def _repair_count(header: Header, notes: list[Note]) -> None:
    """Leave out a number of coordinates that no axis keyword could be written for."""
    count = header.get("WCSAXES", 1)
    if type(count) is not int or not 0 < count <= _MOST_AXES:
        del header["WCSAXES"]
        notes.append(Note("repair", f"WCSAXES = {count} makes no sense and was ignored"))


def _repair_units(header: Header, axes: int, notes: list[Note]) -> None:
    """Spell units as the standard does: a misspelt one turns world coordinates into infinity."""
    for axis in range(1, max(axes, header.get("WCSAXES", 0)) + 1):
        key = f"CUNIT{axis}"
        text = str(header.get(key, ""))
        if not text:
            header.pop(key, None)
            continue
        known = UNIT_SPELLINGS.get(text.upper())
        if text.upper() != "A" and _is_standard(text):
            header[key] = known or text
        elif known:
            header[key] = known
            notes.append(Note("repair", f"{key} = '{text}' read as {known}"))
        else:
            del header[key]
            shown = one_line_of(text)
            notes.append(Note("repair", f"{key} = '{shown}' is no known unit and was ignored"))


def _is_standard(text: str) -> bool:
    try:
        unit_of(text, "fits")
    except ValueError:
        return False
    return True


def _repair_matrix(header: Header, axes: int, notes: list[Note]) -> None:
    """Give axes outside the CD matrix the step of their CDELT.

    Paper I, section 2.1.2: in a header with any CDi_j the CDELTi are ignored and missing CDi_i
    are zero or, in WCSLIB, one; many pipelines still write CD for the sky and CDELT3 beside it.
    """
    if not any(key.startswith("CD") and "_" in key for key in header):
        return
    for axis in range(1, axes + 1):
        row_is_empty = not any(header.get(f"CD{axis}_{j}") for j in range(1, axes + 1))
        step = header.get(f"CDELT{axis}")
        if row_is_empty and step:
            header[f"CD{axis}_{axis}"] = step
            text = f"CD{axis}_{axis} is missing; step taken from CDELT{axis} = {step}"
            notes.append(Note("repair", text))
