"""Units as a reader writes them."""

import numpy as np

from cubeview.cubes.cube import Cube

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


def shown_unit(unit: str) -> str:
    """Return a unit as a reader writes it."""
    return UNITS.get(unit, unit)


def value_unit(cube: Cube) -> str:
    """Return the unit of a cube's values as a reader writes it: ``"10⁻²⁰ erg s⁻¹ cm⁻² Å⁻¹"``."""
    unit = cube.quantity_unit
    if unit is None:
        return cube.unit
    scale = np.log10(unit.scale) if unit.scale > 0 else np.nan
    if scale and not np.isclose(scale, round(scale)):
        return cube.unit
    # Written so by hand: astropy sorts by name and writes 1e-20.
    order = {
        "erg": 0,
        "J": 0,
        "W": 0,
        "Jy": 0,
        "K": 0,
        "s": 1,
        "cm": 2,
        "m": 2,
        "AA": 3,
        "Angstrom": 3,
    }
    parts = sorted(
        zip(unit.bases, unit.powers, strict=True), key=lambda part: order.get(part[0].name, 4)
    )
    words = [shown_unit(base.name) + _power(power) for base, power in parts]
    if scale:
        words.insert(0, "10" + _power(round(scale)))
    return " ".join(words)


def _power(power: float) -> str:
    if power == 1:
        return ""
    return str(power).translate(str.maketrans("0123456789-/.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᐟ·"))
