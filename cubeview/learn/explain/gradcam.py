"""Where a network looked, from its gradients: integrated gradients and Grad-CAM++.

Both go by the gradient of one class' logit, taken without hooks: `features` and `head` are apart.
"""

import numpy as np
import torch

from cubeview.cubes.answer import Overlay
from cubeview.cubes.case import Case
from cubeview.errors import Report, nothing
from cubeview.learn.ask.predict import Ventricles, check_input, input_tensor, prepare_case
from cubeview.learn.explain.overlay import on_cubes, row_of
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model
from cubeview.learn.models.network import pooled_head
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.receptive import place

STEPS = 50
_BATCH = 10


def integrated_gradients(
    model: Model,
    case: Case,
    target: str,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
) -> Overlay:
    """Share the logit of a class out over the input's voxels.

    The gradient is integrated along the straight line from an empty input, by Gauss-Legendre
    quadrature with 50 points. Each state of a heart has its own map; sky channels are added up.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report
        Called between batches of steps; may raise Cancelled.

    Returns
    -------
    Overlay
        In logits: before it is carried onto the cubes it adds up to the class' logit less that
        of an empty input.

    Raises
    ------
    CubeviewError
        If the model has no such class or cannot judge the case.

    Source: Sundararajan, Taly & Yan 2017, arXiv:1703.01365, eq. 1.
    """
    row = row_of(model, target)
    if prepared is None:
        prepared = prepare_case(model.card, case, ventricles=ventricles, report=report)
    check_input(model, prepared)
    shares = attributions(model, prepared, row, report)
    roles = model.card.channels
    if set(prepared.grids) == set(roles):
        values = dict(zip(roles, shares, strict=True))
    else:
        values = dict.fromkeys(prepared.grids, shares.sum(axis=0))
    words = {"steps": str(STEPS), "baseline": "zero"}
    return on_cubes(model, prepared, values, "integrated gradients", target, "logit", words=words)


def attributions(
    model: Model, prepared: Prepared, row: int, report: Report = nothing
) -> np.ndarray:
    """Return the integrated gradients of one logit, shape (channel, d, h, w), float32."""
    points, weights = np.polynomial.legendre.leggauss(STEPS)
    # The quadrature speaks of -1 to 1, the path runs from 0 to 1.
    points, weights = (points + 1) / 2, weights / 2

    def work(device: torch.device) -> np.ndarray:
        with torch.inference_mode(False), torch.enable_grad():
            shown = input_tensor(prepared, device)
            total = torch.zeros_like(shown[0])
            for begin in range(0, STEPS, _BATCH):
                report(begin / STEPS, f"integrated gradients, step {begin} of {STEPS}")
                some = slice(begin, begin + _BATCH)
                share = torch.tensor(points[some], dtype=torch.float32, device=device)
                path = (share.view(-1, 1, 1, 1, 1) * shown).requires_grad_()
                logits = model.network(path)[:, row]
                (slope,) = torch.autograd.grad(logits.sum(), path)
                weight = torch.tensor(weights[some], dtype=torch.float32, device=device)
                total += torch.tensordot(weight, slope, dims=1)
            report(1.0, "map ready")
            found: np.ndarray = (total * shown[0]).cpu().numpy()
            return found

    shares, _ = on_best_device(model.network, work)
    return shares


def grad_cam_pp(
    model: Model,
    case: Case,
    target: str,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
) -> Overlay:
    """Make the Grad-CAM++ of a class: only what speaks for it, weak parts raised.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report

    Returns
    -------
    Overlay
        Never negative. The factor exp(logit) of the paper's score, alike for all voxels, is left
        out; the scale means nothing between cases.

    Raises
    ------
    CubeviewError
        If the model has no such class or cannot judge the case.

    Source: Chattopadhyay et al. 2018, arXiv:1710.11063, eq. 5, 10 and 19.
    """
    row = row_of(model, target)
    if prepared is None:
        prepared = prepare_case(model.card, case, ventricles=ventricles, report=report)
    check_input(model, prepared)
    values = strengths(model, prepared, row)
    report(1.0, "map ready")
    return on_cubes(model, prepared, values, "Grad-CAM++", target, "strength")


def strengths(model: Model, prepared: Prepared, row: int) -> np.ndarray:
    """Return the Grad-CAM++ of one logit on the input grid, shape (d, h, w), float32."""
    network = model.network

    def work(device: torch.device) -> np.ndarray:
        features = network.features(input_tensor(prepared, device))[0]  # (C, d', h', w')
        # The logit is linear in the mean of each map, so its gradient needs no backward pass.
        slope = pooled_head(network).weight[row] / features[0].numel()  # (C,)
        spread = 2 * slope**2 + features.sum(dim=(1, 2, 3)) * slope**3
        share = torch.where(spread != 0, slope**2 / spread, torch.zeros_like(spread))
        weight = share * slope.clamp(min=0) * features[0].numel()
        found: np.ndarray = torch.tensordot(weight, features, dims=1).clamp(min=0).cpu().numpy()
        return found

    weighted, _ = on_best_device(network, work)
    return place(weighted, network.layout(), prepared.input.shape[1:])
