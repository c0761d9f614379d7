"""What cannot be rebuilt of a case from the principal components of the others: where it is odd.

Beside a recurrent autoencoder on the same data (``tests/benchmarks/rebuild_figures.py``).
"""

from dataclasses import dataclass

import numpy as np

AXES = 20


@dataclass(frozen=True, eq=False)
class Rest:
    """What was not rebuilt of the input of some cases.

    Parameters
    ----------
    chi2 : ndarray, shape (n,)
        Mean square of what is left, over that of a usual case: 1 is usual.
    maps : ndarray, shape (n, channel, d, h, w), float32
        What is left, in units of the input.
    """

    chi2: np.ndarray
    maps: np.ndarray

    def peak(self, case: int) -> tuple[int, int, int]:
        """Return the voxel (d, h, w) where most is left of a case, all channels together."""
        square = (self.maps[case] ** 2).sum(axis=0)
        z, y, x = np.unravel_index(int(square.argmax()), square.shape)
        return int(z), int(y), int(x)


def not_rebuilt(inputs: np.ndarray, usual: np.ndarray) -> Rest:
    """Rebuild each case from the principal components of the usual ones, and return the rest.

    Parameters
    ----------
    inputs : ndarray, shape (n, channel, d, h, w), float32
        As the network is shown them.
    usual : ndarray of int
        Those of which the components are, as the half that is least odd: an odd one among them
        would be rebuilt from itself.
    """
    flat = np.asarray(inputs, np.float32).reshape(len(inputs), -1)
    centred = flat - flat[usual].mean(axis=0)
    known = centred[usual].astype(np.float64)
    # Of fewer cases than voxels, cases against cases is the smaller matrix.
    values, vectors = np.linalg.eigh(known @ known.T)
    count = min(AXES, max(2, len(usual) // 10))
    kept = slice(len(usual) - count, None)
    axes = known.T @ vectors[:, kept] / np.sqrt(np.maximum(values[kept], 1e-30))
    left = centred - (centred @ axes) @ axes.T
    square = (left**2).mean(axis=1)
    middle = max(float(np.median(square)), 1e-30)
    return Rest(square / middle, left.astype(np.float32).reshape(inputs.shape))
