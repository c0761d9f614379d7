"""The spectral axis of a FITS header: which one it is, what it measures, in which unit."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from astropy.io.fits import Header

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of

_NAMES = {
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
_STANDARD_UNIT = {"FREQ": "Hz", "VRAD": "m/s", "VOPT": "m/s", "VELO": "m/s", "FELO": "m/s"}
_ALIASES = {
    "LAMBDA": "WAVE",
    "LAM": "WAVE",
    "WAVELENGTH": "WAVE",
    "WAVELEN": "WAVE",
    "WAVELENG": "WAVE",
    "VELOCITY": "VELO",
    "VEL": "VELO",
    "FREQUENCY": "FREQ",
    "ENERGY": "ENER",
}
"""Types that are no FITS codes, by the code whose name and linear values they share."""
_BY_PHYSICS = {"length": "WAVE", "frequency": "FREQ", "speed": "VELO", "energy": "ENER"}

_CONVENTIONS: dict[str, Literal["radio", "optical", "relativistic"]] = {
    "VRAD": "radio",
    "VOPT": "optical",
    "ZOPT": "optical",
    "FELO": "optical",
    "VELO": "relativistic",
    "BETA": "relativistic",
}
# AIPS memo 27: VELO-xxx and FELO-xxx name the frame where Paper III has SPECSYS, and VELREF
# above 256 means the radio convention.
_AIPS = re.compile(r"(VELO|FELO|FREQ)-(LSR|LSD|HEL|OBS|GEO|TOP)$")
_AIPS_RADIO = 256

MEDIUM_UNKNOWN = "the file does not say whether wavelengths are in air"


@dataclass(frozen=True)
class Spectral:
    """What the header says, or must mean, about its spectral axis."""

    number: int  # FITS axis, from 1
    code: str  # four-letter code of FITS Paper III
    written: str  # CTYPE as in the file
    guessed: bool = False  # type or unit did not stand in the file

    @property
    def name(self) -> str:
        """Name for labels."""
        return _NAMES[self.code]


def find_spectral(
    header: Header, lengths: tuple[int, ...], taken: set[int], notes: list[Note]
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
    """
    free = [n for n in range(1, len(lengths) + 1) if n not in taken]
    found = _by_type(header, free, notes) or _by_values(header, lengths, free, notes)
    if found is None:
        return None
    guessed = found.guessed
    key = f"CUNIT{found.number}"
    if key not in header and found.code not in ("ZOPT", "BETA"):
        middle = _middle(header, found, lengths)
        unit, by_standard = _guess_unit(found.code, middle)
        header[key] = unit
        if by_standard:
            text = f"{key} is missing: {unit}, the unit of the FITS standard"
            notes.append(Note("info", text, "spectral unit"))
        else:
            text = f"{key} is missing: {unit} guessed from values near {middle:g}"
            notes.append(Note("guess", text, "spectral unit"))
            guessed = True
    return Spectral(found.number, found.code, found.written, guessed)


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
    code, written = spectral.code, spectral.written.upper()
    fields: dict[str, object] = {
        "name": spectral.name,
        "kind": "spectral",
        "type": spectral.written,
        "frame": specsys,
        "guessed": spectral.guessed,
    }
    if code in ("WAVE", "AWAV") and written[:4] in ("WAVE", "AWAV") and written not in _ALIASES:
        fields["medium"] = "air" if code == "AWAV" else "vacuum"
    elif code == "WAVE":
        notes.append(Note("guess", MEDIUM_UNKNOWN, "medium"))
    velref = header.get("VELREF", 0)
    convention = _CONVENTIONS.get(code, "")
    if code == "VELO":
        aips = _AIPS.match(written)
        if aips or velref:
            convention = "radio" if velref > _AIPS_RADIO else "optical"
        if aips and not velref:
            text = f"{spectral.written} without VELREF: optical velocities, as AIPS takes them"
            notes.append(Note("guess", text, "velocity definition"))
        elif written in _ALIASES and not velref:
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


