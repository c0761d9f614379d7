"""Spectral lines by name, at rest and in vacuum.

Optical and infrared wavelengths: the vacuum list of SDSS (Stoughton et al. 2002, AJ 123:485), what
it lacks from NIST ASD. Radio frequencies: Lovas 2004, J Phys Chem Ref Data 33:177.
"""

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
NAMES = (*ANGSTROM, *_GHZ)


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
