"""Units as a reader writes them."""

from dataclasses import replace

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube
from cubeview.cubes.unit import unit_of
from cubeview.cubes.units import parse_unit

UNITS = {
    "Angstrom": "Å",
    "AA": "Å",
    "0.1 nm": "Å",
    "um": "µm",
    "micron": "µm",
    "km / s": "km/s",
    "km s-1": "km/s",
    "deg": "°",
    "arcsec": "″",
    "arcmin": "′",
}
"""As files name them, and as they are printed."""

NO_UNIT = "no unit in the file"


def shown_unit(unit: str) -> str:
    """Return a unit as a reader writes it."""
    return UNITS.get(unit, unit)


def display_scale(axis: Axis) -> tuple[float, str]:
    """Return what an axis' values are multiplied by for a reader, and the unit they have then.

    Files often count in base units: an H I line at 557481 m/s is read as 557.481 km/s.
    """
    largest = float(np.nanmax(np.abs(axis.values), initial=0.0))
    if axis.unit.replace(" ", "") in ("m/s", "ms-1", "m.s-1"):
        return 1e-3, "km/s"
    if axis.unit == "Hz" and largest >= 1e6:
        return (1e-9, "GHz") if largest >= 1e9 else (1e-6, "MHz")
    if axis.unit == "m" and axis.kind == "spectral" and largest < 1e-2:
        return (1e10, "Å") if largest < 1e-6 else (1e6, "µm") if largest < 1e-3 else (1e3, "mm")
    if axis.unit == "deg" and axis.name.startswith("Solar"):
        return 3600.0, "″"
    return 1.0, shown_unit(axis.unit)


def shown_axis(axis: Axis) -> Axis:
    """Return an axis in the unit a reader wants."""
    scale, unit = display_scale(axis)
    return axis if scale == 1.0 else replace(axis, values=axis.values * scale, unit=unit)


def places(step: float) -> int:
    """Return the decimal places that tell a tenth of a step."""
    return int(np.clip(np.ceil(1 - np.log10(abs(step) or 1.0)), 0, 6))


def digits(value: float, step: float) -> str:
    """Write a value to a tenth of its step."""
    return f"{value:.{places(step)}f}".replace("-", "−")


def value_unit(cube: Cube) -> str:
    """Return the unit of a cube's values as a reader writes it: ``"10⁻²⁰ erg s⁻¹ cm⁻² Å⁻¹"``."""
    unit = cube.quantity_unit
    if unit is None:
        return cube.unit
    scale = np.log10(unit.scale) if unit.scale > 0 else np.nan
    if scale and not np.isclose(scale, round(scale)):
        return cube.unit
    # Written so by hand: astropy sorts by name and writes 1e-20.
    groups = (("erg", "J", "W", "Jy", "K"), ("s",), ("cm", "m"), ("AA", "Angstrom"))
    order = {name: place for place, names in enumerate(groups) for name in names}
    parts = sorted(
        zip(unit.bases, unit.powers, strict=True),
        key=lambda part: (part[1] < 0, order.get(part[0].name, 4)),
    )
    words = [shown_unit(base.name) + _power(power) for base, power in parts]
    if scale:
        words.insert(0, "10" + _power(round(scale)))
    return " ".join(words)


def in_shown_units(axis: Axis, unit: str, power: int) -> tuple[float, str]:
    """Return what turns values that hold a power of a spectral axis' unit into the shown one.

    A factor and the unit as files name it: of a velocity field in m/s, 0.001 and ``"km s-1"``.
    """
    scale, shown = display_scale(axis)
    parsed = parse_unit(unit)
    if scale == 1.0 or parsed is None:
        return 1.0, unit
    named = next((name for name, sign in UNITS.items() if sign == shown), shown)
    made = parsed / unit_of(axis.unit) ** power * unit_of(named) ** power
    return scale**power, str(made.to_string("fits"))


def unit_text(cube: Cube, unit: str) -> str:
    """Return the unit of what was made of a cube's values, as a reader writes it."""
    if unit in UNITS or unit in UNITS.values():
        return shown_unit(unit)
    return value_unit(replace(cube, unit=unit, quantity_unit=parse_unit(unit)))


def _power(power: float) -> str:
    if power == 1:
        return ""
    return str(power).translate(str.maketrans("0123456789-/.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ·"))


def map_unit(unit: str) -> str:
    """Return the unit of a map for a reader; none for logits, which say for a class or against."""
    return "" if "logit" in unit else unit
