"""Spectra in FITS files: tables with a column of wavelengths, images of one row or of named rows.

Rows of images: SDSS spSpec (spectrum, less continuum, sigma, mask), Stoughton et al. 2002, AJ
123:485; LAMOST before release 8 (flux, inverse variance, wavelength, flags), Luo et al. 2015, RAA
15:1095; 6dF (flux, variance, sky, wavelength), Jones et al. 2009, MNRAS 399:683; IRAF's bands by
BANDID. DESI: arms of ``B_WAVELENGTH``, ``B_FLUX``, ``B_IVAR``, Guy et al. 2023, AJ 165:144.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io.fits import Header

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Note
from cubeview.errors import CubeviewError
from cubeview.io.fits.axes import axis_of_row
from cubeview.io.fits.facts import facts_of, first_text
from cubeview.io.fits.layout import Part, check_size
from cubeview.io.names import said_by
from cubeview.io.quantity import words_of
from cubeview.io.spectra.case import LONGEST, MOST, Found, spectrum_case
from cubeview.io.spectra.columns import Column, Named, found_in, named

_ARM = re.compile(r"(?P<arm>\w+)_WAVELENGTH$")
_SAME_A = 0.01
"""Channels of two arms closer than this, in their unit, are one."""
_BANDS = {"SPECTRUM": "flux", "SIGMA": "sigma"}
_OTHER = ("OI_", "IMA_", "SPE_")
"""Beginnings of names in files of interferometers and in catalogue sources, which are refused."""
_ROWS_OF_6DF = ("flux", "variance", "sky", "wavelength")


def arms_in(parts: Sequence[Part]) -> list[str]:
    """Return the arms of a DESI file; empty for any other."""
    names = {part.name for part in parts}
    arms = [found["arm"] for part in parts if (found := _ARM.match(part.name))]
    return [arm for arm in arms if f"{arm}_FLUX" in names]


def spectra_in(hdus: Any, parts: Sequence[Part], path: Path, size: int) -> list[Case]:
    """Return the spectra of a file without a cube; empty where it holds none.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
    parts : sequence of Part
    path : Path
    size : int
        Bytes of the file.

    Raises
    ------
    CubeviewError
        If a spectrum has no values, or there are too many.
    """
    primary = parts[0].header
    if any(part.name.startswith(_OTHER) for part in parts):
        return []
    for part in parts:
        if part.shape and 0 not in part.shape and part.what == "image":
            check_size(part, path, size)
    if arms := arms_in(parts):
        found = list(_of_arms(hdus, arms, path))
    else:
        found = list(_of_tables(hdus, parts)) or list(_of_images(hdus, parts))
    if len(found) > MOST:
        raise CubeviewError(
            f"{path}: {len(found):,} spectra in one file, and CubeView opens {MOST:,} at most. Cut "
            "the ones you want out of it first."
        )
    facts = {key: text for key, text in facts_of((primary, primary)).items() if text}
    facts |= _catalogued(hdus, parts)
    called = facts.get("object", "") or path.name.split(".")[0]
    cases = []
    for one in found:
        name = f"{called} [{one.part}]" if len(found) > 1 else called
        title = one.part if len(found) > 1 else ""
        full = replace(one, name=name, part=title, facts={**facts, **one.facts})
        cases.append(spectrum_case(path, full))
    return cases


def _surveys(*headers: Header) -> str:
    return " ".join(first_text(headers, key) for key in ("TELESCOP", "INSTRUME", "SURVEY"))


def _medium(*headers: Header) -> str:
    for header in headers:
        vacuum = header.get("VACUUM")
        if isinstance(vacuum, bool | int):
            return "vacuum" if vacuum else "air"
    said = (first_text(headers, "AIRORVAC") or first_text(headers, "MEDIUM")).lower()
    return "air" if said == "air" else "vacuum" if said.startswith("vac") else ""


def _catalogued(hdus: Any, parts: Sequence[Part]) -> dict[str, str]:
    """Return class and redshift that a survey's pipeline gives in a table of one row."""
    for part in parts:
        names = getattr(hdus[part.number], "columns", None)
        if (
            names is None
            or part.header.get("NAXIS2") != 1
            or not {"Z", "CLASS"} <= set(names.names)
        ):
            continue
        row = hdus[part.number].data[0]
        try:
            z = float(row["Z"])
        except (TypeError, ValueError):
            continue
        if -1.0 < z < 2000.0:
            return {"redshift": f"{z:.8g}", "class": str(row["CLASS"]).strip().lower()}
    return {}


