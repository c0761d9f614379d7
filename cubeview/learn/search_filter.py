"""Where a spectral cube holds more light than its noise explains: a bank of matched filters.

The continuum of each spaxel is taken off, the rest divided by its sigma and smoothed with Gaussian
lines of several sizes; what a smoothed channel scatters by is measured on the channel itself, so
that correlated voxels and the remains of sky lines raise no false alarm. After LSDCat (Herenz &
Wisotzki 2017, A&A 602, A111, section 2), with the scatter of the data in place of the propagated
one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter, median_filter

from cubeview.cubes.cube import Box, Cube
from cubeview.errors import Report, nothing

MAD_TO_SIGMA = 1.4826
FWHM_TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))

SKY_FWHM_PX = (3.5, 6.0, 10.0)
SPECTRAL_FWHM_PX = (2.5, 5.0, 10.0)

CONTINUUM_CHANNELS = 48
"""A continuum is the median of about so many channels, with straight lines in between."""

AROUND_CHANNELS = 25
"""Channels the noise of one is compared with."""

BEAM_ACF = 0.3
"""Correlation of noise two voxels apart on the sky from which a beam is taken to make it."""

_LARGEST_BLOCK = 16_000_000  # voxels held at once while medians are taken


@dataclass(frozen=True)
class Bank:
    """Full widths at half maximum of the filters on the sky, in voxels.

    Where a beam spreads noise as it spreads light, an unresolved source is best seen unsmoothed,
    and what is smoothed should be as much wider as the source is wider than the beam.

    Parameters
    ----------
    sky : tuple of float
        Widths; 0 does not smooth.
    beam : float
        Width of the beam; 0 where noise is not correlated by one.
    """

    sky: tuple[float, ...] = SKY_FWHM_PX
    beam: float = 0.0

    @property
    def templates(self) -> tuple[tuple[float, float], ...]:
        """The filters as (channels, sky voxels), in the order of their numbers."""
        return tuple((z, sky) for sky in self.sky for z in SPECTRAL_FWHM_PX)

    @property
    def sizes(self) -> tuple[tuple[float, float], ...]:
        """The same as the sizes of the sources they suit."""
        return tuple((z, float(np.hypot(sky, self.beam))) for z, sky in self.templates)


def bank_for(cube: Cube) -> Bank:
    """Choose the filters by how noise is correlated on the sky, in the middle of a cube.

    From differences of channels two apart, in which steady light cancels.
    """
    nz, ny, nx = cube.shape
    middle = slice(max(0, nz // 2 - 16), min(nz, nz // 2 + 16))
    rows, columns = (slice(max(0, n // 2 - 128), min(n, n // 2 + 128)) for n in (ny, nx))
    values = cube.box((middle, rows, columns)).astype(np.float64)
    noise = values[2:] - values[:-2]
    whole = _spread(noise)
    alike = []
    for axis in (1, 2):
        far = np.moveaxis(noise, axis, 0)
        step = _spread(far[2:] - far[:-2])
        alike.append(1.0 - 0.5 * (step / whole) ** 2 if whole > 0 else 0.0)
    acf = float(np.mean(alike))
    if not BEAM_ACF < acf < 1.0:
        return Bank()
    # Noise smoothed by a Gaussian of width s is correlated as exp(-d^2 / 4 s^2).
    beam = float(np.sqrt(-1.0 / np.log(acf))) / FWHM_TO_SIGMA
    return Bank((0.0, 0.9 * beam, 1.8 * beam), beam)


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
        place = np.clip(
            np.interp(channels, self.centres, np.arange(len(self.centres))),
            0,
            len(self.centres) - 1,
        )
        low = np.minimum(place.astype(int), max(len(self.centres) - 2, 0))
        high = np.minimum(low + 1, len(self.centres) - 1)
        share = (place - low).astype(np.float32)[:, None, None]
        part = self.medians[:, box[1], box[2]]
        found: np.ndarray = part[low] * (1 - share) + part[high] * share
        return found


def find_continuum(cube: Cube, *, report: Report = nothing) -> Continuum:
    """Measure the continuum of every spaxel.

    Parameters
    ----------
    cube : Cube
        Spectral axis first.

    Returns
    -------
    Continuum
    """
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
    return Continuum((edges[:-1] + edges[1:] - 1) / 2, medians, means)


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
        level = np.median(image[known])
        spread = MAD_TO_SIGMA * np.median(np.abs(image[known] - level)) or 1.0
        total[known] += (image[known] - level) / spread**2
        seen |= known
    image = np.where(seen, total, np.nan).astype(np.float32)
    return image


def level(residual: np.ndarray) -> np.ndarray:
    """Take off each channel's median over the sky: what a bad channel or the sky left everywhere.

    Light that fills the whole view goes with it; what stands out from it stays.
    """
    levelled = residual.copy()
    for channel in levelled:
        known = np.isfinite(channel)
        if known.sum() >= 20:
            channel -= np.median(channel[known])
    return levelled


def matched(ratio: np.ndarray, bank: Bank) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Smooth a cube of S/N with every template.

    Parameters
    ----------
    ratio : ndarray, shape (z, y, x), float32
        Light over sigma, continuum taken off; NaN where there is no data.
    bank : Bank

    Yields
    ------
    number : int
        Of the template in the bank.
    sn : ndarray, shape (z, y, x), float32
        Signal-to-noise of a line of that size at each voxel.
    scatter : ndarray, shape (z,)
        What the smoothed light of each channel scatters by, in units of sigma.
    """
    known = np.isfinite(ratio)
    clean = np.where(known, ratio, np.float32(0.0))
    for sky_number, sky in enumerate(bank.sky):
        width = sky * FWHM_TO_SIGMA
        spread = gaussian_filter(clean, (0.0, width, width), mode="constant", truncate=3.0)
        for number, channels in enumerate(SPECTRAL_FWHM_PX):
            smooth = gaussian_filter1d(
                spread, channels * FWHM_TO_SIGMA, axis=0, mode="constant", truncate=3.0
            )
            scatter = _scatter(smooth, known, float(np.hypot(sky, bank.beam)))
            smooth /= scatter[:, None, None]
            yield sky_number * len(SPECTRAL_FWHM_PX) + number, smooth, scatter


