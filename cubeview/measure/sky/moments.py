"""Moments of a line over an interval of the spectrum, with errors, plane by plane.

With I the intensity above the continuum and v the spectral coordinate: moment 0 is the sum of
I dv, moment 1 the mean of v weighted by I dv, moment 2 the same of (v - moment 1)², as radio
astronomy defines them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.unit import unit_of
from cubeview.errors import CubeviewError, Report, nothing, part_of

ORDERS = (0, 1, 2)
_GAUSS_DIFFERENCE = np.sqrt(2.0)
"""The difference of two values scatters by this much more than one of them."""


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
        raise CubeviewError("this cube has no spectral axis, so there are no moments of a line.")
    low, high = min(low, high), max(low, high)
    inside: np.ndarray = (axis.values >= low) & (axis.values <= high)
    if not inside.any():
        first, last = sorted((axis.values[0], axis.values[-1]))
        raise CubeviewError(
            f"no channel lies between {low:g} and {high:g} {axis.unit}: the cube goes from "
            f"{first:.8g} to {last:.8g} {axis.unit}."
        )
    return inside


def moments(
    cube: Cube,
    low: float,
    high: float,
    *,
    orders: Sequence[int] = ORDERS,
    continuum: Sequence[tuple[float, float]] = (),
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
    continuum : sequence of (low, high)
        Windows through which a straight line is fitted in each spaxel and taken off; none leaves
        the values as they are.
    least_sn : float
        Voxels below this many standard deviations are left out; 0 takes all.
    report : Report
        Called for each plane; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If an interval holds no channel, or an order is not known.

    Notes
    -----
    Errors are from the cube's uncertainty. Without one they are measured in each spaxel: from the
    scatter about the continuum, else from the differences between neighbouring channels outside
    the interval, which a smooth continuum does not disturb (as DER_SNR, Stoehr et al. 2008, ASPC
    394:505).
    """
    if unknown := [order for order in orders if order not in ORDERS]:
        raise CubeviewError(f"moment {unknown[0]}: choose 0, 1 or 2.")
    line = channels_in(cube, low, high)
    windows = np.zeros(len(line), bool)
    for first, last in continuum:
        windows |= channels_in(cube, first, last)
    windows &= ~line
    if continuum and windows.sum() < 3:
        raise CubeviewError("the continuum windows hold fewer than 3 channels outside the line.")
    axis = cube.axes[0]
    middle = float(axis.values[line].mean())
    along = axis.values - middle
    base = _Continuum(cube, windows, along, part_of(report, 0.0, 0.5)) if continuum else None
    if cube.uncertainty is not None:
        noise, scatter = "the cube's own uncertainty", None
    elif base is not None:
        noise, scatter = "the scatter about the continuum in its windows", base.scatter
    else:
        noise = "the differences of neighbouring channels outside the interval"
        scatter = _neighbours(cube, ~line, part_of(report, 0.0, 0.5))
    sums = _sums(
        cube, np.flatnonzero(line), along, base, scatter, least_sn, part_of(report, 0.5, 0.5)
    )
    first, last = (int(n) for n in np.flatnonzero(line)[[0, -1]])
    words = [f"moments of {low:g} to {high:g} {axis.unit}, channels {first} to {last} (from 0)"]
    if continuum:
        told = ", ".join(f"{a:g} to {b:g}" for a, b in continuum)
        words.append(f"straight continuum through {told} {axis.unit} taken off")
    if least_sn:
        words.append(f"voxels below {least_sn:g} standard deviations left out")
    words.append(f"errors from {noise}")
    flux = summed_unit(cube, axis.unit)
    found = tuple(sums.moment(order, middle, flux, axis.unit) for order in orders)
    return Moments(found, (first, last), (low, high), noise, tuple(words))


def summed_unit(cube: Cube, spectral: str) -> str:
    """Return the unit of a cube's values times that of its spectral axis."""
    try:
        return str((cube.quantity_unit * unit_of(spectral)).to_string("fits"))
    except (TypeError, ValueError):  # a unit that is not understood, or has no place in FITS
        return f"{cube.unit} {spectral}".strip()


