"""Learn the ventricle finder's second look from simulated pairs, and write its coefficients.

``python -m tests.learn.make_aftersight [PAIRS]`` from the root of the repository; some seconds for
every ten pairs.
"""

import sys

import numpy as np

from cubeview.learn.aftersight import COEFFICIENTS
from cubeview.learn.ventricle import BASE_AT, ellipsoid, fit_pair
from tests.learn.trials import trial

SEED = 4
PAIRS = 280
RIDGE = 30.0
FAR_MM = 25.0
"""A fit this far off has found something else: no step leads from there."""
ROBUST_MM = 4.0
FOLDS = 10


def gather(number, seed=SEED):
    """Signs and wanted steps of both states of one pair, each shape (2, n)."""
    one = trial(number, seed)
    seen, wanted = [], []
    fits = fit_pair(one.cubes["stress"], one.cubes["rest"])
    for fit, truth in zip(fits, (one.truth["stress"], one.truth["rest"]), strict=True):
        centre, radii = ellipsoid(fit.wall)
        off = fit.wall.axes @ (truth.centre - centre)
        more = truth.radii - radii
        step = [off[0] - more[0], off[0] + BASE_AT * more[0], off[1], off[2], more[1], more[2]]
        seen.append(fit.seen)
        wanted.append(np.array(step) / fit.size)
    return np.array(seen), np.array(wanted)


def learn(seen, wanted, pair):
    """Mean and spread of the signs, and the matrix of the steps and of the error left."""
    usable = np.abs(wanted).max(axis=1) < FAR_MM
    seen, wanted, pair = seen[usable], wanted[usable], pair[usable]
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    rows = np.clip((seen - mean) / spread, -3, 3)
    rows = np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
    left = np.zeros_like(wanted)
    for fold in range(FOLDS):  # the error is that of pairs not learnt from
        out = pair % FOLDS == fold
        left[out] = wanted[out] - rows[out] @ robust(rows[~out], wanted[~out])
    matrix = robust(rows, wanted)
    error = np.log(size_of(left))
    return (
        mean,
        spread,
        np.concatenate([matrix, ridge(rows, error, np.ones(len(rows)))[:, None]], 1),
    )


def size_of(left):
    """How far off an ellipsoid is, in mm: its centre or a semi-axis, whichever is worse."""
    half = (left[:, 1] - left[:, 0]) / (1 + BASE_AT)
    centre = np.sqrt((left[:, 0] + half) ** 2 + left[:, 2] ** 2 + left[:, 3] ** 2)
    return np.maximum(centre, np.abs(np.stack([half, left[:, 4], left[:, 5]])).max(axis=0))


def robust(rows, wanted):
    """Ridge regression in which what lies far off counts less."""
    matrix = np.zeros((rows.shape[1], wanted.shape[1]))
    for _ in range(6):
        off = (wanted - rows @ matrix) / ROBUST_MM
        trust = 1 / (1 + off**2)
        for column in range(wanted.shape[1]):
            matrix[:, column] = ridge(rows, wanted[:, column], trust[:, column])
    return matrix


def ridge(rows, wanted, trust):
    hold = RIDGE * np.eye(rows.shape[1])
    hold[0, 0] = 0
    return np.linalg.solve((rows * trust[:, None]).T @ rows + hold, (rows.T * trust) @ wanted)


def main(pairs=PAIRS):
    numbers = range(pairs)
    seen, wanted = (np.concatenate(part) for part in zip(*map(gather, numbers), strict=True))
    mean, spread, matrix = learn(seen, wanted, np.repeat(numbers, 2))
    kept = {"mean": mean, "spread": spread, "matrix": matrix}
    np.savez(COEFFICIENTS, **{name: value.astype(np.float32) for name, value in kept.items()})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