@dataclass(frozen=True, eq=False)
class Best:
    """The best of all templates at each voxel.

    Parameters
    ----------
    sn : ndarray, shape (z, y, x), float32
        Minus infinity where there is no data.
    template : ndarray, shape (z, y, x), int8
        Number of the template in the bank.
    scatter : ndarray, shape (templates, z)
        See `matched`.
    bank : Bank
    """

    sn: np.ndarray
    template: np.ndarray
    scatter: np.ndarray
    bank: Bank


def best_of(
    ratio: np.ndarray, bank: Bank | None = None, *, report: Report = nothing
) -> tuple[Best, Best]:
    """Return the best template for light and the best for missing light.

    The second is the first of the cube with its sign flipped.
    """
    bank = bank or Bank()
    count = len(bank.templates)
    scatter = np.ones((count, len(ratio)))
    light, dark = (
        Best(
            np.full(ratio.shape, -np.inf, np.float32), np.zeros(ratio.shape, np.int8), scatter, bank
        )
        for _ in range(2)
    )
    for number, sn, here in matched(ratio, bank):
        report(number / count, "filtering")
        scatter[number] = here
        for best, signed in ((light, sn), (dark, -sn)):
            np.copyto(best.template, np.int8(number), where=signed > best.sn)
            np.maximum(best.sn, signed, out=best.sn)
    for best in (light, dark):
        best.sn[~np.isfinite(ratio)] = -np.inf
    return light, dark


def peaks(best: Best, floor: float) -> np.ndarray:
    """Return the local maxima above a floor that are no part of a brighter one, brightest first.

    Returns
    -------
    ndarray, shape (n, 3)
        Voxel indices (z, y, x).
    """
    top = maximum_filter(best.sn, size=5, mode="nearest")
    found = np.argwhere((best.sn == top) & (best.sn >= floor))
    sn = best.sn[tuple(found.T)]
    order = np.argsort(-sn, kind="stable")
    found, sn = found[order], sn[order].astype(float)
    channels, sky = np.array(best.bank.sizes)[best.template[tuple(found.T)]].T
    # Where the wings of a smoothed Gaussian sink to the floor.
    wings = np.maximum(0.71 * np.sqrt(np.log2(np.maximum(sn / floor, 1.0))), 0.8)
    free = np.ones(len(found), bool)
    for number in range(len(found)):
        if not free[number]:
            continue
        away = np.abs(found - found[number])
        reach_z = 1.5 * wings[number] * np.maximum(channels, channels[number]) + 1
        reach_sky = wings[number] * np.maximum(sky, sky[number])
        part = (away[:, 0] <= reach_z) & (np.hypot(away[:, 1], away[:, 2]) <= reach_sky)
        part[: number + 1] = False
        free &= ~part
    return found[free]


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


def _spread(values: np.ndarray) -> float:
    """Return the standard deviation of values about zero, from their median; 0 without any."""
    values = np.abs(values[np.isfinite(values)])
    return MAD_TO_SIGMA * float(np.median(values)) if len(values) else 0.0


def _scatter(smooth: np.ndarray, known: np.ndarray, sky: float) -> np.ndarray:
    """Return what each channel scatters by.

    A channel holds few independent places of a wide filter, so that its own scatter says little:
    the median of the channels around is taken unless the channel is worse beyond chance.
    """
    each, seen = np.full(len(smooth), np.nan), known.sum(axis=(1, 2))
    for z in np.flatnonzero(seen >= 20):
        here = smooth[z][known[z]]
        each[z] = MAD_TO_SIGMA * np.median(np.abs(here - np.median(here)))
    found = np.isfinite(each)
    if not found.any():
        return np.ones(len(smooth))
    around = np.ones(len(smooth))
    around[found] = median_filter(each[found], size=AROUND_CHANNELS, mode="nearest")
    usual = np.median(each[found])
    around = np.maximum(around, usual / 3 if usual > 0 else 1.0)
    # Independent places of a filter of this size, and how well so many tell a scatter.
    places = np.maximum(seen / (2.3 * sky**2), 2.0)
    chance = 1.0 + 3.0 * 1.64 / np.sqrt(2.0 * places)
    with np.errstate(invalid="ignore"):
        scatter: np.ndarray = np.where(each > chance * around, each, around)
    return scatter
