"""What is like a case: nearest neighbours by the angle between features."""

import numpy as np


def middle(values: np.ndarray) -> np.ndarray:
    """Return the direction in the middle of those of some cases, shape (features,).

    Parameters
    ----------
    values : ndarray, shape (n, features)
    """
    lengths = np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    found: np.ndarray = (values / lengths).mean(axis=0)
    return found


def alike(values: np.ndarray, asked: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which cases are most like one, the most alike first, and how alike they are.

    Parameters
    ----------
    values : ndarray, shape (n, features)
        Pooled features of the cases to choose from.
    asked : ndarray, shape (features,)
        Of the case asked about.
    most : int

    Returns
    -------
    which : ndarray of int, shape (at most `most`,)
    cosine : ndarray, the same shape
        1 for the same direction, 0 for nothing in common.
    """
    lengths = np.linalg.norm(values, axis=1) * max(float(np.linalg.norm(asked)), 1e-12)
    cosine = values @ asked / np.maximum(lengths, 1e-12)
    most = min(most, len(values))
    nearest = np.argpartition(-cosine, most - 1)[:most] if most else np.arange(0)
    which = nearest[np.argsort(-cosine[nearest], kind="stable")]
    return which, cosine[which]
