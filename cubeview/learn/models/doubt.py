"""How far a case lies from all a network was trained on.

The distance is that of Mahalanobis to the nearest class (Lee et al. 2018, arXiv:1807.03888), in
the pooled features of the first two convolutions. Those see edges, texture and brightness, which
is where a picture of something else differs most; the upper ones see little but what tells the
classes apart. And they stay as they are when the upper layers are fine-tuned.
"""

from dataclasses import dataclass

import numpy as np
import safetensors
import safetensors.numpy
import torch

from cubeview.kinds import kind_of
from cubeview.learn.models.network import Network
from cubeview.learn.models.prepared import Prepared

RATE = 0.01
"""Share of cases like the training data that are called strange."""

SAME_SCAN = 0.9995
"""Correlation above which rest and stress are one and the same scan. Two scans of one heart reach
0.997 in simulations and 0.990 in real pairs."""

NO_VENTRICLE = 0.9
"""Doubt of the ventricle finder, in both states, above which it found no ventricle."""


@dataclass(frozen=True, eq=False)
class Doubt:
    """Where the training data lie in feature space.

    Parameters
    ----------
    means : ndarray, shape (classes, features), float64
    precision : ndarray, shape (features, features), float64
        Inverse of the covariance all classes share.
    limit : float
        Distance that a share `RATE` of unseen training-like cases exceeds.
    """

    means: np.ndarray
    precision: np.ndarray
    limit: float

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Return the distance to the nearest class over the limit, shape (n,): above 1 is strange.

        Of features as `Network.early` gives them, shape (n, features).
        """
        return nearest(features, self.means, self.precision) / self.limit


def doubt_bytes(doubt: Doubt) -> bytes:
    """Return a doubt as the bytes of a safetensors file."""
    arrays = {
        "means": np.ascontiguousarray(doubt.means),
        "precision": np.ascontiguousarray(doubt.precision),
        "limit": np.array([doubt.limit]),
    }
    found: bytes = safetensors.numpy.save(arrays)
    return found


def doubt_of(data: bytes, network: Network) -> Doubt:
    """Return a doubt from the bytes of its file.

    Raises ValueError if it is no such file, or belongs to another network.
    """
    try:
        arrays = safetensors.numpy.load(data)
        means, precision, limit = (arrays[name] for name in ("means", "precision", "limit"))
    except (safetensors.SafetensorError, KeyError, TypeError) as error:
        raise ValueError(f"it cannot be read ({error})") from error
    layout = network.layout()
    with torch.inference_mode():
        width = network.early(
            torch.zeros(1, layout.channels_in, *layout.sides(layout.least))
        ).shape[1]
    shapes = (means.shape[1:], precision.shape, limit.shape)
    if means.ndim != 2 or not len(means) or shapes != ((width,), (width, width), (1,)):
        raise ValueError("it belongs to another network")
    if not all(np.isfinite(a).all() for a in (means, precision, limit)) or limit[0] <= 0:
        raise ValueError("it holds numbers that make no sense")
    return Doubt(means.astype(np.float64), precision.astype(np.float64), float(limit[0]))


def keeps_features(before: Network, after: Network) -> bool:
    """Whether two networks have the same first stages, so that one's doubt is the other's."""
    ours, theirs = (
        torch.nn.Sequential(*network.stages[: network.early_stages]).state_dict()
        for network in (before, after)
    )
    return ours.keys() == theirs.keys() and all(
        torch.equal(value.cpu(), theirs[name].cpu()) for name, value in ours.items()
    )


def strange(prepared: Prepared, distance: float | None) -> str:
    """Say why a case is unlike anything a model was trained on; empty when it is not.

    The distance is that of `Doubt.distances`; None for a model without.
    """
    reasons = []
    if distance is not None and distance > 1:
        reasons.append(
            f"it lies {distance:.1f} times as far from the training data as 99 in 100 of their kind"
        )
    if kind_of(prepared.case).ventricle:
        if len(prepared.input) == 2 and _same(*prepared.input):
            reasons.append("rest and stress are one and the same scan")
        found = [v for v in prepared.ventricles.values() if v.by != "user"]
        if found and all(v.doubt > NO_VENTRICLE for v in found):
            reasons.append("nothing in it looks like a left ventricle")
    return "; ".join(reasons)


def _same(rest: np.ndarray, stress: np.ndarray) -> bool:
    shown = (rest != 0) | (stress != 0)
    if shown.sum() < 2:
        return False
    first, second = (values[shown].astype(np.float64) for values in (rest, stress))
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt((first**2).sum() * (second**2).sum())
    return bool(size > 0 and (first * second).sum() / size > SAME_SCAN)


def nearest(features: np.ndarray, means: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return Mahalanobis distances to the nearest class, shape (n,).

    Parameters
    ----------
    features : ndarray, shape (n, features)
    means : ndarray, shape (classes, features)
    precision : ndarray, shape (features, features)
    """
    away = np.asarray(features, np.float64)[:, None] - means  # (n, classes, features)
    squares = np.einsum("ncf,fg,ncg->nc", away, precision, away, optimize=True)
    found: np.ndarray = np.sqrt(np.maximum(squares.min(axis=1), 0.0))
    return found
