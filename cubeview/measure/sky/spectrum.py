"""The spectrum of an aperture on the sky, above its surroundings, with an honest error."""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.aperture import How, aperture_spectrum
from cubeview.cubes.beam import beam_correlation
from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.cubes.region import Aperture
from cubeview.errors import CubeviewError, Report, nothing, part_of

_DER_SNR = 1.482602 / np.sqrt(6.0)
"""Standard deviation over the median of |2 f(i) - f(i-2) - f(i+2)|; Stoehr 2008, ASPC 394:505."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What an aperture holds, channel by channel.

    Parameters
    ----------
    name : str
    values, sigma : ndarray, shape (z,), float64, in `unit`
        NaN where nothing is known; `sigma` is one standard deviation.
    unit : str
    voxels : float
        Of a plane in the aperture, those at its edge by the share that lies inside.
    words : tuple of str
        What was done, and where the errors come from.
    """

    name: str
    values: np.ndarray
    sigma: np.ndarray
    unit: str
    voxels: float
    words: tuple[str, ...]


def spectrum_of(
    cube: Cube,
    aperture: Aperture,
    *,
    name: str = "aperture",
    background: Aperture | None = None,
    how: How = "sum",
    covariance: float | None = None,
    report: Report = nothing,
) -> Spectrum:
    """Return the spectrum of an aperture.

    Parameters
    ----------
    cube : Cube
    aperture : Aperture
    name : str
    background : Aperture, optional
        Its mean in each channel is taken off every voxel of the aperture.
    how : {"sum", "mean"}
    covariance : float, optional
        What errors of independent voxels are multiplied by. None: from the beam where there is
        one, see Notes, else 1.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If the aperture or its background holds no voxel of the cube.

    Notes
    -----
    The noise of an image of an interferometer is correlated as its beam is: the variance of a sum
    is the sum over all pairs of voxels of their weights, noise and correlation, a Gaussian of the
    beam's size. Taken with one noise for the whole aperture.
    """
    cube = believed(cube)
    _, _, share = aperture.cover(cube.shape)
    if not share.sum() > 0:
        raise CubeviewError(f"{name} holds no voxel of the cube.")
    first = 1.0 if background is None else 0.5
    found = aperture_spectrum(cube, aperture, how, report=part_of(report, 0.0, first))
    values = found.values.astype(np.float64)
    words = [f"{how} of {found.voxels:.2f} voxels, by the share of each that lies inside"]
    factor, why = _factor(cube, share, covariance)
    sigma = None if found.sigma is None else found.sigma * factor
    if background is not None:
        _, _, ring = background.cover(cube.shape)
        if not ring.sum() > 0:
            raise CubeviewError(f"the background of {name} holds no voxel of the cube.")
        around = aperture_spectrum(cube, background, "mean", report=part_of(report, 0.5, 0.5))
        each = _scale(cube, found.voxels, how)
        values -= around.values * each
        words.append(f"mean of {around.voxels:.2f} voxels of background taken off each")
        if sigma is not None and around.sigma is not None:
            wide, _ = _factor(cube, ring, covariance)
            sigma = np.hypot(sigma, around.sigma * wide * each)
    if sigma is None:
        sigma = np.where(np.isfinite(values), scatter_of(values), np.nan)
        words.append("errors measured from the scatter of channels (DER_SNR), one for all of them")
    else:
        words.append(f"errors from the cube's own uncertainty, {why}")
    return Spectrum(name, values, sigma, found.unit, found.voxels, tuple(words))


def smoothed(
    values: np.ndarray, sigma: np.ndarray | None, width: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a running mean over channels, and its error; without a value where there is none.

    Parameters
    ----------
    values : ndarray, shape (z,)
        NaN where nothing is known.
    sigma : ndarray, shape (z,), optional
        Weights are its inverse squares.
    width : int
        Channels, an odd number; 1 leaves everything as it is.
    """
    if width < 2:
        return values, sigma
    known = np.isfinite(values)
    weight = known.astype(np.float64)
    if sigma is not None:
        known &= np.isfinite(sigma) & (sigma > 0)
        weight = np.where(known, 1.0 / np.where(known, sigma, 1.0) ** 2, 0.0)
    box = np.ones(width)
    total = np.convolve(weight, box, "same")
    summed = np.convolve(np.where(known, values, 0.0) * weight, box, "same")
    with np.errstate(all="ignore"):
        mean = np.where(known, summed / total, np.nan)
        error = None if sigma is None else np.where(known, total**-0.5, np.nan)
    return mean, error


def _scale(cube: Cube, voxels: float, how: How) -> float:
    """Return what a mean of voxels is multiplied by to be what the aperture holds of it."""
    from cubeview.cubes.units import summed

    return voxels * summed(cube)[0] if how == "sum" else 1.0


def _factor(cube: Cube, share: np.ndarray, given: float | None) -> tuple[float, str]:
    """Return by how much an error is larger than that of independent voxels, and why."""
    if given is not None:
        return given, f"times {given:g} for covariance as asked for"
    if cube.beam is None or cube.wcs is None:
        return 1.0, "voxels taken as independent (in resampled cubes the true ones are larger)"
    from scipy.signal import fftconvolve

    rows, columns = share.shape
    correlation = beam_correlation(cube, *np.mgrid[1 - rows : rows, 1 - columns : columns])
    spread = fftconvolve(share, correlation)[rows - 1 : 2 * rows - 1, columns - 1 : 2 * columns - 1]
    pairs = float((share * spread).sum())
    factor = float(np.sqrt(pairs / np.square(share).sum()))
    return factor, f"times {factor:.3g} because voxels of one beam share their noise"


def scatter_of(values: np.ndarray) -> float:
    """Return the noise of a spectrum, NaN of too few channels."""
    known = values[np.isfinite(values)]
    if len(known) < 5:
        return float("nan")
    bent = np.abs(2.0 * known[2:-2] - known[:-4] - known[4:])
    return float(_DER_SNR * np.median(bent))
