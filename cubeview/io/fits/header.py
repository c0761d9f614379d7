"""FITS headers made fit for a WCS: known misspellings and gaps repaired, each with a note."""

import re
from typing import Any, Literal

from astropy.io.fits import Header
from astropy.io.fits.card import Undefined

from cubeview.cubes.cube import Note
from cubeview.io.quantity import axis_unit, is_standard, log_unit
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
    r"RESTWAV|LONPOLE|LATPOLE|VELREF|ZSOURCE)$"
)
_OLD_MATRIX = re.compile(r"(CD|PC)00(\d)00(\d)$")
"""Paper I, section 2.1.2: as drafts of the standard, and files of their time, spell a matrix."""
_OLD_KEYS = {"LONGPOLE": "LONPOLE", "RESTWAVE": "RESTWAV", "RADECSYS": "RADESYS"}
_FRAMES = {"J2000": "FK5", "FK5J2000": "FK5", "B1950": "FK4", "FK4B1950": "FK4"}
"""What stands in RADESYS and is an equinox, by the frame it belongs to."""
_ONE_AXIS = re.compile(r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)(\d)$")
_MATRIX = re.compile(r"(CD|PC)(\d)_(\d)$")
_PARAMETER = re.compile(r"(PV|PS)(\d)_(\d+)$")
_COUNT = re.compile(r"NAXIS\d?$|WCSAXES$")

_MOST_AXES = 99
"""Axis numbers in keywords such as CDi_j have two digits at most."""

_ALIKE = 1e-3
"""Share by which two statements of one step may differ and still be the same, rounded."""

STEP_OF = "step of axis {}"
"""What a note about a step is about, until `cubeview.io.fits.axes` knows what the axis is."""

_LEAST_REST_HZ = 1e7
"""No line of a spectral cube has a lower rest frequency: such a number is in MHz or GHz."""


def wcs_header(header: Header, axes: int) -> tuple[Header, dict[int, str], list[Note]]:
    """Return the keywords a WCS of so many stored axes is made of, repaired, and what was repaired.

    Between them: the axes that hold logarithms by their unit, and the base.

    The new header holds nothing but WCS keywords. A card without a value is as if it were not
    there (FITS standard 4.0, section 4.1.2.3). Units that cannot be read are left out;
    `cubeview.io.fits.axes` guesses them.
    """
    notes: list[Note] = []
    out = Header()
    for card in header.cards:
        key = _spelt(card.keyword)
        if not _WCS_KEYS.match(key):
            continue
        value = value_of(card)
        if value is None or key in out:
            continue
        if _NUMBER_KEYS.match(key) and isinstance(value, str):
            number = _number(value.lstrip("JB") if key in ("EQUINOX", "EPOCH") else value)
            if number is None:
                notes.append(Note("repair", f"{key} = '{value}' is no number and was ignored"))
                continue
            notes.append(Note("repair", f"{key} was written as text '{value}'; read as a number"))
            value = number
        if key not in (card.keyword, "RADESYS"):
            notes.append(Note("repair", f"{card.keyword} read as {key}, as it is spelt now"))
        out[key] = value
    _repair_count(out, notes)
    bases = _repair_units(out, axes, notes)
    _repair_matrix(out, axes, notes)
    _repair_frame(out)
    _repair_rest(out, notes)
    return out, bases, notes


def only(header: Header, numbers: tuple[int, ...]) -> Header:
    """Return the cards of some axes, renumbered in this order, so that no other can spoil them.

    Terms of the matrix that mix them with other axes are left out.
    """
    place = {str(number): index for index, number in enumerate(numbers, start=1)}
    out = Header([("WCSAXES", len(numbers))])
    for card in header.cards:
        key = card.keyword
        if _COUNT.match(key):
            continue
        if axis := _ONE_AXIS.match(key):
            if axis[2] not in place:
                continue
            key = f"{axis[1]}{place[axis[2]]}"
        elif matrix := _MATRIX.match(key):
            if matrix[2] not in place or matrix[3] not in place:
                continue
            key = f"{matrix[1]}{place[matrix[2]]}_{place[matrix[3]]}"
        elif parameter := _PARAMETER.match(key):
            if parameter[2] not in place:
                continue
            key = f"{parameter[1]}{place[parameter[2]]}_{parameter[3]}"
        out[key] = card.value
    return out


def mixed(header: Header, numbers: tuple[int, ...]) -> bool:
    """Tell whether the matrix mixes some axes with others."""
    found = (_MATRIX.match(card.keyword) for card in header.cards if card.value)
    inside = {str(number) for number in numbers}
    return any((m[2] in inside) != (m[3] in inside) for m in found if m)


