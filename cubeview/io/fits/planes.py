"""Cubes of more than three axes: one case for each plane of the further axes, as Stokes I and Q."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from astropy.io.fits import Header

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Note, Source
from cubeview.io.fits.header import step_of
from cubeview.io.voxels.store import FitsPixels, FlagPixels, SigmaPixels

STOKES = {1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR",
          -5: "XX", -6: "YY", -7: "XY", -8: "YX"}  # fmt: skip

MOST_PLANES = 12
"""Planes of further axes that become cases of their own."""

Plane = tuple[tuple[int, ...], str]
"""Index at which each stored axis is held, and the name of the plane."""


def stokes_name(header: Header, number: int, index: int = 0) -> str:
    """Return the name of a polarisation.

    Parameters
    ----------
    header : Header
    number, index : int
        FITS axis, from 1, and voxel along it, from 0.
    """
    step = step_of(header, number) or 1.0
    value = header.get(f"CRVAL{number}", 1) + step * (index + 1 - header.get(f"CRPIX{number}", 1))
    return f"Stokes {STOKES.get(round(value), f'{value:g}')}"


def planes_of(
    header: Header, lengths: tuple[int, ...], used: Sequence[int], notes: list[Note]
) -> list[Plane]:
    """Return the planes of the axes that are not shown; none where there is only one.

    Parameters
    ----------
    header : Header
    lengths : tuple of int
        Of the FITS axes.
    used : sequence of int
        FITS axes that are shown.
    notes : list of Note
        Gains what is left out.
    """
    others = [n for n, length in enumerate(lengths, 1) if length > 1 and n not in used]
    counts = [lengths[n - 1] for n in others]
    total = math.prod(counts)
    if total == 1:
        return []
    if total > MOST_PLANES:
        what = " × ".join(_axis_name(header, n) for n in others)
        text = f"the first of {total} planes along {what} is shown; the others are not"
        notes.append(Note("info", text))
        return []
    planes = []
    for indices in itertools.product(*map(range, counts)):
        fixed = [0] * len(lengths)
        names = []
        for number, index in zip(others, indices, strict=True):
            fixed[len(lengths) - number] = index
            is_stokes = str(header.get(f"CTYPE{number}", "")).upper() == "STOKES"
            name = f"{_axis_name(header, number)} {index + 1}"
            names.append(stokes_name(header, number, index) if is_stokes else name)
        planes.append((tuple(fixed), ", ".join(names)))
    return planes


def each_plane(case: Case, planes: Sequence[Plane]) -> list[Case]:
    """Return a case for each plane of the further axes; the case itself where there are none."""
    cases = []
    for number, (fixed, name) in enumerate(planes):
        cube, source = case.main, case.main.source
        assert source is not None
        # The first keeps the part it had: labels hang on it.
        part = source.part if number == 0 else " ".join(filter(None, (source.part, name)))
        text = f"{name}: one of {len(planes)} planes, each a case of its own"
        held = {
            name: _held(getattr(cube, name), fixed) for name in ("pixels", "uncertainty", "mask")
        }
        notes = (*cube.notes, Note("info", text))
        made = replace(cube, **held, notes=notes, source=Source(source.path, part))
        cases.append(Case(f"{case.name} [{name}]", case.kind, {"flux": made}))
    return cases or [case]


def _axis_name(header: Header, number: int) -> str:
    return str(header.get(f"CTYPE{number}", "")).strip().lower() or f"axis {number}"


def _held(pixels: Any, fixed: tuple[int, ...]) -> Any:
    """Return pixels of another plane; those without further axes hold for every plane."""
    if isinstance(pixels, SigmaPixels | FlagPixels):
        return replace(pixels, pixels=_held(pixels.pixels, fixed))
    if isinstance(pixels, FitsPixels) and len(pixels.layout.shape) == len(fixed):
        limits = zip(fixed, pixels.layout.shape, strict=True)
        if all(index < length for index, length in limits):
            return replace(pixels, layout=replace(pixels.layout, fixed=fixed))
    return pixels
