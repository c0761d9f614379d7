"""Cubes as FITS files: flux, variance and flags in the extensions MUSE uses, with coordinates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits

import cubeview
from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube, Pixels
from cubeview.errors import Report, nothing, refusing
from cubeview.paths import replacing

Card = tuple[str, Any, str]

_BLOCK = 2880
_TABLE = "WCS-TABLE"
_TINY = 1e-15
_SPECTRAL_TYPES = {
    "Frequency": "FREQ",
    "Energy": "ENER",
    "Wavenumber": "WAVN",
    "Redshift": "ZOPT",
}
_MEDIA = {"air": "AWAV", "vacuum": "WAVE", "": "WAVELENGTH"}
_CONVENTIONS = {"radio": "VRAD", "optical": "VOPT", "relativistic": "VELO", "": "VELOCITY"}


def write_cube(
    cube: Cube, path: Path | str, *, history: Sequence[str] = (), report: Report = nothing
) -> None:
    """Write a cube as FITS.

    An empty primary is followed by ``DATA``; ``STAT`` with the variance when the cube has an
    uncertainty; ``DQ`` (1: do not use) when it has a mask; and ``WCS-TABLE`` when the spectral
    axis is neither linear nor logarithmic. A file of that name is replaced only once the new one
    is whole. Raises CubeviewError if it cannot be written.

    Source: FITS standard 4.0; Greisen et al. 2006 (Paper III), sections 3.2 and 6 for axes that are
    logarithmic or given by a table.

    Parameters
    ----------
    cube : Cube
    path : path
    history : sequence of str
        How it was made, for HISTORY.
    report : callable
    """
    third, table = third_cards(cube)
    coordinates = [*sky_cards(cube), *third, *beam_cards(cube)]
    planes = cube.shape[0] * (1 + (cube.uncertainty is not None) + (cube.mask is not None))
    written = 0

    def counted(plane: Callable[[int, int], np.ndarray]) -> Iterable[np.ndarray]:
        nonlocal written
        for z in range(cube.shape[0]):
            report(written / planes, f"writing {Path(path).name}")
            written += 1
            yield plane(0, z)

    unit: list[Card] = [("BUNIT", cube.unit, "")] if cube.unit else []
    with whole_file(Path(path)) as out:
        out.write(primary_header(fact_cards(cube), history=history))
        write_image(out, "DATA", cube.shape, counted(cube.pixels.plane), [*unit, *coordinates])
        if cube.uncertainty is not None:
            sigma = cube.uncertainty
            squared: list[Card] = [("BUNIT", f"({cube.unit})**2", "")] if cube.unit else []
            declared: list[Card] = [
                ("HDUCLASS", "ESO", "ESO data interface"),
                ("HDUCLAS1", "IMAGE", ""),
                ("HDUCLAS2", "ERROR", ""),
                ("HDUCLAS3", "MSE", "variance"),
                ("SCIDATA", "DATA", "extension this is the variance of"),
            ]
            variance = (np.square(plane, dtype=np.float64) for plane in counted(sigma.plane))
            cards = [*squared, *declared, *coordinates]
            write_image(out, "STAT", cube.shape, variance, cards, _variance_dtype(sigma))
        if cube.mask is not None:
            write_image(out, "DQ", cube.shape, counted(cube.mask.plane), coordinates, "u1")
        if table is not None:
            write_table(out, table)


def primary_header(cards: Iterable[Card], comment: str = "", history: Sequence[str] = ()) -> bytes:
    """Return an empty primary unit with cards, comment and history, padded to whole blocks."""
    header = fits.PrimaryHDU().header
    header["EXTEND"] = True
    header["ORIGIN"] = (f"CubeView {cubeview.__version__}", "research use only")
    for card in cards:
        header[card[0]] = card[1:]
    if comment:
        header.add_comment(comment)
    for line in history:
        header.add_history(ascii_text(line))
    text: str = header.tostring(padding=True)
    return text.encode("ascii")


def write_image(
    out: Any,
    name: str,
    shape: tuple[int, int, int],
    planes: Iterable[np.ndarray],
    cards: Iterable[Card],
    dtype: str = ">f4",
) -> None:
    """Write an image extension plane by plane.

    Parameters
    ----------
    out : binary file
        At the end of the unit before.
    name : str
        EXTNAME.
    shape : tuple of int
        (z, y, x).
    planes : iterable of ndarray, shape (y, x)
    cards : iterable of (keyword, value, comment)
    dtype : {">f4", ">f8", "u1"}
    """
    header = fits.Header()
    header["XTENSION"] = ("IMAGE", "image extension")
    header["BITPIX"] = {">f4": -32, ">f8": -64, "u1": 8}[dtype]
    header["NAXIS"] = 3
    for number, length in enumerate(reversed(shape), start=1):
        header[f"NAXIS{number}"] = length
    header["PCOUNT"] = 0
    header["GCOUNT"] = 1
    header["EXTNAME"] = name
    for keyword, value, comment in cards:
        header[keyword] = (value, comment)
    out.write(header.tostring(padding=True).encode("ascii"))
    size = 0
    for plane in planes:
        block = np.ascontiguousarray(plane, dtype).tobytes()
        out.write(block)
        size += len(block)
    out.write(b"\0" * (-size % _BLOCK))


def sky_cards(cube: Cube, y0: int = 0, x0: int = 0) -> list[Card]:
    """Return the coordinate cards of the two sky axes.

    Parameters
    ----------
    cube : Cube
    y0, x0 : int
        First row and column written, for a part of the cube.
    """
    if cube.wcs is None:
        if _counts_voxels(cube) and not (y0 or x0):
            return []
        return [*_plain_cards(cube.axes[2], 1, x0), *_plain_cards(cube.axes[1], 2, y0)]
    first = {"CRPIX1": x0, "CRPIX2": y0}
    cards: list[Card] = []
    for card in cube.wcs.to_header(relax=True).cards:
        if card.keyword not in ("WCSAXES", "MJDREF", "DATE-OBS", "MJD-OBS"):
            value = card.value - first.pop(card.keyword) if card.keyword in first else card.value
            cards.append((card.keyword, value, card.comment))
    return cards + [(keyword, -float(start), "") for keyword, start in first.items() if start]


def third_cards(cube: Cube, z0: int = 0, n: int | None = None) -> tuple[list[Card], Any]:
    """Return the cards of the third axis, and the table it needs when nothing simpler fits.

    The table's values are in the axis' unit.

    Parameters
    ----------
    cube : Cube
    z0, n : int
        First plane written, and how many; None for all from there.
    """
    axis = cube.axes[0]
    if axis.kind == "index":
        return [] if _counts_voxels(cube) and not z0 else _plain_cards(axis, 3, z0), None
    values = axis.values[z0 : None if n is None else z0 + n]
    cards: list[Card] = [("CUNIT3", axis.unit, "")] if axis.unit else []
    if axis.frame:
        cards.append(("SPECSYS", axis.frame, ""))
    if axis.redshift:
        # FITS Paper III, section 8: values in the frame of the source, and its redshift.
        cards = [card for card in cards if card[0] != "SPECSYS"]
        cards += [("SPECSYS", "SOURCE", ""), ("ZSOURCE", axis.redshift, "")]
    if axis.rest is not None:
        cards.append(("RESTFRQ" if axis.rest_unit == "Hz" else "RESTWAV", axis.rest, ""))
    step = _step(values)
    if _is_linear(values, step):
        # A type like WAVE-LOG can still be linear over a few planes; FELO never is by name.
        return [("CTYPE3", _linear_type(axis), ""), *_line(3, float(values[0]), step), *cards], None
    base = _linear_type(axis)[:4]
    ratio = values[1:] / values[:-1]
    if np.all(values > 0) and np.allclose(ratio, ratio[0], 1e-9, 0):
        span = float(np.log(values[-1] / values[0])) / (len(values) - 1)
        return [
            ("CTYPE3", f"{base}-LOG", "logarithmic"),
            *_line(3, float(values[0]), float(values[0]) * span),
            *cards,
        ], None
    return [
        ("CTYPE3", f"{base}-TAB", "values in the table"),
        *_line(3, 1.0, 1.0),
        *cards,
        ("PS3_0", _TABLE, "table"),
        ("PS3_1", "coordinate", "column"),
        ("PV3_1", 1, "EXTVER of the table"),
        ("PV3_2", 1, "EXTLEVEL of the table"),
        ("PV3_3", 1, "axis of the column"),
    ], values


def write_table(out: Any, values: np.ndarray) -> None:
    """Write world coordinates, shape (n,), as the table of a -TAB axis (Paper III, section 6)."""
    n = len(values)
    column = fits.Column("coordinate", f"{n}D", dim=f"(1,{n})", array=values.reshape(1, n, 1))
    table = fits.BinTableHDU.from_columns([column], name=_TABLE)
    out.write(table.header.tostring(padding=True).encode("ascii"))
    block = np.ascontiguousarray(values, ">f8").tobytes()
    out.write(block + b"\0" * (-len(block) % _BLOCK))


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when it has been written to the end.

    Raises CubeviewError if it cannot be written.
    """
    full = refusing(path, "cannot be written", "Choose another folder or free some space.")
    with full, replacing(path) as part, part.open("wb") as out:
        yield out


