"""What may change in a heart scan without its patient: the trials of an answer."""

import numpy as np
from scipy.ndimage import gaussian_filter

SMOOTH_PX = 1.0
"""Width of what smooths the noise of reconstructions on the network's grid.

Neighbouring voxels of 5 mm correlate by 0.79 in simulated scans, as smoothed by this.
"""

PER_DIFFERENCE = 2.15
"""Second differences along the long axis of a wall over the noise in it.

Median of 24 simulated pairs, each beside its twin without noise; the wall's own shape counts, so
that the ratio lies between 1.1 and 4.9 (10 to 90 %): the noise is known within a factor of two.
"""

_WALL = 0.5  # of the largest value
_GAIN = 0.03
_BLUR_MM, _VOXEL_MM = 1.0, 5.0


def noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input with as much noise again as the scan has itself.

    Parameters
    ----------
    values : ndarray, shape (channel, z, y, x), float32
        Network input; what was left out stays 0.
    rng : Generator
    """
    found = values.copy()
    for channel in found:
        fresh = gaussian_filter(rng.standard_normal(channel.shape), SMOOTH_PX)
        channel += noise_level(channel) * fresh / fresh.std() * (channel != 0)
    return found


def noise_level(channel: np.ndarray) -> float:
    """Return the standard deviation of the noise in the wall, in units of the input.

    Parameters
    ----------
    channel : ndarray, shape (z, y, x)
        Axis 0 along the ventricle.
    """
    wall = channel[1:-1] > _WALL * channel.max()
    bends = (channel[2:] - 2 * channel[1:-1] + channel[:-2])[wall]
    return float(1.4826 * np.median(np.abs(bends)) / PER_DIFFERENCE) if bends.size else 0.0


def shift(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input a voxel aside, as `noise`."""
    step = int(rng.choice([-1, 1]))
    moved: np.ndarray = np.roll(values, step, axis=int(rng.integers(1, 4)))
    return moved


def gain(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input with 3 % more or less counts in each state, as `noise`."""
    signs = rng.choice([-1, 1], len(values)).reshape(-1, 1, 1, 1)
    return (values * (1 + _GAIN * signs)).astype(values.dtype)


def blur(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input blurred by a Gaussian of 1 mm, as `noise`."""
    width = _BLUR_MM / _VOXEL_MM
    blurred: np.ndarray = gaussian_filter(values, (0, width, width, width))
    return blurred


TRIALS = {
    "noise of the scan": noise,
    "one voxel aside": shift,
    "3 % gain": gain,
    "1 mm blur": blur,
}
