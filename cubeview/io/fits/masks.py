"""What the numbers of a mask forbid: tables of the surveys' bits, and doubt where none is known.

Sources: JWST data quality flags, bit 0 DO_NOT_USE; MaNGA DRP, MANGA_DRP3PIXMASK, bit 10 DONOTUSE
(Law et al. 2016, AJ 152:83); MaNGA DAP, MANGA_DAPSPECMASK, bits 0 IGNORED, 1 FORESTAR,
2 FLUXINVALID, 3 IVARINVALID, 4 ARTIFACT speak of the data and 5 to 9 of fits to them (Westfall et
al. 2019, AJ 158:231); ESO data interface, HDUCLAS3 of quality extensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from astropy.io.fits import Header

from cubeview.cubes.correct_sky import ANY_FLAG, NO_FLAG, ZERO_FLAG
from cubeview.io.names import said_by

_MASKNAMES = {
    "MANGA_DRP3PIXMASK": (1 << 10, 1 << 10),
    "MANGA_DRPPIXFLAG": (1 << 10, 1 << 10),
    # Of the data, and of what was fitted to them.
    "MANGA_DAPSPECMASK": (0b11111, 0b1111111111),
}
_OBSERVED = ("FLUX", "DATA", "SCI")


@dataclass(frozen=True)
class Forbidden:
    """Which flags forbid a voxel."""

    answer: str  # one of `cubeview.cubes.correct_sky.FORBIDS`, or "bits" and their sum
    why: str  # in words
    known: bool = True


def forbidden(headers: Sequence[Header], mask: str, flux: str, names: set[str]) -> Forbidden:
    """Return which values of a mask forbid a voxel.

    Parameters
    ----------
    headers : sequence of Header
        Of the mask, the flux and the primary, in the order they are asked.
    mask, flux : str
        Names of the extensions.
    names : set of str
        Of all extensions.
    """

    def text(key: str) -> str:
        found = (header.get(key) for header in headers)
        return next((str(value).strip().upper() for value in found if value), "")

    bits = _MASKNAMES.get(text("MASKNAME"))
    if bits is not None:
        number = bits[0] if flux in _OBSERVED or not flux else bits[1]
        return Forbidden(f"bits {number}", f"as {text('MASKNAME')} has it")
    if text("TELESCOP") == "JWST":
        return Forbidden("bits 1", "where JWST sets DO_NOT_USE")
    if text("INSTRUME") == "OSIRIS":
        why = "OSIRIS gives 9 to what is good; which of its other bits forbid is not known"
        return Forbidden(NO_FLAG, why, known=False)
    declared = str(headers[0].get("HDUCLAS3") or "").strip().upper()
    if declared == "MASKONE":
        return Forbidden(ZERO_FLAG, "where it is 0, as HDUCLAS3 = MASKONE says")
    if declared:
        return Forbidden(ANY_FLAG, f"where it is not 0, as HDUCLAS3 = {declared} says")
    if {"FLUX", "IVAR", "MASK", "WAVE"} <= names:
        return Forbidden(f"bits {1 << 10}", "where bit 10 is set, as in MaNGA")
    marks = said_by(mask).marks
    if marks == "bad":
        return Forbidden(ANY_FLAG, "where it is not 0")
    if marks == "good":
        return Forbidden(ZERO_FLAG, "where it is 0, as its name says")
    return Forbidden(NO_FLAG, "what its values mean is not known", known=False)
