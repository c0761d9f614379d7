"""One report on one model or several side by side: a page that needs only a browser, and JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cubeview
from cubeview.errors import Report, nothing, part_of, refusing
from cubeview.learn.examples.dataset import SOURCES
from cubeview.learn.explain.advice import read_figures
from cubeview.learn.measure.measured import (
    Measured,
    answers,
    figures,
    flagged,
    milliseconds,
    same_input,
    simulated,
    simulator_of,
)
from cubeview.learn.measure.page import page
from cubeview.learn.measure.trust import read_trust
from cubeview.learn.models.model import Model
from cubeview.paths import replacing
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
    entries = [
        {**described(model, name), "milliseconds": milliseconds(model)}
        for model, name in zip(models, _names(models), strict=True)
    ]
    groups: dict[str, list[int]] = {}
    for number, model in enumerate(models):
        groups.setdefault(same_input(model.card), []).append(number)
    tasks = [(source, group) for group in groups.values() for source in _sets(models[group[0]])]
    ends = len(tasks) + 0.01
    for step, (source, members) in enumerate(tasks):
        name = source.partition("/")[2] or "unseen"
        number = max(1, count // FOUND_SHARE) if name == "found" else count
        on = f"{number} simulated cases ({SOURCES[source].version}), seed {seed}"
        with simulated(
            source,
            number,
            seed,
            models[members[0]].card.preprocess,
            work=work / f"{step}-{source.replace('/', '-')}-{seed}" if work else None,
            workers=workers,
            report=part_of(report, step / ends, 1 / ends),
        ) as (data, facts_of):
            facts = facts_of() if name == "unseen" else {}
            for member in members:
                model = models[member]
                found = figures(Measured(model.card, on, *answers(model.network, data), facts))
                entries[member]["sets"][name] = {**found, "flagged": flagged(model, data)}
    report(1.0, "measured")
    return {
        "cubeview": cubeview.__version__,
        "cases": count,
        "seed": seed,
        "models": [plain(entry) for entry in entries],
    }


def write_report(document: dict[str, Any], folder: Path) -> Path:
    """Write the page and the figures, replacing an older report there; return the page's path.

    Raises CubeviewError if the folder cannot be written.
    """
    texts = {
        PAGE: page(document),
        FIGURES: json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }
    with refusing(folder, "the report cannot be written", "Choose another folder."):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with replacing(folder / name) as part:
                part.write_text(text, encoding="utf-8")
    return folder / PAGE


def described(model: Model, name: str) -> dict[str, Any]:
    """Return what a report says of a model before any measurement, as plain values."""
    card = model.card
    return {
        "name": name,
        "group": card.name,
        "title": card.title,
        "kind": card.kind,
        "classes": list(card.classes),
        "defects": list(card.defects),
        "sha256": card.weights_sha256,
        "weights": sum(p.numel() for p in model.network.parameters()),
        "widths": [layer.channels for layer in model.network.layout().layers],
        "batch_norm": model.network.entries().get("batch_norm", False),
        "temperature": card.temperature,
        "training": plain(dict(card.training)),
        "maps": read_figures(model.folder) if model.folder else None,
        "trust": read_trust(model.folder) if model.folder else None,
        "sets": {},
    }


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
