"""Light of simulated sky sources: stars, galaxies, emission lines, discs and absorbers.

Every function that draws a source returns cubes whose brightest voxel is 1 (or, for a dip, whose
deepest is -1 times its depth); the caller scales them to the signal-to-noise it wants.
"""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.normal import FWHM_TO_SIGMA

Place = tuple[float, float, float]
"""Voxel index (z, y, x), 0-based, may be fractional."""

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Optics:
    """How the instrument spreads light.

    Parameters
    ----------
    fwhm_px : float
        Full width at half maximum of the point-spread function or beam along its minor axis.
    ratio, angle : float
        Major over minor axis, and its position angle in radians from +y towards +x.
    beta : float or None
        Exponent of a Moffat profile (Moffat 1969, A&A 3, 455); None for a Gaussian beam.
    lsf_px : float
        FWHM of the line-spread function in channels.
    """

    fwhm_px: float
    ratio: float = 1.0
    angle: float = 0.0
    beta: float | None = None
    lsf_px: float = 2.2


def draw_optics(rng: np.random.Generator, flavour: str) -> Optics:
    """Draw a point-spread function: seeing of an IFU (2 to 6 voxels) or a beam (2.5 to 8)."""
    if flavour == "radio":
        beam = rng.uniform(2.5, 6.0), rng.uniform(1.0, 1.5), rng.uniform(0, np.pi)
        return Optics(*beam, beta=None, lsf_px=1.2)
    # MUSE: 0.5-1.2" seeing on 0.2" voxels, 2.3-2.9 A on 1.25 A channels; coarser IFUs up to 6.
    return Optics(rng.uniform(2.2, 6.0), 1.0, 0.0, rng.uniform(2.3, 4.5), rng.uniform(1.8, 3.2))