def _of_tables(hdus: Any, parts: Sequence[Part]) -> Iterator[Found]:
    """Yield the spectra of the first table that holds any: one, or one a row."""
    primary = parts[0].header
    for part in parts:
        table = hdus[part.number]
        columns = getattr(table, "columns", None)
        rows = int(part.header.get("NAXIS2") or 0)
        if part.what != "table" or columns is None or not 0 < rows <= LONGEST:
            continue
        numbers = {str(c.name): str(c.unit or "") for c in columns if c.name
                   and str(c.format).lstrip("0123456789")[:1] in "LBIJKED"}  # fmt: skip
        chosen = named(numbers)
        if chosen is None or chosen.axis is None:
            continue
        headers = (part.header, primary)
        values = {name: np.asarray(table.data[name]) for name in _used(chosen)}
        places = values[chosen.axis]
        if places.ndim > 2 or (places.ndim == 1 and len(places) < 2):
            continue
        count = 1 if places.ndim == 1 else len(places)
        for row in range(count):
            given = {
                name: Column(name, numbers[name], array if array.ndim == 1 and count == 1 else
                             np.atleast_1d(array[row]))
                for name, array in values.items()
            }  # fmt: skip
            if len({column.values.shape for column in given.values()}) > 1:
                continue
            yield found_in(
                given,
                chosen,
                medium=_medium(*headers),
                surveys=_surveys(*headers),
                unit=first_text(headers, "BUNIT"),
                part=f"row {row + 1}" if count > 1 else part.title,
            )
        return


def _used(chosen: Named) -> list[str]:
    names = (chosen.axis, chosen.flux, chosen.noise, chosen.mask)
    return [name for name in names if name is not None]


def _of_images(hdus: Any, parts: Sequence[Part]) -> Iterator[Found]:
    """Yield the spectra of images: of one row with others beside it, or of rows of one image."""
    lines = [part for part in parts if part.what == "image" and len(part.real) == 1
             and 0 not in part.shape and part.real[0] <= LONGEST]  # fmt: skip
    if lines:
        yield from _of_lines(hdus, lines, parts)
        return
    for part in parts:
        if part.what == "image" and len(part.real) == 2 and 0 not in part.shape:
            yield from _of_rows(hdus, part, parts[0].header)


def _of_lines(hdus: Any, lines: list[Part], parts: Sequence[Part]) -> Iterator[Found]:
    """Yield the one spectrum of a file of one-dimensional images."""
    primary = parts[0].header
    units = {part.title: first_text((part.header,), "BUNIT") for part in lines}
    notes: list[Note] = []
    chosen = named(units, need_axis=False)
    flux = next((part for part in lines if chosen and part.title == chosen.flux), None) or next(
        (part for part in lines if not part.name and said_by(part.name).role == "flux"), lines[0]
    )
    noise, mask = (chosen.noise, chosen.mask) if chosen else (None, None)
    same = {part.title: part for part in lines if part.real == flux.real}
    columns = {name: Column(name, units[name], _values(hdus[part.number]))
               for name, part in same.items()}  # fmt: skip
    named_axis = next((name for name in same if words_of(name).code), None)
    headers = (flux.header, primary)
    if named_axis == flux.title:
        return
    axis = None
    if named_axis is None:
        wcs = flux.header if _places(flux.header) else primary
        axis = axis_of_row(wcs, hdus, flux.real[0], notes, _medium(*headers))
        if axis is None:
            return
        axis = _of_survey(axis, _surveys(*headers), notes)
    unnamed = len(same) > 1 and flux is lines[0] and not any(part.name for part in lines[:3])
    if unnamed and "SDSS" in _surveys(primary).upper():
        noise, second = "ivar", list(same)[1]
        columns[noise] = replace(columns[second], name=noise)
        text = f"{second} has no name: taken as inverse variance, as SDSS writes it"
        notes.append(Note("guess", text, "error meaning"))
    elif unnamed and noise is None:
        notes.append(Note("info", f"{len(same) - 1} further images have no name: not used"))
    wanted = Named(named_axis, flux.title, noise if noise in columns else None,
                   mask if mask in same else None)  # fmt: skip
    yield found_in(
        columns,
        wanted,
        notes,
        axis=axis,
        medium=_medium(*headers),
        surveys=_surveys(*headers),
        unit=first_text(headers, "BUNIT"),
        part=flux.title,
    )


