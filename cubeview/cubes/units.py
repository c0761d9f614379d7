"""Units of values: read in the spellings of surveys, and what becomes of them in a sum."""

import math
import re
import warnings
from typing import Any

from astropy import units

from cubeview.cubes.cube import Cube
from cubeview.cubes.unit import LONGEST, unit_of

_LARGEST_POWER = 60
_SCALE = re.compile(
    r"\s*(?P<open>\()?\s*(?:1(?:\.0*)?[eE]|10\s*(?:\*\*|\^)?\s*(?=[-+(]|\d+\s*[)*x×\s]))"
    r"\(?\s*(?P<power>[-+]?\d{1,2})\s*\)?(?(open)\s*\))[\s*x×]*(?=[A-Za-z(Åµ])"
)
_WORDS = {
    word: unit
    for unit, words in (
        ("erg", ("ERG", "ERGS")),
        ("Angstrom", ("AA", "ANG", "ANGS", "ANGSTROM", "ANGSTROMS", "ANGSTRÖM", "Å")),
        ("Jy", ("JY", "JANSKY", "JANSKYS")),
        ("mJy", ("MILLIJY", "MILLIJANSKY")),
        ("uJy", ("UJY", "MICROJY", "MICROJANSKY")),
        ("beam", ("BEAM", "BEAMS")),
        ("pixel", ("PIX", "PIXEL", "PIXELS")),
        ("sr", ("SR", "STER", "STERADIAN")),
        ("ct", ("CT", "CTS", "COUNT", "COUNTS")),
        ("electron", ("ELECTRON", "ELECTRONS", "ELEC")),
        ("ph", ("PH", "PHOT", "PHOTON", "PHOTONS")),
        ("adu", ("ADU", "ADUS")),
        ("s", ("SEC", "SECOND", "SECONDS")),
        ("um", ("MICRON", "MICRONS", "UM", "MUM")),
        ("arcsec", ("ARCSEC", "ARCSECOND", "ARCSECONDS", "ASEC")),
        ("cm", ("CM",)),
        ("nm", ("NM",)),
        ("km", ("KM",)),
        ("Hz", ("HZ",)),
    )
    for word in words
}
"""Words of units by their upper-case spelling; those that mean two things are left out."""

_LIGHT = re.compile(
    r"(?<![A-Za-z])(ergs?|W|J|ph|photons?|phot|electrons?|e|cts?|counts?|adu|DN|[mu]?Jy)\b", re.I
)
_ELECTRONS = re.compile(r"\be-(?![\d])", re.I)
_SPAXEL = re.compile(r"/\s*spax(?:els?)?\b|\bspax(?:els?)?\s*(?:\*\*|\^)?\s*\(?-1\)?", re.I)


def parse_unit(text: str) -> Any:
    """Return the astropy unit of values, also in the spellings surveys use; None if unknown.

    Without a second meaning only: MJY in a map of beams may be milli- or megajansky, and is none.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    flam = re.fullmatch(r"FLAM(\d{1,2})", text)
    if flam:
        return units.Unit(f"10**-{flam[1]} erg s-1 cm-2 Angstrom-1")
    if found := _read(_angstroms(text)):
        return found
    squared = re.fullmatch(r"\((.*)\)\s*\*\*\s*2", text)
    if squared:
        inside = parse_unit(squared[1])
        return None if inside is None else inside**2
    scale = _SCALE.match(text)
    power = int(scale["power"]) if scale else 0
    if abs(power) > _LARGEST_POWER:
        return None
    found = _read(_angstroms(_tidy(text[scale.end() :] if scale else text)))
    if found is None:
        return None
    return units.Unit(10.0**power * found) if power else found


def summed(cube: Cube) -> tuple[float, str]:
    """Return what a sum over spaxels is multiplied by to be a flux, and the unit it has then.

    What is given per beam or per area counts by how much of it a spaxel is. Where that is not
    known the sum has no unit.
    """
    unit = cube.quantity_unit
    if unit is None:
        per_area = re.search(r"beam|arcsec|/\s*sr|\bsr|pix|spax", cube.unit, re.I)
        return 1.0, "" if per_area else cube.unit
    height, width = cube.spacing[1:]
    factor, made = 1.0, unit
    for base, power in zip(unit.bases, unit.powers, strict=True):
        share = None
        if base == units.beam and power == -1:
            share = _share_of_beam(cube)
        elif base == units.pixel and power == -1:
            share = 1.0
        elif (base**-power).is_equivalent(units.sr):
            area = height * width * units.arcsec**2 if cube.wcs is not None else None
            share = None if area is None else float(area.to_value(base**-power))
        else:
            continue
        if share is None:
            return 1.0, ""
        factor, made = factor * share, made * base**-power
    if made is unit:
        return 1.0, cube.unit
    return factor, made.to_string()


def _share_of_beam(cube: Cube) -> float | None:
    """Return how many beams a spaxel is; a Gaussian's area is pi / (4 ln 2) times its axes."""
    if cube.beam is None or cube.wcs is None:
        return None
    major, minor, _ = cube.beam
    area = math.pi / (4.0 * math.log(2.0)) * major * minor
    return cube.spacing[1] * cube.spacing[2] / area if area > 0 else None


def _read(text: str) -> Any:
    for form in ("fits", None):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", units.UnitsWarning)
                return unit_of(text, form)
        except (ValueError, TypeError, AttributeError):
            continue
    return None


def _angstroms(text: str) -> str:
    """Spell the Angstrom out: beside light A is no ampere, which astropy would take it for."""
    return angstroms(text) if _LIGHT.search(text) else text


def angstroms(text: str) -> str:
    """Spell the Angstrom out in a text in which A can be nothing else."""
    return re.sub(r"(?<![A-Za-z])(Ang|ANG|ang|A|AA|Angstroms)(?![A-Za-z])", "Angstrom", text)


def _tidy(text: str) -> str:
    if re.match(r"K\s*\(", text):
        text = re.sub(r"\s*\(.*\)$", "", text)
    shouted = text.upper() == text
    text = _SPAXEL.sub("", _ELECTRONS.sub("electron", text)).replace("^", "**")

    def word(found: re.Match[str]) -> str:
        said = found.group()
        if said.upper() == "MJY" and said != "mJy":
            return "MJy" if said == "MJy" or re.search(r"\bsr\b", text, re.I) else said
        known = _WORDS.get(said.upper())
        if known is None and shouted and said in ("S", "M", "W"):
            return said if said == "W" else said.lower()
        return known or said

    text = re.sub(r"[A-Za-zÅµÖö]+", word, text)
    # "10**-16 erg/s/cm**2" and "erg/s/cm2/arcsec2": one product over one chain of divisors.
    return re.sub(r"(?<=[A-Za-z)])\*\*?(-?\d)", r"\1", text)
