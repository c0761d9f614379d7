"""Ask a model about a case: prepare, one forward pass, and what its task makes of it."""

import time
from collections.abc import Mapping

import numpy as np
import torch

from cubeview.cubes.answer import Answer
from cubeview.cubes.case import Case, same_cubes
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.learn.models.card import Card, why_not
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.doubt import strange
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import room_of
from cubeview.learn.tasks import TASKS

Ventricles = Mapping[str, Ventricle] | None


def prepare_case(
    card: Card, case: Case, *, ventricles: Ventricles = None, report: Report = nothing
) -> Prepared:
    """Turn a case into the input of a model.

    Parameters
    ----------
    card : Card
    case : Case
    ventricles : mapping of role to Ventricle, optional
        Hearts: geometry placed by the user or found before; the rest is found.
    report : Report

    Raises
    ------
    CubeviewError
        If the model cannot judge the case, or the preparation fails.
    """
    if reason := why_not(card, case):
        raise CubeviewError(f"{case.name}: {reason}")
    room = room_of(card.preprocess["kind"])
    config = room.config(card.preprocess)
    return room.prepare(case, config, card.channels, ventricles=ventricles, report=report)


class Latest:
    """The latest preparation, so that a map after an answer does not prepare the same case again.

    For one case at a time, and one thread.
    """

    def __init__(self) -> None:
        self._known: tuple[Card, dict[str, Ventricle], Prepared] | None = None

    def prepare(
        self, card: Card, case: Case, *, ventricles: Ventricles = None, report: Report = nothing
    ) -> Prepared:
        """Return what `prepare_case` would; at once where the latest was the same.

        Parameters
        ----------
        card, case, ventricles, report
            As for `prepare_case`.
        """
        given = dict(ventricles or {})
        if self._known is None or not self._serves(card, case, given):
            prepared = prepare_case(card, case, ventricles=given, report=report)
            self._known = card, given, prepared
        return self._known[2]

    def _serves(self, card: Card, case: Case, given: Mapping[str, Ventricle]) -> bool:
        assert self._known is not None
        known, placed, prepared = self._known
        if known.channels != card.channels or dict(known.preprocess) != dict(card.preprocess):
            return False
        if not same_cubes(prepared.case, case) or prepared.case.window != case.window:
            return False
        # The geometry that came back with the answer is the one to explain.
        return any(
            given.keys() == other.keys() and all(given[role] is other[role] for role in given)
            for other in (placed, prepared.ventricles)
        )


def predict(
    model: Model,
    case: Case,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
) -> Answer:
    """Ask a model about a case; the answer is that of its task.

    Parameters
    ----------
    model : Model
    case : Case
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report

    Raises
    ------
    CubeviewError
        If the model cannot judge the case, or its answer is not a number.
    """
    begin = time.perf_counter()
    card = model.card
    if prepared is None:
        prepared = prepare_case(card, case, ventricles=ventricles, report=part_of(report, 0.0, 0.9))
    check_input(model, prepared)
    report(0.9, "asking the network")

    def ask(device: torch.device) -> tuple[np.ndarray, np.ndarray, float | None]:
        shown = input_tensor(prepared, device)
        features = model.network.features(shown)
        said, pooled = (
            values[0].cpu().numpy()
            for values in (model.network.head(features), features.mean(dim=(2, 3, 4)))
        )
        if model.doubt is None:
            return said, pooled, None
        early = model.network.early(shown).cpu().numpy()
        return said, pooled, float(model.doubt.distances(early)[0])

    (said, pooled, distance), device = on_best_device(model.network, ask)
    if not np.isfinite(said).all():
        raise CubeviewError(f"{case.name}: {card.title} gave no number. Check the cube's values.")
    report(1.0, "answered")
    cautions = (*prepared.cautions, *case.cautions, *filter(None, (case.question,)))
    return TASKS[card.task].answer(
        said,
        pooled,
        prepared,
        card,
        case=case,
        model=card.name,
        weights=card.weights_sha256,
        device=device,
        seconds=time.perf_counter() - begin,
        cautions=cautions,
        ventricles=prepared.ventricles,
        distance=distance,
        unlike=strange(prepared, distance),
    )


def check_input(model: Model, prepared: Prepared) -> None:
    """Raise CubeviewError if a prepared input does not fit a model's network."""
    layout = model.network.layout()
    channels, *shape = prepared.input.shape
    if channels != layout.channels_in or not layout.sees(tuple(shape)):
        raise CubeviewError(
            f"{prepared.case.name}: an input of {prepared.input.shape} does not fit the network "
            f"of {model.card.title}. Its card and its weights do not belong together."
        )


def input_tensor(prepared: Prepared, device: torch.device) -> torch.Tensor:
    """Return the prepared input as a batch of one, shape (1, channel, d, h, w)."""
    # A copy: torch warns of arrays that are read-only.
    return torch.tensor(prepared.input, dtype=torch.float32, device=device)[None]
