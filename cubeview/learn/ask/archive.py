"""Ask a model about many cases of the library: one in memory at a time, resumable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.ask.predict import input_tensor, predict, prepare_case
from cubeview.learn.models.card import read_card, why_not
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model, load_model
from cubeview.library.library import Library
from cubeview.library.stored import open_stored


@dataclass(frozen=True)
class Batch:
    """What came of it: cases asked about, passed over because done before, and why others failed.

    Parameters
    ----------
    asked : int
    before : int
    failures : tuple of (case number, reason)
    """

    asked: int
    before: int
    failures: tuple[tuple[int, str], ...]


def predict_cases(
    library: Library,
    folders: Sequence[Path],
    case_ids: Sequence[int],
    *,
    again: bool = False,
    done: Callable[[int], None] | None = None,
    report: Report = nothing,
) -> Batch:
    """Ask the first model that fits about each case, and keep its opinion and pooled features.

    Each answer is kept as it comes: stopped and started again, it goes on where it was.

    Parameters
    ----------
    library : Library
    folders : sequence of Path
        Folders of models, the preferred one of each kind first.
    case_ids : sequence of int
    again : bool
        Ask also where this model's opinion is there already.
    done : callable, optional
        Told the number of each case that was asked about.
    report : callable
    """
    cards = [(folder, read_card(folder)) for folder in folders]
    kinds = dict(library.read("SELECT id, kind FROM cases", ()))
    known = set(
        library.read("SELECT case_id, model FROM predictions WHERE features IS NOT NULL", ())
    )
    models: dict[Path, Model] = {}
    asked, before, failures = 0, 0, []
    for place, number in enumerate(case_ids):
        still = partial(report, place / len(case_ids), f"case {place + 1} of {len(case_ids)}")
        still()
        fitting = [(folder, card) for folder, card in cards if card.kind == kinds.get(number)]
        if fitting and not again and (number, fitting[0][1].name) in known:
            before += 1
            continue
        try:
            case = open_stored(library, number)
            reasons = {folder: why_not(card, case) for folder, card in fitting}
            able = [folder for folder, _ in fitting if not reasons[folder]]
            if not able:
                said = next(iter(reasons.values()), "no model judges this kind of case.")
                raise CubeviewError(f"{case.name}: {said}")
            if able[0] not in models:
                models[able[0]] = load_model(able[0])
            ask_one(library, models[able[0]], number, case, still)
        except CubeviewError as error:
            failures.append((number, str(error)))
            continue
        asked += 1
        if done is not None:
            done(number)
    return Batch(asked, before, tuple(failures))


def ask_one(
    library: Library,
    model: Model,
    number: int,
    case: Case,
    still: Callable[[], None] = lambda: None,
) -> None:
    """Ask a model about one open case and keep what it said.

    ``still`` is called now and then and may raise Cancelled.

    Raises
    ------
    CubeviewError
        If the case cannot be prepared or judged, or the answer cannot be kept.
    """
    prepared = prepare_case(model.card, case, report=lambda fraction, text: still())
    answer = predict(model, case, prepared=prepared)
    assert isinstance(answer, Prediction)  # what the library keeps
    with torch.inference_mode():
        pooled, _ = on_best_device(
            model.network,
            lambda device: (
                model.network.features(input_tensor(prepared, device)).mean(dim=(2, 3, 4)).cpu()
            ),
        )
    library.record_prediction(number, answer, np.asarray(pooled[0].numpy(), np.float32))