class _Continuum:
    """A straight line through some channels of each spaxel, by least squares."""

    def __init__(self, cube: Cube, windows: np.ndarray, along: np.ndarray, report: Report) -> None:
        count, x1, x2, y1, xy, y2 = np.zeros((6, *cube.shape[1:]))
        for z, plane in _planes(cube, np.flatnonzero(windows), report):
            seen = np.isfinite(plane)
            values, x = np.where(seen, plane, 0.0).astype(np.float64), along[z]
            count += seen
            x1 += seen * x
            x2 += seen * x * x
            y1 += values
            xy += values * x
            y2 += values * values
        with np.errstate(divide="ignore", invalid="ignore"):
            below = count * x2 - x1**2
            self._slope = np.where(below > 0, (count * xy - x1 * y1) / below, 0.0)
            self._level = (y1 - self._slope * x1) / count
            left = y2 - self._level * y1 - self._slope * xy
            self.scatter = np.sqrt(np.maximum(left, 0.0) / np.maximum(count - 2, 1))

    def at(self, x: float) -> np.ndarray:
        """Return the continuum of each spaxel at a place along the spectrum."""
        level: np.ndarray = self._level + self._slope * x
        return level


def _planes(cube: Cube, channels: np.ndarray, report: Report) -> Iterator[tuple[int, np.ndarray]]:
    for number, z in enumerate(channels):
        report(number / len(channels), "reading planes")
        yield int(z), cube.plane(0, int(z))


def _neighbours(cube: Cube, chosen: np.ndarray, report: Report) -> np.ndarray:
    """Return the scatter of each spaxel from neighbouring channels that are both chosen."""
    total, count = np.zeros((2, *cube.shape[1:]))
    before, at = None, -2
    for z, plane in _planes(cube, np.flatnonzero(chosen), report):
        if before is not None and z == at + 1:
            gap = plane - before
            seen = np.isfinite(gap)
            total += np.where(seen, gap, 0.0).astype(np.float64) ** 2
            count += seen
        before, at = plane, z
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter: np.ndarray = np.sqrt(total / count) / _GAUSS_DIFFERENCE
    return scatter


class _Sums:
    """Sums of intensity times powers of the coordinate, and of its variance likewise."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.count = np.zeros(shape)
        self.sums = np.zeros((3, *shape))
        self.squares = np.zeros((5, *shape))

    def add(self, values: np.ndarray, sigma: np.ndarray, x: float, width: float) -> None:
        """Take a plane at `x` from the middle of the interval, NaN where nothing is known."""
        seen = np.isfinite(values)
        self.count += seen
        part = np.where(seen, values, 0.0) * width
        variance = np.where(seen, np.nan_to_num(sigma) * width, 0.0) ** 2
        for power in range(3):
            self.sums[power] += part * x**power
        for power in range(5):
            self.squares[power] += variance * x**power

    def moment(self, order: int, middle: float, flux: str, spectral: str) -> Moment:
        """Return a moment and its error, by propagation to first order."""
        total, first, second = self.sums
        v0, v1, v2, v3, v4 = self.squares
        nothing_there = self.count == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = first / total
            wide = second / total - mean**2
            if order == 0:
                values, variance, what = total, v0, flux
            elif order == 1:
                values, what = mean + middle, spectral
                variance = (v2 - 2 * mean * v1 + mean**2 * v0) / total**2
            else:
                values, what = wide, f"{spectral}2" if spectral else ""
                # Of (x - mean)² - wide, squared and weighted by the variances.
                a, b, c = np.ones_like(mean), -2 * mean, mean**2 - wide
                variance = (
                    a * v4 + 2 * a * b * v3 + (b * b + 2 * a * c) * v2 + 2 * b * c * v1 + c * c * v0
                ) / total**2
            sigma = np.sqrt(np.maximum(variance, 0.0))
        blank = nothing_there | ~np.isfinite(values)
        return Moment(
            order,
            np.where(blank, np.nan, values).astype(np.float32 if order == 0 else np.float64),
            np.where(blank, np.nan, sigma).astype(np.float32),
            what,
        )


def _sums(
    cube: Cube,
    channels: np.ndarray,
    along: np.ndarray,
    base: _Continuum | None,
    scatter: np.ndarray | None,
    least_sn: float,
    report: Report,
) -> _Sums:
    widths = np.abs(np.gradient(along)) if len(along) > 1 else np.ones(1)
    sums = _Sums((cube.shape[1], cube.shape[2]))
    for z, plane in _planes(cube, channels, report):
        values = plane.astype(np.float64)
        if base is not None:
            values -= base.at(along[z])
        if scatter is None:
            assert cube.uncertainty is not None
            sigma = cube.uncertainty.plane(0, z).astype(np.float64)
        else:
            sigma = scatter
        if least_sn:
            with np.errstate(invalid="ignore"):
                values[~(values >= least_sn * sigma)] = np.nan
        sums.add(values, sigma, float(along[z]), float(widths[z]))
    return sums
