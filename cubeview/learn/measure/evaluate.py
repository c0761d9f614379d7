"""Measuring a model: on simulated cases nobody trained on, and case by case on real ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.examples.dataset import SOURCES
from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.learn.measure.measured import answers, simulated
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model
from cubeview.learn.tasks.metrics import evidence, softmax, summarise


def evaluate(
    model: Model,
    count: int,
    *,
    seed: int = 1,
    work: Path | str | None = None,
    workers: int = 0,
    report: Report = nothing,
) -> dict[str, Any]:
    """Measure a model on simulated cases.

    Parameters
    ----------
    model : Model
    count : int
    seed : int
        Another than the model was trained with gives cases that neither its training nor its
        card's figures have seen.
    work : path, optional
        Where the cases are kept for the next time; nowhere if not given.
    workers : int
        Processes that simulate; 0 does it in this one.
    report : Report

    Returns
    -------
    dict
        As `cubeview.learn.tasks.metrics.summarise`, with ``"on"`` saying what was measured.

    Raises
    ------
    CubeviewError
        If no simulator makes cases for this model.
    """
    card = model.card
    source = simulator_of(card)
    with simulated(
        source,
        count,
        seed,
        card.preprocess,
        work=Path(work) if work else None,
        workers=workers,
        report=lambda fraction, text: report(0.9 * fraction, text),
    ) as (data, _):
        report(0.9, "Judging")
        logits, labels = answers(model.network, data)
    report(1.0, f"{count} cases judged")
    figures = summarise(
        logits,
        labels,
        card.classes,
        temperature=card.temperature,
        normal=card.normal,
        defects=card.defects,
    )
    figures["on"] = set_name(source, count, seed)
    return figures


def set_name(source: str, count: int, seed: int) -> str:
    """Return in words which simulated cases a figure was measured on."""
    return f"{count} simulated cases ({SOURCES[source].version}), seed {seed}"


def simulator_of(card: Card) -> str:
    """Return which simulator makes cases for a model: the one with its classes and channels.

    Raises
    ------
    CubeviewError
        If there is none.
    """
    for name, source in SOURCES.items():
        if source.classes == card.classes and source.channels == card.channels:
            return name
    raise CubeviewError(
        f"{card.title} has classes of its own ({', '.join(card.classes)}); no simulator makes "
        "cases for it. Measure it on labelled cases instead."
    )


def judge_hearts(
    model: Model, cases: Sequence[Case], *, report: Report = nothing
) -> list[dict[str, Any]]:
    """Judge real heart cases one by one, for a table.

    Parameters
    ----------
    model : Model
    cases : sequence of Case
    report : Report

    Returns
    -------
    list of dict
        For each case its name, the calibrated probabilities, the evidence ``d`` for a defect
        against normal (difference of logits before calibration), the ventricle's semi-axes in mm
        and the cautions of its preparation; or its name and the ``"reason"`` it was not judged.
    """
    card = model.card
    config = HeartConfig.from_dict(card.preprocess)
    normal = card.classes.index(card.normal)
    defects = [card.classes.index(name) for name in card.defects]
    rows: list[dict[str, Any]] = []
    for step, case in enumerate(cases):
        report(step / len(cases), f"Judging {case.name}")
        try:
            prepared = prepare_heart(case, config, card.channels)
        except CubeviewError as error:
            rows.append({"case": case.name, "reason": str(error)})
            continue
        with torch.inference_mode():
            logits = model.network(torch.from_numpy(prepared.input[None])).double().numpy()
        chances = softmax(logits, card.temperature)[0]
        rows.append(
            {
                "case": case.name,
                "answer": card.classes[int(chances.argmax())],
                "probabilities": {
                    name: round(float(p), 4) for name, p in zip(card.classes, chances, strict=True)
                },
                "d": round(float(evidence(logits, normal, defects)[0]), 3),
                "radii_mm": np.round(prepared.ventricles[card.channels[-1]].radii).tolist(),
                "cautions": list(prepared.cautions),
            }
        )
    report(1.0, f"{len(cases)} cases judged")
    return rows
