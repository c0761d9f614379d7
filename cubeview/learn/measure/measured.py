"""What a model answers to simulated cases nobody trained on, and the figures that follow."""

import json
import tempfile
import timeit
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
from cubeview.learn.examples.facts import make_facts
from cubeview.learn.measure.fit_doubt import BATCH, features_of
from cubeview.learn.measure.sky_figures import by_strength
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model
from cubeview.learn.tasks import TASKS
from cubeview.learn.tasks.metrics import auc, evidence, reliability, roc, softmax

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
        Or whatever else a network of the card's task says.
    labels : ndarray, shape (n,), int
        What it should have said.
    facts : mapping of str to ndarray, shape (n,)
        What was simulated, as numbers by name.
    """

    card: Card
    on: str
    logits: np.ndarray
    labels: np.ndarray
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)


def simulator_of(card: Card) -> str:
    """Return which simulator makes cases for a model: the one with its classes and channels.

    Raises CubeviewError if there is none.
    """
    for name, source in SOURCES.items():
        if source.classes == card.classes and source.channels == card.channels:
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
    network: torch.nn.Module, data: Dataset, task: str = "classify"
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a network says to a whole data set, float64, and what it should have said.

    For classes that is logits, shape (n, classes), and labels, shape (n,).

    Parameters
    ----------
    network : Module
    data : Dataset
    task : str
        Of the network's card.
    """
    network.eval()
    said, wanted = [], []
    with torch.inference_mode():
        for first in range(0, data.count, BATCH):
            chosen = np.arange(first, min(first + BATCH, data.count))
            shown = torch.from_numpy(data.inputs(chosen))
            target = TASKS[task].target(shown, torch.from_numpy(data.truth(chosen)))
            said.append(network(shown).double().numpy())
            wanted.append(target.numpy())
    return np.concatenate(said), np.concatenate(wanted)


def flagged(model: Model, data: Dataset) -> float | None:
    """Return the share of cases that look unlike the training data; None if it cannot be told."""
    if model.doubt is None:
        return None
    early, _ = features_of(model.network, data, data.count)
    return round(float((model.doubt.distances(early) > 1).mean()), 4)


def figures(measured: Measured) -> dict[str, Any]:
    """Return all that a report shows of one set of answers, as plain values.

    The figures of the card's task and ``"on"``; of classes also ``"roc"`` (curves and areas by
    name), ``"reliability"``, and where the facts are known ``"by_extent"`` and ``"by_severity"``
    (hearts) or ``"by_peak_sn"`` (sky).
    """
    card, logits, labels = measured.card, measured.logits, measured.labels
    found = {**TASKS[card.task].figures(logits, labels, card), "on": measured.on}
    if card.task != "classify":
        return found
    chances = softmax(logits, card.temperature)
    mean, right, number = reliability(chances, labels)
    found["roc"] = _curves(card, logits, chances, labels)
    found["reliability"] = [
        {"confidence": _round(m), "accuracy": _round(r), "cases": int(n)}
        for m, r, n in zip(mean, right, number, strict=True)
        if n
    ]
    said = logits.argmax(axis=1)
    if "extent" in measured.facts and card.normal:
        for name, edges in (("extent", EXTENTS), ("severity", SEVERITIES)):
            found[f"by_{name}"] = _sensitivity(card, said, labels, measured.facts[name], edges)
    if "peak_sn" in measured.facts:
        found["by_peak_sn"] = by_strength(said, labels, measured.facts["peak_sn"], card.classes)
    return found


def milliseconds(model: Model) -> float:
    """Return how long the network takes for one case on one core, the fastest of some tries."""
    size = int(model.card.preprocess.get("size", kind_of(model.card).window_px))
    values = torch.rand(1, len(model.card.channels), size, size, size)
    network, before = model.network.eval(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            spent = timeit.repeat(lambda: network(values), number=1, repeat=15)
    finally:
        torch.set_num_threads(before)
    return round(1000 * min(spent), 2)


def same_input(card: Card) -> str:
    """Return a text that two models share when they are shown a case in the same way."""
    return json.dumps([card.channels, card.classes, dict(card.preprocess)], sort_keys=True)


def _curves(
    card: Card, logits: np.ndarray, chances: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """ROC curves: the normal class against each other and against all; else each against all."""
    if not card.normal:
        return {
            f"{name} / all": _curve(chances[:, number], labels == number)
            for number, name in enumerate(card.classes)
        }
    curves, healthy = {}, card.classes.index(card.normal)
    for number, name in enumerate(card.classes):
        if number != healthy:
            pair = np.isin(labels, [healthy, number])
            score = logits[pair, number] - logits[pair, healthy]
            curves[f"{card.normal} / {name}"] = _curve(score, labels[pair] == number)
    curves[f"{card.normal} / all"] = _curve(1 - chances[:, healthy], labels != healthy)
    defects = _defects(card)
    asked = np.isin(labels, [healthy, *defects])
    ill = evidence(logits[asked], healthy, defects)
    curves[f"{card.normal} / ill"] = _curve(ill, labels[asked] != healthy)
    return curves


def _defects(card: Card) -> list[int]:
    return [card.classes.index(name) for name in card.defects]


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
    card: Card, said: np.ndarray, labels: np.ndarray, values: np.ndarray, edges: Sequence[float]
) -> list[dict[str, Any]]:
    """Share of ill hearts called ill, and called by the right name, in bins of a fact."""
    rows, ill = [], np.isin(labels, _defects(card))
    for low, high in pairwise(edges):
        inside = ill & (values >= low) & (values < high)
        if not inside.any():
            continue
        seen, count = float(np.isin(said[inside], _defects(card)).mean()), int(inside.sum())
        rows.append(
            {
                "range": [low, high],
                "cases": count,
                "called_ill": _round(seen),
                "interval": [_round(end) for end in _wilson(seen, count)],
                "named": _round((said == labels)[inside].mean()),
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
