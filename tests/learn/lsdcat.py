"""The matched filter of LSDCat (Herenz & Wisotzki 2017, A&A 602, A111), as a yardstick.

Median filter along the spectrum, one template of the known point-spread function and a line of
given width, errors propagated, local maxima (their equations 4, 8 and 9).
"""

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter, median_filter

FWHM_TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))


def signal_to_noise(flux, sigma, psf_px, line_px, channels=151):
    known = np.isfinite(flux) & np.isfinite(sigma)
    flux, weight = np.where(known, flux, 0.0), np.where(known, sigma, np.inf) ** -2.0
    size = min(channels, 2 * (len(flux) // 2) - 1)
    line = flux - median_filter(flux, size=(size, 1, 1), mode="nearest")
    widths = np.array([line_px, psf_px, psf_px]) * FWHM_TO_SIGMA
    # The square of a Gaussian is a Gaussian narrower by the root of two.
    scale = np.prod(2 * np.sqrt(np.pi) * widths)
    top = gaussian_filter(line * weight, widths, mode="constant")
    bottom = gaussian_filter(weight, widths / np.sqrt(2), mode="constant") / scale
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, top / np.sqrt(bottom), -np.inf)


def find(sn, floor, psf_px, line_px):
    """Return S/N and voxels of the maxima that are no part of a brighter one."""
    places = np.argwhere((sn == maximum_filter(sn, 5)) & (sn >= floor) & np.isfinite(sn))
    values = sn[tuple(places.T)]
    order = np.argsort(-values)
    kept = []
    for value, place in zip(values[order], places[order], strict=True):
        near = [
            np.hypot(*(place - other)[1:]) <= 1.5 * psf_px
            and abs(place[0] - other[0]) <= 2.0 * line_px
            for _, other in kept
        ]
        if not any(near):
            kept.append((float(value), place))
    return kept
