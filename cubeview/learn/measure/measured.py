"""What a model answers to simulated cases nobody trained on, and the figures that follow."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import kind_of
from cubeview.learn.examples.dataset import SOURCES, DataConfig, Dataset, make_dataset
from cubeview.learn.examples.truth import make_facts
from cubeview.learn.measure.fit_doubt import features_of
from cubeview.learn.measure.metrics import auc, evidence, reliability, roc, softmax, summarise
from cubeview.learn.measure.sky_figures import by_strength
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model

EXTENTS = (0.03, 0.06, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
SEVERITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

_CURVE_POINTS = 60


@dataclass(frozen=True, eq=False)
class Measured:
    """Answers of a model to a set of cases.

    Parameters
    ----------
    card : Card
    on : str
        Which cases, in words.
    logits : ndarray, shape (n, classes), float64
    labels : ndarray, shape (n,), int
    facts : mapping of str to ndarray, shape (n,)
        What was simulated, as numbers by name.
    """

    card: Card
    on: str
    logits: np.ndarray
    labels: np.ndarray
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)


def set_name(source: str, count: int, seed: int) -> str:
    """Return in words which simulated cases a figure was measured on.

    Parameters
    ----------
    source : str
        A key of `SOURCES`.
    count, seed : int
    """
    return f"{count} simulated cases ({SOURCES[source].version}), seed {seed}"


def simulator_of(card: Card) -> str:
    """Return which simulator makes cases for a model: the one with its classes and channels.

    Raises
    ------
    CubeviewError
        If there is none.
    """
    for name, source in SOURCES.items():
        if source.classes == card.classes and source.roles == card.roles:
            return name
    raise CubeviewError(
        f"{card.title} has classes of its own ({', '.join(card.classes)}); no simulator makes "
        "cases for it. Measure it on labelled cases instead."
    )


@contextmanager
def simulated(
    source: str,
    count: int,
    seed: int,
    preprocess: Mapping[str, Any],
    *,
    work: Path | None = None,
    workers: int = 0,
    report: Report = nothing,
) -> Iterator[tuple[Dataset, Callable[[], dict[str, np.ndarray]]]]:
    """Simulate cases and prepare them; they are gone afterwards unless there is a work folder.

    Parameters
    ----------
    source : str
        A key of `SOURCES`.
    count, seed : int
    preprocess : mapping
        Of the model's card.
    work : path, optional
    workers : int
        Processes that simulate; 0 does it in this one.
    report : Report

    Yields
    ------
    data : Dataset
    facts : callable
        Looks up what was simulated, shape (count,) by name.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = work or Path(scratch)
        config = DataConfig(source, "test", count, seed, preprocess, min(count, 256))
        data = make_dataset(config, folder, workers=workers, report=report)
        yield data, lambda: make_facts(config, folder, workers=workers, report=report)
        del data


