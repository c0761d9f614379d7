"""Least squares of a wall's parameters, with numeric slopes."""

from collections.abc import Callable

import numpy as np

DELTA = np.array([0.1, 0.1, 0.1, 0.03, 0.03, 0.02, 0.02, 0.02, 0.03, 0.01, 0.05, 0.05])
"""By how much each entry of `wall.changed` is moved to see what depends on it."""


def descend(
    residual: Callable[[np.ndarray], np.ndarray],
    vector: np.ndarray,
    steps: int,
    delta: np.ndarray = DELTA,
) -> tuple[np.ndarray, np.ndarray]:
    """Go down by Levenberg-Marquardt with numeric slopes; return the vector and its residuals.

    The first entries of the vector are those of `wall.changed`.

    Parameters
    ----------
    residual : callable
        From a vector to its residuals.
    vector : ndarray
        The start.
    steps : int
    delta : ndarray
        Steps of the slopes.
    """
    damping = 1e-2
    now = residual(vector)
    delta = delta[: len(vector)]
    for _ in range(steps):
        slopes = np.stack(
            [(residual(vector + d) - now) / d[i] for i, d in enumerate(np.diag(delta))]
        )
        normal, right = slopes @ slopes.T, slopes @ now
        for _ in range(4):
            damped = normal + np.diag(np.diag(normal) * damping + 1e-9)
            step = np.clip(np.linalg.solve(damped, -right), -1.0, 1.0)
            step[3:12] = np.clip(step[3:12], -0.25, 0.25)
            trial = residual(vector + step)
            if trial @ trial < now @ now:
                break
            damping *= 6
        else:
            break
        gained = now @ now - trial @ trial
        vector, now, damping = vector + step, trial, max(damping / 6, 1e-4)
        if gained < 2e-5:
            break
    return vector, now
