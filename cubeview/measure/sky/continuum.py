"""The continuum of each spaxel, through windows beside a line, with the error it brings.

A polynomial by least squares; the same with what stands out left out, round by round; or the
median of the windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError, Report
from cubeview.measure.sky.interval import (
    channels_in,
    medians,
    neighbour_noise,
    rows_of,
    slabs,
    widths_of,
)

How = Literal["polynomial", "robust", "median"]
HOW: tuple[str, ...] = get_args(How)
LARGEST_DEGREE = 5
_STANDS_OUT = 3.0  # standard deviations
_ROUNDS = 8
_GAUSS_MAD = 1.4826
"""Standard deviation of a Gaussian over its median absolute deviation."""


@dataclass(frozen=True)
class Windows:
    """How a continuum is to be fitted.

    Parameters
    ----------
    spans : tuple of (low, high)
        Intervals in the unit of the spectral axis; none: there is no continuum to take off.
    how : {"polynomial", "robust", "median"}
    degree : int
        Of the polynomial; a median is a constant.
    """

    spans: tuple[tuple[float, float], ...] = ()
    how: How = "polynomial"
    degree: int = 1


@dataclass(frozen=True, eq=False)
class Continuum:
    """A continuum of each spaxel: a polynomial of the place in the spectrum.

    Parameters
    ----------
    coefficients : ndarray, shape (p, y * x)
        Of powers of (place - middle) / reach.
    covariance : ndarray, shape (p, p, y * x)
        Of the coefficients, from the scatter about the fit.
    scatter : ndarray, shape (y * x,)
        One standard deviation of the windows about the fit.
    middle, reach : float
    words : str
        What was done.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    scatter: np.ndarray
    middle: float
    reach: float
    words: str

    def powers(self, places: np.ndarray) -> np.ndarray:
        """Return what coefficients are multiplied by at places of shape (z,), shape (p, z)."""
        return _powers((places - self.middle) / self.reach, len(self.coefficients))

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the continuum at places of shape (z,), shape (z, y * x)."""
        level: np.ndarray = self.powers(places).T @ self.coefficients
        return level

    def variance(self, gradient: np.ndarray) -> np.ndarray:
        """Return what a value of this gradient by the coefficients, (p, y * x), varies by it."""
        varied: np.ndarray = np.einsum("pn,pqn,qn->n", gradient, self.covariance, gradient)
        return varied


def fit_continuum(
    cube: Cube, line: np.ndarray, windows: Windows, report: Report
) -> Continuum | None:
    """Fit a continuum in every spaxel; None where there are no windows.

    Parameters
    ----------
    cube : Cube
    line : ndarray, shape (z,), bool
        Channels of the line, which take no part.
    windows : Windows
    report : Report

    Raises
    ------
    CubeviewError
        If a window holds no channel, or all of them too few for the fit.
    """
    if not windows.spans:
        return None
    if windows.how not in HOW:
        raise CubeviewError(f"{windows.how}: choose one of {', '.join(HOW)}.")
    if not 0 <= windows.degree <= LARGEST_DEGREE:
        raise CubeviewError(f"degree {windows.degree}: choose 0 to {LARGEST_DEGREE}.")
    chosen = np.zeros(len(line), bool)
    for low, high in windows.spans:
        chosen |= channels_in(cube, low, high)
    chosen &= ~line
    count = 1 if windows.how == "median" else windows.degree + 1
    if chosen.sum() < count + 1:
        raise CubeviewError(
            f"the continuum windows hold fewer than {count + 1} channels outside the line."
        )
    axis = cube.axes[0]
    channels = np.flatnonzero(chosen)
    places = axis.values[channels]
    middle = float((places.min() + places.max()) / 2)
    reach = float(np.ptp(places)) / 2 or 1.0
    told = ", ".join(f"{low:g} to {high:g}" for low, high in windows.spans)
    if windows.how == "median":
        found = _median(cube, channels, report)
        kind = "median"
    else:
        found = _fitted(cube, channels, (axis.values - middle) / reach, windows, report)
        kind = _said(windows.degree) + (
            f" without what lies {_STANDS_OUT:g} standard deviations off,"
            if windows.how == "robust"
            else ""
        )
    return Continuum(*found, middle, reach, f"{kind} through {told} {axis.unit} taken off")


def _said(degree: int) -> str:
    return {0: "mean", 1: "straight line"}.get(degree, f"polynomial of degree {degree}")


def _powers(places: np.ndarray, count: int) -> np.ndarray:
    return np.vander(places, count, increasing=True).T


def _fitted(
    cube: Cube, channels: np.ndarray, places: np.ndarray, windows: Windows, report: Report
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, covariance and scatter by least squares, see `Continuum`."""
    count = windows.degree + 1
    found = _least_squares(cube, channels, places, count, None, report)
    kept = found[3]
    for _ in range(_ROUNDS if windows.how == "robust" else 0):
        found = _least_squares(cube, channels, places, count, found, report)
        if np.array_equal(found[3], kept):
            break
        kept = found[3]
    return found[0], found[1], found[2]


