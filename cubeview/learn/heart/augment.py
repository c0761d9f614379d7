"""Varied copies of hearts: what differs between two scans of the same one."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

_SHIFT_PX = 1.0
_TURN_DEG = 6.0
_COUNT_NOISE = 0.05  # of the square root of the value, the wall being about 1
_BLUR_PX = 0.6


def augmented(values: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return one varied copy of a case; all channels move together.

    Parameters
    ----------
    values : ndarray, shape (channel, z, y, x), float32
    names : sequence of str
        Of `HEART.variations`.
    rng : Generator
    """
    shift = rng.uniform(-_SHIFT_PX, _SHIFT_PX, 3) * ("shift" in names)
    angles = np.deg2rad(rng.uniform(-_TURN_DEG, _TURN_DEG, 3)) * ("rotation" in names)
    blur = rng.uniform(0, _BLUR_PX) * ("blur" in names)
    noise = rng.uniform(0, _COUNT_NOISE) * ("counts" in names)
    if "shift" in names or "rotation" in names:
        turn = Rotation.from_euler("XYZ", angles * (1, -1, 1)).as_matrix()
        middle = (np.array(values.shape[1:]) - 1) / 2
        offset = middle - turn @ (middle + shift)
        values = np.stack(
            [ndimage.affine_transform(channel, turn, offset, order=1) for channel in values]
        )
    if blur:
        values = ndimage.gaussian_filter(values, (0, blur, blur, blur))
    if noise:
        # Poisson noise as the camera makes it; zero outside the ventricle stays zero.
        values = values + noise * np.sqrt(np.maximum(values, 0)) * rng.normal(size=values.shape)
    return values
