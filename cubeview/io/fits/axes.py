"""Three axes and a sky out of a FITS header: found by type, never by position."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from astropy import units
from astropy.io.fits import Header
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of
from cubeview.io.fits.header import STEP_OF, only, step_of, wcs_header
from cubeview.io.fits.planes import Plane, planes_of, stokes_name
from cubeview.io.fits.sky import WCS_ERRORS, celestial_of, find_sky, sky_axes
from cubeview.io.fits.spectral import Spectral, describe, find_spectral, from_iraf
from cubeview.io.fits.tables import PlaneValues, chosen
from cubeview.kinds import PICTURE

_TIMES = ("TIME", "UTC", "TAI", "TT", "MJD")
_ZERO_IS_NOTHING = ("WAVE", "AWAV", "FREQ", "ENER", "WAVN")
"""Quantities no spectrum begins at nought of, as the standard has it without CRVAL."""

NO_SCALE = "no scale: the file does not say how large a pixel is"


@dataclass(frozen=True, eq=False)
class Geometry:
    """How the stored axes of a file become the three axes of a cube."""

    order: tuple[int, int, int]  # which stored axis (slowest first) is z, y and x
    fixed: tuple[int, ...]  # index at which each stored axis is held
    axes: tuple[Axis, Axis, Axis]
    wcs: Any = None  # astropy.wcs.WCS of the sky or None, pixel order (x, y), degrees
    kind: str = "volume"  # "sky", "volume" or "picture"
    notes: tuple[Note, ...] = field(default=())
    planes: tuple[Plane, ...] = ()  # of further axes, each a cube of its own; empty for three axes


def geometry(
    header: Header, hdus: Any, shape: tuple[int, ...], tables: Sequence[PlaneValues] = ()
) -> Geometry:
    """Find the axes of a cube.

    Sky and spectrum are read each for itself: what is wrong with one costs the other nothing.

    Parameters
    ----------
    header : Header
        Of the image.
    hdus : astropy.io.fits.HDUList
        The file it lies in, for axes given by a table (-TAB).
    shape : tuple of int
        Stored axes, slowest first; at least three of them longer than 1.
    tables : sequence of PlaneValues
        Values of planes given beside the cube.
    """
    lengths = shape[::-1]
    every = range(1, len(lengths) + 1)
    head, bases, notes = wcs_header(header, len(lengths))
    from_iraf(header, head, len(lengths), notes)
    sky = find_sky(head, lengths, notes)
    pair = sky.numbers if sky else ()
    taken = {n for n in every if lengths[n - 1] < 2 or _stokes(head, n) or _is_time(head, n)}
    bases = _of_iraf(header, every, bases, notes)
    spectral = find_spectral(head, lengths, taken | set(pair), notes, bases)
    times = [n for n in every if _is_time(head, n) and lengths[n - 1] > 1]
    x, y, z = _choose(lengths, pair, spectral, times, head)
    held = (n for n, length in enumerate(lengths, start=1) if length == 1 and _stokes(head, n))
    notes += [Note("info", stokes_name(head, n)) for n in held]
    planes = planes_of(head, lengths, (x, y, z), notes)
    axes = {n: _linear_axis(head, n, lengths[n - 1], "zyx"[i]) for i, n in enumerate((z, y, x))}
    celestial = None
    if sky is not None:
        flat = lengths[y - 1], lengths[x - 1]
        celestial = celestial_of(head, hdus, sky, flat, notes)
        if celestial is not None:
            axes |= sky_axes(celestial, sky, flat)
    if z in times:
        axes[z] = Axis("Time", "time", axes[z].unit or "s", axes[z].values, type=axes[z].type)
    else:
        if spectral is not None and spectral.number == z:
            axes[z] = _spectral_axis(head, hdus, spectral, lengths[z - 1], notes)
        axes[z] = chosen(tables, axes[z], z, notes)
    if z not in times and axes[z].kind != "spectral" and (spectral is None or spectral.number != z):
        if celestial is None:
            text = f"the file does not say what its axes measure: axis {z} is shown as the first"
            notes.append(Note("guess", text, "first axis"))
        notes.append(Note("info", "the first axis is taken for no spectrum", "spectral type"))
    if all(axis.counted for axis in axes.values()):
        notes.append(Note("info", "the file has no world coordinates: voxel numbers are shown"))
    about = {STEP_OF.format(z): "spectral values" if axes[z].kind == "spectral" else ""}
    about |= {STEP_OF.format(n): "sky scale" if celestial is not None else "" for n in pair}
    about |= {STEP_OF.format(n): "" for n in every if STEP_OF.format(n) not in about}
    notes = [_about(note, about) for note in notes]
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


def flat_geometry(
    header: Header, hdus: Any, shape: tuple[int, ...], tables: Sequence[PlaneValues] = ()
) -> Geometry:
    """Find the axes of a picture: an image of two axes longer than 1, and one slice.

    Parameters
    ----------
    header : Header
    hdus : astropy.io.fits.HDUList
    shape : tuple of int
        Stored axes, slowest first; all but two of them of length 1, at least three in all.
    tables : ignored
        Taken so that it is called as `geometry` is.
    """
    lengths = shape[::-1]
    every = range(1, len(lengths) + 1)
    head, _, notes = wcs_header(header, len(lengths))
    sky = find_sky(head, lengths, notes)
    x, y = sky.numbers if sky else [n for n in every if lengths[n - 1] > 1]
    z = next(n for n in every if lengths[n - 1] == 1)
    flat = lengths[y - 1], lengths[x - 1]
    axes = {n: _linear_axis(head, n, lengths[n - 1], name) for n, name in ((y, "y"), (x, "x"))}
    celestial = None
    if sky is not None:
        celestial = celestial_of(head, hdus, sky, flat, notes)
        if celestial is not None:
            axes |= sky_axes(celestial, sky, flat)
    if all(axis.counted for axis in axes.values()):
        notes.append(Note("info", NO_SCALE))
    about = {STEP_OF.format(n): "sky scale" if sky and n in sky.numbers else "" for n in every}
    notes = [_about(note, about) for note in notes if note.about != STEP_OF.format(z)]
    stored = len(lengths)
    return Geometry(
        order=(stored - z, stored - y, stored - x),
        fixed=(0,) * stored,
        axes=(plain_axis(1, "Slice"), axes[y], axes[x]),
        wcs=celestial,
        kind=PICTURE.key,
        notes=tuple(dict.fromkeys(notes)),
    )


def axis_of_row(
    header: Header, hdus: Any, length: int, notes: list[Note], medium: str = ""
) -> Axis | None:
    """Return the axis along the rows of an image that holds spectra; None where there is none.

    Parameters
    ----------
    header : Header
        With the places of the channels.
    hdus : astropy.io.fits.HDUList
    length : int
        Channels of a row.
    notes : list of Note
        Gains what was guessed and repaired.
    medium : {"air", "vacuum", ""}
        Of wavelengths, where the file says it elsewhere.
    """
    head, bases, said = wcs_header(header, 1)
    if str(head.get("CUNIT1", "")).lower() == "pixel" and "WAT1_001" in header:
        del head["CUNIT1"]  # which IRAF writes beside wavelengths
    from_iraf(header, head, 1, said)
    bases = _of_iraf(header, range(1, 2), bases, said)
    spectral = find_spectral(head, (length,), set(), said, bases)
    if spectral is None:
        return None
    axis = _spectral_axis(head, hdus, spectral, length, said)
    if axis.kind != "spectral":
        return None
    if medium and axis.name == "Wavelength":
        said = [note for note in said if note.about != "medium"]
        axis = replace(axis, medium=medium)  # type: ignore[arg-type]
    notes += [_about(note, {STEP_OF.format(1): "spectral values"}) for note in said]
    return axis


def _of_iraf(
    header: Header, numbers: Iterable[int], bases: dict[int, str], notes: list[Note]
) -> dict[int, str]:
    """Return the bases of logarithmic axes, with IRAF's flag for all of them."""
    if header.get("DC-FLAG") != 1:
        return bases
    notes.append(Note("repair", "DC-FLAG = 1: the spectral axis holds decimal logarithms"))
    return dict.fromkeys(numbers, "log10") | bases