def step_of(header: Header, number: int) -> float:
    """Return the step of an axis along its own pixels; 0 where the header gives none."""
    if f"CD{number}_{number}" in header:
        return float(header[f"CD{number}_{number}"])
    turn = header.get(f"PC{number}_{number}")
    step = header.get(f"CDELT{number}", 0.0 if turn is None else 1.0)
    return float(step) * float(1.0 if turn is None else turn)


def value_of(card: Any) -> Any:
    """Return the value of a card; None for one that has none or cannot be read."""
    try:
        value = card.value
    except (ValueError, TypeError, AttributeError):
        return None
    if value is None or isinstance(value, Undefined):
        return None
    return value.strip() if isinstance(value, str) else value


def _spelt(key: str) -> str:
    return _OLD_KEYS.get(key) or _OLD_MATRIX.sub(r"\1\2_\3", key)


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


def _repair_units(header: Header, axes: int, notes: list[Note]) -> dict[int, str]:
    """Spell units as the standard does: a misspelt one turns world coordinates into infinity.

    Returns the axes that hold logarithms by their unit, and the base.
    """
    bases: dict[int, str] = {}
    for axis in range(1, max(axes, header.get("WCSAXES", 0)) + 1):
        key = f"CUNIT{axis}"
        text = str(header.get(key, ""))
        if not text:
            header.pop(key, None)
            continue
        base, inner = log_unit(text)
        if base:
            header[key], bases[axis] = inner, base
            notes.append(Note("repair", f"{key} = '{text}': the axis holds logarithms"))
            continue
        known = axis_unit(text)
        if known:
            header[key] = known
            if text.upper() == "A" or not is_standard(text):
                notes.append(Note("repair", f"{key} = '{text}' read as {known}"))
        else:
            del header[key]
            notes.append(
                Note("repair", f"{key} = '{one_line_of(text)}' is no known unit and was ignored")
            )
    return bases


def _repair_matrix(header: Header, axes: int, notes: list[Note]) -> None:
    """Give axes outside the CD matrix the step of their CDELT; say where the two disagree.

    Paper I, section 2.1.2: in a header with any CDi_j the CDELTi are ignored and missing CDi_i
    are zero or, in WCSLIB, one; many pipelines still write CD for the sky and CDELT3 beside it.
    """
    if not any(key.startswith("CD") and "_" in key for key in header):
        return
    for axis in range(1, axes + 1):
        row = [float(header.get(f"CD{axis}_{j}", 0.0)) for j in range(1, axes + 1)]
        size = sum(step**2 for step in row) ** 0.5
        step = header.get(f"CDELT{axis}")
        if not size and step:
            header[f"CD{axis}_{axis}"] = step
            text = f"CD{axis}_{axis} is missing; step taken from CDELT{axis} = {step}"
            notes.append(Note("repair", text, STEP_OF.format(axis)))
        elif step and abs(abs(step) - size) > _ALIKE * size:
            text = f"the step of axis {axis} is {size:g} by CD{axis}_{axis} and {step:g} by "
            text += f"CDELT{axis}: the CD matrix is taken"
            # 1 stands in many headers only because a library wants a CDELT.
            level: Literal["guess", "info"] = "info" if step == 1 else "guess"
            notes.append(Note(level, text, STEP_OF.format(axis)))


def _repair_frame(header: Header) -> None:
    """Spell the frame of the sky as the standard does: an unknown one is taken for none."""
    if "RADESYS" not in header:
        return
    frame = str(header["RADESYS"]).upper().replace(" ", "").replace("(", "").replace(")", "")
    header["RADESYS"] = _FRAMES.get(frame, frame)
    if frame in _FRAMES and "EQUINOX" not in header:
        header["EQUINOX"] = 2000.0 if header["RADESYS"] == "FK5" else 1950.0


def _repair_rest(header: Header, notes: list[Note]) -> None:
    """Give a rest frequency that cannot be in Hz the unit it must have; say where two disagree."""
    first, second = header.get("RESTFRQ"), header.get("RESTFREQ")
    if first and second and abs(first - second) > _ALIKE * abs(first):
        text = f"RESTFRQ = {first:g} and RESTFREQ = {second:g} disagree: the first is taken"
        notes.append(Note("guess", text))
    if first and second:
        del header["RESTFREQ"]
    for key in ("RESTFRQ", "RESTFREQ"):
        rest = header.get(key)
        if rest and 0 < rest < _LEAST_REST_HZ:
            unit, factor = ("MHz", 1e6) if rest >= 1000 else ("GHz", 1e9)
            header[key] = rest * factor
            text = f"{key} = {rest:g} cannot be in Hz: {unit} guessed"
            notes.append(Note("guess", text))
