"""An interval of the spectrum, read in slabs of planes; what its images need of the cube."""

from collections.abc import Iterator

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.unit import unit_of
from cubeview.errors import CubeviewError, Report

_SLAB = 2**20  # voxels read at once
_BLOCK = 2**22  # voxels of whole spectra read at once
_GAUSS_DIFFERENCE = np.sqrt(2.0)
"""The difference of two values scatters by this much more than one of them."""
_SMEARED = np.sqrt(2.0 / np.pi)
_ENOUGH = 400  # channels that noise is measured from


def channels_in(cube: Cube, low: float, high: float) -> np.ndarray:
    """Return which channels have their centre in an interval, shape (z,), bool.

    Parameters
    ----------
    cube : Cube
    low, high : float
        In the unit of the spectral axis, in either order.

    Raises
    ------
    CubeviewError
        If there is no spectral axis, or no channel lies there.
    """
    axis = cube.axes[0]
    if axis.kind != "spectral":
        raise CubeviewError("this cube has no spectral axis, so there are no images of a line.")
    low, high = min(low, high), max(low, high)
    inside: np.ndarray = (axis.values >= low) & (axis.values <= high)
    if not inside.any():
        first, last = sorted((axis.values[0], axis.values[-1]))
        raise CubeviewError(
            f"no channel lies between {low:g} and {high:g} {axis.unit}: the cube goes from "
            f"{first:.8g} to {last:.8g} {axis.unit}."
        )
    return inside


def summed_unit(cube: Cube, spectral: str) -> str:
    """Return the unit of a cube's values times that of its spectral axis."""
    try:
        return str((cube.quantity_unit * unit_of(spectral)).to_string("fits"))
    except (TypeError, ValueError):  # a unit that is not understood, or has no place in FITS
        return f"{cube.unit} {spectral}".strip()


def widths_of(along: np.ndarray) -> np.ndarray:
    """Return the width of each channel in the unit of the axis, shape (z,), positive."""
    widths: np.ndarray = np.abs(np.gradient(along)) if len(along) > 1 else np.ones(1)
    return widths


def runs_of(channels: np.ndarray) -> list[tuple[int, int]]:
    """Return channel numbers, ascending, as runs of neighbours: first and one behind the last."""
    if not len(channels):
        return []
    cuts = np.flatnonzero(np.diff(channels) > 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(channels, cuts)]


