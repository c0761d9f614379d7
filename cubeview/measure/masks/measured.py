"""What a mask holds: volume, flux, mean, and the pieces each label falls into."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, generate_binary_structure, label

from cubeview.cubes.cube import Cube
from cubeview.cubes.mask import Mask, MaskLabel
from cubeview.cubes.units import summed
from cubeview.errors import Report, nothing

_TOUCHING = generate_binary_structure(3, 3)

MOST_PIECES = 10_000
"""Most pieces that are listed, largest first."""


@dataclass(frozen=True)
class Held:
    """What some voxels of a cube hold.

    Parameters
    ----------
    voxels : int
    volume : float or None
        In ml where voxels have a size in mm, else None.
    total, error : float or None
        Sum of the values, for sky cubes times the step of the spectral axis, in `unit`; one
        standard deviation from the cube's own uncertainty with voxels as independent, None where
        it states none.
    unit : str
    mean : float or None
        Of the values, in the cube's unit.
    peak_sn : float or None
        Largest value over its uncertainty.
    voxel : tuple of three float
        Mean place (z, y, x), weighted by values above zero.
    world : tuple of three float
        The same in the units of the axes.
    """

    voxels: int
    volume: float | None
    total: float | None
    error: float | None
    unit: str
    mean: float | None
    peak_sn: float | None
    voxel: tuple[float, float, float]
    world: tuple[float, float, float]


@dataclass(frozen=True)
class LabelHeld:
    """One label: all of it, and its pieces, largest first."""

    label: MaskLabel
    whole: Held | None
    pieces: tuple[Held, ...]
    count: int


def measured(mask: Mask, *, report: Report = nothing) -> tuple[LabelHeld, ...]:
    """Return what each label of a mask holds of its cube.

    Parameters
    ----------
    mask : Mask
        On the cube whose values count.
    report : Report
        Called per label; may raise Cancelled.
    """
    found = []
    boxes = find_objects(mask.values)
    for step, entry in enumerate(mask.labels):
        report(step / len(mask.labels), f"measuring {entry.name}")
        box = boxes[entry.number - 1] if entry.number <= len(boxes) else None
        if box is None:
            found.append(LabelHeld(entry, None, (), 0))
            continue
        inside = mask.values[box] == entry.number
        pieces, count = label(inside, _TOUCHING)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
        order = np.argsort(-sizes, kind="stable")[:MOST_PIECES] + 1
        values = mask.cube.box(box).astype(np.float64)
        sigma = None if mask.cube.uncertainty is None else mask.cube.uncertainty.box(box)
        start = [part.start for part in box]
        parts = find_objects(pieces)

        def held(
            here: np.ndarray,
            room: tuple[slice, ...],
            values: np.ndarray = values,
            sigma: np.ndarray | None = sigma,
            start: list[int] = start,
        ) -> Held:
            first = [a + part.start for a, part in zip(start, room, strict=True)]
            noise = None if sigma is None else sigma[room].astype(np.float64)
            return _held(mask.cube, here, values[room], noise, first)

        whole = held(inside, tuple(slice(0, n) for n in inside.shape))
        each = tuple(held(pieces[parts[n - 1]] == n, parts[n - 1]) for n in order)
        found.append(LabelHeld(entry, whole, each, count))
    report(1.0, "measured")
    return tuple(found)


def sum_unit(cube: Cube) -> tuple[float, str]:
    """Return what a sum over voxels is multiplied by, and the unit it has then; empty for none."""
    factor, unit = summed(cube)
    axis = cube.axes[0]
    if axis.kind == "spectral" and unit:
        return factor * (abs(axis.step) or 1.0), f"{unit} {axis.unit}".strip()
    return factor, unit


def _held(
    cube: Cube, here: np.ndarray, values: np.ndarray, sigma: np.ndarray | None, start: list[int]
) -> Held:
    known = here & np.isfinite(values)
    seen = values[known]
    factor, unit = sum_unit(cube)
    in_mm = all(axis.unit == "mm" for axis in cube.axes)
    error = peak = None
    if sigma is not None:
        sure = known & np.isfinite(sigma) & (sigma > 0)
        error = float(np.sqrt(np.square(sigma[sure]).sum())) * factor
        peak = float((values[sure] / sigma[sure]).max()) if sure.any() else None
    places = np.argwhere(here)
    weights = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)[here]
    if not weights.sum() > 0:
        weights = np.ones(len(places))
    z, y, x = np.average(places, axis=0, weights=weights) + start
    count = int(np.count_nonzero(here))
    world = cube.world(float(z), float(y), float(x))
    return Held(
        voxels=count,
        volume=count * math.prod(cube.spacing) / 1000.0 if in_mm else None,
        total=float(seen.sum()) * factor if seen.size else None,
        error=error,
        unit=unit,
        mean=float(seen.mean()) if seen.size else None,
        peak_sn=peak,
        voxel=(float(z), float(y), float(x)),
        world=world,
    )
