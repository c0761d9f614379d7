"""Three axes and a sky out of a FITS header: found by type, never by position."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from astropy import units
from astropy.io.fits import Header
from astropy.wcs import WCS, WCSSUB_LATITUDE, WCSSUB_LONGITUDE, WcsError

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of
from cubeview.io.fits.header import wcs_header
from cubeview.io.fits.planes import Plane, planes_of, stokes_name
from cubeview.io.fits.spectral import Spectral, axis_from_table, describe, find_spectral

WCS_ERRORS = (WcsError, ValueError, TypeError, KeyError, MemoryError, AttributeError)
"""What astropy raises on headers it cannot use; MemoryError stands for bad distortion keywords."""

_SKY_NAMES = {
    "RA--": "RA",
    "DEC-": "Dec",
    "GLON": "Galactic longitude",
    "GLAT": "Galactic latitude",
    "ELON": "Ecliptic longitude",
    "ELAT": "Ecliptic latitude",
    "HPLN": "Solar X",
    "HPLT": "Solar Y",
}
_TIMES = ("TIME", "UTC", "TAI", "TT", "MJD")


@dataclass(frozen=True, eq=False)
class Geometry:
    """How the stored axes of a file become the three axes of a cube."""

    order: tuple[int, int, int]  # which stored axis (slowest first) is z, y and x
    fixed: tuple[int, ...]  # index at which each stored axis is held
    axes: tuple[Axis, Axis, Axis]
    wcs: Any = None  # astropy.wcs.WCS of the sky or None, pixel order (x, y), degrees
    kind: str = "volume"  # "sky" or "volume"
    notes: tuple[Note, ...] = field(default=())
    planes: tuple[Plane, ...] = ()  # of further axes, each a cube of its own; empty for three axes


def geometry(
    header: Header, hdus: Any, shape: tuple[int, ...], tables: Sequence[tuple[np.ndarray, str]] = ()
) -> Geometry:
    """Find the axes of a cube.

    Parameters
    ----------
    header : Header
        Of the image.
    hdus : astropy.io.fits.HDUList
        The file it lies in, for axes given by a table (-TAB).
    shape : tuple of int
        Stored axes, slowest first; at least three of them longer than 1.
    tables : sequence of (values, unit)
        One-dimensional arrays of wavelengths in the file, for headers that have no spectral axis.
    """
    lengths = shape[::-1]
    head, notes = wcs_header(header, len(lengths))
    sky = _sky_numbers(head, lengths)
    taken = {n for n in range(1, len(lengths) + 1) if lengths[n - 1] < 2} | set(sky)
    taken |= {n for n in range(1, len(lengths) + 1) if _stokes(head, n) or _is_time(head, n)}
    spectral = find_spectral(head, lengths, taken, notes)
    times = [n for n in range(1, len(lengths) + 1) if _is_time(head, n) and lengths[n - 1] > 1]
    x, y, z = _choose(lengths, sky, spectral, times, head)
    held = (n for n, length in enumerate(lengths, start=1) if length == 1 and _stokes(head, n))
    notes += [Note("info", stokes_name(head, n)) for n in held]
    planes = planes_of(head, lengths, (x, y, z), notes)
    wcs = _wcs(head, hdus, notes)
    celestial = _celestial(head, hdus, sky, notes) if sky == (x, y) and wcs is not None else None
    axes = {n: _linear_axis(head, n, lengths[n - 1], "zyx"[i]) for i, n in enumerate((z, y, x))}
    if celestial is not None:
        axes |= _sky_axes(celestial, head, sky, lengths)
    if z in times:
        axes[z] = Axis("Time", "time", axes[z].unit or "s", axes[z].values, type=axes[z].type)
    table = next((t for t in tables if len(t[0]) == lengths[z - 1]), None)
    if spectral is not None and spectral.number == z:
        axes[z] = _spectral_axis(wcs, head, spectral, lengths[z - 1], notes)
    elif table is not None and z not in times:
        axes[z] = axis_from_table(*table, z, notes)
    step = f"CD{z}_{z} is missing"
    if axes[z].kind == "spectral":
        notes = [
            replace(n, about="spectral values") if n.text.startswith(step) else n for n in notes
        ]
    elif z not in times and (spectral is None or spectral.number != z):
        if celestial is None:
            text = f"the file does not say what its axes measure: axis {z} is shown as the first"
            notes.append(Note("guess", text, "first axis"))
        notes.append(Note("info", "the first axis is taken for no spectrum", "spectral type"))
    if all(axis.kind == "index" for axis in axes.values()):
        notes.append(Note("info", "the file has no world coordinates: voxel numbers are shown"))
    stored = len(lengths)
    return Geometry(
        order=(stored - z, stored - y, stored - x),
        fixed=(0,) * stored,
        axes=(axes[z], axes[y], axes[x]),
        wcs=celestial,
        kind="sky" if axes[z].kind == "spectral" else "volume",
        notes=tuple(dict.fromkeys(notes)),
        planes=tuple(planes),
    )


def _ctype(header: Header, number: int) -> str:
    return str(header.get(f"CTYPE{number}", "")).upper()


def _is_time(header: Header, number: int) -> bool:
    return _ctype(header, number).split("-")[0] in _TIMES


def _stokes(header: Header, number: int) -> bool:
    return _ctype(header, number) == "STOKES"


def _sky_numbers(header: Header, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """Return the FITS axes of longitude and latitude, or nothing when one is no real axis."""
    pair: dict[str, int] = {}
    for number in range(1, len(lengths) + 1):
        code = _ctype(header, number)
        if code[:4] in ("RA--", "DEC-") or code[1:4] in ("LON", "LAT") or code[2:4] in ("LN", "LT"):
            if len(code) > 4 and "-" in code and lengths[number - 1] > 1:
                longitude = code[:2] == "RA" or "LON" in code[:4] or code[2:4] == "LN"
                pair["lon" if longitude else "lat"] = number
        elif code in ("RA", "DEC"):
            # Named without a projection: WCSLIB takes them as linear.
            pair["lon" if code == "RA" else "lat"] = number
    return (pair["lon"], pair["lat"]) if len(pair) == 2 else ()


def _choose(
    lengths: tuple[int, ...],
    sky: tuple[int, ...],
    spectral: Spectral | None,
    times: list[int],
    header: Header,
) -> tuple[int, int, int]:
    """Return the FITS axes that become x, y and z."""
    real = [n for n in range(1, len(lengths) + 1) if lengths[n - 1] > 1]
    plain = [n for n in real if not _stokes(header, n)] + [n for n in real if _stokes(header, n)]
    wanted = ([spectral.number] if spectral else []) + times
    if sky:
        rest = [n for n in (*wanted, *plain) if n not in sky]
        return sky[0], sky[1], rest[0]
    if wanted:
        rest = [n for n in plain if n != wanted[0]]
        return rest[0], rest[1], wanted[0]
    return plain[0], plain[1], plain[2]


def _wcs(header: Header, hdus: Any, notes: list[Note]) -> Any:
    try:
        return WCS(header, hdus, preserve_units=True)
    except WCS_ERRORS as error:
        first = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        notes.append(Note("repair", f"world coordinates could not be used ({first})"))
        return None


def _celestial(header: Header, hdus: Any, sky: tuple[int, ...], notes: list[Note]) -> Any:
    """Return the two-dimensional sky WCS, longitude first, in degrees."""
    try:
        full = WCS(header, hdus)
        longitude, latitude = full.wcs.lng + 1, full.wcs.lat + 1
        if (longitude, latitude) != sky:
            notes.append(Note("repair", "the sky axes have no usable projection"))
            return None
        if "-" not in _ctype(header, sky[0]):
            text = "the sky axes have no projection: read as linear"
            notes.append(Note("guess", text, "projection"))
        _uncouple(full, sky, notes)
        celestial = full.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE])
        if not np.all(np.isfinite(celestial.wcs.crval)):
            raise ValueError("the reference value is not a number")
        celestial.wcs_pix2world(0.0, 0.0, 0)
        return celestial
    except WCS_ERRORS as error:
        first = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        notes.append(Note("repair", f"sky coordinates could not be used ({first})"))
        return None


def _uncouple(full: Any, sky: tuple[int, ...], notes: list[Note]) -> None:
    """Drop terms that mix sky and other axes: `sub` refuses them, and no rectified cube has any."""
    matrix = full.wcs.cd if full.wcs.has_cd() else full.wcs.get_pc()
    inside = np.zeros(matrix.shape, dtype=bool)
    members = [number - 1 for number in sky]
    inside[np.ix_(members, members)] = True
    others = [i for i in range(len(matrix)) if i not in members]
    inside[np.ix_(others, others)] = True
    if np.any(matrix[~inside]):
        notes.append(Note("repair", "the sky turns along the third axis: its turning is ignored"))
        matrix = np.where(inside, matrix, 0.0)
        if full.wcs.has_cd():
            full.wcs.cd = matrix
        else:
            full.wcs.pc = matrix


def _sky_axes(
    celestial: Any, header: Header, sky: tuple[int, ...], lengths: tuple[int, ...]
) -> dict[int, Axis]:
    """Return the axes of the sky, with coordinates along the middle row and column."""
    nx, ny = (lengths[number - 1] for number in sky)
    along_x, _ = celestial.wcs_pix2world(np.arange(nx), np.full(nx, (ny - 1) / 2), 0)
    _, along_y = celestial.wcs_pix2world(np.full(ny, (nx - 1) / 2), np.arange(ny), 0)
    axes = {}
    for number, values in zip(sky, (along_x, along_y), strict=True):
        code = _ctype(header, number)
        # Across 0h the values go on beyond 360, so that steps stay small.
        inside = np.isfinite(values)
        values[inside] = np.unwrap(values[inside], period=360.0)
        axes[number] = Axis(
            name=_SKY_NAMES.get(code[:4].ljust(4, "-"), code[:4].strip("-")),
            kind="celestial",
            unit="deg",
            values=values,
            type=str(header[f"CTYPE{number}"]),
            frame=celestial.wcs.radesys,
        )
    return axes


def _linear_values(header: Header, number: int, length: int) -> np.ndarray | None:
    """Return CRVAL + step (p - CRPIX), or None when the header gives no step."""
    key = next((k for k in (f"CD{number}_{number}", f"CDELT{number}") if k in header), None)
    step = header[key] if key else 0.0
    if not step or f"CRVAL{number}" not in header:
        return None
    pixels = np.arange(1, length + 1) - header.get(f"CRPIX{number}", 0.0)
    values: np.ndarray = header[f"CRVAL{number}"] + pixels * step
    return values


def _linear_axis(header: Header, number: int, length: int, name: str) -> Axis:
    values = _linear_values(header, number, length)
    if values is None:
        return plain_axis(length, name)
    written = str(header.get(f"CTYPE{number}", ""))
    unit = str(header.get(f"CUNIT{number}", ""))
    label = written if written.upper() not in ("", "LINEAR", "PIXEL") else name
    return Axis(name=label, kind="index", unit=unit, values=values, type=written)


def _spectral_axis(
    wcs: Any, header: Header, spectral: Spectral, length: int, notes: list[Note]
) -> Axis:
    """Return the spectral axis in the header's own unit."""
    index = spectral.number - 1
    unit = str(header.get(f"CUNIT{spectral.number}", ""))
    specsys, rest, values = "", (0.0, 0.0), None
    n = spectral.number
    # WCSLIB takes 1 for a step that is not there.
    stepped = "-TAB" in _ctype(header, n) or any(
        key in header for key in (f"CD{n}_{n}", f"CDELT{n}", f"PC{n}_{n}")
    )
    if wcs is not None and stepped:
        specsys = wcs.wcs.specsys
        rest = (wcs.wcs.restfrq, wcs.wcs.restwav)
        pixels = np.tile(np.asarray(wcs.wcs.crpix, dtype=float) - 1.0, (length, 1))
        pixels[:, index] = np.arange(length)
        try:
            values = wcs.wcs_pix2world(pixels, 0)[:, index]
            found = wcs.wcs.cunit[index]
            if unit and found != unit_of(unit):
                values = values * found.to(unit_of(unit))
        except (*WCS_ERRORS, units.UnitConversionError):
            values = None
        if values is not None and not np.all(np.isfinite(values)):
            values = None
    linear = _linear_values(header, spectral.number, length)
    if values is not None and linear is not None and np.allclose(values, linear, 1e-12, 0):
        # WCSLIB works in SI and comes back with 6998.999999999999 for 6999.
        values = linear
    if values is None:
        values = linear
        if values is None:
            text = "the spectral axis has no step: channel numbers are shown"
            notes.append(Note("guess", text, "spectral values"))
            return replace(plain_axis(length, spectral.name), type=spectral.written)
        notes.append(Note("guess", "the spectral axis was read as linear", "spectral values"))
    fields = describe(spectral, header, specsys, rest, notes)
    return Axis(unit=unit, values=values, **fields)  # type: ignore[arg-type]
