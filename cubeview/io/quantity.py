"""What axes and values measure, out of the words and units that headers and tables use for it."""

import re
from dataclasses import dataclass
from typing import Any

from astropy import units

from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of
from cubeview.cubes.units import parse_unit

MEDIUM_UNKNOWN = "the file does not say whether wavelengths are in air"

UNIT_SPELLINGS = {
    spelling: unit
    for unit, spellings in (
        ("Angstrom", ("A", "AA", "ANG", "ANGS", "ANGSTROM", "ANGSTROMS", "ÅNGSTRÖM", "Å")),
        ("nm", ("NANOMETER", "NANOMETERS", "NANOMETRE")),
        ("um", ("MICRON", "MICRONS", "MICROMETER", "MICROMETERS", "UM", "MUM")),
        ("m", ("METER", "METERS")),
        ("cm-1", ("CM-1", "1/CM", "CM^-1", "CM**-1")),
        ("Hz", ("HZ", "HERTZ")),
        *(("kHz", ("KHZ",)), ("MHz", ("MHZ",)), ("GHz", ("GHZ",))),
        *(("eV", ("EV",)), ("keV", ("KEV",)), ("GeV", ("GEV",))),
        ("m/s", ("M/S", "M/SEC", "M S-1")),
        ("km/s", ("KM/S", "KM/SEC", "KM S-1", "KMS-1", "KMS")),
        ("deg", ("DEG", "DEGREE", "DEGREES", "DEGS")),
        ("arcsec", ("ARCSEC", "ARCSECS", "ARCSECOND", "ARCSECONDS")),
        ("s", ("SEC", "SECOND", "SECONDS")),
    )
    for spelling in spellings
}
"""Axis units by their upper-case spelling in headers; Hz and MHz have no second meaning there."""

NAMES = {
    "WAVE": "Wavelength",
    "AWAV": "Wavelength",
    "FREQ": "Frequency",
    "ENER": "Energy",
    "WAVN": "Wavenumber",
    "VRAD": "Velocity",
    "VOPT": "Velocity",
    "VELO": "Velocity",
    "FELO": "Velocity",
    "ZOPT": "Redshift",
    "BETA": "Velocity",
}
"""Names for labels by the four-letter codes of FITS Paper III."""

# The beginnings of words that name a quantity, the longer before those they begin with.
_STEMS = (
    *(("WAVENUM", "WAVN"), ("WAVNUM", "WAVN"), ("KAYSER", "WAVN")),
    *(("WAVE", "WAVE"), ("WVL", "WAVE"), ("LAMBDA", "WAVE"), ("LAM", "WAVE")),
    *(("FREQ", "FREQ"), ("ENER", "ENER"), ("REDSHIFT", "ZOPT")),
    *(("VRAD", "VRAD"), ("VOPT", "VOPT"), ("VEL", "VELO")),
)
_BY_PHYSICS = {
    "length": "WAVE",
    "frequency": "FREQ",
    "speed": "VELO",
    "energy": "ENER",
    "wavenumber": "WAVN",
}
_LONGEST_WAVE_M = 100.0
"""Lengths in larger units, such as parsec, are no wavelengths."""

_FRAMES = {
    **dict.fromkeys(("LSR", "LSRK"), "LSRK"),
    **dict.fromkeys(("LSD", "LSRD"), "LSRD"),
    **dict.fromkeys(("HEL", "HELIO", "HELIOCEN", "BAR", "BARY", "BARYCENT"), "BARYCENT"),
    **dict.fromkeys(("OBS", "TOP", "TOPO", "TOPOCENT"), "TOPOCENT"),
    **dict.fromkeys(("GEO", "GEOCENTR"), "GEOCENTR"),
    **dict.fromkeys(("SOU", "SOURCE", "REST"), "SOURCE"),
}
"""SPECSYS of FITS Paper III by what follows a type; HEL is what WCSLIB makes of it."""

AIPS = {"LSRK": "LSR", "LSRD": "LSD", "BARYCENT": "HEL", "TOPOCENT": "OBS", "GEOCENTR": "GEO"}
"""AIPS memo 27: VELO-xxx, FELO-xxx and FREQ-xxx name the frame where Paper III has SPECSYS."""

_ALGORITHMS = ("LOG", "GRI", "GRA", "TAB", *(f"{a}2{b}" for a in "FWVA" for b in "FWVA" if a != b))
_LOG_UNIT = re.compile(
    r"(?P<base>log10|log|lg|dex|ln)\s*[(\[\s]\s*(?:[a-z]+\s*/\s*)?(?P<unit>[^)\]]+?)\s*[)\]]?$",
    re.I,
)
_LOG_NAME = re.compile(r"^(?P<base>LOG10|LOG|LG|LN)[^A-Z0-9]?(?=[A-Z(])")