def axis_from_table(values: np.ndarray, unit: str, number: int, notes: list[Note]) -> Axis:
    """Return the spectral axis given by a table of wavelengths beside the cube.

    Parameters
    ----------
    values : ndarray, shape (n,), in `unit`
    unit : str
        Empty when the table has none.
    number : int
        FITS axis, for the note.
    notes : list of Note
        Gains what was guessed.
    """
    guessed = not unit
    if guessed:
        unit, _ = _guess_unit("WAVE", float(values[len(values) // 2]))
        text = f"the table of wavelengths has no unit: {unit} guessed"
        notes.append(Note("guess", text, "spectral unit"))
    notes.append(Note("repair", f"axis {number} takes its values from the table of wavelengths"))
    notes.append(Note("guess", MEDIUM_UNKNOWN, "medium"))
    return Axis(name="Wavelength", kind="spectral", unit=unit, values=values, guessed=guessed)


def _by_type(header: Header, free: list[int], notes: list[Note]) -> Spectral | None:
    for number in free:
        written = str(header.get(f"CTYPE{number}", ""))
        upper = written.upper()
        if upper[:4] in _NAMES and (len(upper) == 4 or upper[4] == "-"):
            # WCSLIB knows capitals only.
            header[f"CTYPE{number}"] = upper
            return Spectral(number, upper[:4], written)
    for number in free:
        written = str(header.get(f"CTYPE{number}", ""))
        code = _ALIASES.get(written.upper())
        if code:
            header[f"CTYPE{number}"] = code
            text = f"CTYPE{number} = '{written}' read as linear {_NAMES[code].lower()}"
            notes.append(Note("repair", text, "spectral type"))
            return Spectral(number, code, written)
    return None


def _by_values(
    header: Header, lengths: tuple[int, ...], free: list[int], notes: list[Note]
) -> Spectral | None:
    """Take an axis without a type for spectral when its unit or its numbers can be nothing else."""
    for number in sorted(free, key=lambda n: (n != 3, n)):
        written = str(header.get(f"CTYPE{number}", ""))
        if written.upper() not in ("", "LINEAR") or lengths[number - 1] < 2:
            continue
        code = None
        if f"CUNIT{number}" in header:
            physics = unit_of(header[f"CUNIT{number}"]).physical_type
            code = next((code for name, code in _BY_PHYSICS.items() if name in physics), None)
        elif _looks_like_wavelengths(header, number, lengths[number - 1]):
            code = "WAVE"
        if code:
            header[f"CTYPE{number}"] = code
            said = f"CTYPE{number} = '{written}'" if written else f"CTYPE{number} is missing"
            text = f"{said}: {_NAMES[code].lower()} guessed from its unit and values"
            notes.append(Note("guess", text, "spectral type"))
            return Spectral(number, code, written, guessed=True)
    return None


def _step(header: Header, number: int) -> float:
    keys = (f"CD{number}_{number}", f"CDELT{number}")
    return float(next((header[key] for key in keys if key in header), 0.0))


def _looks_like_wavelengths(header: Header, number: int, length: int) -> bool:
    """Tell whether values can be Angstrom or micron of an optical or infrared spectrum."""
    step = _step(header, number)
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
    if "-" in spectral.written:
        return value
    centre = (lengths[number - 1] + 1) / 2 - float(header.get(f"CRPIX{number}", 0))
    return value + centre * _step(header, number)


def _guess_unit(code: str, value: float) -> tuple[str, bool]:
    """Return a unit for values of this size, and whether it is the default of the standard."""
    size = abs(value)
    if code in ("WAVE", "AWAV"):
        if size < 1e-2:
            return "m", True
        return ("Angstrom" if size >= 1000 else "nm" if size >= 100 else "um"), False
    if code == "FREQ" and size < 1e7:
        return ("MHz" if size >= 1000 else "GHz"), False
    if code == "ENER":
        return ("J", True) if size < 1e-6 else ("eV" if size >= 100 else "keV", False)
    if code == "WAVN":
        return "m-1", True
    return _STANDARD_UNIT[code], True