def _of_rows(hdus: Any, part: Part, primary: Header) -> Iterator[Found]:
    """Yield the spectra of an image whose rows are told: bands of one, or several spectra."""
    header, surveys = part.header, _surveys(part.header, primary)
    rows = np.asarray(hdus[part.number].data)
    rows = rows.reshape(-1, rows.shape[-1])
    if rows.shape[1] < 2:
        return
    names = _names_of_rows(header, part, rows, surveys)
    if names is None:
        return
    notes: list[Note] = []
    columns = {name: Column(name, "", row.astype(np.float64))
               for name, row in zip(names, rows, strict=False)}  # fmt: skip
    place = "wavelength" if "wavelength" in columns else None
    axis = None
    headers = (header, primary)
    if place is None:
        wcs = header if _places(header) else primary
        axis = axis_of_row(wcs, hdus, rows.shape[1], notes, _medium(*headers))
        if axis is None:
            return
        axis = _of_survey(axis, surveys, notes)
    fluxes = [name for name in names if name.startswith("flux")]
    noise = next((name for name in names if name in ("sigma", "variance", "ivar")), None)
    mask = next((name for name in names if name in ("mask", "AND_MASK")), None)
    for name in fluxes:
        yield found_in(
            columns,
            Named(place, name, noise, mask),
            notes,
            axis=axis,
            medium=_medium(*headers),
            surveys=surveys,
            unit=first_text(headers, "BUNIT"),
            part=f"row {names.index(name) + 1}",
        )


def _names_of_rows(
    header: Header, part: Part, rows: np.ndarray, surveys: str
) -> tuple[str, ...] | None:
    """Return what each row of an image is; None where they are no spectra."""
    count = len(rows)
    if "SDSS" in surveys.upper() and count == 5:
        return "flux", "less continuum", "sigma", "AND_MASK", "other"
    if "LAMOST" in surveys.upper() and count in (4, 5):
        return ("flux", "ivar", "wavelength", "AND_MASK", "OR_MASK")[:count]
    if part.name.startswith("SPECTRUM") and count in (3, 4):
        return _ROWS_OF_6DF[:count]
    bands = [str(header.get(f"BANDID{n}", "")).upper() for n in range(1, count + 1)]
    if all(bands):
        # "raw - background fit - …" names two: the first word says what the band is.
        told = [_BANDS.get(band.split()[0], "other") for band in bands]
        return tuple(what if told.index(what) == place else f"other {place}"
                     for place, what in enumerate(told))  # fmt: skip
    system = str(header.get("WAT0_001", "")).lower()
    if count <= MOST and any(word in system for word in ("multispec", "equispec")):
        return tuple(f"flux {n}" for n in range(1, count + 1))
    return None


