"""Spectral lines by name, at rest and in vacuum.

Optical and infrared wavelengths: the vacuum list of SDSS (Stoughton et al. 2002, AJ 123:485), what
it lacks from NIST ASD. Radio frequencies: Lovas 2004, J Phys Chem Ref Data 33:177.
"""

from collections.abc import Mapping
from typing import NamedTuple

from astropy import units

from cubeview.errors import CubeviewError

ANGSTROM = {
    "Lya": 1215.67,
    "CIV1549": 1549.48,
    "MgII2799": 2799.117,
    "OII3727": 3727.092,
    "OII3730": 3729.875,
    "NeIII3870": 3869.81,
    "CaK": 3934.777,
    "CaH": 3969.588,
    "Hd": 4102.89,
    "Hg": 4341.68,
    "OIII4364": 4364.436,
    "Hb": 4862.68,
    "OIII4960": 4960.295,
    "OIII5008": 5008.240,
    "Mgb": 5176.7,
    "HeI5877": 5877.249,
    "NaD": 5895.6,
    "OI6302": 6302.046,
    "NII6549": 6549.86,
    "Ha": 6564.61,
    "NII6585": 6585.27,
    "SII6718": 6718.29,
    "SII6733": 6732.67,
    "SIII9533": 9533.2,
    "PaB": 12821.6,
    "PaA": 18756.1,
    "BrG": 21661.2,
}
_GHZ = {
    "HI": 1.420405752,
    "CO10": 115.2712018,
    "CO21": 230.538,
    "CO32": 345.7959899,
    "13CO10": 110.2013543,
    "C18O10": 109.7821734,
    "HCN10": 88.6316022,
}
DARK = ("CaK", "CaH", "Mgb", "NaD")
"""Lines that galaxies mostly have in absorption."""
NAMES = (*ANGSTROM, *_GHZ)
_DOUBLETS = {"OIII": ("OIII5008", "OIII4960", 2.98), "NII": ("NII6585", "NII6549", 3.05)}
"""Lines of one upper level and their ratio: Storey & Zeippen 2000, MNRAS 312:813."""
_PAIRS = {"OII": ("OII3727", "OII3730"), "SII": ("SII6718", "SII6733")}
"""Two lines whose ratio depends on the density of the gas."""


class Line(NamedTuple):
    """A line to be fitted: of each member its frequency at rest, Hz, and its share of the flux."""

    name: str
    members: tuple[tuple[float, float], ...]


def optical_lines(*, dark: bool = True) -> dict[str, float]:
    """Return the lines from the ultraviolet to the infrared: Hz at rest, by name."""
    return {name: rest_frequency_hz(name) for name in ANGSTROM if dark or name not in DARK}


def lines_of(text: str, own: Mapping[str, float] | None = None) -> tuple[Line, ...]:
    """Return the lines of ``Ha,NII,SII``; CubeviewError if one is not known.

    Lines of the user's own, Hz at rest by name, come before those of the program.

    A doublet of a fixed ratio (OIII, NII) is one line of two members, a pair of any ratio (OII,
    SII) two lines; all else is as `rest_frequency_hz` takes it.
    """
    found: list[Line] = []
    for word in (part.strip() for part in text.split(",")):
        key = word.upper()
        mine = next((hz for name, hz in (own or {}).items() if name.upper() == key), None)
        if mine is not None:
            found.append(Line(word, ((mine, 1.0),)))
        elif key in _DOUBLETS:
            strong, weak, ratio = _DOUBLETS[key]
            members = (rest_frequency_hz(strong), 1.0), (rest_frequency_hz(weak), 1.0 / ratio)
            found.append(Line(key, members))
        else:
            for name in _PAIRS.get(key, (word,)):
                called = name if name.isalnum() else f"line{len(found) + 1}"
                found.append(Line(called, ((rest_frequency_hz(name), 1.0),)))
    names = [line.name.upper() for line in found]
    if len(set(names)) < len(names):
        raise CubeviewError(f"{text[:60]}: a line is named twice.")
    return tuple(found)


def rest_frequency_hz(line: str) -> float:
    """Return the frequency at rest of a line: by its name, or a value with its unit, in vacuum.

    Raises CubeviewError if it is neither.
    """
    for names, unit in ((ANGSTROM, units.AA), (_GHZ, units.GHz)):
        found = next((v for name, v in names.items() if name.lower() == line.lower()), None)
        if found is not None:
            return float((found * unit).to_value(units.Hz, units.spectral()))
    try:
        value = float(units.Quantity(line).to_value(units.Hz, units.spectral()))
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value < float("inf"):
        raise CubeviewError(
            f"{line[:40]!r} is no line: name one of {', '.join(NAMES)}, or give its value at rest "
            'in vacuum with a unit, as "6564.61 Angstrom" or "115.2712 GHz".'
        )
    return value