_Fit = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _least_squares(
    cube: Cube,
    channels: np.ndarray,
    places: np.ndarray,
    count: int,
    former: _Fit | None,
    report: Report,
) -> _Fit:
    """Return coefficients, covariance, scatter, and how many channels took part.

    With a former fit what lies too far from it takes no part.
    """
    spaxels = cube.shape[1] * cube.shape[2]
    powers = np.zeros((2 * count - 1, spaxels))
    right = np.zeros((count, spaxels))
    squares = np.zeros(spaxels)
    for part, values, _ in slabs(cube, channels, report):
        each = _powers(places[part], 2 * count - 1)
        with np.errstate(invalid="ignore"):
            if former is None:
                seen = np.isfinite(values)
            else:
                off = np.abs(values - each[:count].T @ former[0])
                seen = off <= _STANDS_OUT * former[2]
        if seen.all():
            powers += each.sum(axis=1)[:, None]
        else:
            powers += each @ seen
            np.copyto(values, 0.0, where=~seen)
        values = values.astype(np.float64)
        right += each[:count] @ values
        squares += np.einsum("zn,zn->n", values, values)
    normal = np.stack([powers[p : p + count] for p in range(count)])
    few = powers[0] < count + 1
    normal[:, :, few] = np.eye(count)[:, :, None]
    inverse = np.linalg.pinv(normal.transpose(2, 0, 1), hermitian=True).transpose(1, 2, 0)
    coefficients = np.einsum("pqn,qn->pn", inverse, right)
    left = squares - np.einsum("pn,pn->n", coefficients, right)
    scatter = np.sqrt(np.maximum(left, 0.0) / np.maximum(powers[0] - count, 1))
    coefficients[:, few] = scatter[few] = np.nan
    return coefficients, inverse * scatter**2, scatter, powers[0]


def _median(
    cube: Cube, channels: np.ndarray, report: Report
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the median of the windows, its variance, and the scatter about it."""
    shape = cube.shape[1:]
    level, scatter, variance = np.full((3, *shape), np.nan)
    for rows, values, _ in rows_of(cube, channels, report):
        (middle,) = medians(values)
        (away,) = medians(np.abs(values - middle[:, None]))
        spread = _GAUSS_MAD * away
        known = np.isfinite(values).sum(axis=1)
        level[rows] = middle.reshape(-1, shape[1])
        scatter[rows] = spread.reshape(-1, shape[1])
        with np.errstate(divide="ignore"):
            variance[rows] = (np.pi / 2 * spread**2 / known).reshape(-1, shape[1])
    return level.reshape(1, -1), variance.reshape(1, 1, -1), scatter.ravel()


@dataclass(frozen=True, eq=False)
class Interval:
    """An interval of the spectrum that images are made of.

    Parameters
    ----------
    channels : ndarray of int
    places, widths : ndarray, shape (z,)
        Of all channels of the cube, from the middle of the interval; in the unit of the axis.
    middle : float
    base : Continuum or None
    scatter : ndarray, shape (y * x,), or None
        Standard deviation of the values of each spaxel; None: that of the cube is used.
    noise : str
        Where the errors come from.
    words : tuple of str
        All that was done.
    """

    channels: np.ndarray
    places: np.ndarray
    widths: np.ndarray
    middle: float
    base: Continuum | None
    scatter: np.ndarray | None
    noise: str
    words: tuple[str, ...]

    @property
    def ends(self) -> tuple[int, int]:
        """First and last channel, counted from 0."""
        return int(self.channels[0]), int(self.channels[-1])

    def above(
        self, cube: Cube, report: Report
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray | None]]:
        """Read the interval in slabs.

        Yields
        ------
        channels : slice
        values : ndarray, shape (channels, y * x)
            Above the continuum, float64 then, else as read; may be written to.
        sigma : ndarray, shape (channels or 1, y * x)
        level : ndarray, shape (channels, y * x), or None
            The continuum taken off.
        """
        noise = self.scatter is None
        for part, values, sigma in slabs(cube, self.channels, report, noise=noise):
            level = None
            if self.base is not None:
                level = self.base.at(self.places[part] + self.middle)
                values = values - level
            if sigma is None:
                assert self.scatter is not None
                sigma = self.scatter[None]
            yield part, values, sigma, level


def interval_of(cube: Cube, low: float, high: float, windows: Windows, report: Report) -> Interval:
    """Return an interval with its continuum and where its errors come from.

    Raises CubeviewError if it or a window holds no channel, or the windows too few.

    Notes
    -----
    Errors are from the cube's uncertainty. Without one they are measured in each spaxel: from the
    scatter about the continuum, else from the differences between neighbouring channels outside
    the interval. What the continuum adds is always from the scatter about it.
    """
    line = channels_in(cube, low, high)
    axis = cube.axes[0]
    base = fit_continuum(cube, line, windows, report)
    scatter = None
    if cube.uncertainty is not None:
        noise = "the cube's own uncertainty"
    elif base is not None:
        noise, scatter = "the scatter about the continuum in its windows", base.scatter
    else:
        noise = "the differences of neighbouring channels outside the interval"
        scatter = neighbour_noise(cube, ~line, report).ravel()
    middle = float(axis.values[line].mean())
    channels = np.flatnonzero(line)
    words = [f"{low:g} to {high:g} {axis.unit}, channels {channels[0]} to {channels[-1]} (from 0)"]
    words += [base.words] if base is not None else []
    words.append(f"errors from {noise}" + (", and of the continuum" if base is not None else ""))
    return Interval(
        channels, axis.values - middle, widths_of(axis.values), middle, base, scatter, noise,
        tuple(words),
    )  # fmt: skip
