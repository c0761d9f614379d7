"""Small cubes of the gas of one galaxy, or of two that meet, with a known motion.

Clouds are drawn one by one from discs and spheroids, counted into voxels, blurred by the beam and
given noise: as KinMS builds its cubes (Davis et al. 2013, MNRAS 429:534), written anew.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

CLASSES = ("rotator", "dispersion", "merger")
CHANNELS, SIDE = 32, 32
STEPS_KMS = (12.0, 25.0)
VERSION = "gas-1"

_CLOUDS = 12000
_BEAM_PX = 2.5
"""Full width at half maximum."""


@dataclass(frozen=True, eq=False)
class Gas:
    """A simulated line cube.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    values : ndarray, shape (CHANNELS, SIDE, SIDE), float32
        In units of the noise of a voxel.
    velocities_kms : ndarray, shape (CHANNELS,)
    angle_deg : float
        Direction in which the receding half lies, from x to y; NaN where nothing rotates.
    """

    label: str
    values: np.ndarray
    velocities_kms: np.ndarray
    angle_deg: float


def simulate_gas(
    label: str, rng: np.random.Generator, sn: tuple[float, float] = (4.0, 40.0)
) -> Gas:
    """Simulate a cube of a class.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    rng : Generator
    sn : pair of float
        Peak signal-to-noise of a voxel, drawn evenly in its logarithm.
    """
    turn = rng.uniform(0, 2 * np.pi)
    step = rng.uniform(*STEPS_KMS)
    half = CHANNELS * step / 2
    fastest = min(280.0, 0.75 * half)
    if label == "dispersion":
        clouds = _disc(rng, _CLOUDS, rng.uniform(0, 60), rng.uniform(50, 110), turn, 0.6)
    else:
        clouds = _disc(rng, _CLOUDS, rng.uniform(90, fastest), rng.uniform(5, 50), turn)
    if label == "merger":
        share = rng.uniform(0.25, 1.0)
        speed, sigma = rng.uniform(60, fastest), rng.uniform(5, 50)
        other = _disc(rng, int(_CLOUDS * share), speed, sigma, rng.uniform(0, 2 * np.pi))
        away, where = rng.uniform(3, 9), rng.uniform(0, 2 * np.pi)
        other += [rng.uniform(-0.5, 0.5) * half, away * np.sin(where), away * np.cos(where)]
        clouds = np.concatenate([clouds, other])
        clouds[:, 1:] -= clouds[:, 1:].mean(axis=0)
    clouds[:, 1:] += rng.uniform(-1.5, 1.5, 2)
    clouds[:, 0] += rng.uniform(-40, 40)
    pixels = np.arange(SIDE + 1) - SIDE / 2
    edges = (np.linspace(-half, half, CHANNELS + 1), pixels, pixels)
    light, _ = np.histogramdd(clouds, edges)
    light = gaussian_filter(light, (0.4, *[_BEAM_PX / 2.355] * 2))
    peak = float(np.exp(rng.uniform(*np.log(sn))))
    values = light * (peak / light.max()) + rng.standard_normal(light.shape)
    velocities = (edges[0][:-1] + edges[0][1:]) / 2
    angle = float(np.degrees(turn)) if label == "rotator" else np.nan
    return Gas(label, values.astype(np.float32), velocities, angle)


def _disc(
    rng: np.random.Generator, count: int, speed: float, sigma: float, turn: float,
    thick: float = 0.1,
) -> np.ndarray:  # fmt: skip
    """Draw clouds of an exponential disc: velocity (km/s), y and x (pixels), shape (n, 3)."""
    scale, inclination = rng.uniform(1.8, 4.0), np.radians(rng.uniform(25, 78))
    radius = rng.gamma(2.0, scale, count)
    if rng.random() < 0.25:  # a ring
        radius = scale * rng.uniform(1.2, 3.0) + rng.normal(0, 0.5 * scale, count)
    azimuth = rng.uniform(0, 2 * np.pi, count)
    height = rng.normal(0, thick * scale, count)
    rising = speed * 2 / np.pi * np.arctan(radius / rng.uniform(0.3, 2.0))
    velocity = rising * np.cos(azimuth) * np.sin(inclination) + rng.normal(0, sigma, count)
    along = radius * np.cos(azimuth)
    across = radius * np.sin(azimuth) * np.cos(inclination) + height * np.sin(inclination)
    x = np.cos(turn) * along - np.sin(turn) * across
    y = np.sin(turn) * along + np.cos(turn) * across
    return np.stack([velocity, y, x], axis=1)
