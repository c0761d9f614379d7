"""Images of an interval of the spectrum that are no moments: sum, mean, maximum, median, EW."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.measure.sky.continuum import Interval, Windows, interval_of
from cubeview.measure.sky.interval import medians, rows_of

IMAGES = ("sum", "mean", "max", "median", "ew")


@dataclass(frozen=True, eq=False)
class IntervalImage:
    """One image of an interval.

    Parameters
    ----------
    name : str
        One of `IMAGES`.
    values, sigma : ndarray, shape (y, x), float32
        NaN where nothing was left; `sigma` is one standard deviation, the voxels taken as
        independent.
    unit : str
    """

    name: str
    values: np.ndarray
    sigma: np.ndarray
    unit: str


@dataclass(frozen=True, eq=False)
class IntervalImages:
    """Images of an interval, and how they were made; as `cubeview.measure.sky.moments.Moments`."""

    images: tuple[IntervalImage, ...]
    channels: tuple[int, int]
    limits: tuple[float, float]
    noise: str
    words: tuple[str, ...]


def interval_images(
    cube: Cube,
    low: float,
    high: float,
    names: Sequence[str],
    *,
    continuum: Windows | None = None,
    report: Report = nothing,
) -> IntervalImages:
    """Return images of an interval.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis.
    low, high : float
        The interval, in the unit of the spectral axis; channels whose centre lies in it take part.
    names : sequence of str
        Of `IMAGES`: the sum of the channels, in the unit of the cube; their mean, largest value,
        median; the equivalent width, positive for emission, in the unit of the axis.
    continuum : Windows, optional
        Taken off before; equivalent widths are of it.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If an interval holds no channel, a name is not known, or there is no continuum to have an
        equivalent width of.

    Notes
    -----
    The error of the largest value is that of the voxel it is; among noise it lies above the truth.
    For that of the median see `cubeview.measure.sky.interval.medians`. Equivalent widths are blank
    where the continuum does not stand above its own error.
    """
    if unknown := [name for name in names if name not in IMAGES]:
        raise CubeviewError(f"{unknown[0]}: choose of {', '.join(IMAGES)}.")
    cube = believed(cube)
    windows = continuum or Windows()
    if "ew" in names and not windows.spans:
        raise CubeviewError("an equivalent width needs a continuum: name windows beside the line.")
    line = interval_of(cube, low, high, windows, part_of(report, 0.0, 0.4))
    streamed = _Streamed(cube.shape[1] * cube.shape[2], line)
    if set(names) - {"median"}:
        for part, values, sigma, level in line.above(cube, part_of(report, 0.4, 0.3)):
            streamed.add(part, values, sigma, level)
    made = streamed.told()
    if "median" in names:
        made["median"] = _median(cube, line, part_of(report, 0.7, 0.3))
    shape, axis = cube.shape[1:], cube.axes[0]
    images = []
    for name in names:
        values, variance = made[name]
        with np.errstate(invalid="ignore"):
            sigma = np.sqrt(np.maximum(variance, 0.0))
        blank = ~np.isfinite(values)
        images.append(
            IntervalImage(
                name,
                np.where(blank, np.nan, values).astype(np.float32).reshape(shape),
                np.where(blank, np.nan, sigma).astype(np.float32).reshape(shape),
                axis.unit if name == "ew" else cube.unit,
            )
        )
    words = (f"{', '.join(names)} of {line.words[0]}", *line.words[1:])
    return IntervalImages(tuple(images), line.ends, (low, high), line.noise, words)


class _Streamed:
    """What is made of an interval plane by plane."""

    def __init__(self, spaxels: int, line: Interval) -> None:
        self._line = line
        count = 0 if line.base is None else len(line.base.coefficients)
        self.count, self.total, self.variance = np.zeros((3, spaxels))
        self.told_noise = np.zeros(spaxels, bool)
        self.under = np.zeros((count, spaxels))
        self.most, self.most_variance = np.full((2, spaxels), -np.inf)
        self.most_at = np.zeros(spaxels)
        self.width, self.width_variance = np.zeros((2, spaxels))
        self.width_under = np.zeros((count, spaxels))

    def add(
        self, part: slice, values: np.ndarray, sigma: np.ndarray, level: np.ndarray | None
    ) -> None:
        """Take planes above the continuum, shape (z, n)."""
        line = self._line
        seen = np.isfinite(values)
        known = np.where(seen, values, -np.inf)
        every = np.arange(values.shape[1])
        top = known.argmax(axis=0)
        higher = known[top, every] > self.most
        rows = top if len(sigma) == len(values) else np.zeros_like(top)
        self.most[higher] = known[top, every][higher]
        self.most_variance[higher] = np.square(sigma[rows, every], dtype=np.float64)[higher]
        places = line.places[part]
        self.most_at[higher] = places[top][higher]
        values = np.where(seen, values, 0.0)
        variance = np.where(seen, np.square(np.nan_to_num(sigma), dtype=np.float64), 0.0)
        self.told_noise |= (seen & np.isfinite(sigma)).any(axis=0)
        self.count += seen.sum(axis=0)
        self.total += values.sum(axis=0, dtype=np.float64)
        self.variance += variance.sum(axis=0)
        if level is None or line.base is None:
            return
        powers = line.base.powers(places + line.middle)
        widths = line.widths[part][:, None]
        self.under += powers @ seen
        with np.errstate(divide="ignore", invalid="ignore"):
            share = widths / level
            self.width += (values * share).sum(axis=0)
            self.width_variance += (variance * share**2).sum(axis=0)
            self.width_under += powers @ np.where(seen, (values + level) * share / level, 0.0)

    def told(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return values and variances by name."""
        line, base = self._line, self._line.base
        empty = self.count == 0
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(self.told_noise, self.variance, np.nan)
            most = self.most_variance
            if base is not None:
                variance = variance + base.variance(self.under)
                most = most + base.variance(base.powers(self.most_at + line.middle))
            total = np.where(empty, np.nan, self.total)
            made = {
                "sum": (total, variance),
                "mean": (total / self.count, variance / self.count**2),
                "max": (np.where(empty, np.nan, self.most), most),
            }
            if base is not None:
                middle = base.powers(np.array([line.middle]))
                level = (middle.T @ base.coefficients)[0]
                doubt = base.variance(np.broadcast_to(middle, base.coefficients.shape))
                blank = empty | ~(level > np.sqrt(doubt))
                made["ew"] = (
                    np.where(blank, np.nan, self.width),
                    self.width_variance + base.variance(self.width_under),
                )
        return made


def _median(cube: Cube, line: Interval, report: Report) -> tuple[np.ndarray, np.ndarray]:
    """Return medians and their variances, shape (y * x,)."""
    spaxels, columns = cube.shape[1] * cube.shape[2], cube.shape[2]
    found, variance = np.full((2, spaxels), np.nan)
    places = line.places[line.channels] + line.middle
    for rows, values, sigma in rows_of(cube, line.channels, report, noise=line.scatter is None):
        part = slice(rows.start * columns, rows.stop * columns)
        if line.base is not None:
            values -= (line.base.powers(places).T @ line.base.coefficients[:, part]).T
        if line.scatter is not None:
            sigma = line.scatter[part, None]
        found[part], variance[part] = medians(values, sigma)
    if line.base is not None:
        mean = line.base.powers(places).mean(axis=1)[:, None]
        variance += line.base.variance(np.broadcast_to(mean, line.base.coefficients.shape))
    return found, variance
