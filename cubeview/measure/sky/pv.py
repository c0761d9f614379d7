"""Position and velocity: the spectra along a path of points on the sky, over a width, with errors.

Each place of the path is a mean over places straight across it, half a spaxel apart at most, and
each of these is read between its four nearest spaxels. So a place is one weighted mean of spaxels,
and its error follows from the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cubeview.cubes.beam import beam_correlation
from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.sky.interval import channels_in
from cubeview.measure.sky.spectrum import scatter_of

_SLAB = 2**21  # voxels read at once
_LEAST_KNOWN = 0.5
"""Share of a place that must lie on known spaxels."""
_MOST_PLACES = 20_000


@dataclass(frozen=True, eq=False)
class PositionVelocity:
    """An image of offset along a path against the spectral axis.

    Parameters
    ----------
    offsets : ndarray, shape (n,)
        Along the path from its first point, in `offset_unit`, evenly spaced.
    places : ndarray, shape (n, 2)
        Voxel indices (y, x) of each.
    values, sigma : ndarray, shape (z, n), in `unit`
        NaN where less than half of a place is known; `sigma` is one standard deviation.
    channels : tuple of int
        The first channel, and one behind the last.
    corners : ndarray, shape (k,)
        Where the points of the path lie among the offsets.
    offset_unit : str
        ``"arcsec"``, or ``"pixel"`` for a cube without a sky.
    words : tuple of str
        How it was made.
    """

    offsets: np.ndarray
    places: np.ndarray
    values: np.ndarray
    sigma: np.ndarray
    unit: str
    channels: tuple[int, int]
    corners: np.ndarray
    offset_unit: str
    words: tuple[str, ...]


def position_velocity(
    cube: Cube,
    path: Sequence[tuple[float, float]],
    width: float = 0.0,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    report: Report = nothing,
) -> PositionVelocity:
    """Return the spectra along a path.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis.
    path : sequence of (y, x)
        Voxel indices, from 0, joined by straight lines; a curve by many of them.
    width : float
        Arcsec (spaxels, of a cube without a sky) over which is averaged; 0 takes the line alone.
    low, high : float
        Of the spectral axis, in its unit.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If the path is no line, lies beside the cube, or no channel lies in the interval.

    Notes
    -----
    Lengths are measured with the size of a spaxel in the middle of the cube. Neighbouring places
    share spaxels: their errors are not independent.
    """
    cube = believed(cube)
    points = np.asarray(path, dtype=np.float64).reshape(-1, 2)
    if not (np.isfinite(points).all() and np.isfinite(width) and width >= 0):
        raise CubeviewError("a path needs numbers for its points, and a width of 0 or more.")
    size = np.array(cube.spacing[1:]) if cube.wcs is not None else np.ones(2)
    offset_unit = "arcsec" if cube.wcs is not None else "pixel"
    step = float(size.min())
    if width > float(np.hypot(*(size * cube.shape[1:]))):
        raise CubeviewError(f"a path {width:.6g} {offset_unit} wide is wider than the cube.")
    offsets, places, across, corners = _along(points, size, step)
    count = max(1, int(np.ceil(2 * width / step)))
    aside = ((np.arange(count) + 0.5) / count - 0.5) * width
    each = places[:, None, :] + aside[:, None] * across[:, None, :] / size
    box, weights = _weights(each, cube.shape[1:])
    first, last = np.flatnonzero(channels_in(cube, low, high))[[0, -1]]
    channels = int(first), int(last) + 1
    values, sigma = _read(cube, channels, box, weights, report)
    words = [
        f"along a path of {len(points)} points, {offsets[-1]:.6g} {offset_unit} long, "
        + (f"mean over {width:g} {offset_unit} across" if width else "of no width"),
        "read between the four nearest spaxels, a place every "
        f"{offsets[1] - offsets[0]:.4g} {offset_unit}",
    ]
    if cube.uncertainty is None:
        each_place = np.array([scatter_of(column) for column in values.T])
        sigma = np.where(np.isfinite(values), each_place, np.nan)
        words.append("errors measured from the scatter of channels (DER_SNR), one for each place")
    elif cube.beam is not None and cube.wcs is not None:
        factors = _beam_factors(cube, box, weights)
        sigma = sigma * factors
        words.append(
            "errors from the cube's own uncertainty, times "
            f"{np.nanmedian(factors):.3g} because spaxels of one beam share their noise"
        )
    else:
        words.append(
            "errors from the cube's own uncertainty, spaxels taken as independent (in resampled "
            "cubes the true ones are larger)"
        )
    words.append("neighbouring places share spaxels, and so noise")
    return PositionVelocity(
        offsets, places, values, sigma, cube.unit, channels, corners, offset_unit, tuple(words)
    )


def _along(
    points: np.ndarray, size: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return offsets, places, the unit vectors across (y, x, as lengths), offsets of the points."""
    legs = np.diff(points, axis=0) * size
    lengths = np.hypot(*legs.T)
    kept = lengths > 0
    if not kept.any():
        raise CubeviewError("a path needs two points apart from each other.")
    corners = np.concatenate([[0.0], np.cumsum(lengths)])
    total = corners[-1]
    count = max(2, round(total / step) + 1)
    if count > _MOST_PLACES:
        raise CubeviewError(f"the path is {count} spaxels long, more than {_MOST_PLACES}.")
    offsets = np.linspace(0.0, total, count)
    starts, ways = corners[:-1][kept], legs[kept] / lengths[kept][:, None]
    leg = np.clip(np.searchsorted(starts, offsets, side="right") - 1, 0, len(starts) - 1)
    begun = points[:-1][kept][leg]
    places = begun + (offsets - starts[leg])[:, None] * ways[leg] / size
    across = np.stack([ways[leg][:, 1], -ways[leg][:, 0]], axis=1)
    return offsets, places, across, corners


