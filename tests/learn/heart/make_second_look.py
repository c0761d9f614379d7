"""Learn the ventricle finder's second look from simulated pairs, and write its coefficients.

``python -m tests.learn.heart.make_second_look [PAIRS]`` from the root of the repository; about a
second of one core for every pair. The steps come from a robust regression. Doubt comes from the
errors left on pairs that the steps were not learnt from: a regression of their logarithm, which
every pair teaches something, set so that it asks about `ASKED` of those that are right.
"""

import sys

import numpy as np

from cubeview.cubes.ventricle import BASE_AT
from cubeview.learn.heart.finder import ellipsoid, fit_pair
from cubeview.learn.heart.second_look import COEFFICIENTS, standard, with_amounts
from tests.learn.teach.trials import trial

SEED = 4
PAIRS = 500
RIDGE = 60.0
DOUBT_RIDGE = 100.0
FAR_MM = 25.0
"""A fit this far off has found something else: no step leads from there."""
ROBUST_MM = 4.0
FOLDS = 10
BARS = (5.0, 10.0)
"""Centre or a semi-axis in mm, long axis in degrees: beyond is wrong."""
LEAST, MOST = -1.5, 1.0
"""ln of an error over its bar: within these the size of an error matters."""
ASKED = 0.04
SILENT = (20, *range(23, 48), 63)
"""Signs that doubt does not listen to: how much the fits leave unexplained, and where that would
have the wall go. A liver against the heart makes much of both and no error."""
STEEP = 6.0
"""How doubt grows with ln of the expected error."""


def gather(number, seed=SEED):
    """Of both states of a pair: signs and wanted steps, shape (2, n); size and turn, shape (2,)."""
    one = trial(number, seed)
    fits = fit_pair(one.cubes["stress"], one.cubes["rest"])
    truths = (one.truth["stress"], one.truth["rest"])
    both = list(zip(fits, truths, strict=True))
    turn = [fit.wall.axes[0] @ truth.axes[0] for fit, truth in both]
    return (
        np.array([fit.seen for fit in fits]),
        np.array([wanted_step(*each) for each in both]),
        np.array([fit.size for fit in fits]),
        np.degrees(np.arccos(np.clip(turn, -1, 1))),
    )


def wanted_step(fit, truth):
    """The step that leads from a fit to the truth, shape (6,), in mm at the lead's size."""
    centre, radii = ellipsoid(fit.wall)
    off = fit.wall.axes @ (truth.centre - centre)
    more = truth.radii - radii
    step = [off[0] - more[0], off[0] + BASE_AT * more[0], off[1], off[2], more[1], more[2]]
    return np.array(step) / fit.size


def learn(seen, wanted, size, turn, pair, silent=()):
    """Mean and spread of the signs, and the coefficients of the steps and of doubt."""
    usable = np.abs(wanted).max(axis=1) < FAR_MM
    mean, spread = seen[usable].mean(axis=0), seen[usable].std(axis=0) + 1e-6
    rows = standard(seen, mean, spread)
    left = np.zeros_like(wanted)
    for fold in range(FOLDS):  # the error is that of pairs not learnt from
        out = fold_of(pair) == fold
        known = usable & ~out
        left[out] = wanted[out] - rows[out] @ robust(rows[known], wanted[known])
    step = robust(rows[usable], wanted[usable])
    error = np.maximum(size_of(left * size[:, None]) / BARS[0], turn / BARS[1])
    return {"mean": mean, "spread": spread, "step": step, "doubt": doubt(rows, error, pair, silent)}


def fold_of(pair):
    """Classes take turns, so five pairs in a row go into one fold."""
    return pair // 5 % FOLDS


def doubt(rows, error, pair, silent):
    """Coefficients of the logit of doubt; `error` is over its bar."""
    heard = np.ones(rows.shape[1], dtype=bool)
    heard[[1 + sign for sign in silent]] = False
    heard = np.concatenate([heard, heard[1:]])
    rows, target = with_amounts(rows)[:, heard], np.clip(np.log(error), LEAST, MOST)
    even = np.ones(len(rows))
    expected = np.zeros(len(rows))
    for fold in range(FOLDS):
        out = fold_of(pair) == fold
        expected[out] = rows[out] @ ridge(rows[~out], target[~out], even[~out], DOUBT_RIDGE)
    limit = np.quantile(expected[error < 1], 1 - ASKED)
    asks = expected > limit
    sys.stdout.write(
        f"{np.mean(error < 1):.1%} right; asked {asks[error < 1].sum()} of {(error < 1).sum()} "
        f"right, {asks[error >= 1].sum()} of {(error >= 1).sum()} wrong\n"
    )
    coefficients = np.zeros(len(heard))
    coefficients[heard] = ridge(rows, target, even, DOUBT_RIDGE)
    coefficients[0] -= limit
    return STEEP * coefficients


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


def ridge(rows, wanted, trust, hold=RIDGE):
    held = hold * np.eye(rows.shape[1])
    held[0, 0] = 0
    return np.linalg.solve((rows * trust[:, None]).T @ rows + held, (rows.T * trust) @ wanted)


def main(pairs=PAIRS):
    numbers = range(pairs)
    parts = [np.concatenate(part) for part in zip(*map(gather, numbers), strict=True)]
    kept = learn(*parts, np.repeat(numbers, 2), SILENT)
    np.savez(COEFFICIENTS, **{name: value.astype(np.float32) for name, value in kept.items()})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
