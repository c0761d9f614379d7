"""What may change in a window of the sky without its source: the trials of an answer."""

import numpy as np
from scipy.ndimage import gaussian_filter

from cubeview.learn.sky.prepare import SkyConfig

_SOFT = SkyConfig().soft
_GAIN = 0.03
_BLUR_PX = 0.2


def _changed(values: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Return the input with other flux, in sigma; what holds no data stays 0."""
    found = values.copy()
    shown = _SOFT * np.arcsinh(flux / _SOFT) / 3.0
    found[0] = np.where(values[0] != 0, shown, 0.0)
    return found


def _flux(values: np.ndarray) -> np.ndarray:
    """Return the flux of an input, in sigma; see `cubeview.learn.sky.prepare.prepare_window`."""
    flux: np.ndarray = _SOFT * np.sinh(3.0 * values[0] / _SOFT)
    return flux


def noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input with as much noise again as the cube states itself.

    Parameters
    ----------
    values : ndarray, shape (2, z, y, x), float32
        Network input: flux, softened, and the logarithm of sigma.
    rng : Generator
    """
    flux = _flux(values)
    return _changed(values, flux + rng.standard_normal(flux.shape) * np.exp(values[1]))


def shift(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input a voxel aside, as `noise`."""
    step = int(rng.choice([-1, 1]))
    moved: np.ndarray = np.roll(values, step, axis=int(rng.integers(1, 4)))
    return moved


def gain(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input with 3 % more or less flux, as `noise`."""
    return _changed(values, _flux(values) * (1 + _GAIN * rng.choice([-1, 1])))


def blur(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the input blurred by a fifth of a voxel on the sky, as `noise`."""
    return _changed(values, gaussian_filter(_flux(values), (0, _BLUR_PX, _BLUR_PX)))


TRIALS = {
    "noise of the cube": noise,
    "one voxel aside": shift,
    "3 % gain": gain,
    "blur of 0.2 voxel": blur,
}
