"""Finding where a model's training data lie, so that it can tell what is unlike them."""

import numpy as np
import torch

from cubeview.errors import CubeviewError
from cubeview.learn.examples.dataset import Dataset
from cubeview.learn.models.doubt import RATE, Doubt, nearest
from cubeview.learn.models.network import Network

FIT_CASES = 4096
LIMIT_CASES = 2048
LEAST_CASES = 100
"""One in a hundred cannot be told from fewer."""

BATCH = 128
"""Cases that go through a network together."""

_RIDGE = 1e-3


def fit_doubt(network: Network, fitted: Dataset, held_out: Dataset) -> Doubt:
    """Find where the training data lie, and how far away unseen ones of the kind come to lie.

    Parameters
    ----------
    network : Network
        In evaluation mode, on the CPU.
    fitted : Dataset
        Up to `FIT_CASES` of the training data.
    held_out : Dataset
        Cases it was not trained on, for the limit.

    Raises
    ------
    CubeviewError
        If either holds fewer than `LEAST_CASES`.
    """
    if min(fitted.count, held_out.count) < LEAST_CASES:
        raise CubeviewError(
            f"it takes {LEAST_CASES} cases to fit and as many held out to know what is strange."
        )
    features, labels = features_of(network, fitted, FIT_CASES)
    classes = [features[labels == label] for label in np.unique(labels)]
    means = np.stack([members.mean(axis=0) for members in classes])
    parts = [members - mean for members, mean in zip(classes, means, strict=True)]
    residual = np.concatenate(parts)
    covariance = residual.T @ residual / len(residual)
    # A feature that never varies would make any other value infinitely far.
    ridge = max(_RIDGE * np.trace(covariance) / len(covariance), 1e-12)
    covariance += ridge * np.eye(len(covariance))
    precision = np.linalg.inv(covariance)
    unseen, _ = features_of(network, held_out, LIMIT_CASES)
    limit = float(np.quantile(nearest(unseen, means, precision), 1 - RATE))
    return Doubt(means, precision, max(limit, 1e-6))


def features_of(network: Network, data: Dataset, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `Network.early` of at most so many examples, float64, and their labels.

    Parameters
    ----------
    network : Network
    data : Dataset
    most : int
    """
    every = np.arange(min(data.count, most))
    found = []
    with torch.inference_mode():
        for first in range(0, len(every), BATCH):
            batch = torch.from_numpy(data.inputs(every[first : first + BATCH]))
            found.append(network.early(batch).numpy())
    return np.concatenate(found).astype(np.float64), data.labels(every)
