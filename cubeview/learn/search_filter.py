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
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter

from cubeview.cubes.cube import Box, Cube
from cubeview.errors import Report, nothing

MAD_TO_SIGMA = 1.4826
FWHM_TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))

SKY_FWHM_PX = (3.5, 6.0, 10.0)
SPECTRAL_FWHM_PX = (2.5, 5.0, 10.0)
TEMPLATES = tuple((z, s) for s in SKY_FWHM_PX for z in SPECTRAL_FWHM_PX)
"""Full widths at half maximum of the filters: (channels, sky voxels)."""

CONTINUUM_CHANNELS = 48
"""A continuum is the median of about so many channels, with straight lines in between."""

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
    """

    centres: np.ndarray
    medians: np.ndarray

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
    medians = np.zeros((len(edges) - 1, ny, nx), np.float32)
    rows = max(1, _LARGEST_BLOCK // (max(np.diff(edges)) * nx))
    for number, (low, high) in enumerate(pairwise(edges)):
        for top in range(0, ny, rows):
            report((number + top / ny) / len(medians), "measuring the continuum")
            part = slice(top, min(top + rows, ny))
            values = cube.box((slice(low, high), part, slice(0, nx)))
            medians[number, part] = _median(values)
    if len(medians) > 2:  # a line broader than half a block must not become continuum
        padded = np.concatenate([medians[:1], medians, medians[-1:]])
        medians = (0.25 * (padded[:-2] + padded[2:]) + 0.5 * medians).astype(np.float32)
    return Continuum((edges[:-1] + edges[1:] - 1) / 2, medians)


def white_image(continuum: Continuum) -> np.ndarray:
    """Return the light of all channels in units of its scatter over the sky; NaN without data.

    Blocks of channels count by how little they scatter.
    """
    total = np.zeros(continuum.medians.shape[1:])
    seen = np.zeros(total.shape, bool)
    for image in continuum.medians:
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


def matched(ratio: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Smooth a cube of S/N with every template.

    Parameters
    ----------
    ratio : ndarray, shape (z, y, x), float32
        Light over sigma, continuum taken off; NaN where there is no data.

    Yields
    ------
    number : int
        Of the template in `TEMPLATES`.
    sn : ndarray, shape (z, y, x), float32
        Signal-to-noise of a line of that size at each voxel.
    """
    known = np.isfinite(ratio)
    clean = np.where(known, ratio, np.float32(0.0))
    for sky_number, sky in enumerate(SKY_FWHM_PX):
        width = sky * FWHM_TO_SIGMA
        spread = gaussian_filter(clean, (0.0, width, width), mode="constant", truncate=3.0)
        for number, channels in enumerate(SPECTRAL_FWHM_PX):
            smooth = gaussian_filter1d(
                spread, channels * FWHM_TO_SIGMA, axis=0, mode="constant", truncate=3.0
            )
            smooth /= _scatter(smooth, known)[:, None, None]
            yield sky_number * len(SPECTRAL_FWHM_PX) + number, smooth


@dataclass(frozen=True, eq=False)
class Best:
    """The best of all templates at each voxel: S/N, shape (z, y, x), and the template's number."""

    sn: np.ndarray
    template: np.ndarray


def best_of(ratio: np.ndarray, *, report: Report = nothing) -> tuple[Best, Best]:
    """Return the best template for light and the best for missing light.

    The second is the first of the cube with its sign flipped. No data counts as minus infinity.
    """
    bests = [
        Best(np.full(ratio.shape, -np.inf, np.float32), np.zeros(ratio.shape, np.int8))
        for _ in range(2)
    ]
    for number, sn in matched(ratio):
        report(number / len(TEMPLATES), "filtering")
        for best, signed in zip(bests, (sn, -sn), strict=True):
            np.copyto(best.template, np.int8(number), where=signed > best.sn)
            np.maximum(best.sn, signed, out=best.sn)
    for best in bests:
        best.sn[~np.isfinite(ratio)] = -np.inf
    return bests[0], bests[1]


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
    channels, sky = np.array(TEMPLATES)[best.template[tuple(found.T)]].T
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


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median along axis 0 without NaN; 0 where all are."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(ordered).sum(axis=0)
    low = np.take_along_axis(ordered, (np.maximum(count - 1, 0) // 2)[None], axis=0)[0]
    high = np.take_along_axis(ordered, (np.maximum(count, 1) // 2)[None], axis=0)[0]
    found: np.ndarray = np.where(count > 0, 0.5 * (low + np.where(count > 1, high, low)), 0.0)
    return found


def _scatter(smooth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return what each channel scatters by; never less than the channels usually do."""
    scatter = np.full(len(smooth), np.nan)
    for z, (values, seen) in enumerate(zip(smooth, known, strict=True)):
        if seen.sum() >= 20:
            here = values[seen]
            scatter[z] = MAD_TO_SIGMA * np.median(np.abs(here - np.median(here)))
    usual = np.nanmedian(scatter) if np.isfinite(scatter).any() else 1.0
    return np.fmax(scatter, usual if usual > 0 else 1.0)
