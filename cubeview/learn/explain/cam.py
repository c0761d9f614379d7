"""The class activation map: what each place of the last map adds to a class' logit."""

import torch

from cubeview.learn.explain.question import GridMap, Question
from cubeview.learn.models.network import pooled_head
from cubeview.learn.models.receptive import place


def answer(asked: Question) -> GridMap:
    """Return the class activation map of one logit, in logits.

    Signed; the mean over the last map's grid is the logit less its bias. Placed by receptive field.

    Source: Zhou et al. 2016, arXiv:1512.04150, eq. 2.
    """
    network = asked.model.network
    features = network.features(asked.shown)[0]  # (C, d', h', w')
    weighted = torch.tensordot(pooled_head(network).weight[asked.row], features, dims=1)
    return GridMap(place(weighted.cpu().numpy(), network.layout(), asked.prepared.input.shape[1:]))