@dataclass(frozen=True)
class Words:
    """What the type of an axis, as it is written, says in words."""

    code: str = ""  # of FITS Paper III; empty where it names no spectral quantity
    unit: str = ""  # in brackets, as in LAMBDA (A)
    frame: str = ""  # SPECSYS
    medium: str = ""  # "air" or "vacuum"
    base: str = ""  # "log" or "ln" where it is the logarithm of the quantity


def axis_unit(text: str) -> str:
    """Return a unit of an axis as the standard spells it; empty where it is none that is known."""
    known = UNIT_SPELLINGS.get(text.strip().upper(), "")
    if text.strip().upper() != "A" and is_standard(text):
        return known or text.strip()
    return known


def words_of(written: str) -> Words:
    """Read a type that is no code of the standard: ``"LAMBDA (A)"``, ``"RADIAL VELOCITY"``."""
    upper = written.upper()
    base = _LOG_NAME.match(upper)
    if base:
        upper = upper[base.end() :]
    bracket = re.search(r"[(\[]([^)\]]+)[)\]]", upper)
    unit = axis_unit(bracket[1]) if bracket else ""
    words = re.findall("[A-Z]+", upper)
    code = next((code for word in words for stem, code in _STEMS if word.startswith(stem)), "")
    frame = next((_FRAMES[word] for word in words if word in _FRAMES), "")
    if not code:
        # VLSR, V_HEL, V-BARY: a velocity in a frame.
        glued = next((w for w in words if w[0] == "V" and w[1:] in _FRAMES), "")
        alone = bool(words) and words[0] == "V" and bool(frame)
        code, frame = ("VELO", frame or _FRAMES[glued[1:]]) if glued or alone else ("", "")
    medium = "air" if "AIR" in words else "vacuum" if {"VAC", "VACUUM"} & set(words) else ""
    return Words(code, unit, frame, medium, _base(base["base"]) if base and code else "")


def quantity_of(unit: str) -> str:
    """Return the code of the quantity that a unit alone tells; empty where it tells none."""
    try:
        found = unit_of(unit)
        physics = found.physical_type
        if "length" in physics and found.to(units.m) > _LONGEST_WAVE_M:
            return ""
    except (ValueError, TypeError):
        return ""
    return next((code for name, code in _BY_PHYSICS.items() if name in physics), "")


def log_unit(text: str) -> tuple[str, str]:
    """Return base and unit of the unit of a logarithm, as in ``"log(Angstrom)"``; else empty."""
    found = _LOG_UNIT.match(text.strip())
    unit = axis_unit(found["unit"]) if found else ""
    return (_base(found["base"]), unit) if found and unit else ("", "")


def split_type(written: str) -> tuple[str, str, str]:
    """Split a type of the standard: code, algorithm WCSLIB knows, and frame named instead of one.

    ``"VRAD-LSRK"`` gives ``("VRAD", "", "LSRK")``. The code is empty where the type is none.
    """
    upper = written.upper()
    code, rest = upper[:4], upper[4:]
    if code not in NAMES or (rest and rest[0] not in "-_ "):
        return "", "", ""
    suffix = rest.strip("-_ ")
    if suffix in _ALGORITHMS:
        return code, suffix, ""
    return code, "", _FRAMES.get(suffix, "")


def _base(text: str) -> str:
    return {"lg": "log10", "dex": "log10"}.get(text.lower(), text.lower())


def is_standard(text: str) -> bool:
    """Tell whether a unit is spelt as the FITS standard has it."""
    try:
        unit_of(text, "fits")
    except (ValueError, TypeError):
        return False
    return True


def unit_of_wavelengths(middle: float) -> str:
    """Return the unit that wavelengths of this size must be in."""
    size = abs(middle)
    if size < 1e-2:
        return "m"
    return "Angstrom" if size >= 1000 else "nm" if size >= 100 else "um"


def parsed_unit(unit: str, notes: list[Note]) -> Any:
    """Return the unit of values as astropy knows it, None where it does not, which a note says."""
    parsed = parse_unit(unit)
    if unit and parsed is None:
        text = f"unit '{unit}' is not a standard one: shown as written"
        notes.append(Note("info", text, "value unit"))
    elif not unit:
        notes.append(Note("info", "the file gives no unit for its values", "value unit"))
    return parsed