def _about(note: Note, about: dict[str, str]) -> Note:
    """Return a note on the step of an axis as the question it is: along a spectrum a guess."""
    if note.about not in about:
        return note
    asked = about[note.about]
    doubted = note.level == "info" and asked == "spectral values"
    return replace(note, about=asked, level="guess" if doubted else note.level)


def _ctype(header: Header, number: int) -> str:
    return str(header.get(f"CTYPE{number}", "")).upper()


def _is_time(header: Header, number: int) -> bool:
    return _ctype(header, number).split("-")[0] in _TIMES


def _stokes(header: Header, number: int) -> bool:
    return _ctype(header, number) == "STOKES"


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


def _linear_values(header: Header, number: int, length: int) -> np.ndarray | None:
    """Return CRVAL + step (p - CRPIX), or None when the header gives no step or no value."""
    step = step_of(header, number)
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
    header: Header, hdus: Any, spectral: Spectral, length: int, notes: list[Note]
) -> Axis:
    """Return the spectral axis in the header's own unit."""
    n = spectral.number
    unit = str(header.get(f"CUNIT{n}", ""))
    if f"CRVAL{n}" not in header and spectral.code not in _ZERO_IS_NOTHING:
        header[f"CRVAL{n}"] = 0.0
        text = f"CRVAL{n} is missing: 0 as by the FITS standard"
        notes.append(Note("guess", text, "spectral values"))
    linear = _linear_values(header, n, length)
    values, specsys, rest = None, "", (0.0, 0.0)
    wcs = _wcs(header, hdus, n, notes)
    if wcs is not None:
        specsys, rest = wcs.wcs.specsys, (wcs.wcs.restfrq, wcs.wcs.restwav)
    # WCSLIB takes 1 for a step that is not there, and 0 for a value.
    if wcs is not None and ("-TAB" in _ctype(header, n) or linear is not None):
        try:
            values = wcs.wcs_pix2world(np.arange(length)[:, None], 0)[:, 0]
            found = wcs.wcs.cunit[0]
            if unit and found != unit_of(unit):
                values = values * found.to(unit_of(unit))
        except (*WCS_ERRORS, units.UnitConversionError):
            values = None
        if values is not None and not np.all(np.isfinite(values)):
            values = None
    if values is not None and linear is not None and np.allclose(values, linear, 1e-12, 0):
        # WCSLIB works in SI and comes back with 6998.999999999999 for 6999.
        values = linear
    if spectral.base and linear is not None:
        values = spectral.unlogged(linear)
    if values is None:
        values = linear
        if values is None:
            missing = "step" if f"CRVAL{n}" in header else "value"
            text = f"the spectral axis has no {missing}: channel numbers are shown"
            notes.append(Note("guess", text, "spectral values"))
            return replace(plain_axis(length, spectral.name), type=spectral.written)
        notes.append(Note("guess", "the spectral axis was read as linear", "spectral values"))
    fields = describe(spectral, header, specsys, rest, notes)
    return Axis(unit=unit, values=values, **fields)  # type: ignore[arg-type]


def _wcs(header: Header, hdus: Any, number: int, notes: list[Note]) -> Any:
    """Return the one-dimensional WCS of an axis; None, which a note says, if it is unusable."""
    try:
        wcs = WCS(only(header, (number,)), hdus, preserve_units=True)
        wcs.wcs.set()
        return wcs
    except WCS_ERRORS as error:
        first = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        notes.append(Note("repair", f"spectral coordinates could not be used ({first})"))
        return None