def answers(
    network: torch.nn.Module, data: Dataset, batch: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, shape (n, classes), float64, and labels, shape (n,), of a whole data set.

    Parameters
    ----------
    network : Module
    data : Dataset
    batch : int
        Cases at a time.
    """
    network.eval()
    logits = []
    with torch.inference_mode():
        for first in range(0, data.count, batch):
            chosen = np.arange(first, min(first + batch, data.count))
            logits.append(network(torch.from_numpy(data.inputs(chosen))).double().numpy())
    return np.concatenate(logits), data.labels(np.arange(data.count))


def flagged(model: Model, data: Dataset) -> float | None:
    """Return the share of cases that look unlike the training data; None if it cannot be told."""
    if model.doubt is None:
        return None
    early, _ = features_of(model.network, data, data.count)
    return round(float((model.doubt.distances(early) > 1).mean()), 4)


def figures(measured: Measured) -> dict[str, Any]:
    """Return all that a report shows of one set of answers, as plain values.

    Returns
    -------
    dict
        As `cubeview.learn.measure.metrics.summarise`, and ``"on"``, ``"roc"`` (curves and areas by
        name),
        ``"reliability"``, and where the facts are known ``"by_extent"`` and ``"by_severity"``
        (hearts) or ``"by_peak_sn"`` (sky).
    """
    card, logits, labels = measured.card, measured.logits, measured.labels
    found = summarise(
        logits,
        labels,
        card.classes,
        temperature=card.temperature,
        normal=card.normal,
        defects=card.defects,
    )
    chances = softmax(logits, card.temperature)
    mean, right, number = reliability(chances, labels)
    found["on"] = measured.on
    found["roc"] = _curves(card, logits, chances, labels)
    found["reliability"] = [
        {"confidence": _round(m), "accuracy": _round(r), "cases": int(n)}
        for m, r, n in zip(mean, right, number, strict=True)
        if n
    ]
    said = logits.argmax(axis=1)
    if "extent" in measured.facts and card.normal:
        ill = np.isin(labels, [card.classes.index(name) for name in card.defects])
        for name, edges in (("extent", EXTENTS), ("severity", SEVERITIES)):
            found[f"by_{name}"] = _sensitivity(card, said, labels, measured.facts[name], ill, edges)
    if "peak_sn" in measured.facts:
        found["by_peak_sn"] = by_strength(said, labels, measured.facts["peak_sn"], card.classes)
    return found


def milliseconds(model: Model, repeats: int = 15) -> float:
    """Return how long the network takes for one case on one core, the fastest of some tries."""
    size = int(model.card.preprocess.get("size", kind_of(model.card).window_px))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        values = torch.rand(1, len(model.card.roles), size, size, size)
        spent = []
        with torch.inference_mode():
            for _ in range(repeats):
                begin = time.perf_counter()
                model.network.eval()(values)
                spent.append(time.perf_counter() - begin)
    finally:
        torch.set_num_threads(before)
    return round(1000 * min(spent), 2)


def same_input(card: Card) -> str:
    """Return a text that two models share when they are shown a case in the same way."""
    return json.dumps([card.roles, card.classes, dict(card.preprocess)], sort_keys=True)


def _curves(
    card: Card, logits: np.ndarray, chances: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """ROC curves: the normal class against each other and against all; else each against all."""
    curves = {}
    if card.normal:
        healthy = card.classes.index(card.normal)
        for number, name in enumerate(card.classes):
            if number != healthy:
                pair = np.isin(labels, [healthy, number])
                score = logits[pair, number] - logits[pair, healthy]
                curves[f"{card.normal} / {name}"] = _curve(score, labels[pair] == number)
        curves[f"{card.normal} / all"] = _curve(1 - chances[:, healthy], labels != healthy)
        defects = [card.classes.index(name) for name in card.defects]
        asked = np.isin(labels, [healthy, *defects])
        curves[f"{card.normal} / ill"] = _curve(
            evidence(logits, healthy, defects)[asked], labels[asked] != healthy
        )
        return curves
    for number, name in enumerate(card.classes):
        curves[f"{name} / all"] = _curve(chances[:, number], labels == number)
    return curves


def _curve(scores: np.ndarray, positive: np.ndarray) -> dict[str, Any]:
    false, true, _ = roc(scores, positive)
    # Even steps along the curve's length keep its corner.
    along = np.cumsum(np.abs(np.diff(false, prepend=0.0)) + np.abs(np.diff(true, prepend=0.0)))
    kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], _CURVE_POINTS)))
    kept = np.clip(kept, 0, len(false) - 1)
    return {
        "auc": _round(auc(scores, positive)),
        "false_positive": [_round(v) for v in false[kept]],
        "true_positive": [_round(v) for v in true[kept]],
    }


def _sensitivity(
    card: Card,
    said: np.ndarray,
    labels: np.ndarray,
    values: np.ndarray,
    ill: np.ndarray,
    edges: Sequence[float],
) -> list[dict[str, Any]]:
    """Share of ill hearts called ill, and called by the right name, in bins of a fact."""
    defects = [card.classes.index(name) for name in card.defects]
    rows = []
    for low, high in pairwise(edges):
        inside = ill & (values >= low) & (values < high)
        count = int(inside.sum())
        if not count:
            continue
        seen = float(np.isin(said[inside], defects).mean())
        rows.append(
            {
                "range": [low, high],
                "cases": count,
                "called_ill": _round(seen),
                "interval": [_round(end) for end in _wilson(seen, count)],
                "named": _round(float((said == labels)[inside].mean())),
            }
        )
    return rows


def _wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
    z2 = 1.96**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = np.sqrt(share * (1 - share) * z2 + z2**2 / 4) / (1 + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
