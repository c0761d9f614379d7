"""The spectral axis of a FITS header: which one it is, what it measures, in which unit."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from astropy.io.fits import Header

from cubeview.cubes.cube import Note
from cubeview.io.fits.header import step_of
from cubeview.io.quantity import (
    AIPS,
    MEDIUM_UNKNOWN,
    NAMES,
    axis_unit,
    quantity_of,
    split_type,
    unit_of_wavelengths,
    words_of,
)

_SPEED_UNIT = "m/s"
_STANDARD_UNIT = {"FREQ": "Hz", **dict.fromkeys(("VRAD", "VOPT", "VELO", "FELO"), _SPEED_UNIT)}
_AMONG = (
    *({"WAVE", "AWAV"}, {"VRAD", "VOPT", "VELO", "FELO"}),
    *({"FREQ"}, {"ENER"}, {"WAVN"}, {"ZOPT", "BETA"}),
)
"""Codes that share their units."""
_SAYS_NOTHING = ("", "LINEAR", "PIXEL", "PIXELS", "INDEX", "NONE", "LAYER", "PLANE", "CHANNEL")

_CONVENTIONS: dict[str, Literal["radio", "optical", "relativistic"]] = {
    "VRAD": "radio",
    "VOPT": "optical",
    "ZOPT": "optical",
    "FELO": "optical",
    "VELO": "relativistic",
    "BETA": "relativistic",
}
# AIPS memo 27: VELREF above 256 means the radio convention.
_AIPS_RADIO = 256

# A cube of channels narrower than this, within so little of rest, is in km/s: as m/s its channels
# would be finer, and its whole span smaller, than any receiver's.
_FINEST_M_S = 20.0
_FASTEST_KM_S = 3e4


@dataclass(frozen=True)
class Spectral:
    """What the header says, or must mean, about its spectral axis."""

    number: int  # FITS axis, from 1
    code: str  # four-letter code of FITS Paper III
    written: str  # CTYPE as in the file
    guessed: bool = False  # type or unit did not stand in the file
    standard: bool = False  # the type is one of FITS Paper III
    frame: str = ""  # SPECSYS, where the type names it
    medium: str = ""  # "air" or "vacuum", where the type names it in words
    base: str = ""  # "log10" or "ln" where the linear numbers are logarithms

    @property
    def name(self) -> str:
        """Name for labels."""
        return NAMES[self.code]

    def unlogged(self, values: np.ndarray) -> np.ndarray:
        """Return values whose logarithms are given, where they are."""
        if not self.base:
            return values
        with np.errstate(over="ignore"):
            found: np.ndarray = np.power(np.e if self.base == "ln" else 10.0, values)
        return found


def find_spectral(
    header: Header,
    lengths: tuple[int, ...],
    taken: set[int],
    notes: list[Note],
    bases: dict[int, str],
) -> Spectral | None:
    """Find the spectral axis, None if there is none, and put type and unit right in the header.

    Parameters
    ----------
    header : Header
        Of `cubeview.io.fits.header.wcs_header`; CTYPE and CUNIT of the axis are filled in.
    lengths : tuple of int
        Of the FITS axes, the first being axis 1.
    taken : set of int
        Axes known to be something else.
    notes : list of Note
        Gains what was guessed.
    bases : mapping of int to str
        Axes known to hold logarithms, and their base.
    """
    free = [n for n in range(1, len(lengths) + 1) if n not in taken]
    found = (
        _by_standard(header, free, notes)
        or _by_words(header, free, notes)
        or _by_unit(header, free, notes)
        or _by_values(header, lengths, free, notes)
    )
    if found is None:
        return None
    found = _as_its_unit_says(found, header, notes)
    found = _with_base(found, header, lengths, bases.get(found.number, found.base), notes)
    key = f"CUNIT{found.number}"
    if key not in header and found.code not in ("ZOPT", "BETA"):
        middle = float(found.unlogged(np.array(_middle(header, found, lengths))))
        step = 0.0 if found.base else step_of(header, found.number)
        unit, by_standard = _guess_unit(found.code, middle, step)
        header[key] = unit
        if by_standard:
            text = f"{key} is missing: {unit}, the unit of the FITS standard"
            notes.append(Note("info", text, "spectral unit"))
        else:
            text = f"{key} is missing: {unit} guessed from values near {middle:g}"
            notes.append(Note("guess", text, "spectral unit"))
            found = replace(found, guessed=True)
    return found


def describe(
    spectral: Spectral, header: Header, specsys: str, rest: tuple[float, float], notes: list[Note]
) -> dict[str, object]:
    """Return the fields of the Axis that say what its values mean.

    Parameters
    ----------
    spectral : Spectral
    header : Header
    specsys : str
        Frame found by WCSLIB, which also reads the AIPS names.
    rest : tuple of two float
        Rest frequency (Hz) and rest wavelength (m); 0 where the header gives none.
    notes : list of Note
        Gains what was guessed.
    """
    code = spectral.code
    fields: dict[str, object] = {
        "name": spectral.name,
        "kind": "spectral",
        "type": spectral.written,
        "frame": specsys or spectral.frame,
        "guessed": spectral.guessed,
    }
    if spectral.medium or (spectral.standard and code in ("WAVE", "AWAV")):
        fields["medium"] = spectral.medium or ("air" if code == "AWAV" else "vacuum")
    elif code in ("WAVE", "AWAV"):
        notes.append(Note("guess", MEDIUM_UNKNOWN, "medium"))
    velref = header.get("VELREF", 0)
    convention = _CONVENTIONS.get(code, "")
    if code == "VELO":
        if velref or (spectral.standard and spectral.frame):
            convention = "radio" if velref > _AIPS_RADIO else "optical"
        if velref:
            pass
        elif spectral.standard and spectral.frame:
            text = f"{spectral.written} without VELREF: optical velocities, as AIPS takes them"
            notes.append(Note("guess", text, "velocity definition"))
        elif not spectral.standard:
            convention = ""
            text = "the file does not say how its velocities are defined"
            notes.append(Note("guess", text, "velocity definition"))
    fields["convention"] = convention
    source = header.get("ZSOURCE", 0.0)
    if specsys.strip() == "SOURCE" and isinstance(source, int | float) and source > -1.0:
        fields["redshift"] = float(source)
    if rest[0] > 0:
        fields |= {"rest": rest[0], "rest_unit": "Hz"}
    elif rest[1] > 0:
        fields |= {"rest": rest[1], "rest_unit": "m"}
    return fields


def _by_standard(header: Header, free: list[int], notes: list[Note]) -> Spectral | None:
    for number in free:
        key = f"CTYPE{number}"
        written = str(header.get(key, ""))
        code, algorithm, frame = split_type(written)
        if not code:
            continue
        # WCSLIB knows capitals only, and fails at what follows a type when it does not know that.
        form = f"{code}-{algorithm}" if algorithm else code
        if frame in AIPS and code in ("VELO", "FELO", "FREQ"):
            form = f"{code}-{AIPS[frame]}"
        elif frame:
            _name_frame(header, frame, written, notes)
        elif not algorithm and len(written) > len(code):
            text = f"{key} = '{written}': what follows {code} is unknown; read as linear"
            notes.append(Note("guess", text, "spectral values"))
        if form != written.upper() and frame:
            notes.append(Note("repair", f"{key} = '{written}' read as {code} in the frame {frame}"))
        header[key] = form
        return Spectral(number, code, written, standard=True, frame=frame)
    return None


def _name_frame(header: Header, frame: str, written: str, notes: list[Note]) -> None:
    """Put a frame that only the type names where the standard has it."""
    if str(header.get("SPECSYS", frame)).upper() != frame:
        text = f"the frame is {frame} by '{written}' and {header['SPECSYS']} by SPECSYS: "
        notes.append(Note("guess", text + "that of SPECSYS is taken"))
    header.setdefault("SPECSYS", frame)


def _by_words(header: Header, free: list[int], notes: list[Note]) -> Spectral | None:
    """Find an axis whose type names a quantity in plain words."""
    for number in free:
        key = f"CTYPE{number}"
        written = str(header.get(key, ""))
        said = words_of(written)
        if not said.code:
            continue
        if said.unit and f"CUNIT{number}" not in header:
            header[f"CUNIT{number}"] = said.unit
        if said.frame:
            _name_frame(header, said.frame, written, notes)
        code = "AWAV" if said.medium == "air" and said.code == "WAVE" else said.code
        header[key] = code
        text = f"{key} = '{written}' read as linear {NAMES[code].lower()}"
        notes.append(Note("repair", text, "spectral type"))
        return Spectral(number, code, written, frame=said.frame, medium=said.medium, base=said.base)
    return None


def _by_unit(header: Header, free: list[int], notes: list[Note]) -> Spectral | None:
    """Find the only axis whose unit can be nothing but spectral."""
    codes = {n: quantity_of(str(header.get(f"CUNIT{n}", "-"))) for n in free}
    found = [n for n in free if codes[n]]
    # Three lengths are a room; a length among other quantities may be a height.
    if len(found) > 1:
        found = [n for n in found if codes[n] != "WAVE"]
    if len(found) != 1:
        return None
    (number,) = found
    return _guessed(header, number, codes[number], "its unit", notes)


def _guessed(header: Header, number: int, code: str, why: str, notes: list[Note]) -> Spectral:
    key = f"CTYPE{number}"
    written = str(header.get(key, ""))
    header[key] = code
    said = f"{key} = '{written}'" if written else f"{key} is missing"
    text = f"{said}: {NAMES[code].lower()} guessed from {why}"
    notes.append(Note("guess", text, "spectral type"))
    return Spectral(number, code, written, guessed=True)


def _by_values(
    header: Header, lengths: tuple[int, ...], free: list[int], notes: list[Note]
) -> Spectral | None:
    """Take an axis without a type for spectral when its numbers can be nothing else."""
    for number in sorted(free, key=lambda n: (n != 3, n)):
        silent = str(header.get(f"CTYPE{number}", "")).upper() in _SAYS_NOTHING
        if not silent or f"CUNIT{number}" in header:
            continue
        if _looks_like_wavelengths(header, number, lengths[number - 1]):
            return _guessed(header, number, "WAVE", "its unit and values", notes)
    return None


def _as_its_unit_says(found: Spectral, header: Header, notes: list[Note]) -> Spectral:
    """Let a unit outrank a name: GHz are no wavelength, whatever the axis is called."""
    n = found.number
    unit = str(header.get(f"CUNIT{n}", ""))
    code = quantity_of(unit) if unit else ""
    if not code or any({code, found.code} <= alike for alike in _AMONG):
        return found
    header[f"CTYPE{n}"] = code
    text = f"CTYPE{n} = '{found.written}' and the unit {unit} disagree: {NAMES[code].lower()}, "
    notes.append(Note("guess", f"{text}as the unit says", "spectral type"))
    return replace(found, code=code, guessed=True, standard=False, medium="")


def _with_base(
    found: Spectral, header: Header, lengths: tuple[int, ...], base: str, notes: list[Note]
) -> Spectral:
    """Settle whether the numbers of an axis are logarithms, and to which base."""
    n = found.number
    middle = _middle(header, found, lengths)
    unit = str(header.get(f"CUNIT{n}", ""))
    if not base and header.get(f"CTYPE{n}", "").endswith("-LOG"):
        # Paper III has the quantity itself in CRVAL; some write its decimal logarithm there.
        if found.code in ("WAVE", "AWAV") and unit == "Angstrom" and 2 < middle < 6:
            text = f"values near {middle:g} are the decimal logarithms of wavelengths"
            notes.append(Note("guess", text, "spectral values"))
            base = "log10"
    elif base == "log":
        natural = found.code in ("WAVE", "AWAV") and unit == "Angstrom" and middle > 6
        base = "ln" if natural else "log10"
        text = f"axis {n} holds {'natural' if natural else 'decimal'} logarithms"
        notes.append(Note("guess" if natural else "repair", text))
    if (
        base
        and not np.isfinite(
            replace(found, base=base).unlogged(np.array(_ends(header, found, lengths)))
        ).all()
    ):
        text = f"the values of axis {n} are too large to be logarithms: taken as they stand"
        notes.append(Note("guess", text, "spectral values"))
        base = ""
    if base:
        header[f"CTYPE{n}"] = found.code
    return replace(found, base=base)


def _looks_like_wavelengths(header: Header, number: int, length: int) -> bool:
    """Tell whether values can be Angstrom or micron of an optical or infrared spectrum."""
    step = step_of(header, number)
    first = float(header.get(f"CRVAL{number}", 0)) + step * (
        1 - float(header.get(f"CRPIX{number}", 0))
    )
    last = first + step * (length - 1)
    low, high = min(first, last), max(first, last)
    angstrom = low > 2000 and high < 60000
    micron = low > 0.3 and high < 30 and abs(step) < 0.01 * low
    return step != 0 and (angstrom or micron)


def _middle(header: Header, spectral: Spectral, lengths: tuple[int, ...]) -> float:
    number = spectral.number
    value = float(header.get(f"CRVAL{number}", 0))
    if "-" in str(header.get(f"CTYPE{number}", "")):
        return value
    centre = (lengths[number - 1] + 1) / 2 - float(header.get(f"CRPIX{number}", 0))
    return value + centre * step_of(header, number)


def _ends(header: Header, spectral: Spectral, lengths: tuple[int, ...]) -> list[float]:
    """Return the linear numbers of the first and the last channel."""
    half = abs((lengths[spectral.number - 1] - 1) / 2 * step_of(header, spectral.number))
    return [_middle(header, spectral, lengths) + sign * half for sign in (-1, 1)]


def _guess_unit(code: str, value: float, step: float) -> tuple[str, bool]:
    """Return a unit for values of this size, and whether it is the default of the standard.

    The standard's unit is taken only where such values are possible in it.
    """
    size = abs(value)
    if code in ("WAVE", "AWAV"):
        unit = unit_of_wavelengths(value)
        return unit, unit == "m"
    if code == "FREQ" and size < 1e7:
        return ("MHz" if size >= 1000 else "GHz"), False
    if code == "ENER":
        return ("J", True) if size < 1e-6 else ("eV" if size >= 100 else "keV", False)
    if code == "WAVN":
        return ("m-1", True) if size >= 1e5 else ("cm-1", False)
    if 0 < abs(step) < _FINEST_M_S and size < _FASTEST_KM_S:
        return "km/s", False
    return _STANDARD_UNIT[code], True


def from_iraf(header: Header, out: Header, axes: int, notes: list[Note]) -> None:
    """Fill in types and units that only IRAF's WATj_nnn cards give.

    Parameters
    ----------
    header, out : Header
        As it stands in the file, and the one whose gaps are filled.
    axes : int
    notes : list of Note
        Gains what was taken.
    """
    for n in range(1, axes + 1):
        key = f"WAT{n}_001"
        text = header.get(key)
        if not isinstance(text, str):
            continue
        said = dict(part.split("=", 1) for part in text.split() if "=" in part)
        unit, label = axis_unit(said.get("units", "")), said.get("label", "")
        if unit and f"CUNIT{n}" not in out:
            out[f"CUNIT{n}"] = unit
            notes.append(Note("repair", f"CUNIT{n} is missing: {unit}, as {key} says"))
        silent = str(out.get(f"CTYPE{n}", "")).upper() in _SAYS_NOTHING
        if label and silent and words_of(label).code:
            out[f"CTYPE{n}"] = label
