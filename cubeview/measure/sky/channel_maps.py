"""Channel maps: means over equal runs of channels, side by side, and the noise they have."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.sky.interval import channels_in

MOST = 100
_TO_SIGMA = 1.4826
"""Standard deviation over the median of absolute deviations, of Gaussian noise."""


@dataclass(frozen=True, eq=False)
class ChannelMaps:
    """Maps of an interval.

    Parameters
    ----------
    planes : ndarray, shape (n, y, x)
    places : ndarray, shape (n,)
        Middle of each, in the unit of the spectral axis.
    noise : float
        Of a voxel of a map, from the spread of all about their median.
    words : tuple of str
        How they were made.
    """

    planes: np.ndarray
    places: np.ndarray
    noise: float
    words: tuple[str, ...]


def channel_maps(
    cube: Cube, low: float, high: float, every: int = 1, *, report: Report = nothing
) -> ChannelMaps:
    """Return maps of an interval; channels left over at its end are not shown.

    Parameters
    ----------
    cube : Cube
    low, high : float
        In the unit of the spectral axis.
    every : int
        Channels of which each map is the mean.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If the interval holds too few channels, or more maps than can be shown.
    """
    channels = np.flatnonzero(channels_in(cube, low, high))
    count = len(channels) // every if every > 0 else 0
    if not count:
        raise CubeviewError(f"{len(channels)} channels lie there: maps of {every} cannot be made.")
    if count > MOST:
        raise CubeviewError(
            f"{count} maps are more than {MOST}: take a shorter interval, or more channels a map."
        )
    planes, places = [], []
    for number in range(count):
        report(number / count, "making channel maps")
        part = channels[number * every : (number + 1) * every]
        values = cube.box((slice(int(part[0]), int(part[-1]) + 1), slice(0, cube.shape[1]),
                           slice(0, cube.shape[2])))  # fmt: skip
        known = np.isfinite(values)
        with np.errstate(divide="ignore", invalid="ignore"):
            planes.append(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))
        places.append(cube.axes[0].values[part].mean())
    left = len(channels) - count * every
    made = np.array(planes, np.float32)
    middle = np.nanmedian(made)
    noise = float(_TO_SIGMA * np.nanmedian(np.abs(made - middle)))
    words = (
        f"{count} maps from {places[0]:.8g} to {places[-1]:.8g} {cube.axes[0].unit}, each the mean "
        f"of {every} channel{'s' if every > 1 else ''}",
        *([f"the last {left} of {len(channels)} channels make no whole map"] if left else []),
        f"noise {noise:.4g} {cube.unit} from the spread of all maps about their median",
    )
    return ChannelMaps(made, np.array(places), noise, words)
