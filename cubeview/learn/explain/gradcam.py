"""Grad-CAM++: where the last map speaks for a class, weak parts raised."""

import torch

from cubeview.learn.explain.question import GridMap, Question
from cubeview.learn.models.network import pooled_head
from cubeview.learn.models.receptive import place


def answer(asked: Question) -> GridMap:
    """Return the Grad-CAM++ of one logit, never negative.

    The factor exp(logit) of the paper's score, alike for all voxels, is left out; the scale means
    nothing between cases.

    Source: Chattopadhyay et al. 2018, arXiv:1710.11063, eq. 5, 10 and 19.
    """
    network = asked.model.network
    features = network.features(asked.shown)[0]  # (C, d', h', w')
    # The logit is linear in the mean of each map, so its gradient needs no backward pass.
    slope = pooled_head(network).weight[asked.row] / features[0].numel()  # (C,)
    spread = 2 * slope**2 + features.sum(dim=(1, 2, 3)) * slope**3
    share = torch.where(spread != 0, slope**2 / spread, torch.zeros_like(spread))
    weight = share * slope.clamp(min=0) * features[0].numel()
    weighted = torch.tensordot(weight, features, dims=1).clamp(min=0)
    return GridMap(place(weighted.cpu().numpy(), network.layout(), asked.prepared.input.shape[1:]))
