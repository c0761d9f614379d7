"""Small fits on top of a network's output: calibration, and the plain baseline beside it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

if TYPE_CHECKING:
    import torch

BASELINE_C = 0.001
HEAD_C = 0.01
"""Ridge of the head's own fit: more than the baseline's, since it only adds to what is known."""
ERRORS = 2.0
"""By how many standard errors the shortest way must lose to the best before it is left."""

_FARTHEST = 30.0


def calibrate(
    logits: np.ndarray, truth: np.ndarray, temperature: float
) -> tuple[np.ndarray, float]:
    """Fit a shift per class and a temperature: with two classes this is Platt scaling.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    truth : ndarray of int, shape (n,)
    temperature : float
        Where to start, and what a lack of evidence falls back to.

    Returns
    -------
    shift : ndarray, shape (classes,)
    temperature : float
        Probabilities are ``softmax((logits + shift) / temperature)``.

    Notes
    -----
    J. Platt, Advances in Large Margin Classifiers (1999) 61; classes weighted equally, so that
    0.5 is the balanced threshold.
    """
    values = np.asarray(logits, np.float64)
    weight = _weight(truth, values.shape[1])
    start = float(np.log(temperature))

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        log_t, shift = point[0], point[1:]
        heat = np.exp(np.clip(log_t, -_FARTHEST, _FARTHEST))  # a search may leap far
        scaled = (values + shift) / heat
        error, fault = _cross_entropy(scaled, truth, weight)
        # Worth about one case each: keeps separable sets from running to certainty.
        error += (log_t - start) ** 2 + 0.1 * (shift @ shift)
        by_shift = fault.sum(axis=0) / heat + 0.2 * shift
        by_heat = 2 * (log_t - start) - (fault * scaled).sum()
        return error, np.concatenate([[by_heat], by_shift])

    found = _least(loss, np.concatenate([[start], np.zeros(values.shape[1])]))
    shift: np.ndarray = found[1:] - found[1:].mean()
    return shift, float(np.clip(np.exp(found[0]), 0.05, 20.0))


def how_far(ways: np.ndarray, truth: np.ndarray, temperature: float) -> int:
    """Return how far to go, from scores of cases that were not trained on: an index into `ways`.

    The best of several ways is the one whose calibrated scores lose least; taken is the shortest
    that cannot be told from it, which is to go nowhere unless the cases clearly speak against it.

    Parameters
    ----------
    ways : ndarray, shape (ways, n, classes)
        Logits, the shortest way first.
    truth : ndarray of int, shape (n,)
    temperature : float
        As in `calibrate`.

    Notes
    -----
    Breiman et al., Classification and Regression Trees (1984) 3.4.3, the simplest within a
    standard error of the best; here two of them, of the difference case by case.
    """
    if len(ways) == 1 or not len(truth):
        return 0
    weight = _weight(truth, ways.shape[2])
    losses = []
    for logits in ways:
        shift, heat = calibrate(logits, truth, temperature)
        said = log_softmax((logits + shift) / heat, axis=1)
        losses.append(-weight * said[np.arange(len(truth)), truth])
    excess = np.array(losses) - losses[int(np.argmin(np.sum(losses, axis=1)))]
    error = excess.std(axis=1) / np.sqrt(len(truth))
    return int(np.argmax(excess.mean(axis=1) <= ERRORS * error))


def class_weights(truth: "torch.Tensor", classes: int) -> "torch.Tensor":
    """Return weights that let each class count the same, shape (classes,), mean about 1."""
    counts = truth.bincount(minlength=classes).float()
    return len(truth) / (classes * counts.clamp(min=1))


def logistic(
    pooled: np.ndarray,
    truth: np.ndarray,
    evidence: np.ndarray,
    strength: float,
    *,
    balanced: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit what a ridge logistic regression adds to evidence that is there already.

    Parameters
    ----------
    pooled : ndarray, shape (n, features)
    truth : ndarray of int, shape (n,)
    evidence : ndarray, shape (n, classes)
        Logits to begin from; zeros for a regression of its own.
    strength : float
        Variance a standardised feature's weight is expected to have.
    balanced : bool
        Weigh classes equally.

    Returns
    -------
    matrix : ndarray, shape (classes, features)
    bias : ndarray, shape (classes,)
        The logits are ``evidence + pooled @ matrix.T + bias``.
    """
    mean, spread = pooled.mean(axis=0, dtype=np.float64), pooled.std(axis=0, dtype=np.float64)
    spread += 1e-6
    x = (pooled - mean) / spread
    given = np.asarray(evidence, np.float64)
    classes, features = given.shape[1], x.shape[1]
    weight = _weight(truth, classes) if balanced else np.ones(len(truth))

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        matrix, bias = np.split(point, [classes * features])
        matrix = matrix.reshape(classes, features)
        error, fault = _cross_entropy(given + x @ matrix.T + bias, truth, weight)
        error += (matrix**2).sum() / (2 * strength)
        by_matrix = fault.T @ x + matrix / strength
        return error, np.concatenate([by_matrix.ravel(), fault.sum(axis=0)])

    matrix, bias = np.split(_least(loss, np.zeros(classes * (features + 1))), [classes * features])
    found: np.ndarray = matrix.reshape(classes, features) / spread
    return found, bias - found @ mean


def logistic_baseline(
    pooled: np.ndarray, truth: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Return logits, shape (len(test), classes), of a ridge logistic regression on pooled features.

    The features are standardised.

    Parameters
    ----------
    pooled : ndarray, shape (n, features)
    truth : ndarray of int, shape (n,)
    train, test : ndarray of int
        Cases to learn from and to answer.
    """
    no_evidence = np.zeros((len(train), int(truth.max()) + 1))
    matrix, bias = logistic(pooled[train], truth[train], no_evidence, BASELINE_C)
    found: np.ndarray = pooled[test] @ matrix.T + bias
    return found


def _weight(truth: np.ndarray, classes: int) -> np.ndarray:
    """Return the weight of each case that lets each class count the same, shape (n,)."""
    shares = classes * np.maximum(np.bincount(truth, minlength=classes), 1)
    weight: np.ndarray = len(truth) / shares[truth]
    return weight


def _cross_entropy(
    logits: np.ndarray, truth: np.ndarray, weight: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the summed error and its slope by each logit, shape (n, classes)."""
    said = log_softmax(logits, axis=1)
    at_truth = np.arange(len(truth)), truth
    error = -float(weight @ said[at_truth])
    slope: np.ndarray = np.exp(said)
    slope[at_truth] -= 1
    return error, weight[:, None] * slope


def _least(loss: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray) -> np.ndarray:
    """Return where a smooth convex loss is least."""
    options = {"maxiter": 500, "gtol": 1e-7, "ftol": 1e-13}
    found: np.ndarray = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    return found
