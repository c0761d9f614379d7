"""The matched filter of LSDCat (Herenz & Wisotzki 2017, A&A 602, A111), as a yardstick.

Median filter along the spectrum, a template of the known point-spread function and a line of given
width, errors propagated (their equations 4, 8 and 9) or, as its authors do with real cubes, scaled
to what each channel really scatters by; one width or the best of several; local maxima.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter, median_filter
from scipy.signal import oaconvolve

FWHM_TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))


def gaussian(fwhm_px):
    """Return the image of a round Gaussian, total 1."""
    half = int(np.ceil(2 * fwhm_px))
    square = np.arange(-half, half + 1) ** 2
    image = np.exp(-4 * np.log(2) * (square[:, None] + square) / fwhm_px**2)
    return image / image.sum()


def without_continuum(flux, channels=151):
    """Return flux less the running median of each spaxel, 0 where there is no data."""
    flux = np.where(np.isfinite(flux), flux, 0.0).astype(np.float32)
    size = min(channels, 2 * (len(flux) // 2) - 1)
    return flux - median_filter(flux, size=(size, 1, 1), mode="nearest")


def signal_to_noise(flux, sigma, image, widths_px, *, effective=False, line=None):
    """Return the S/N cube of the best of several line widths.

    Parameters
    ----------
    flux, sigma : ndarray, shape (z, y, x)
    image : ndarray, shape (odd, odd)
        The point-spread function, total 1.
    widths_px : sequence of float
        Full widths at half maximum of the lines, in channels.
    effective : bool
        Whether the noise of each channel, for each width, is what its voxels really scatter by,
        and the median of each channel is taken off.
    line : ndarray, shape (z, y, x), optional
        Flux without continuum, where it is at hand.
    """
    known = np.isfinite(flux) & np.isfinite(sigma)
    line = without_continuum(np.where(known, flux, np.nan)) if line is None else line
    if effective:
        level = np.nanmedian(np.where(known, line, np.nan), axis=(1, 2), keepdims=True)
        line = np.where(known, line - level, 0.0)
    weight = np.where(known, sigma, np.inf).astype(np.float32) ** -2.0
    top = _over_sky(line * weight, image)
    bottom = np.maximum(_over_sky(weight, image**2), 1e-12)
    best = np.full(flux.shape, -np.inf)
    for fwhm in widths_px:
        width = fwhm * FWHM_TO_SIGMA
        # The square of a Gaussian is a Gaussian narrower by the root of two.
        scale = 2 * np.sqrt(np.pi) * width
        light = gaussian_filter1d(top, width, axis=0, mode="constant")
        noise = gaussian_filter1d(bottom, width / np.sqrt(2), axis=0, mode="constant") / scale
        with np.errstate(invalid="ignore", divide="ignore"):
            sn = np.where(known, light / np.sqrt(noise), np.nan)
        if effective:
            sn /= _scatter(sn)[:, None, None]
        best = np.fmax(best, sn)
    return np.where(known, best, -np.inf)


def find(sn, floor, psf_px, line_px):
    """Return S/N and voxels of the maxima that are no part of a brighter one."""
    places = np.argwhere((sn == maximum_filter(sn, 5)) & (sn >= floor) & np.isfinite(sn))
    values = sn[tuple(places.T)]
    order = np.argsort(-values)
    places, values = places[order], values[order]
    free = np.ones(len(places), bool)
    for number, place in enumerate(places):
        if free[number]:
            away = np.abs(places[number + 1 :] - place)
            near = np.hypot(away[:, 1], away[:, 2]) <= 1.5 * psf_px
            free[number + 1 :] &= ~(near & (away[:, 0] <= 2.0 * line_px))
    return [(float(v), place) for v, place in zip(values[free], places[free], strict=True)]


def _over_sky(cube, image):
    """Correlate every channel with an image."""
    return oaconvolve(cube, image[None, ::-1, ::-1], mode="same", axes=(1, 2))


def _scatter(sn):
    """Return what each channel scatters by, smooth along the spectrum unless a channel is worse."""
    deviation = np.abs(sn - np.nanmedian(sn, axis=(1, 2), keepdims=True))
    each = 1.4826 * np.nanmedian(deviation, axis=(1, 2))
    smooth = median_filter(each, size=min(25, 2 * (len(each) // 2) - 1), mode="nearest")
    return np.where(each > 1.3 * smooth, each, smooth)