def _weights(
    each: np.ndarray, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], sparse.csr_array]:
    """Return the spaxels that count, as rows and columns, and the weights of each place.

    Parameters
    ----------
    each : ndarray, shape (n, across, 2)
        Voxel indices of what is averaged in each place.
    shape : tuple of int
        Rows and columns of the cube.

    Returns
    -------
    box : tuple of slice
    weights : sparse array, shape (n, rows * columns of the box)
        Rows add up to 1, less what lies beside the cube.
    """
    count, wide, _ = each.shape
    corner = np.floor(each).astype(int)
    part = each - corner
    rows, columns, shares, numbers = [], [], [], []
    for down in (0, 1):
        for right in (0, 1):
            y, x = corner[..., 0] + down, corner[..., 1] + right
            share = np.abs(1 - down - part[..., 0]) * np.abs(1 - right - part[..., 1]) / wide
            good = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1]) & (share > 0)
            rows.append(y[good])
            columns.append(x[good])
            shares.append(share[good])
            numbers.append(np.broadcast_to(np.arange(count)[:, None], y.shape)[good])
    y, x = np.concatenate(rows), np.concatenate(columns)
    if not len(y):
        raise CubeviewError(
            f"the path lies beside the cube, which has {shape[1]} columns and {shape[0]} rows."
        )
    box = slice(int(y.min()), int(y.max()) + 1), slice(int(x.min()), int(x.max()) + 1)
    spaxel = (y - box[0].start) * (box[1].stop - box[1].start) + x - box[1].start
    size = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    place = np.concatenate(numbers), spaxel
    return box, sparse.csr_array((np.concatenate(shares), place), shape=(count, size))


def _read(
    cube: Cube,
    channels: tuple[int, int],
    box: tuple[slice, slice],
    weights: sparse.csr_array,
    report: Report,
) -> tuple[np.ndarray, np.ndarray]:
    """Return values and errors of all places, shape (z, n)."""
    first, stop = channels
    values, sigma = np.full((2, stop - first, weights.shape[0]), np.nan)
    squares = weights.power(2)
    planes = max(1, _SLAB // weights.shape[1])
    for start in range(first, stop, planes):
        report((start - first) / (stop - first), "reading along the path")
        part = slice(start, min(start + planes, stop))
        flux = cube.box((part, *box)).reshape(part.stop - part.start, -1).T.astype(np.float64)
        known = np.isfinite(flux)
        share = weights @ known.astype(np.float64)
        rows = slice(part.start - first, part.stop - first)
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = share >= _LEAST_KNOWN
            values[rows] = np.where(seen, weights @ np.where(known, flux, 0.0) / share, np.nan).T
            if cube.uncertainty is None:
                continue
            noise = cube.uncertainty.box((part, *box)).reshape(flux.shape[::-1]).T
            variance = np.square(noise, dtype=np.float64)
            told = np.isfinite(variance)
            spread = squares @ np.where(known & told, variance, 0.0) / share**2
            whole = seen & ~((weights @ (known & ~told).astype(np.float64)) > 0)
            sigma[rows] = np.where(whole, np.sqrt(spread), np.nan).T
    report(1.0, "read")
    return values, sigma


def _beam_factors(cube: Cube, box: tuple[slice, slice], weights: sparse.csr_array) -> np.ndarray:
    """Return by how much the error of each place is larger than of independent spaxels."""
    columns = box[1].stop - box[1].start
    factors = np.full(weights.shape[0], np.nan)
    for place in range(weights.shape[0]):
        part = slice(*weights.indptr[place : place + 2])
        y, x = np.divmod(weights.indices[part], columns)
        share = weights.data[part]
        if not len(share):
            continue
        together = beam_correlation(cube, y[:, None] - y, x[:, None] - x)
        factors[place] = np.sqrt(share @ together @ share / np.square(share).sum())
    return factors