def turned(
    shape: tuple[int, int], y: float, x: float, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return each voxel's distance from (y, x) along a direction and across it, shape (ny, nx).

    Parameters
    ----------
    shape : tuple of two int
    y, x : float
    angle : float
        Of the direction, in radians from +y towards +x.
    """
    dy = np.arange(shape[0])[:, None] - y
    dx = np.arange(shape[1])[None, :] - x
    cos, sin = np.cos(angle), np.sin(angle)
    return dy * cos + dx * sin, -dy * sin + dx * cos


def elliptical_radius(
    shape: tuple[int, int], y: float, x: float, ratio: float, angle: float
) -> np.ndarray:
    """Return each voxel's distance from (y, x) in minor-axis units, shape (ny, nx).

    Parameters
    ----------
    shape : tuple of two int
    y, x : float
    ratio : float
        Major axis over the minor one.
    angle : float
        Of the major axis, in radians from +y towards +x.
    """
    along, across = turned(shape, y, x, angle)
    radius: np.ndarray = np.hypot(along / ratio, across)
    return radius


def psf(optics: Optics, shape: tuple[int, int], y: float, x: float) -> np.ndarray:
    """Return a point source at (y, x), peak 1, shape (ny, nx).

    Parameters
    ----------
    optics : Optics
    shape : tuple of two int
    y, x : float
    """
    radius = elliptical_radius(shape, y, x, optics.ratio, optics.angle)
    if optics.beta is None:
        gaussian: np.ndarray = np.exp(-4.0 * np.log(2.0) * (radius / optics.fwhm_px) ** 2)
        return gaussian
    core = optics.fwhm_px / (2.0 * np.sqrt(2.0 ** (1.0 / optics.beta) - 1.0))
    moffat: np.ndarray = (1.0 + (radius / core) ** 2) ** -optics.beta
    return moffat


def blur(images: np.ndarray, optics: Optics) -> np.ndarray:
    """Convolve images, shape (..., ny, nx), with the point-spread function, total flux kept.

    What lies beyond the images' edges is taken as dark.
    """
    ny, nx = images.shape[-2:]
    grid = (2 * ny, 2 * nx)
    kernel = np.fft.ifftshift(psf(optics, grid, ny, nx))
    spread = np.fft.rfft2(images, s=grid) * (np.fft.rfft2(kernel) / kernel.sum())
    blurred: np.ndarray = np.fft.irfft2(spread, s=grid)[..., :ny, :nx]
    return blurred


def line(channels: int, centre: float, fwhm: float) -> np.ndarray:
    """Return a Gaussian line, peak 1, shape (channels,).

    Parameters
    ----------
    channels : int
    centre, fwhm : float
        In channels.
    """
    offset = (np.arange(channels) - centre) / (fwhm * FWHM_TO_SIGMA)
    profile: np.ndarray = np.exp(-0.5 * offset**2)
    return profile


def to_sn(source: np.ndarray, sigma: np.ndarray, sn: float) -> np.ndarray:
    """Scale a source to a signal-to-noise.

    Parameters
    ----------
    source, sigma : ndarray, shape (z, y, x)
        Light and noise, in one unit.
    sn : float
        Signal-to-noise of its best voxel.
    """
    scaled: np.ndarray = source * (sn / (source / sigma).max())
    return scaled


def peak_one(values: np.ndarray) -> np.ndarray:
    """Scale values so that the largest is 1; all zero stays so."""
    top = values.max()
    return values / top if top > 0 else values


def galaxy(
    rng: np.random.Generator,
    optics: Optics,
    shape: tuple[int, int],
    place: Place,
    largest_px: float,
) -> np.ndarray:
    """Return the image of a Sérsic galaxy behind the point-spread function, peak 1.

    Effective radius 1 voxel to `largest_px`, index 0.7 to 4, axis ratio 0.35 to 1.
    Sérsic profile: Graham & Driver 2005, PASA 22, 118, equation 1.

    Parameters
    ----------
    rng : Generator
    optics : Optics
    shape : tuple of two int
    place : tuple of float
    largest_px : float
    """
    index = rng.uniform(0.7, 4.0)
    ratio = rng.uniform(1.0, 1.0 / 0.35)
    radius_px = np.exp(rng.uniform(0.0, np.log(largest_px)))
    radius = elliptical_radius(shape, place[1], place[2], ratio, rng.uniform(0, np.pi))
    # Half a voxel is added so that a steep centre between two voxels keeps its light.
    scaled = (radius + 0.5) * np.sqrt(ratio) / radius_px
    image = np.exp(-(2.0 * index - 1.0 / 3.0) * (scaled ** (1.0 / index) - 1.0))
    return peak_one(blur(image, optics))


def glow(rng: np.random.Generator, shape: tuple[int, int], smooth_px: float) -> np.ndarray:
    """Return a smooth random image between 0 and 1: a nebula or a halo filling the view.

    Parameters
    ----------
    rng : Generator
    shape : tuple of two int
    smooth_px : float
        FWHM of the smoothing.
    """
    ny, nx = shape
    frequency = np.hypot(np.fft.fftfreq(ny)[:, None], np.fft.rfftfreq(nx)[None, :])
    filter_ = np.exp(-2.0 * (np.pi * frequency * smooth_px * FWHM_TO_SIGMA) ** 2)
    image = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * filter_, s=shape)
    return peak_one(image - image.min())


def _continuum_spectrum(rng: np.random.Generator, channels: int) -> np.ndarray:
    """Return a spectrum without lines, mean about 1: slope, slow waves, sometimes a break."""
    z = np.linspace(-1.0, 1.0, channels)
    spectrum = 1.0 + rng.normal(0, 0.06) * z
    height = rng.normal(0, 0.02)
    spectrum += height * np.cos(np.pi * rng.uniform(0.5, 1.5) * z + rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.1:
        step = rng.uniform(-0.5, 0.5)
        spectrum = spectrum * (1.0 - rng.uniform(0.1, 0.4) / (1.0 + np.exp((z - step) / 0.05)))
    return spectrum


def draw_continuum(
    rng: np.random.Generator, optics: Optics, shape: Shape, place: Place, kind: str = ""
) -> tuple[np.ndarray, str]:
    """Draw a source of continuum: a star, a galaxy, or a halo larger than the view.

    Parameters
    ----------
    kind : {"star", "galaxy", "halo", ""}
        Empty for one drawn at random.

    Returns
    -------
    cube : ndarray, shape (z, y, x)
        Peak 1.
    kind : {"star", "galaxy", "halo"}
    """
    kind = kind or str(rng.choice(["star", "galaxy", "halo"], p=[0.4, 0.45, 0.15]))
    if kind == "star":
        image = psf(optics, shape[1:], *place[1:])
    elif kind == "galaxy":
        image = galaxy(rng, optics, shape[1:], place, 8.0)
    else:
        image = galaxy(rng, optics, shape[1:], place, 30.0) + rng.uniform(0.2, 1.0)
    return peak_one(_continuum_spectrum(rng, shape[0])[:, None, None] * image), kind
