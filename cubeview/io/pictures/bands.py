"""Bands of one field as one case: which images belong together, and in which order they lie."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube, Note
from cubeview.kinds import PICTURE

MOST = 8
"""Bands of one case; more are planes of something else."""

_ORDER = ("FUV", "NUV", "u", "B", "blue", "g", "V", "green", "R", "r", "red", "I", "i", "z", "Y",
          "y", "J", "H", "K", "Ks", "W1", "W2", "W3", "W4")  # fmt: skip
"""Bands from short to long waves (Bessell 2005, ARA&A 43:293, table 1)."""

_SPACE = re.compile(r"F(\d{3,4})(W|M|N|LP|X|W2)$")
"""Filters of Hubble and Webb, whose number grows with the wavelength."""

_KNOWN = {name.upper(): name for name in ("FUV", "NUV", "blue", "green", "red", "Ks", "W1", "W2",
                                          "W3", "W4")}  # fmt: skip
_ONE_LETTER = frozenset(name for name in _ORDER if len(name) == 1)
_WORDS = re.compile(r"[-_.\s\[\]()]+")
_SAME_PX = 0.5


def band_of(text: str) -> str:
    """Return the band a filter's name says: ``"r"`` of ``"SDSS r"``; empty where it says none.

    Parameters
    ----------
    text : str
        As a header writes it: ``"g DECam SDSS c0001 4720.0"``, ``"F814W"``.
    """
    words = [word for word in re.split(r"[-_.\s'\";,]+", text) if word]
    for word in words:
        if _SPACE.match(word.upper()):
            return word.upper()
        if word.upper() in _KNOWN:
            return _KNOWN[word.upper()]
    letters = [word for word in words if word in _ONE_LETTER]
    return letters[0] if letters and len(set(letters)) == 1 else ""


def from_long_to_short(bands: Iterable[str]) -> list[str]:
    """Return bands in order of their waves, the longest first, as red comes before blue."""

    def place(band: str) -> tuple[int, float]:
        if found := _SPACE.match(band):
            return 1, float(found[1])
        return (0, float(_ORDER.index(band))) if band in _ORDER else (-1, 0.0)

    return sorted(bands, key=place, reverse=True)


def joined(cases: Sequence[Case]) -> list[Case]:
    """Return cases with images of one field in several bands as one case each, in its place.

    They lie in one file, or in one folder under names that differ in the band alone; have as many
    rows and columns; and show the same place on the sky, where they say one.

    Parameters
    ----------
    cases : sequence of Case
        Those that are no pictures of a single band stay as they are.
    """
    groups: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        key = _key(case)
        if key is not None:
            groups.setdefault(key, []).append(case)
    whole: dict[int, Case] = {}
    gone: set[int] = set()
    for group in groups.values():
        named = {_band(case): case for case in group}
        first = group[0].main
        alike = all(_same_place(first, case.main) for case in group)
        if not (1 < len(group) == len(named) <= MOST and alike):
            continue
        order = from_long_to_short(named)
        whole[id(group[0])] = _together([named[band] for band in order], order)
        gone |= {id(case) for case in group[1:]}
    return [whole.get(id(case), case) for case in cases if id(case) not in gone]


def _together(cases: Sequence[Case], bands: Sequence[str]) -> Case:
    text = f"bands {', '.join(bands)} put together: shown as one picture, judged as one"
    cubes = {
        band: replace(case.main, notes=(*case.main.notes, Note("info", text)))
        for band, case in zip(bands, cases, strict=True)
    }
    first = cases[0]
    name = first.main.facts.get("object") or _stem(first) or first.name
    return Case(name, PICTURE.key, cubes)


def _band(case: Case) -> str:
    """Return the band of a picture: what its header says, else its file's name."""
    if band := band_of(case.main.facts.get("filter", "")):
        return band
    source = case.main.source
    if source is None:
        return ""
    if band := band_of(source.part):
        return band
    return band_of(source.path.name.split(".")[0])


def _stem(case: Case) -> str:
    """Return the name of a picture's file without its band."""
    source = case.main.source
    if source is None:
        return ""
    band = _band(case).upper()
    words = _WORDS.split(source.path.name.split(".")[0])
    return "-".join(word for word in words if word.upper() != band)


def _key(case: Case) -> tuple[object, ...] | None:
    source = case.main.source
    if case.kind != PICTURE.key or len(case.roles) > 1 or source is None or not _band(case):
        return None
    return source.path.parent, _stem(case), case.main.shape


def _same_place(one: Cube, other: Cube) -> bool:
    """Tell whether corners lie at the same place of the sky, within half a pixel."""
    if (one.wcs is None) != (other.wcs is None):
        return False
    if one.wcs is None:
        return True
    _, rows, columns = one.shape
    corners = np.array([[x, y] for x in (0, columns - 1) for y in (0, rows - 1)], dtype=float)
    try:
        there = other.wcs.wcs_world2pix(one.wcs.wcs_pix2world(corners, 0), 0)
    except (ValueError, ArithmeticError):
        return False
    return bool(np.nanmax(np.abs(there - corners)) < _SAME_PX) if np.isfinite(there).any() else True
