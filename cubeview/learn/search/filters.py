"""Where a spectral cube holds more light than its noise explains: a bank of matched filters.

The continuum of each spaxel is taken off, the rest divided by its sigma and smoothed with Gaussian
lines of several sizes; what a smoothed channel scatters by is measured on the channel itself, so
that correlated voxels and the remains of sky lines raise no false alarm. After LSDCat (Herenz &
Wisotzki 2017, A&A 602, A111, section 2), with the scatter of the data in place of the propagated
one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d, maximum_filter, median_filter

from cubeview.cubes.cube import Cube
from cubeview.cubes.normal import FWHM_TO_SIGMA, MAD_TO_SIGMA, robust_sigma
from cubeview.errors import Report, nothing

SKY_FWHM_PX = (3.5, 6.0, 10.0)
SPECTRAL_FWHM_PX = (2.5, 5.0, 10.0)

AROUND_CHANNELS = 25
"""Channels the noise of one is compared with."""

CHANCE = 2.0
"""Standard errors beyond which a channel is taken to be noisier than those around it."""

BEAM_ACF = 0.3
"""Correlation of noise two voxels apart on the sky from which a beam is taken to make it."""

BONUS_SN = 5.0
"""S/N near which the filters are made equally hard to deceive."""


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
    spectral : tuple of float
        Widths along the spectrum, in channels.
    """

    sky: tuple[float, ...] = SKY_FWHM_PX
    beam: float = 0.0
    spectral: tuple[float, ...] = SPECTRAL_FWHM_PX

    @property
    def templates(self) -> tuple[tuple[float, float], ...]:
        """The filters as (channels, sky voxels), in the order of their numbers."""
        return tuple((z, sky) for sky in self.sky for z in self.spectral)

    @property
    def sizes(self) -> tuple[tuple[float, float], ...]:
        """The same as the sizes of the sources they suit."""
        return tuple((z, float(np.hypot(sky, self.beam))) for z, sky in self.templates)

    @property
    def bonus(self) -> np.ndarray:
        """What each filter's S/N counts more than that of the smallest, float32.

        Noise has fewer independent places the larger the filter is, as many less as its volume is
        larger; near an S/N of u, a factor f in their number is worth ln(f) / u.
        """
        channels, sky = np.array(self.sizes).T
        volume = channels * sky**2
        bonus: np.ndarray = (np.log(volume / volume[0]) / BONUS_SN).astype(np.float32)
        return bonus


