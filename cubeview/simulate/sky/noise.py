"""Noise of simulated sky cubes: how large it is, how it hangs together, what sky lines leave."""

from dataclasses import dataclass

import numpy as np

from cubeview.simulate.sky.sources import Optics, Shape, glow, line, psf

SKY_LINES_A = (
    5577.3, 5890.0, 5895.9, 6300.3, 6363.8, 6498.7, 6533.0, 6553.6, 6863.9, 6923.2, 7276.4,
    7316.3, 7340.9, 7750.6, 7794.1, 7821.5, 7913.7, 7964.6, 7993.3, 8344.6, 8399.2, 8430.2,
    8465.4, 8827.1, 8885.9, 8919.6, 8958.1,
)  # fmt: skip
"""Strong night-sky lines, air wavelengths in Angstrom: Osterbrock et al. 1996, PASP 108, 277."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of one cube or window.

    Parameters
    ----------
    sigma : ndarray, shape (z, y, x)
        True standard deviation of the background, median about 1.
    sample : ndarray, shape (z, y, x)
        One draw of unit variance, correlated as the instrument correlates it.
    residual : ndarray, shape (z, y, x)
        What an imperfect subtraction of the sky leaves, well below `sigma`.
    """

    sigma: np.ndarray
    sample: np.ndarray
    residual: np.ndarray


def correlated(rng: np.random.Generator, shape: Shape, mix: tuple[float, float]) -> np.ndarray:
    """Return noise of unit variance where neighbours share light, as resampled IFU voxels do.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    mix : pair of float
        Weight of the two neighbours along the spectral and along each sky axis; the correlation
        between neighbours is 2 mix / (1 + 2 mix²). MUSE cubes show 0.1 to 0.35.
    """
    noise = rng.standard_normal([n + 2 for n in shape], dtype=np.float32)
    for axis, weight in zip((0, 1, 2), (mix[0], mix[1], mix[1]), strict=True):
        middle = noise.take(range(1, noise.shape[axis] - 1), axis=axis)
        before = noise.take(range(noise.shape[axis] - 2), axis=axis)
        after = noise.take(range(2, noise.shape[axis]), axis=axis)
        noise = (middle + weight * (before + after)) / np.sqrt(1 + 2 * weight**2)
    return noise


def beam_correlated(
    rng: np.random.Generator, shape: Shape, optics: Optics, mix: float
) -> np.ndarray:
    """Return noise of unit variance that is correlated by the beam, as interferometers give it.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    optics : Optics
    mix : float
        Weight of the neighbours along the spectral axis.
    """
    channels, ny, nx = shape
    edge = int(np.ceil(2 * optics.fwhm_px * optics.ratio))
    grid = (ny + edge, nx + edge)
    white = rng.standard_normal((channels + 2, *grid), dtype=np.float32)
    kernel = psf(optics, grid, grid[0] // 2, grid[1] // 2)
    kernel = np.fft.rfft2(kernel / np.sqrt((kernel**2).sum()))
    # The noise repeats at the far edge of the grid; the margin keeps that out of the window.
    noise = np.fft.irfft2(np.fft.rfft2(white) * kernel, s=grid)[:, :ny, :nx]
    noise = noise[1:-1] + mix * (noise[:-2] + noise[2:])
    scaled: np.ndarray = (noise / np.sqrt(1 + 2 * mix**2)).astype(np.float32)
    return scaled


def sky_noise(
    rng: np.random.Generator,
    shape: Shape,
    lines: list[tuple[float, float]],
    lsf_px: float,
    mix: tuple[float, float],
) -> Noise:
    """Return the noise of an IFU: brighter at sky lines, uneven over the field.

    Parameters
    ----------
    lines : list of (channel, strength)
        Sky lines; `strength` is the variance they add at their peak, relative to the sky
        between the lines.
    mix : pair of float
        See `correlated`.
    """
    channels = shape[0]
    variance = 1.0 + rng.uniform(-0.15, 0.15) * np.linspace(-1, 1, channels)
    left = np.zeros(shape)
    # Slices of the image slicer lie along x and differ in width by a little: hence stripes in y.
    stripes = rng.normal(0, 1, shape[1]).repeat(2)[: shape[1], None]
    for channel, strength in lines:
        profile = line(channels, channel, lsf_px)
        variance = variance + strength * profile
        wiggle = np.gradient(profile) * rng.normal(0, 1) + profile * rng.normal(0, 0.4)
        pattern = 1.0 + 0.4 * stripes + 0.5 * (glow(rng, shape[1:], 12.0) - 0.5)
        left += 0.5 * np.sqrt(strength) * wiggle[:, None, None] * pattern
    exposure = 1.0 + rng.uniform(0, 0.25) * (glow(rng, shape[1:], 16.0) - 0.5)
    if rng.random() < 0.15:  # two pointings of a mosaic overlap
        exposure[:, rng.integers(4, shape[2] - 4) :] *= rng.uniform(0.7, 1.4)
    sigma = np.sqrt(variance)[:, None, None] * exposure
    # Flat-field and background errors: a faint glow of a tenth of sigma.
    left += rng.normal(0, 0.12) + 0.15 * (glow(rng, shape[1:], 10.0) - 0.5)
    return Noise(sigma, correlated(rng, shape, mix), left)


def draw_ifu_noise(rng: np.random.Generator, shape: Shape, optics: Optics) -> Noise:
    """Draw the noise of a window anywhere in the optical, as `sky_noise` gives it.

    No sky line in the blue, many in the red, three to four times the noise at the strongest.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    optics : Optics
    """
    count = min(rng.poisson(rng.choice([0.1, 1.0, 3.0])), 6)
    lines = [
        (rng.uniform(-2, shape[0] + 2), np.exp(rng.uniform(np.log(0.3), np.log(12.0))))
        for _ in range(count)
    ]
    mix = (rng.uniform(0.0, 0.2), rng.uniform(0.0, 0.2))
    return sky_noise(rng, shape, lines, optics.lsf_px, mix)


def draw_radio_noise(rng: np.random.Generator, shape: Shape, optics: Optics) -> Noise:
    """Draw the noise of an interferometer: even from channel to channel, correlated by the beam.

    It rises towards the primary beam's edge in some windows.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    optics : Optics
    """
    per_channel = 1.0 + 0.03 * rng.standard_normal(shape[0])
    rise = np.ones(shape[1:])
    if rng.random() < 0.3:
        slope = rng.normal(0, 0.5, 2)
        y = np.linspace(-1, 1, shape[1])[:, None]
        x = np.linspace(-1, 1, shape[2])[None, :]
        rise = np.exp(np.clip(slope[0] * y + slope[1] * x, -1, 1))
    sigma = per_channel[:, None, None] * rise
    sample = beam_correlated(rng, shape, optics, rng.uniform(0.0, 0.5))
    return Noise(sigma, sample, np.full(shape, rng.normal(0, 0.03)))
