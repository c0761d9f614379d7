"""Which columns of a table are a spectrum: places on the axis, values, their noise, what is bad."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.io.names import Meaning, said_by
from cubeview.io.quantity import quantity_of, words_of
from cubeview.io.spectra.case import Found, axis_from

_AXES = ("WL", "LOGLAM", "LOGWAVE", "ANGSTROM", "ANGSTROMS", "MICRON", "MICRONS")
"""Names of axes without a word that `words_of` knows."""
_NO_AXIS = re.compile(r"MIN|MAX|ERR|DISP|STEP|DELTA|OFFSET|SIG|WIDTH|RES", re.I)
_VALUES = ("FLUX", "FLAM", "FLAMBDA", "FNU", "FLUXDENSITY", "SPECTRUM", "SPEC", "DATA", "SCI",
           "SIGNAL", "INTENSITY", "COUNTS", "COUNT", "BRIGHTNESS", "VALUE", "VALUES", "SURF",
           "TRANSMISSION", "REFLECTANCE", "F", "I", "Y")  # fmt: skip
"""First words of the names of values, what is measured before what is derived."""
_DERIVED = ("MODEL", "CONT", "CNTM", "SKY", "BACKGROUND", "BKG", "BKGD", "REMOVED", "EMLINE",
            "NORM", "NORMALIZED", "FIT", "RAW", "MED", "SMOOTH", "SMOOTHED", "NPIXELS", "NOQUAL",
            "TELLURIC", "BOXCAR", "REDUCED")  # fmt: skip
_WARN = ("ANDMASK", "AND_MASK", "ORMASK", "OR_MASK")
"""Flags of SDSS and LAMOST, which warn only: what is bad has an inverse variance of 0 there."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of numbers, or a row of an image."""

    name: str
    unit: str
    values: np.ndarray  # shape (n,)


@dataclass(frozen=True)
class Named:
    """The columns of a spectrum by name; None where there is none."""

    axis: str | None
    flux: str
    noise: str | None = None
    mask: str | None = None
    others: tuple[str, ...] = ()  # that could be the values as well


def named(units: Mapping[str, str], *, need_axis: bool = True) -> Named | None:
    """Return which columns are a spectrum, by their names and units; None where none are.

    Parameters
    ----------
    units : mapping of str to str
        Unit of each column of numbers, empty where it has none; in the order of the table.
    need_axis : bool
        False where the places on the axis stand in a header.
    """
    axis = _axis_of(units)
    if axis is None and need_axis:
        return None
    rest = [name for name in units if name != axis]
    values = sorted((rank, place, name) for place, name in enumerate(rest)
                    if (rank := _rank(name)) is not None)  # fmt: skip
    if not values and axis is not None and len(rest) == 1 and said_by(rest[0]).role == "flux":
        values = [((0, 0), 0, rest[0])]
    if not values:
        return None
    flux = values[0][2]
    own = said_by(flux).rest
    noises = [name for name in rest if name != flux and said_by(name).role == "noise"]
    alike = [name for name in noises if said_by(name).rest == own]
    noise = alike[0] if alike else noises[0] if len(noises) == 1 else None
    masks = [name for name in rest if said_by(name).role == "mask" or name.upper() in _WARN]
    others = tuple(name for (rank, _, name) in values[1:] if rank[1] == values[0][0][1])
    return Named(axis, flux, noise, masks[0] if masks else None, others)


def found_in(
    columns: Mapping[str, Column],
    chosen: Named,
    notes: Sequence[Note] = (),
    *,
    axis: Axis | None = None,
    medium: str = "",
    surveys: str = "",
    unit: str = "",
    **rest: Any,
) -> Found:
    """Return the spectrum that columns hold.

    Parameters
    ----------
    columns : mapping of str to Column
    chosen : Named
    notes : sequence of Note
    axis : Axis, optional
        Where no column gives it.
    medium, surveys : str
        As in `axis_from`.
    unit : str
        Of the values where their column says nothing.
    **rest
        Fields of `Found`.
    """
    said = list(notes)
    if axis is None:
        assert chosen.axis is not None
        place = columns[chosen.axis]
        axis = axis_from(place.name, place.unit, place.values, medium, surveys, said)
    flux = columns[chosen.flux]
    if chosen.others:
        text = f"values are those of {flux.name}; there are also {', '.join(chosen.others[:6])}"
        said.append(Note("guess", text))
    meaning: Meaning = "sigma"
    noise = None
    if chosen.noise is not None:
        meaning = said_by(chosen.noise).meaning or "sigma"
        noise = columns[chosen.noise].values
        text = f"noise from {chosen.noise}, which holds {meaning}"
        said.append(Note("info", text, "error meaning"))
    bad = None
    if chosen.mask is not None:
        bad = _bad(columns[chosen.mask], surveys, said)
    return Found(
        axis, flux.values, flux.unit or unit, noise, meaning, bad, notes=tuple(said), **rest
    )


def _axis_of(units: Mapping[str, str]) -> str | None:
    named = [name for name in units if not _NO_AXIS.search(name)
             and (name.upper() in _AXES or words_of(name).code not in ("", "ZOPT"))]  # fmt: skip
    if named:
        # Wavelengths before what else there is, the first of them.
        return min(named, key=lambda name: words_of(name).code not in ("WAVE", "AWAV"))
    by_unit = [name for name, unit in units.items()
               if unit and quantity_of(unit) in ("WAVE", "FREQ", "ENER")]  # fmt: skip
    return by_unit[0] if len(by_unit) == 1 else None


def _rank(name: str) -> tuple[int, int] | None:
    """Return how far back a column comes as the values of a spectrum; None for none of them."""
    if said_by(name).role != "flux" or name.upper() in _WARN:
        return None
    words = [word for word in re.split(r"[^A-Z0-9]+", name.upper().split("(")[0].split("[")[0])
             if word]  # fmt: skip
    joined = "".join(words[:2])
    first = next((place for place, word in enumerate(_VALUES) if words and words[0] == word), None)
    if joined in _VALUES:
        first = _VALUES.index(joined)
    if first is None:
        return None
    derived = sum(word in _DERIVED for word in words)
    return derived, first


def _bad(mask: Column, surveys: str, notes: list[Note]) -> np.ndarray | None:
    flags: np.ndarray = np.nan_to_num(np.asarray(mask.values, dtype=np.float64)).astype(np.int64)
    if mask.name.upper() in _WARN:
        text = f"{mask.name} is not used: it warns, and what is bad has no noise beside it"
        notes.append(Note("info", text))
        return None
    bad: np.ndarray = flags != 0
    if "JWST" in surveys.upper():
        notes.append(Note("info", f"channels are left out where {mask.name} says DO_NOT_USE"))
        bad = (flags & 1) > 0
    elif said_by(mask.name).marks == "good":
        notes.append(Note("info", f"channels are left out where {mask.name} is 0, as it is named"))
        bad = flags == 0
    else:
        notes.append(
            Note("info", f"channels flagged in {mask.name} are left out where it is not 0")
        )
    return bad
