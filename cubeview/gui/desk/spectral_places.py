"""Places along a spectral axis as the user types them: numbers with or without a unit."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from astropy import units

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube
from cubeview.cubes.spectral import Convention, with_spectral
from cubeview.cubes.unit import check_length
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError
from cubeview.gui.desk.units import UNITS, display_scale
from cubeview.measure.sky.lines import NAMES, rest_frequency_hz

_AS_FILES = {shown: name for name, shown in reversed(UNITS.items())}


def spectral_value(cube: Cube, text: str) -> float:
    """Return a place along the spectral axis, in the unit of the axis, from what was typed.

    A bare number is in the unit that the axis is shown in. A unit of another kind (GHz on an axis
    of wavelength) is converted; velocities need the rest value of the line.

    Raises
    ------
    CubeviewError
        If it is no number, or its unit cannot be one of this axis.
    """
    axis = cube.axes[0]
    scale, shown = display_scale(axis)
    text = text.strip().replace("−", "-")
    try:
        return float(text) / scale
    except ValueError:
        pass
    for sign, name in _AS_FILES.items():
        text = text.replace(sign, name)
    given, own = _quantity(text), parse_unit(axis.unit)
    if given is not None and own is not None and given.unit.is_equivalent(own):
        return float(given.to_value(own))
    if given is not None and given.unit.is_equivalent(units.Hz, units.spectral()):
        hertz = float(given.to_value(units.Hz, units.spectral()))
        return axis.world(index_of_frequency(cube, hertz))
    if given is None or not given.unit.is_equivalent(units.km / units.s):
        raise CubeviewError(
            f"“{text[:40]}” is no place on this axis. Give a number in {shown or 'its unit'}, or "
            "with a unit, such as 6563 Angstrom, 115.27 GHz, 500 km/s."
        )
    convention: Convention = "radio" if axis.name == "Frequency" else "optical"
    moving = with_spectral(cube, "velocity", convention=convention).axes[0]
    return axis.world(moving.index(float(given.to_value(moving.unit))))


def _quantity(text: str) -> Any:
    """Return a finite number with a unit; None where the text is none."""
    try:
        check_length(text)
        given = units.Quantity(text)
    except (TypeError, ValueError):
        return None
    return given if given.isscalar and np.isfinite(given.value) else None


def index_of_frequency(cube: Cube, hertz: float) -> float:
    """Return the voxel index of a frequency, as observed, in vacuum; beyond the ends goes on.

    Raises CubeviewError if the axis cannot be told as frequencies.
    """
    return _as_frequency(cube).index(hertz)


def frequency_at(cube: Cube, index: float) -> float:
    """Return the frequency at a voxel index, as observed, in vacuum, Hz."""
    return _as_frequency(cube).world(index)


@lru_cache(maxsize=16)
def line_places(cube: Cube, redshift: float, *, beyond: bool = False) -> dict[str, float]:
    """Return the voxel index of each known line within the cube, or beyond it too.

    Raises CubeviewError if the axis cannot be told as frequencies.
    """
    last = len(cube.axes[0]) - 0.5
    places = {
        name: index_of_frequency(cube, rest_frequency_hz(name) / (1 + redshift)) for name in NAMES
    }
    return {name: at for name, at in places.items() if beyond or -0.5 <= at <= last}


@lru_cache(maxsize=4)
def _as_frequency(cube: Cube) -> Axis:
    """Return the axis in Hz, as observed."""
    axis = with_spectral(cube, "frequency", redshift="0").axes[0]
    return replace(axis, values=axis.values * units.Unit(axis.unit).to(units.Hz), unit="Hz")


def interval_from(cube: Cube, low: str, high: str) -> tuple[float, float]:
    """Return an interval from its typed ends, the lower first; CubeviewError if it is none."""
    first, last = sorted(spectral_value(cube, text) for text in (low, high))
    return first, last


def windows_from(cube: Cube, text: str) -> tuple[tuple[float, float], ...]:
    """Return windows typed as ``a:b, c:d``; CubeviewError if they are none."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        low, colon, high = part.partition(":")
        if not colon:
            raise CubeviewError(f"“{part[:40]}” is no window. Write them as a:b, c:d.")
        found.append(interval_from(cube, low, high))
    return tuple(found)


def place_figures(axis: Axis, value: float) -> str:
    """Return a place along the axis in the unit that it is shown in, to a tenth of a channel."""
    scale, _ = display_scale(axis)
    step = abs(axis.step) * scale
    places = int(np.clip(np.ceil(1 - np.log10(step or 1.0)), 0, 9))
    return f"{value * scale:.{places}f}"
