"""Principal axes of many features."""

import numpy as np


def places_of(values: np.ndarray, most: int) -> np.ndarray:
    """Return cases along the principal axes of their standardised features, shape (n, axes).

    One axis for ten cases, at least two; what never varies counts for nothing. An axis points to
    where the features grow, so that a picture is not turned round by chance.

    Parameters
    ----------
    values : ndarray, shape (n, features)
    most : int
        Axes.
    """
    values = np.asarray(values, np.float64)
    spread = values.std(axis=0)
    held = spread > 1e-9 * max(float(spread.max(initial=0.0)), 1e-30)
    standard = (values[:, held] - values[:, held].mean(axis=0)) / spread[held]
    # Of many cases the matrix of features against features is the smaller one.
    _, vectors = np.linalg.eigh(standard.T @ standard)
    chosen = vectors[:, ::-1][:, : min(most, max(2, len(values) // 10))]
    chosen = chosen * np.where(chosen.sum(axis=0) < 0, -1.0, 1.0)
    found: np.ndarray = standard @ chosen
    return found