def _of_arms(hdus: Any, arms: list[str], path: Path) -> Iterator[Found]:
    """Yield the spectra of a DESI file, its arms put together."""
    names = {hdu.name.upper() for hdu in hdus}
    loaded = []
    for arm in arms:
        wave = np.asarray(hdus[f"{arm}_WAVELENGTH"].data, dtype=np.float64).ravel()
        flux = np.atleast_2d(np.asarray(hdus[f"{arm}_FLUX"].data, dtype=np.float64))
        weight = np.ones_like(flux)
        if f"{arm}_IVAR" in names:
            weight = np.atleast_2d(np.asarray(hdus[f"{arm}_IVAR"].data, dtype=np.float64))
        if f"{arm}_MASK" in names:
            weight = np.where(np.atleast_2d(hdus[f"{arm}_MASK"].data) != 0, 0.0, weight)
        if flux.shape != weight.shape or flux.shape[1:] != wave.shape:
            raise CubeviewError(
                f"{path}: {arm}_FLUX, {arm}_IVAR and {arm}_WAVELENGTH do not fit each other. "
                "Download the file again."
            )
        loaded.append((wave, flux, weight))
    count = min(len(flux) for _, flux, _ in loaded)
    unit = first_text((hdus[f"{arms[0]}_FLUX"].header,), "BUNIT")
    targets = _targets(hdus, count)
    for row in range(min(count, MOST + 1)):
        wave = np.concatenate([wave for wave, _, _ in loaded])
        flux = np.concatenate([flux[row] for _, flux, _ in loaded])
        weight = np.concatenate([weight[row] for _, _, weight in loaded])
        wave, flux, weight = _merged(wave, flux, np.where(weight > 0, weight, 0.0))
        columns = {
            "WAVELENGTH": Column("WAVELENGTH", "Angstrom", wave),
            "FLUX": Column("FLUX", unit, flux),
            "IVAR": Column("IVAR", "", weight),
        }
        notes = [Note("info", f"arms {', '.join(arms)} put together, weighted by their noise")]
        yield found_in(
            columns,
            Named("WAVELENGTH", "FLUX", "IVAR"),
            notes if len(arms) > 1 else (),
            surveys="DESI",
            part=targets[row],
        )


def _merged(
    wave: np.ndarray, flux: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return channels in order, those at the same place as their weighted mean."""
    order = np.argsort(wave, kind="stable")
    wave, flux, weight = wave[order], flux[order], weight[order]
    starts = np.flatnonzero(np.r_[True, np.diff(wave) > _SAME_A])
    total = np.add.reduceat(weight, starts)
    summed = np.add.reduceat(np.where(weight > 0, flux * weight, 0.0), starts)
    return wave[starts], summed / np.where(total > 0, total, 1.0), total


def _targets(hdus: Any, count: int) -> list[str]:
    try:
        return [f"target {number}" for number in hdus["FIBERMAP"].data["TARGETID"][:count]]
    except (KeyError, TypeError, IndexError):
        return [f"row {row + 1}" for row in range(count)]


def _places(header: Mapping[str, Any]) -> bool:
    return "CRVAL1" in header or "CTYPE1" in header


def _of_survey(axis: Axis, surveys: str, notes: list[Note]) -> Axis:
    """Return an axis with the medium of its survey, where the header is silent."""
    if axis.name != "Wavelength" or axis.medium or "SDSS" not in surveys.upper():
        return axis
    notes[:] = [note for note in notes if note.about != "medium"]
    notes.append(Note("info", "wavelengths are in vacuum, as SDSS gives them", "medium"))
    return replace(axis, medium="vacuum")


def _values(hdu: Any) -> np.ndarray:
    """Return the numbers of an image, scaled as its header says."""
    header = hdu.header
    with np.errstate(all="ignore"):
        values: np.ndarray = np.asarray(hdu.data, dtype=np.float64).ravel()
    blank = header.get("BLANK")
    if isinstance(blank, int) and header["BITPIX"] > 0:
        values[values == blank] = np.nan
    scale, zero = (header.get(key, usual) for key, usual in (("BSCALE", 1.0), ("BZERO", 0.0)))
    if (scale, zero) == (1.0, 0.0) or not all(isinstance(n, int | float) for n in (scale, zero)):
        return values
    with np.errstate(all="ignore"):
        return values * float(scale) + float(zero)