def slabs(
    cube: Cube, channels: np.ndarray, report: Report, *, noise: bool = False
) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
    """Read planes a few at a time.

    Parameters
    ----------
    cube : Cube
    channels : ndarray of int
        Ascending.
    report : Report
        Called for each slab.
    noise : bool
        Read the cube's uncertainty too.

    Yields
    ------
    channels : slice
    values : ndarray, shape (channels, y * x), float32
        NaN where nothing is known; may be written to.
    sigma : ndarray of that shape, float32, or None
    """
    spaxels = cube.shape[1] * cube.shape[2]
    step = max(1, _SLAB // spaxels)
    sky = slice(0, cube.shape[1]), slice(0, cube.shape[2])
    done = 0
    for first, last in runs_of(channels):
        for start in range(first, last, step):
            report(done / len(channels), "reading planes")
            part = slice(start, min(start + step, last))
            done += part.stop - part.start
            values = cube.box((part, *sky)).reshape(-1, spaxels)
            if not values.flags.writeable:
                values = values.copy()
            known = cube.uncertainty if noise else None
            sigma = None if known is None else known.box((part, *sky)).reshape(-1, spaxels)
            yield part, values, sigma


def rows_of(
    cube: Cube, channels: np.ndarray, report: Report, *, noise: bool = False
) -> Iterator[tuple[slice, np.ndarray, np.ndarray | None]]:
    """Read some channels of all spaxels of a few rows at a time.

    Yields
    ------
    rows : slice
    values : ndarray, shape (spaxels, channels), float64
    sigma : ndarray of that shape, float32, or None
    """
    _, height, width = cube.shape
    step = max(1, _BLOCK // (len(channels) * width))
    runs = [slice(*run) for run in runs_of(channels)]
    for top in range(0, height, step):
        report(top / height, "reading spectra")
        sky = slice(top, min(top + step, height)), slice(0, width)
        known = cube.uncertainty if noise else None
        values = np.concatenate([cube.box((run, *sky)) for run in runs])
        sigma = None if known is None else np.concatenate([known.box((run, *sky)) for run in runs])
        yield (
            sky[0],
            values.reshape(len(channels), -1).T.astype(np.float64),
            None if sigma is None else sigma.reshape(len(channels), -1).T,
        )


def squared(unit: str) -> str:
    """Return the square of a unit as FITS writes it: ``"m2 s-2"`` of ``"m/s"``."""
    from astropy import units

    try:
        return str((units.Unit(unit) ** 2).to_string("fits")) if unit else ""
    except ValueError:  # neither astropy nor FITS knows it
        return f"({unit})2"


def neighbour_noise(cube: Cube, chosen: np.ndarray, report: Report) -> np.ndarray:
    """Return the scatter of each spaxel from neighbouring channels that are chosen, shape (y, x).

    A smooth continuum does not disturb it, as in DER_SNR (Stoehr et al. 2008, ASPC 394:505). Taken
    from the 400 channels nearest to those not chosen, which are enough.
    """
    channels = np.flatnonzero(chosen)
    if len(channels) > _ENOUGH:
        away = np.abs(channels - np.flatnonzero(~chosen).mean())
        channels = np.sort(channels[np.argsort(away, kind="stable")[:_ENOUGH]])
    total, count = np.zeros((2, cube.shape[1] * cube.shape[2]))
    before, stop = None, -1
    for part, values, _ in slabs(cube, channels, report):
        if before is not None and part.start == stop:
            values = np.concatenate([before, values])
        gaps = np.diff(values.astype(np.float64), axis=0)
        seen = np.isfinite(gaps)
        total += np.square(np.where(seen, gaps, 0.0)).sum(axis=0)
        count += seen.sum(axis=0)
        before, stop = values[-1:], part.stop
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter: np.ndarray = np.sqrt(total / count) / _GAUSS_DIFFERENCE
    return scatter.reshape(cube.shape[1:])


def medians(values: np.ndarray, sigma: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Return medians of rows that may hold NaN, and the variance of each from that of its values.

    Parameters
    ----------
    values : ndarray, shape (n, z)
    sigma : ndarray of that shape, or (n, 1), optional

    Returns
    -------
    median : ndarray, shape (n,)
    variance : ndarray, shape (n,)
        Only with `sigma`.

    Notes
    -----
    The variance of the middle of values that are distributed as F_i is sum F_i (1 - F_i) over the
    square of sum f_i, at the median. Each value stands in for its own mean, smeared by sqrt(2/pi)
    of its error: right for one value and for values far apart, 2 % low for many of the same.
    """
    count = np.isfinite(values).sum(axis=1)
    ordered = np.sort(values, axis=1)  # NaN last
    every = np.arange(len(values))
    upper = np.minimum(count // 2, values.shape[1] - 1)
    lower = np.maximum((count - 1) // 2, 0)
    median = np.where(count > 0, (ordered[every, lower] + ordered[every, upper]) / 2, np.nan)
    if sigma is None:
        return (median,)
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        wide = np.broadcast_to(_SMEARED * sigma, values.shape)
        off = (median[:, None] - values) / wide
        known = np.isfinite(off)
        below = np.where(known, ndtr(np.where(known, off, 0.0)), 0.0)
        dense = np.where(known, np.exp(-0.5 * off**2) / wide, 0.0).sum(axis=1)
        variance = 2.0 * np.pi * (below * (1.0 - below)).sum(axis=1) / dense**2
    return median, variance
