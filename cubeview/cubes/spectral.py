"""The spectral axis shown as another quantity: wavelength, frequency, energy or velocity.

Conversions by astropy's equivalencies (spectral, Doppler); air and vacuum by the formula of Edlén
(Morton 1991, ApJS 77:119), which WCSLIB uses too. Equation 65 of FITS Paper III is for air at 0 °C
and would move H-alpha by 0.1 Angstrom from where line lists have it.
"""

from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from astropy import constants, units

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube, Note
from cubeview.cubes.unit import check_length
from cubeview.cubes.units import angstroms
from cubeview.errors import CubeviewError

Shown = Literal["wavelength", "air wavelength", "frequency", "energy", "velocity"]
"""What a spectral axis can be shown as; a wavelength is one in vacuum unless it says air."""

Convention = Literal["radio", "optical", "relativistic"]

_DOPPLER = {
    "radio": units.doppler_radio,
    "optical": units.doppler_optical,
    "relativistic": units.doppler_relativistic,
}
_TYPES = {
    "wavelength": ("Wavelength", "WAVE"),
    "air wavelength": ("Wavelength", "AWAV"),
    "frequency": ("Frequency", "FREQ"),
    "energy": ("Energy", "ENER"),
}
_MEDIA: dict[str, Literal["air", "vacuum"]] = {"wavelength": "vacuum", "air wavelength": "air"}
_VELOCITY_TYPES = {"radio": "VRAD", "optical": "VOPT", "relativistic": "VELO"}


def with_spectral(
    cube: Cube,
    as_: Shown,
    *,
    rest: str = "",
    convention: Convention = "radio",
    redshift: str | None = None,
) -> Cube:
    """Return the cube with its spectral axis shown as another quantity; no voxel moves.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis.
    as_ : str
        One of `Shown`.
    rest : str
        Rest value for velocities, a number with its unit: ``"1420.40575 MHz"``, ``"656.28 nm"``
        (a wavelength in the medium of the axis). Empty takes that of the axis.
    convention : {"radio", "optical", "relativistic"}
        How velocities are defined, where velocities are asked for.
    redshift : str, optional
        Of the source in whose rest frame values are wanted, a number; ``"0"`` for values as
        observed. None leaves the frame as it is.

    Returns
    -------
    Cube
        The axis in the usual unit for its size; a note says what was done.

    Raises
    ------
    CubeviewError
        If the axis cannot be converted: not spectral, in a unit astropy does not know, or a rest
        value is needed and missing or no spectral quantity.
    """
    axis = cube.axes[0]
    if axis.kind != "spectral":
        raise CubeviewError("This cube has no spectral axis to convert.")
    at_rest = _rest_of(axis, rest)
    moving = axis.redshift if redshift is None else _redshift(redshift)
    # Velocities of the file count from its own rest value, whatever others are wanted from.
    own = _rest_of(axis, "")
    frequency = _frequency(axis, at_rest if own is None else own) * (
        (1.0 + moving) / (1.0 + axis.redshift)
    )
    if as_ == "velocity":
        if at_rest is None:
            raise CubeviewError(
                "Velocities need the rest value of the line. Give one with its unit, such as "
                "1420.40575 MHz or 656.28 nm."
            )
        shown = frequency.to(units.km / units.s, _DOPPLER[convention](at_rest))
        name, code = "Velocity", _VELOCITY_TYPES[convention]
    else:
        name, code = _TYPES[as_]
        shown = _of(frequency, as_)
    new = replace(
        axis,
        name=name,
        unit="Angstrom" if shown.unit == units.Angstrom else shown.unit.to_string(),
        values=shown.value,
        type=code,
        medium=_MEDIA.get(as_, ""),
        convention=convention if as_ == "velocity" else "",
        rest=axis.rest if at_rest is None else float(at_rest.to_value(units.Hz)),
        rest_unit=axis.rest_unit if at_rest is None else "Hz",
        redshift=moving,
        frame="" if axis.frame == "SOURCE" and not moving else axis.frame,
    )
    notes = [note for note in cube.notes if not note.text.startswith(_SHOWN_AS)]
    if axis.convention and own is not None and at_rest is not None and own != at_rest:
        notes.append(Note("info", f"the file's velocities count from {_tidy(own)}"))
    detail = f" ({convention}, rest {_tidy(at_rest)})" if as_ == "velocity" else ""
    detail += f" in the rest frame of redshift {moving:g}" if moving else ""
    notes.append(Note("info", f"{_SHOWN_AS} {as_}{detail}, as the user asked"))
    return replace(cube, axes=(new, *cube.axes[1:]), notes=tuple(notes))


_FARTHEST = 2000.0
_LOWEST_HZ, _HIGHEST_HZ = 1e3, 1e28
"""From radio waves a planet wide to gamma rays: no line of any source lies beyond."""
_SHOWN_AS = "spectral axis shown as"


