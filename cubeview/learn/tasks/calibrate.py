"""Small fits on top of a network's output: calibration, and the plain baseline beside it."""

import numpy as np
import torch
from torch.nn import functional

BASELINE_C = 0.001
HEAD_C = 0.01
"""Ridge of the head's own fit: more than the baseline's, since it only adds to what is known."""
ERRORS = 2.0
"""By how many standard errors the shortest way must lose to the best before it is left."""


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
    values = torch.tensor(logits, dtype=torch.float64)
    labels = torch.tensor(truth)
    weight = class_weights(labels, values.shape[1]).double()[labels]
    log_t = torch.tensor(np.log(temperature), dtype=torch.float64, requires_grad=True)
    shift = torch.zeros(values.shape[1], dtype=torch.float64, requires_grad=True)
    start = log_t.detach().clone()
    optimiser = torch.optim.LBFGS([log_t, shift], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scaled = (values + shift) / log_t.exp()
        errors = functional.cross_entropy(scaled, labels, reduction="none")
        # Worth about one case each: keeps separable sets from running to certainty.
        prior = (log_t - start) ** 2 + 0.1 * (shift**2).sum()
        total: torch.Tensor = (errors * weight).sum() + prior
        total.backward()
        return total

    optimiser.step(loss)
    moved = (shift - shift.mean()).detach().numpy()
    return moved, float(log_t.detach().exp().clamp(0.05, 20.0))


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
    labels = torch.tensor(truth)
    weight = class_weights(labels, ways.shape[2]).double()[labels].numpy()
    losses = []
    for logits in ways:
        shift, heat = calibrate(logits, truth, temperature)
        scaled = torch.tensor((logits + shift) / heat)
        losses.append(weight * functional.cross_entropy(scaled, labels, reduction="none").numpy())
    excess = np.array(losses) - losses[int(np.argmin(np.sum(losses, axis=1)))]
    error = excess.std(axis=1) / np.sqrt(len(truth))
    return int(np.argmax(excess.mean(axis=1) <= ERRORS * error))


def class_weights(truth: torch.Tensor, classes: int) -> torch.Tensor:
    """Return weights that let each class count the same, shape (classes,), mean about 1."""
    counts = torch.bincount(truth, minlength=classes).float()
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
    x = torch.tensor((pooled - mean) / spread)
    labels, given = torch.tensor(truth), torch.tensor(evidence, dtype=torch.float64)
    classes = given.shape[1]
    weight = class_weights(labels, classes).double() if balanced else None
    matrix = torch.zeros(classes, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([matrix, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = given + x @ matrix.T + bias
        errors = functional.cross_entropy(logits, labels, weight=weight, reduction="sum")
        total: torch.Tensor = errors + (matrix**2).sum() / (2 * strength)
        total.backward()
        return total

    optimiser.step(loss)
    found: np.ndarray = matrix.detach().numpy() / spread
    return found, bias.detach().numpy() - found @ mean


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
