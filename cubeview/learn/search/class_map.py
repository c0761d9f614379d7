"""The network on a cube of any size at once: the class of every place, at the feature stride.

The head is linear and follows a mean, so that it may be applied to any mean of features: over
eight of them it sees what a window of 32 voxels holds, over two only the place itself. Features
at a window's edge see zeros when the window is judged alone and their neighbours here; apart from
that the two are the same number.
"""

import numpy as np
import torch
from torch.nn import functional

from cubeview.learn.models.network import Network, pooled_head


def class_map(
    network: Network, channels: np.ndarray, *, pool: int, temperature: float = 1.0
) -> np.ndarray:
    """Return class probabilities all over a prepared cube.

    Parameters
    ----------
    network : Network
        In evaluation mode.
    channels : ndarray, shape (channel, z, y, x), float32
        As `cubeview.learn.sky.prepare.prepare_window` makes them.
    pool : int
        Features averaged along each axis.
    temperature : float
        Of the model's card.

    Returns
    -------
    ndarray, shape (classes, z', y', x'), float32
        Place ``o`` is centred on voxel ``map_start(network, pool) + stride * o``.
    """
    head = pooled_head(network)
    batch = torch.tensor(channels, dtype=torch.float32, device=head.weight.device)[None]
    features = network.features(batch)  # 1, width, z', y', x'
    means = functional.avg_pool3d(features, pool, stride=1)
    logits = torch.einsum("cf,bfzyx->bczyx", head.weight, means)
    logits = logits + head.bias.view(1, -1, 1, 1, 1)
    shares: np.ndarray = (logits[0] / temperature).softmax(dim=0).cpu().numpy()
    return shares


def map_start(network: Network, pool: int) -> tuple[float, int]:
    """Return the voxel the first place of a class map is centred on, and the stride."""
    layout = network.layout()
    return layout.start + layout.stride * (pool - 1) / 2, layout.stride


def at_voxels(values: np.ndarray, start: float, stride: int, voxels: np.ndarray) -> np.ndarray:
    """Return a class map at its places nearest to voxels, shape (n, classes).

    Parameters
    ----------
    values : ndarray, shape (classes, z', y', x')
    start, stride : float, int
        Voxel of its first place, and voxels from place to place.
    voxels : ndarray, shape (n, 3)
    """
    last = np.array(values.shape[1:]) - 1
    z, y, x = np.clip(np.rint((voxels - start) / stride).astype(int), 0, last).T
    found: np.ndarray = values[:, z, y, x].T
    return found
