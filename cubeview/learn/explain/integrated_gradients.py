"""Integrated gradients: the logit of a class shared out over the input's voxels."""

import numpy as np
import torch

from cubeview.learn.explain.question import GridMap, Question

STEPS = 50
_BATCH = 10


def answer(asked: Question) -> GridMap:
    """Return the integrated gradients of one logit, a map for each channel, in logits.

    The gradient is integrated along the straight line from an empty input, by Gauss-Legendre
    quadrature with 50 points; the maps add up to the logit less that of an empty input.

    Source: Sundararajan, Taly & Yan 2017, arXiv:1703.01365, eq. 1.
    """
    points, weights = np.polynomial.legendre.leggauss(STEPS)
    # The quadrature speaks of -1 to 1, the path runs from 0 to 1.
    points, weights = (points + 1) / 2, weights / 2
    device = asked.shown.device
    with torch.inference_mode(False), torch.enable_grad():
        shown = asked.shown.clone()  # one that may take part in gradients
        total = torch.zeros_like(shown[0])
        for begin in range(0, STEPS, _BATCH):
            asked.report(begin / STEPS, f"integrated gradients, step {begin} of {STEPS}")
            some = slice(begin, begin + _BATCH)
            share = torch.tensor(points[some], dtype=torch.float32, device=device)
            path = (share.view(-1, 1, 1, 1, 1) * shown).requires_grad_()
            logits = asked.model.network(path)[:, asked.row]
            (slope,) = torch.autograd.grad(logits.sum(), path)
            weight = torch.tensor(weights[some], dtype=torch.float32, device=device)
            total += torch.tensordot(weight, slope, dims=1)
        values = (total * shown[0]).cpu().numpy()
    return GridMap(values, {"steps": str(STEPS), "baseline": "zero"})
