"""Ask a model about a case: prepare, one forward pass, calibrated probabilities."""

import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import softmax

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.models.card import Card, why_not
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.doubt import early_features, strange
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import room_of

Ventricles = Mapping[str, Ventricle] | None

ASKED = 0.5
"""Doubt of the ventricle finder above which the user is asked to check."""


class _Asked(NamedTuple):
    """What the latest preparation was made from, and its result."""

    preprocess: Mapping[str, object]
    roles: tuple[str, ...]
    case: Case
    ventricles: dict[str, Ventricle]
    prepared: Prepared


_latest: _Asked | None = None
"""One slot, so that a map after an answer does not prepare the same case again."""


def prepare_case(
    card: Card, case: Case, *, ventricles: Ventricles = None, report: Report = nothing
) -> Prepared:
    """Turn a case into the input of a model.

    The latest result is kept: asking again for the same case and ventricles costs nothing.

    Parameters
    ----------
    card : Card
    case : Case
    ventricles : mapping of role to Ventricle, optional
        Hearts: geometry placed by the user or found before; the rest is found.
    report : Report

    Returns
    -------
    Prepared

    Raises
    ------
    CubeviewError
        If the model cannot judge the case, or the preparation fails.
    """
    global _latest
    given = dict(ventricles or {})
    known = _latest
    if known is not None and _same(known, card, case, given):
        return known.prepared
    reason = why_not(card, case)
    if reason:
        raise CubeviewError(f"{case.name}: {reason}")
    room = room_of(card.preprocess["kind"])
    config = room.config(card.preprocess)
    prepared = room.prepare(case, config, card.roles, ventricles=given, report=report)
    _latest = _Asked(card.preprocess, card.roles, case, given, prepared)
    return prepared


def predict(
    model: Model,
    case: Case,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
) -> Prediction:
    """Ask a model about a case.

    Parameters
    ----------
    model : Model
    case : Case
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report

    Returns
    -------
    Prediction

    Raises
    ------
    CubeviewError
        If the model cannot judge the case, or its answer is not a number.
    """
    begin = time.perf_counter()
    card = model.card
    if prepared is None:
        prepared = prepare_case(
            card, case, ventricles=ventricles, report=lambda f, text: report(0.9 * f, text)
        )
    check_input(model, prepared)
    report(0.9, "asking the network")

    def ask(device: torch.device) -> tuple[np.ndarray, float | None]:
        shown = input_tensor(prepared, device)
        said: np.ndarray = model.network(shown).cpu().numpy()
        if model.doubt is None:
            return said, None
        early = early_features(model.network, shown).cpu().numpy()
        return said, float(model.doubt.distances(early)[0])

    (logits, distance), device = on_best_device(model.network, ask)
    probabilities = humbled(calibrated(logits, card)[0], prepared)
    if not np.isfinite(probabilities).all():
        raise CubeviewError(f"{case.name}: {card.title} gave no number. Check the cube's values.")
    report(1.0, "answered")
    cautions = (*prepared.cautions, *filter(None, (case.question,)))
    return Prediction(
        case=case,
        model=card.name,
        probabilities=dict(zip(card.classes, map(float, probabilities), strict=True)),
        abnormal=_number(abnormality(probabilities[None], card)),
        device=device,
        seconds=time.perf_counter() - begin,
        cautions=cautions,
        ventricles=prepared.ventricles,
        distance=distance,
        unlike=strange(prepared, distance),
        weights=card.weights_sha256,
    )


def calibrated(logits: np.ndarray, card: Card) -> np.ndarray:
    """Return class probabilities after temperature scaling.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    card : Card

    Returns
    -------
    ndarray, shape (n, classes), float64
        Rows sum to 1.

    Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """
    shares: np.ndarray = softmax(np.asarray(logits, dtype=np.float64) / card.temperature, axis=1)
    return shares


def humbled(probabilities: np.ndarray, prepared: Prepared) -> np.ndarray:
    """Return probabilities that say no more than the geometry allows.

    A network is as sure of a heart cut out at the wrong place as of any other. From where the
    user is asked to check the ventricle on, its answer is mixed with knowing nothing, up to half
    where the finder trusts its ventricle not at all. A ventricle placed by hand is trusted.

    Parameters
    ----------
    probabilities : ndarray, shape (classes,)
    prepared : Prepared

    Returns
    -------
    ndarray, shape (classes,)
    """
    found = [v.doubt for v in prepared.ventricles.values() if v.by != "user"]
    share = float(np.clip(max(found, default=0.0) - ASKED, 0.0, 0.5))
    mixed: np.ndarray = (1.0 - share) * probabilities + share / len(probabilities)
    return mixed


def abnormality(probabilities: np.ndarray, card: Card) -> np.ndarray | None:
    """Return the evidence for any defect against the normal class, artefact left aside.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
    card : Card

    Returns
    -------
    ndarray, shape (n,), 0 to 1; or None
        ``p(defects) / (p(defects) + p(normal))``; 0.5 where both are nothing. None for models
        without that question.
    """
    if not card.normal:
        return None
    defects = sum(probabilities[:, card.classes.index(name)] for name in card.defects)
    both = defects + probabilities[:, card.classes.index(card.normal)]
    return np.where(both > 0, defects / np.maximum(both, 1e-300), 0.5)


def check_input(model: Model, prepared: Prepared) -> None:
    """Raise CubeviewError if a prepared input does not fit a model's network."""
    config = model.network.config
    channels, *shape = prepared.input.shape
    if channels != config.channels_in or min(config.map_size(n) for n in shape) < 1:
        raise CubeviewError(
            f"{prepared.case.name}: an input of {prepared.input.shape} does not fit the network "
            f"of {model.card.title}. Its card and its weights do not belong together."
        )


def input_tensor(prepared: Prepared, device: torch.device) -> torch.Tensor:
    """Return the prepared input as a batch of one, shape (1, channel, d, h, w)."""
    # A copy: torch warns of arrays that are read-only.
    return torch.tensor(prepared.input, dtype=torch.float32, device=device)[None]


def _same(known: _Asked, card: Card, case: Case, given: dict[str, Ventricle]) -> bool:
    if known.case is not case or known.roles != card.roles:
        return False
    if dict(known.preprocess) != dict(card.preprocess):
        return False
    # The geometry that came back with the answer is the one to explain.
    return any(
        given.keys() == other.keys() and all(given[role] is other[role] for role in given)
        for other in (known.ventricles, known.prepared.ventricles)
    )


def _number(values: np.ndarray | None) -> float | None:
    return None if values is None else float(values[0])