def bank_for(cube: Cube) -> Bank:
    """Choose the filters by how noise is correlated on the sky, in the middle of a cube.

    From differences of channels two apart, in which steady light cancels.
    """
    nz, ny, nx = cube.shape
    middle = slice(max(0, nz // 2 - 16), min(nz, nz // 2 + 16))
    rows, columns = (slice(max(0, n // 2 - 128), min(n, n // 2 + 128)) for n in (ny, nx))
    values = cube.box((middle, rows, columns)).astype(np.float64)
    noise = values[2:] - values[:-2]
    whole = spread(noise)
    alike = []
    for axis in (1, 2):
        far = np.moveaxis(noise, axis, 0)
        step = spread(far[2:] - far[:-2])
        alike.append(1.0 - 0.5 * (step / whole) ** 2 if whole > 0 else 0.0)
    acf = float(np.mean(alike))
    if not BEAM_ACF < acf < 1.0:
        return Bank()
    # Noise smoothed by a Gaussian of width s is correlated as exp(-d^2 / 4 s^2).
    beam = float(np.sqrt(-1.0 / np.log(acf))) / FWHM_TO_SIGMA
    return Bank((0.0, 0.9 * beam, 1.8 * beam), beam)


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
    scatter : ndarray, shape (z,), float32
        What the smoothed light of each channel scatters by, in units of sigma, far from the edges
        of the sky.
    """
    known = np.isfinite(ratio)
    clean = np.where(known, ratio, np.float32(0.0))
    columns, channels = known.any(axis=0), known.any(axis=(1, 2))
    edges = [edge_noise(channels, z * FWHM_TO_SIGMA) for z in bank.spectral]
    for sky_number, sky in enumerate(bank.sky):
        width = sky * FWHM_TO_SIGMA
        over_sky = gaussian_filter(clean, (0.0, width, width), mode="constant", truncate=3.0)
        over_sky /= edge_noise(columns, width, bank.beam * FWHM_TO_SIGMA)
        for number, (z, edge) in enumerate(zip(bank.spectral, edges, strict=True)):
            smooth = gaussian_filter1d(
                over_sky, z * FWHM_TO_SIGMA, axis=0, mode="constant", truncate=3.0
            )
            scatter = edge * _scatter(smooth, known, edge, float(np.hypot(sky, bank.beam)))
            smooth /= scatter[:, None, None]
            yield sky_number * len(bank.spectral) + number, smooth, scatter


def edge_noise(known: np.ndarray, width: float, beam: float = 0.0) -> np.ndarray:
    """Return the noise of smoothed data over its noise far from where data end.

    A filter that reaches beyond the data sums less noise, and must not seem to find more light.

    Parameters
    ----------
    known : ndarray of bool, shape (n,) or (y, x)
    width : float
        Standard deviation of the Gaussian the data are smoothed with, in voxels.
    beam : float
        That of the Gaussian which made the noise from white noise.
    """
    both = float(np.hypot(width, beam))
    if both == 0:
        return np.ones(known.shape, np.float32)
    # The products of both Gaussians, as seen from a voxel: what each place of the white noise
    # before the beam adds is a mean of the mask around a point on the way to it.
    mean = gaussian_filter(known.astype(np.float32), width * beam / both, mode="constant")
    power = gaussian_filter(mean**2, width**2 / both / np.sqrt(2.0), mode="constant")
    found: np.ndarray = np.sqrt(np.maximum(power, 0.01))
    return found


@dataclass(frozen=True, eq=False)
class Best:
    """The best of all templates at each voxel.

    Parameters
    ----------
    score : ndarray, shape (z, y, x), float32
        S/N and the bonus of the template, minus infinity where there is no data. The best is the
        one with the largest.
    template : ndarray, shape (z, y, x), int8
        Number of the template in the bank.
    scatter : ndarray, shape (templates, z)
        See `matched`.
    bank : Bank
    """

    score: np.ndarray
    template: np.ndarray
    scatter: np.ndarray
    bank: Bank

    def sn(self, places: np.ndarray) -> np.ndarray:
        """Return the S/N at voxels, shape (n, 3)."""
        where = tuple(places.T)
        found: np.ndarray = self.score[where] - self.bank.bonus[self.template[where]]
        return found


def best_of(
    ratio: np.ndarray, bank: Bank | None = None, *, report: Report = nothing
) -> tuple[Best, Best]:
    """Return the best template for light, and for missing light: of the sign-flipped cube.

    Parameters
    ----------
    ratio : ndarray, shape (z, y, x)
        Signal over noise; NaN where there is no data.
    bank : Bank, optional
    report : Report
    """
    bank = bank or Bank()
    count = len(bank.templates)
    scatter = np.ones((count, len(ratio)))
    worst, first = np.full(ratio.shape, -np.inf, np.float32), np.zeros(ratio.shape, np.int8)
    light = Best(worst, first, scatter, bank)
    dark = Best(worst.copy(), first.copy(), scatter, bank)
    for number, sn, here in matched(ratio, bank):
        report(number / count, "filtering")
        scatter[number] = here
        bonus = bank.bonus[number]
        for best, signed in ((light, sn + bonus), (dark, bonus - sn)):
            np.copyto(best.template, np.int8(number), where=signed > best.score)
            np.maximum(best.score, signed, out=best.score)
    for best in (light, dark):
        best.score[~np.isfinite(ratio)] = -np.inf
    return light, dark


def peaks(best: Best, floor: float) -> np.ndarray:
    """Return the maxima of the score above a floor, no part of a brighter one, brightest first.

    Voxel indices (z, y, x), shape (n, 3).
    """
    top = maximum_filter(best.score, size=5, mode="nearest")
    found = np.argwhere((best.score == top) & (best.score >= floor))
    sn = best.score[tuple(found.T)]
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


def spread(values: np.ndarray) -> float:
    """Return the standard deviation of values about zero, from their median; 0 without any."""
    values = np.abs(values[np.isfinite(values)])
    return MAD_TO_SIGMA * float(np.median(values)) if len(values) else 0.0


def _scatter(smooth: np.ndarray, known: np.ndarray, edge: np.ndarray, sky: float) -> np.ndarray:
    """Return what each channel scatters by, over what the edges of the spectrum make of it.

    A channel holds few independent places of a wide filter, so that its own scatter says little:
    the median of the channels around is taken unless the channel is worse beyond chance.
    """
    each, seen = np.full(len(smooth), np.nan), known.sum(axis=(1, 2))
    for z in np.flatnonzero(seen >= 20):
        each[z] = robust_sigma(smooth[z][known[z]]) / edge[z]
    found = np.isfinite(each)
    if not found.any():
        return np.ones(len(smooth))
    around = np.ones(len(smooth))
    around[found] = median_filter(each[found], size=AROUND_CHANNELS, mode="mirror")
    usual = np.median(each[found])
    around = np.maximum(around, usual / 3 if usual > 0 else 1.0)
    # Independent places of a filter of this size, and how well so many tell a scatter.
    places = np.maximum(seen / (1.13 * sky**2), 2.0)
    chance = 1.0 + CHANCE * 1.64 / np.sqrt(2.0 * places)
    with np.errstate(invalid="ignore"):
        scatter = np.where(each > chance * around, each, around)
    return scatter.astype(np.float32)
