"""One spectrum as a case: a cube of one spaxel, its channels in order, noise as one sigma."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.correct_sky import POWERS
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.errors import CubeviewError
from cubeview.io.corrections import instrument_name
from cubeview.io.names import Meaning
from cubeview.io.quantity import (
    MEDIUM_UNKNOWN,
    NAMES,
    axis_unit,
    parsed_unit,
    quantity_of,
    unit_of_wavelengths,
    words_of,
)
from cubeview.kinds import SPECTRUM

LONGEST = 10_000_000
"""Channels of the longest table that is read as a spectrum."""

MOST = 1000
"""Spectra of the largest file that is opened; more are a survey, to be cut first."""

_USUAL = {"FREQ": "Hz", "ENER": "keV", "VELO": "km/s", "WAVN": "cm-1"}
_IN_VACUUM = ("SDSS", "LAMOST", "DESI", "BOSS")
"""Surveys whose wavelengths are in vacuum: Stoughton et al. 2002, AJ 123:485; Luo et al. 2015, RAA
15:1095; Guy et al. 2023, AJ 165:144."""


@dataclass(frozen=True, eq=False)
class Found:
    """A spectrum as its file holds it.

    Parameters
    ----------
    axis : Axis
    values : ndarray, shape (n,), in `unit`
    unit : str
        As written.
    noise : ndarray, shape (n,), optional
        What it holds `meaning` says.
    meaning : str
        A key of `cubeview.cubes.correct_sky.POWERS`.
    bad : ndarray of bool, shape (n,), optional
        Channels not to be used.
    name, part : str
        What the case is called, and the part of the file it comes from, where there are several.
    facts : mapping of str to str
    notes : tuple of Note
    """

    axis: Axis
    values: np.ndarray
    unit: str = ""
    noise: np.ndarray | None = None
    meaning: Meaning = "sigma"
    bad: np.ndarray | None = None
    name: str = ""
    part: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def axis_from(
    name: str, unit: str, values: np.ndarray, medium: str, surveys: str, notes: list[Note]
) -> Axis:
    """Return the axis of a column of wavelengths, frequencies or the like.

    Parameters
    ----------
    name, unit : str
        Of the column, as written.
    values : ndarray, shape (n,)
    medium : {"air", "vacuum", ""}
        As the file says.
    surveys : str
        Words of the header that may name the survey.
    notes : list of Note
        Gains what was guessed.
    """
    said = words_of(name)
    written, unit = unit, axis_unit(unit) or said.unit
    code = (quantity_of(unit) if unit else "") or said.code or "WAVE"
    values = np.asarray(values, dtype=np.float64)
    if said.base:
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.power(np.e if said.base == "ln" else 10.0, values)
        text = f"{name} holds {'natural' if said.base == 'ln' else 'decimal'} logarithms"
        notes.append(Note("info", text))
        unit = "" if "log" in written.lower() or "dex" in written.lower() else unit
    known = values[np.isfinite(values) & (values != 0)]
    survey = next((one for one in _IN_VACUUM if one in surveys.upper()), "")
    guessed = not unit and not survey
    if survey and not unit:
        unit = "Angstrom"
    elif guessed:
        middle = float(np.median(known)) if len(known) else 0.0
        unit = unit_of_wavelengths(middle) if code == "WAVE" else _USUAL.get(code, "")
        text = f"{name} has no unit: {unit} guessed from values near {middle:g}"
        notes.append(Note("guess", text, "spectral unit"))
    if code == "WAVE":
        medium = medium or said.medium
        if not medium and survey:
            medium = "vacuum"
            text = f"wavelengths are in vacuum, as {survey} gives them"
            notes.append(Note("info", text, "medium"))
        elif not medium:
            notes.append(Note("guess", MEDIUM_UNKNOWN, "medium"))
    elif code == "VELO":
        text = "the file does not say how its velocities are defined"
        notes.append(Note("guess", text, "velocity definition"))
    return Axis(
        NAMES[code],
        "spectral",
        unit,
        values,
        type=name,
        medium=medium if code == "WAVE" else "",  # type: ignore[arg-type]
        guessed=guessed,
    )


def spectrum_case(path: Path, found: Found, beside: tuple[Path, ...] = ()) -> Case:
    """Return a spectrum as a case.

    Channels without a place on the axis are left out, others put in rising order; channels that
    are bad, or whose noise is no positive number, are masked.

    Parameters
    ----------
    path : Path
        For messages and as the source.
    found : Found
    beside : tuple of Path
        Other files it was read from.

    Raises
    ------
    CubeviewError
        If it has no channel with a value.
    """
    notes = list(found.notes)
    places = found.axis.values
    kept = np.flatnonzero(np.isfinite(places) & ((places > 0) | (found.axis.name == "Velocity")))
    if len(kept) < len(places):
        text = f"{_count(len(places) - len(kept))} without a place on the axis left out"
        notes.append(Note("repair", text))
    order = kept[np.argsort(places[kept], kind="stable")]
    falling = len(kept) > 1 and bool(np.all(np.diff(places[kept]) < 0))
    if not np.array_equal(order, kept) and not falling:
        notes.append(Note("repair", "channels were not in order: put in order of the axis"))
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(found.values, dtype=np.float64)[order].astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    if len(values) < 2 or np.isnan(values).all():
        raise CubeviewError(
            f"{path}: the spectrum {found.part or found.name} holds no values"
            f"{' but NaN' if len(values) > 1 else ''}. Choose another file."
        )
    facts = dict(found.facts)
    sigma, bad = None, np.zeros(len(order), bool)
    if found.bad is not None:
        bad |= found.bad[order]
    if found.noise is not None:
        with np.errstate(all="ignore"):
            given = np.asarray(found.noise, dtype=np.float64)[order]
            noise = np.where(given > 0, given, np.nan) ** POWERS[found.meaning]
            noise = noise.astype(np.float32)
        none = ~(np.isfinite(noise) & (noise > 0))
        if none.all():
            notes.append(Note("guess", "no channel has a noise above zero: it is not used"))
        else:
            facts["uncertainty"] = found.meaning
            noise[none] = np.nan
            sigma = ArrayPixels(noise[:, None, None])
            bad |= none
            if none.any():
                text = f"{_count(int(none.sum()))} without a noise above zero left out"
                notes.append(Note("info", text))
    if (bad | np.isnan(values)).all():
        bad[:] = False
        text = "every channel is flagged as bad: nothing is left out, and nothing is to be trusted"
        notes.insert(0, Note("guess", text))
    mask = ArrayPixels(bad.astype(np.float32)[:, None, None]) if bad.any() else None
    unit = found.unit.strip()
    parsed = parsed_unit(unit, notes)
    taken_by = facts.get("instrument", "") or facts.get("telescope", "")
    axis = replace(found.axis, values=places[order])
    cube = Cube(
        axes=(axis, plain_axis(1, "y"), plain_axis(1, "x")),
        pixels=ArrayPixels(values[:, None, None]),
        kind=SPECTRUM.key,
        unit=unit,
        quantity_unit=parsed,
        uncertainty=sigma,
        mask=mask,
        facts={key: text for key, text in facts.items() if text},
        notes=tuple(dict.fromkeys(notes)),
        source=Source(path, found.part, beside),
        instrument=instrument_name(taken_by),
    )
    name = found.name or path.name.split(".")[0]
    return Case(name, SPECTRUM.key, {SPECTRUM.role: cube})


def _count(number: int) -> str:
    return "1 channel" if number == 1 else f"{number:,} channels"
