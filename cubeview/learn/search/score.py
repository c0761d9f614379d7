"""How convincing a peak of a searched cube is: its S/N, and what speaks against it."""

import numpy as np

from cubeview.learn.search.filters import SKY_FWHM_PX, Best

CONTINUUM_ERROR = 0.05
"""Share of a spaxel's continuum that may be left where its spectrum breaks or bends."""

SHARP = 0.9
"""A single voxel of so large a share of the filter's S/N is sharper than light can be."""


def strengths(best: Best, places: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Return the score of peaks with the error of the continuum under them counted as noise.

    Parameters
    ----------
    best : Best
    places : ndarray, shape (n, 3)
        Voxels of the peaks.
    under : ndarray, shape (z, y, x)
        Continuum over sigma; where there is none the score stays as it is.
    """
    where = tuple(places.T)
    number = best.template[where].astype(int)
    sky = np.array(best.bank.templates)[number, 1]
    point = best.bank.beam or SKY_FWHM_PX[0]
    # What a filter makes of light of one sigma in every channel of an unresolved source.
    gain = point**2 / (point**2 + sky**2) / best.scatter[number, places[:, 0]]
    left = CONTINUUM_ERROR * gain * np.nan_to_num(np.maximum(under[where], 0.0))
    found: np.ndarray = best.score[where] / np.sqrt(1.0 + left**2)
    return found


def are_sharp(best: Best, places: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Tell which peaks are sharper than the point-spread function, as hits of cosmic rays are.

    Never so where a beam spreads the noise itself: nothing can be sharper than that.

    Parameters
    ----------
    best : Best
    places : ndarray of int, shape (n, 3)
    ratio : ndarray, shape (z, y, x)
        Signal over noise.
    """
    if best.bank.beam:
        return np.zeros(len(places), bool)
    near = [ratio[tuple(slice(max(i - 2, 0), i + 3) for i in place)] for place in places]
    highest = [part[np.isfinite(part)].max(initial=0.0) for part in near]
    sharp: np.ndarray = np.array(highest) > SHARP * best.sn(places)
    return sharp