def _variance_dtype(sigma: Pixels) -> str:
    """Return double precision for noise so small that its square vanishes in single precision."""
    middle = sigma.plane(0, sigma.shape[0] // 2)
    positive = middle[middle > 0]
    return ">f8" if positive.size and positive.min() < _TINY else ">f4"


def fact_cards(cube: Cube) -> list[Card]:
    """Return the cards of what a cube says of its object and its instrument."""
    keys = {"object": "OBJECT", "instrument": "INSTRUME", "telescope": "TELESCOP"}
    return [
        (key, ascii_text(cube.facts[name]), "") for name, key in keys.items() if name in cube.facts
    ]


def beam_cards(cube: Cube) -> list[Card]:
    """Return the cards of a radio beam, in degrees; none where there is none."""
    if cube.beam is None:
        return []
    major, minor, angle = cube.beam
    return [("BMAJ", major / 3600.0, "deg"), ("BMIN", minor / 3600.0, "deg"), ("BPA", angle, "deg")]


def ascii_text(text: str) -> str:
    """Return a text as a FITS card can hold it."""
    return text.encode("ascii", "replace").decode("ascii")


def _step(values: np.ndarray) -> float:
    return float(values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 1.0


def _is_linear(values: np.ndarray, step: float) -> bool:
    line = values[0] + step * np.arange(len(values))
    return step != 0 and bool(np.all(np.abs(values - line) <= 1e-6 * abs(step)))


def _linear_type(axis: Axis) -> str:
    """Return the type of an axis with linear values: what it is now, however the file named it.

    What is not known of air or of a velocity's definition is left open by a name of no code.
    """
    code = axis.type.upper().split("-")[0]
    if axis.name == "Wavelength":
        return code if code in ("WAVE", "AWAV") and not axis.medium else _MEDIA[axis.medium]
    if axis.name == "Velocity":
        own = code == "BETA" or (code in ("VRAD", "VOPT") and not axis.convention)
        return code if own else _CONVENTIONS[axis.convention]
    return _SPECTRAL_TYPES.get(axis.name) or code or axis.name.upper()


def _line(number: int, value: float, step: float, pixel: float = 1.0) -> list[Card]:
    return [
        (f"CRPIX{number}", pixel, ""),
        (f"CRVAL{number}", value, ""),
        (f"CDELT{number}", step, ""),
    ]


def _counts_voxels(cube: Cube) -> bool:
    """Tell whether no axis says more than its voxel numbers, so that no card is needed."""
    return cube.wcs is None and all(axis.counted for axis in cube.axes)


def _plain_cards(axis: Axis, number: int, start: int) -> list[Card]:
    """Return the cards of an axis without a type."""
    line = _line(number, float(axis.values[0]), axis.step or 1.0, 1.0 - start)
    unit: list[Card] = [(f"CUNIT{number}", axis.unit, "")] if axis.unit else []
    return [(f"CTYPE{number}", axis.type or "LINEAR", ""), *line, *unit]
