"""Images of an interval of the spectrum: its sum, mean, maximum, median or a moment."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.measure.sky.moments import (
    _Continuum,
    _neighbours,
    _planes,
    channels_in,
    moments,
)

How = Literal["sum", "mean", "maximum", "median", "moment 0", "moment 1", "moment 2"]
HOWS: tuple[How, ...] = get_args(How)
_MOST = 2**28
"""Values of an interval that are held at once, for a median."""
_MEDIAN = float(np.sqrt(np.pi / 2))
"""The median of many Gaussian values scatters by this much more than their mean."""


@dataclass(frozen=True, eq=False)
class Collapsed:
    """An image of an interval, as `cubeview.measure.sky.moments.Moment` and how it was made."""

    values: np.ndarray
    sigma: np.ndarray
    unit: str
    words: tuple[str, ...]


def collapse(
    cube: Cube,
    low: float,
    high: float,
    how: How,
    *,
    continuum: tuple[tuple[float, float], ...] = (),
    least_sn: float = 0.0,
    report: Report = nothing,
) -> Collapsed:
    """Return an image of an interval.

    Parameters
    ----------
    cube, low, high, continuum, least_sn, report
        As for `cubeview.measure.sky.moments.moments`.
    how : str
        One of `HOWS`; a sum is one of channels, moment 0 one times the width of each.

    Raises
    ------
    CubeviewError
        If an interval holds no channel, or more than can be held for a median.
    """
    if how.startswith("moment"):
        found = moments(
            cube, low, high, orders=(int(how[-1]),), continuum=continuum, least_sn=least_sn,
            report=report,
        )  # fmt: skip
        one = found.moments[0]
        return Collapsed(one.values, one.sigma, one.unit, found.words)
    return _of_values(cube, (low, high), how, continuum, least_sn, report)


def _of_values(
    cube: Cube,
    limits: tuple[float, float],
    how: str,
    continuum: tuple[tuple[float, float], ...],
    least_sn: float,
    report: Report,
) -> Collapsed:
    low, high = sorted(limits)
    line = channels_in(cube, low, high)
    windows = np.zeros(len(line), bool)
    for first, last in continuum:
        windows |= channels_in(cube, first, last)
    windows &= ~line
    if continuum and windows.sum() < 3:
        raise CubeviewError("the continuum windows hold fewer than 3 channels outside the line.")
    size = int(line.sum()) * cube.shape[1] * cube.shape[2]
    if how == "median" and size > _MOST:
        raise CubeviewError("this interval is too long for a median. Make it shorter.")
    axis = cube.axes[0]
    along = axis.values - float(axis.values[line].mean())
    begun = part_of(report, 0.0, 0.5)
    base = _Continuum(cube, windows, along, begun) if continuum else None
    scatter = None
    if base is not None:
        scatter = base.scatter
    elif cube.uncertainty is None and (least_sn or how != "maximum"):
        scatter = _neighbours(cube, ~line, begun)
    count, total, variance = np.zeros((3, *cube.shape[1:]))
    most = np.full(cube.shape[1:], -np.inf)
    kept = []
    for z, plane in _planes(cube, np.flatnonzero(line), part_of(report, 0.5, 0.5)):
        values = plane.astype(np.float64)
        if base is not None:
            values -= base.at(along[z])
        sigma = scatter
        if cube.uncertainty is not None:
            sigma = cube.uncertainty.plane(0, z).astype(np.float64)
        if least_sn and sigma is not None:
            with np.errstate(invalid="ignore"):
                values[~(values >= least_sn * sigma)] = np.nan
        seen = np.isfinite(values)
        count += seen
        total += np.where(seen, values, 0.0)
        if sigma is not None:
            variance += np.where(seen, np.nan_to_num(sigma), 0.0) ** 2
        most = np.fmax(most, values)
        if how == "median":
            kept.append(values.astype(np.float32))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance)
        if how == "sum":
            image = total
        elif how == "mean":
            image, error = total / count, error / count
        elif how == "maximum":
            image, error = most, np.full_like(error, np.nan)
        else:
            image, error = _median(kept), _MEDIAN * error / count
    blank = count == 0
    words = [f"{how} of {low:g} to {high:g} {axis.unit}, {int(line.sum())} channels"]
    if continuum:
        told = ", ".join(f"{a:g} to {b:g}" for a, b in continuum)
        words.append(f"straight continuum through {told} {axis.unit} taken off")
    if least_sn:
        words.append(f"voxels below {least_sn:g} standard deviations left out")
    return Collapsed(
        np.where(blank, np.nan, image).astype(np.float32),
        np.where(blank, np.nan, error).astype(np.float32),
        cube.unit,
        tuple(words),
    )


def _median(planes: list[np.ndarray]) -> np.ndarray:
    """Return the median of the values there are, as `numpy.nanmedian`, without its slow path."""
    ordered = np.sort(np.stack(planes), axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)
    pair = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(planes) - 1)])
    found: np.ndarray = np.take_along_axis(ordered, pair, axis=0).mean(axis=0)
    return found