def shown_as(axis: Axis) -> Shown:
    """Return what an axis is shown as now; a wavelength where it is something else."""
    if axis.name == "Wavelength" and axis.medium == "air":
        return "air wavelength"
    names: dict[str, Shown] = {"Frequency": "frequency", "Energy": "energy"}
    return "velocity" if axis.name == "Velocity" else names.get(axis.name, "wavelength")


def was_changed(cube: Cube) -> bool:
    """Tell whether the user has had the spectral axis shown in another way than the file does."""
    return any(note.text.startswith(_SHOWN_AS) for note in cube.notes)


def refractive_index(wavelength_um: np.ndarray) -> np.ndarray:
    """Return the refractive index of standard air, 15 °C, for vacuum wavelengths in micrometre.

    Source: Morton 1991, ApJS 77:119.
    """
    squared = np.asarray(wavelength_um, dtype=np.float64) ** -2
    index: np.ndarray = 1.000064328 + 2.94981e-2 / (146.0 - squared) + 2.5540e-4 / (41.0 - squared)
    return index


def to_vacuum(length: Any) -> Any:
    """Return wavelengths in vacuum, quantities, of those in air."""
    vacuum = length
    for _ in range(4):  # each round gains four digits
        vacuum = length * refractive_index(vacuum.to_value(units.um))
    return vacuum


def _rest_of(axis: Axis, text: str) -> Any:
    """Return the rest frequency, None where there is none."""
    if text.strip():
        try:
            check_length(text)
            given = units.Quantity(angstroms(text.strip()))
            if axis.medium == "air" and given.unit.is_equivalent(units.m):
                given = to_vacuum(given)
            found = given.to(units.Hz, units.spectral())
        except (TypeError, ValueError) as error:
            raise CubeviewError(
                f"“{text.strip()[:40]}” is no rest value. Give a number with its unit, such as "
                "1420.40575 MHz or 656.28 nm."
            ) from error
    elif axis.rest is not None:
        found = units.Quantity(axis.rest, axis.rest_unit).to(units.Hz, units.spectral())
    else:
        return None
    if not (found.isscalar and np.isfinite(found.value) and found.value > 0):
        raise CubeviewError("The rest value must be one positive number with its unit.")
    if not _LOWEST_HZ <= found.value <= _HIGHEST_HZ:
        raise CubeviewError(
            f"“{text.strip()[:40]}” is no rest value: it would be a line of {found.value:.2g} Hz. "
            "Give one such as 1420.40575 MHz or 656.28 nm."
        )
    return found


def _redshift(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = np.nan
    if not -1.0 < found < _FARTHEST:
        raise CubeviewError(f"“{text.strip()[:40]}” is no redshift. Give a number, such as 0.0231.")
    return found


def _frequency(axis: Axis, at_rest: Any) -> Any:
    """Return the frequencies of an axis, in vacuum, Hz."""
    try:
        with np.errstate(all="ignore"):
            values = units.Quantity(axis.values, axis.unit)
            if axis.name == "Redshift" or axis.type[:4] == "BETA":
                values = values.to_value(units.dimensionless_unscaled) * constants.c
            if values.unit.is_equivalent(units.m / units.s):
                convention = axis.convention or ("optical" if axis.name == "Redshift" else "")
                if at_rest is None or not convention:
                    raise CubeviewError(
                        "The file has velocities "
                        + ("without a rest value" if convention else "of an unknown definition")
                        + ", so nothing else can be made of them. "
                        + ("Give the rest value of the line." if convention else "")
                    )
                return values.to(units.Hz, _DOPPLER[convention](at_rest))
            if axis.medium == "air":
                values = to_vacuum(values)
            return values.to(units.Hz, units.spectral())
    except (TypeError, ValueError) as error:
        raise CubeviewError(
            f"The spectral axis is in “{axis.unit}”, which cannot be converted."
        ) from error


def _of(frequency: Any, as_: Shown) -> Any:
    """Return frequencies as a quantity in the unit a reader of such data is used to."""
    with np.errstate(all="ignore"):
        middle = frequency[len(frequency) // 2]
        if as_ == "frequency":
            for unit in (units.THz, units.GHz, units.MHz, units.kHz):
                if abs(middle.to_value(unit)) >= 1:
                    return frequency.to(unit)
            return frequency
        if as_ == "energy":
            energy = frequency.to(units.eV, units.spectral())
            large = abs(energy[len(energy) // 2].value) >= 1000
            return energy.to(units.keV) if large else energy
        length = frequency.to(units.Angstrom, units.spectral())
        if as_ == "air wavelength":
            length = length / refractive_index(length.to_value(units.um))
        size = abs(length[len(length) // 2].value)
        if size >= 3e6:
            return length.to(units.cm if size >= 1e8 else units.mm)
        return length.to(units.um) if size >= 10_000 else length


def _tidy(rest: Any) -> str:
    for unit in (units.THz, units.GHz, units.MHz):
        if rest.to_value(unit) >= 1:
            return f"{rest.to_value(unit):.8g} {unit}"
    return f"{rest.value:.8g} Hz"


SHOWN: tuple[str, ...] = get_args(Shown)
CONVENTIONS: tuple[str, ...] = get_args(Convention)
