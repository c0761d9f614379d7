"""The continuum of every spaxel of a spectral cube: what is taken off before lines are sought."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import uniform_filter1d

from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.normal import robust_sigma
from cubeview.errors import Report, nothing
from cubeview.learn.search.filters import spread
from cubeview.learn.search.measure import Shape

CONTINUUM_CHANNELS = 48
"""A continuum is the median of about so many channels, with straight lines in between."""

STEADY_BLOCKS = 7
CONTINUUM_CHANGE = 0.1
"""Share of a continuum by which it is believed to differ from its mean over so many blocks."""

LINE_WINGS = 1.5
"""Half widths of a line, in its FWHM, that are left out when continuum is measured beside it."""

_AROUND_PX = 7
_LARGEST_BLOCK = 16_000_000  # voxels held at once while medians are taken


@dataclass(frozen=True, eq=False)
class Continuum:
    """The slowly varying light of each spaxel: medians of blocks of channels.

    Parameters
    ----------
    centres : ndarray, shape (n,)
        Channel of each block's middle.
    medians : ndarray, shape (n, y, x), float32
        0 where a block holds no data.
    means : ndarray, shape (n, y, x), float32
        Means without the highest and lowest tenth: a quarter less noise than the medians, for
        what is as faint as the noise; 0 where a block holds no data.
    """

    centres: np.ndarray
    medians: np.ndarray
    means: np.ndarray

    def over(self, box: Box) -> np.ndarray:
        """Return the continuum in a box, float32, linear between blocks, constant beyond."""
        channels = np.arange(box[0].start, box[0].stop)
        last = len(self.centres) - 1
        place = np.interp(channels, self.centres, np.arange(last + 1))
        low = np.minimum(place.astype(int), max(last - 1, 0))
        high = np.minimum(low + 1, last)
        share = (place - low).astype(np.float32)[:, None, None]
        part = self.medians[:, box[1], box[2]]
        found: np.ndarray = part[low] * (1 - share) + part[high] * share
        return found


def find_continuum(cube: Cube, *, report: Report = nothing) -> Continuum:
    """Measure the continuum of every spaxel of a cube, spectral axis first."""
    nz, ny, nx = cube.shape
    edges = np.linspace(0, nz, max(1, round(nz / CONTINUUM_CHANNELS)) + 1).astype(int)
    medians, means = np.zeros((2, len(edges) - 1, ny, nx), np.float32)
    rows = max(1, _LARGEST_BLOCK // (max(np.diff(edges)) * nx))
    for number, (low, high) in enumerate(pairwise(edges)):
        for top in range(0, ny, rows):
            report((number + top / ny) / len(medians), "measuring the continuum")
            part = slice(top, min(top + rows, ny))
            values = cube.box((slice(low, high), part, slice(0, nx)))
            medians[number, part], means[number, part] = _middle(values)
    if len(medians) > 2:  # a line broader than half a block must not become continuum
        padded = np.concatenate([medians[:1], medians, medians[-1:]])
        medians = (0.25 * (padded[:-2] + padded[2:]) + 0.5 * medians).astype(np.float32)
    medians = shrunk_to_mean(medians)
    return Continuum((edges[:-1] + edges[1:] - 1) / 2, medians, means)


def shrunk_to_mean(medians: np.ndarray) -> np.ndarray:
    """Draw each spaxel's medians towards their mean over many blocks where they are but noise.

    A continuum is believed to differ from its mean by some tenth of it; noise, by what the sky
    scatters by.
    """
    count = len(medians)
    steady = np.broadcast_to(medians.mean(axis=0), medians.shape)
    if count > STEADY_BLOCKS:
        steady = uniform_filter1d(medians, STEADY_BLOCKS, axis=0, mode="nearest")
    shrunk = medians.copy()
    for here, mean, new in zip(medians, steady, shrunk, strict=True):
        known = here != 0
        level, away = mean[known], (here - mean)[known]
        noise, change = spread(away), CONTINUUM_CHANGE * level
        total = change**2 + noise**2
        new[known] = level + away * np.divide(
            change**2, total, np.ones_like(total), where=total > 0
        )
    return shrunk


def white_image(continuum: Continuum) -> np.ndarray:
    """Return the light of all channels in units of its scatter over the sky; NaN without data.

    Blocks of channels count by how little they scatter.
    """
    total = np.zeros(continuum.means.shape[1:])
    seen = np.zeros(total.shape, bool)
    for image in continuum.means:
        known = image != 0
        if known.sum() < 20:
            continue
        values = image[known]
        total[known] += (values - np.median(values)) / (robust_sigma(values) or 1.0) ** 2
        seen |= known
    white: np.ndarray = np.where(seen, total, np.nan).astype(np.float32)
    return white


def without_lines(cube: Cube, place: np.ndarray, lines: Sequence[Shape]) -> float:
    """Return which share of a source's S/N in all channels is left without those of some lines.

    A line bright enough is seen in the light of all channels too, and is no continuum.

    Parameters
    ----------
    cube : Cube
    place : ndarray, shape (3,)
        Voxel of the source; the first is not looked at.
    lines : sequence of Shape
        Where the lines are, and how wide.
    """
    nz = cube.shape[0]
    _, y, x = (int(p) for p in place)
    top, left = max(0, y - _AROUND_PX), max(0, x - _AROUND_PX)
    wide = cube.box((slice(0, nz), slice(top, y + _AROUND_PX + 1), slice(left, x + _AROUND_PX + 1)))
    row, column = (slice(max(0, p - 1 - low), p + 2 - low) for p, low in ((y, top), (x, left)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # channels without data
        under = np.nanmedian(wide, axis=(1, 2))
        light = np.nanmean(wide[:, row, column], axis=(1, 2)) - under
    known = np.isfinite(light)
    free = known.copy()
    for line in lines:
        reach = LINE_WINGS * line.channels + 2.0
        free &= np.abs(np.arange(nz) - line.centre[0]) > reach
    total = float(light[known].sum())
    if not free.any() or total <= 0:
        return 0.0
    # The mean of fewer channels is noisier.
    share = float(light[free].mean()) / (total / float(known.sum()))
    return min(max(share, 0.0) * math.sqrt(float(free.sum()) / float(known.sum())), 1.0)


def _middle(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return median and trimmed mean along axis 0 without NaN; 0 where all are."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    low = np.take_along_axis(ordered, (np.maximum(count - 1, 0) // 2)[None], axis=0)[0]
    high = np.take_along_axis(ordered, (np.maximum(count, 1) // 2)[None], axis=0)[0]
    median = np.where(count > 0, 0.5 * (low + np.where(count > 1, high, low)), 0.0)
    cut, place = count // 10, np.arange(len(values))[:, None, None]
    kept = (place >= cut) & (place < count - cut)
    mean = np.where(kept, ordered, 0.0).sum(axis=0) / np.maximum(count - 2 * cut, 1)
    return median, mean
