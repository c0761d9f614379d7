"""One report on one model or several side by side: a page that needs only a browser, and JSON."""

import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cubeview
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.examples.dataset import SOURCES
from cubeview.learn.explain.advice import read_figures
from cubeview.learn.measure.measured import (
    Measured,
    answers,
    figures,
    flagged,
    milliseconds,
    same_input,
    set_name,
    simulated,
    simulator_of,
)
from cubeview.learn.measure.page import page
from cubeview.learn.models.model import Model
from cubeview.plain import plain

PAGE, FIGURES = "report.html", "figures.json"

FOUND_SHARE = 10
"""One case in so many is also measured with the ventricle finder at work, which is slow."""


def report_on(
    models: Sequence[Model],
    count: int,
    *,
    seed: int = 1,
    work: Path | None = None,
    workers: int = 0,
    report: Report = nothing,
) -> dict[str, Any]:
    """Measure models on the same simulated cases.

    Parameters
    ----------
    models : sequence of Model
    count : int
        Cases; the whole chain with the ventricle finder is measured on a tenth of them.
    seed : int
        Another than the models were trained with.
    work : path, optional
        Where the cases are kept for the next time; nowhere if not given.
    workers : int
        Processes that simulate; 0 does it in this one.
    report : Report

    Returns
    -------
    dict
        Plain values: what `page` shows.

    Raises
    ------
    CubeviewError
        If no simulator makes cases for one of the models.
    """
    entries = [_entry(model, name) for model, name in zip(models, _names(models), strict=True)]
    tasks = [
        (source, [n for n, model in enumerate(models) if same_input(model.card) == alike])
        for alike in dict.fromkeys(same_input(model.card) for model in models)
        for source in _sets(next(m for m in models if same_input(m.card) == alike))
    ]
    for step, (source, members) in enumerate(tasks):
        name = source.partition("/")[2] or "unseen"
        number = max(1, count // FOUND_SHARE) if name == "found" else count
        with simulated(
            source,
            number,
            seed,
            models[members[0]].card.preprocess,
            work=work / f"{step}-{source.replace('/', '-')}-{seed}" if work else None,
            workers=workers,
            report=partial(_part, report, step, len(tasks)),
        ) as (data, facts_of):
            facts = facts_of() if name == "unseen" else {}
            for member in members:
                logits, labels = answers(models[member].network, data)
                measured = Measured(
                    models[member].card, set_name(source, number, seed), logits, labels, facts
                )
                entries[member]["sets"][name] = {
                    **figures(measured),
                    "flagged": flagged(models[member], data),
                }
    report(1.0, "measured")
    return {
        "cubeview": cubeview.__version__,
        "cases": count,
        "seed": seed,
        "models": [plain(entry) for entry in entries],
    }


def write_report(document: dict[str, Any], folder: Path) -> Path:
    """Write the page and the figures; an older report there is replaced.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    CubeviewError
        If the folder cannot be written.
    """
    texts = {
        PAGE: page(document),
        FIGURES: json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = folder / f"{name}.part"
            part.write_text(text, encoding="utf-8")
            os.replace(part, folder / name)
    except OSError as error:
        raise CubeviewError(
            f"{folder}: the report cannot be written ({error.strerror}). Choose another folder."
        ) from error
    return folder / PAGE


def described(model: Model, name: str) -> dict[str, Any]:
    """Return what a report says of a model before any measurement, as plain values."""
    card = model.card
    config = model.network.config
    return {
        "name": name,
        "group": card.name,
        "title": card.title,
        "kind": card.kind,
        "classes": list(card.classes),
        "defects": list(card.defects),
        "sha256": card.weights_sha256,
        "weights": sum(p.numel() for p in model.network.parameters()),
        "widths": list(config.widths),
        "batch_norm": config.batch_norm,
        "temperature": card.temperature,
        "training": plain(dict(card.training)),
        "maps": read_figures(model.folder) if model.folder else None,
        "sets": {},
    }


def _entry(model: Model, name: str) -> dict[str, Any]:
    return {**described(model, name), "milliseconds": milliseconds(model)}


def _sets(model: Model) -> list[str]:
    """Return the simulators a model is measured on, its own first."""
    own = simulator_of(model.card)
    return [own, *(name for name in SOURCES if name.startswith(f"{own}/"))]


def _names(models: Sequence[Model]) -> list[str]:
    """Return a name for each model, its folder's where two cards agree."""
    names = [model.card.name for model in models]
    return [
        name if names.count(name) == 1 or model.folder is None else model.folder.name
        for name, model in zip(names, models, strict=True)
    ]


def _part(report: Report, step: int, steps: int, fraction: float, text: str) -> None:
    report((step + fraction) / (steps + 0.01), text)
