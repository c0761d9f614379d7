"""Moments of a line over an interval of the spectrum, with errors, a few planes at a time.

With I the intensity above the continuum and v the spectral coordinate: moment 0 is the sum of
I dv, moment 1 the mean of v weighted by I dv, moment 2 the same of (v - moment 1)², as radio
astronomy defines them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.measure.sky.continuum import Continuum, Windows, interval_of
from cubeview.measure.sky.interval import squared, summed_unit

ORDERS = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class Moment:
    """One moment of each spaxel.

    Parameters
    ----------
    order : int
    values, sigma : ndarray, shape (y, x)
        NaN where nothing was left; `sigma` is one standard deviation, the voxels taken as
        independent.
    unit : str
    """

    order: int
    values: np.ndarray
    sigma: np.ndarray
    unit: str


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of an interval, and how they were made.

    Parameters
    ----------
    moments : tuple of Moment
    channels : tuple of int
        First and last that took part, counted from 0.
    limits : tuple of float
        Of the interval, in the unit of the spectral axis.
    noise : str
        Where the errors come from.
    words : tuple of str
        All that was done, for the file's history.
    """

    moments: tuple[Moment, ...]
    channels: tuple[int, int]
    limits: tuple[float, float]
    noise: str
    words: tuple[str, ...]


def moments(
    cube: Cube,
    low: float,
    high: float,
    *,
    orders: Sequence[int] = ORDERS,
    continuum: Sequence[tuple[float, float]] | Windows = (),
    least_sn: float = 0.0,
    report: Report = nothing,
) -> Moments:
    """Return moments of an interval.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis.
    low, high : float
        The interval, in the unit of the spectral axis; channels whose centre lies in it take part.
    orders : sequence of int
        0, 1 or 2.
    continuum : Windows, or sequence of (low, high)
        Windows through which a continuum is fitted in each spaxel and taken off, a straight line
        unless they say otherwise; none leaves the values as they are.
    least_sn : float
        Voxels below this many standard deviations are left out; 0 takes all.
    report : Report
        Called for each slab of planes; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If an interval holds no channel, or an order is not known.

    Notes
    -----
    For where errors come from see `cubeview.measure.sky.continuum.interval_of`.
    """
    if unknown := [order for order in orders if order not in ORDERS]:
        raise CubeviewError(f"moment {unknown[0]}: choose 0, 1 or 2.")
    cube = believed(cube)
    windows = continuum if isinstance(continuum, Windows) else Windows(tuple(continuum))
    line = interval_of(cube, low, high, windows, part_of(report, 0.0, 0.5))
    degree = 0 if line.base is None else len(line.base.coefficients)
    sums = _Sums(cube.shape[1] * cube.shape[2], max(orders, default=0), degree)
    for part, values, sigma, _ in line.above(cube, part_of(report, 0.5, 0.5)):
        if least_sn:
            with np.errstate(invalid="ignore"):
                values[~(values >= least_sn * sigma)] = np.nan
        powers = None
        if line.base is not None:
            powers = line.base.powers(line.places[part] + line.middle)
        sums.add(values, sigma, line.places[part], line.widths[part], powers)
    words = [f"moments of {line.words[0]}", *line.words[1:]]
    if least_sn:
        words.insert(-1, f"voxels below {least_sn:g} standard deviations left out")
    unit = cube.axes[0].unit
    flux = summed_unit(cube, unit)
    found = tuple(
        sums.moment(order, line.base, line.middle, flux, unit, cube.shape[1:]) for order in orders
    )
    return Moments(found, line.ends, (low, high), line.noise, tuple(words))


class _Sums:
    """Sums of intensity times powers of the coordinate, of its variance, and of the continuum."""

    def __init__(self, spaxels: int, most: int, degree: int) -> None:
        self.count = np.zeros(spaxels, np.int32)
        self.sums = np.zeros((most + 1, spaxels))
        self.squares = np.zeros((2 * most + 1, spaxels))
        self.under = np.zeros((most + 1, degree, spaxels))

    def add(
        self,
        values: np.ndarray,
        sigma: np.ndarray,
        places: np.ndarray,
        widths: np.ndarray,
        powers: np.ndarray | None,
    ) -> None:
        """Take planes, shape (z, n), at places from the middle; NaN where nothing is known."""
        seen = np.isfinite(values)
        whole = bool(seen.all())
        if not whole:
            np.copyto(values, 0.0, where=~seen)
        each = widths * np.vander(places, len(self.sums), increasing=True).T
        self.sums += each @ values.astype(np.float64, copy=False)
        self.count += seen.sum(axis=0, dtype=np.int32)
        wide = widths**2 * np.vander(places, len(self.squares), increasing=True).T
        if len(sigma) < len(values):  # one noise for all channels
            self.squares += (wide.sum(axis=1)[:, None] if whole else wide @ seen) * sigma**2
        else:
            variance = np.square(sigma, dtype=np.float64)
            np.copyto(variance, 0.0, where=~(seen & np.isfinite(variance)))
            self.squares += wide @ variance
        if powers is not None:
            both = np.einsum("az,pz->apz", each, powers)
            self.under += both.sum(axis=2)[..., None] if whole else both @ seen

    def moment(
        self,
        order: int,
        base: Continuum | None,
        middle: float,
        flux: str,
        spectral: str,
        shape: tuple[int, int],
    ) -> Moment:
        """Return a moment and its error, by propagation to first order."""
        total, v0, u0 = self.sums[0], self.squares[0], self.under[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            if order == 0:
                values, variance, gradient, what = total, v0, u0, flux
            else:
                mean = self.sums[1] / total
                v1, v2 = self.squares[1:3]
                values, what = mean + middle, spectral
                variance = (v2 - 2 * mean * v1 + mean**2 * v0) / total**2
                gradient = (self.under[1] - mean * u0) / total
            if order == 2:
                values = wide = self.sums[2] / total - mean**2
                what = squared(spectral)
                # Of (x - mean)² - wide, squared and weighted by the variances.
                v3, v4 = self.squares[3:]
                b, c = -2 * mean, mean**2 - wide
                variance = (
                    v4 + 2 * b * v3 + (b * b + 2 * c) * v2 + 2 * b * c * v1 + c * c * v0
                ) / total**2
                gradient = (self.under[2] + b * self.under[1] + c * u0) / total
            if base is not None:
                variance = variance + base.variance(gradient)
            sigma = np.sqrt(np.maximum(variance, 0.0))
        blank = (self.count == 0) | ~np.isfinite(values)
        return Moment(
            order,
            np.where(blank, np.nan, values)
            .astype(np.float32 if order == 0 else np.float64)
            .reshape(shape),
            np.where(blank, np.nan, sigma).astype(np.float32).reshape(shape),
            what,
        )
