"""How far an answer holds: what flips it, and whether maps come from what was learnt.

Trials that change a scan without its patient, the smallest change that flips an answer (projected
gradient descent: Madry et al. 2018, arXiv:1706.06083, eq. 3), and maps beside those of a network
of the same layout that learnt labels given at random (Adebayo et al. 2018, arXiv:1810.03292,
section 4; Zhang et al. 2017, arXiv:1611.03530).
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional

from cubeview import __version__
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.learn.explain.overlay import visible_in
from cubeview.learn.explain.question import Question
from cubeview.learn.explain.significance import FIGURES, falls, falls_of, significant
from cubeview.learn.models.model import Model, fresh_network
from cubeview.learn.models.network import Network
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import Known, Simulator, room_of
from cubeview.plain import from_json

log = logging.getLogger(__name__)

CONFIDENT = 0.9
"""Probability above which an answer counts as confident."""

SIZES = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1)
"""Largest changes of a voxel that are tried, in shares of the input's maximum."""

STEPS = 20
_STEP = 2.5  # of the whole way, over all steps
_DRAWS = 8
_LEARN_CASES, _LEARN_EPOCHS, _LEARN_RATE = 96, 40, 3e-3
_MAPS = 10


@dataclass(frozen=True)
class Held:
    """How far one answer holds.

    Parameters
    ----------
    answer : str
    probability : float
    flips : mapping of str to float
        Share of the draws of each trial in which another class was named.
    smallest : float
        The least of `SIZES` that flips it, in shares of the input's maximum; infinite for none.
    """

    answer: str
    probability: float
    flips: dict[str, float]
    smallest: float


def how_it_holds(
    model: Model,
    prepared: Prepared,
    *,
    draws: int = _DRAWS,
    seed: int = 0,
    report: Report = nothing,
) -> Held:
    """Try an answer: with trials of its kind of case, and with the smallest change that flips it.

    Parameters
    ----------
    model : Model
        That classifies.
    prepared : Prepared
    draws : int
        Of each trial.
    seed : int
    report : Report

    Raises
    ------
    CubeviewError
        If the model names no classes.
    """
    card = model.card
    if len(card.classes) < 2:
        raise CubeviewError(f"{card.title}: only answers that are classes can be tried.")
    trials, rng = room_of(card.kind).trials, np.random.default_rng(seed)
    inputs = [prepared.input]
    inputs += [way(prepared.input, rng) for way in trials.values() for _ in range(draws)]
    report(0.1, "trying the answer")
    odds = _odds(model, np.stack(inputs))
    first, named = odds[0], odds[1:].argmax(axis=1).reshape(len(trials), draws)
    answer = int(first.argmax())
    flips = (named != answer).mean(axis=1)
    report(0.5, "looking for the smallest change")
    smallest = smallest_change(model, prepared, answer, report=part_of(report, 0.5, 0.5))
    told = dict(zip(trials, map(float, flips), strict=True))
    return Held(card.classes[answer], float(first[answer]), told, smallest)


def smallest_change(
    model: Model, prepared: Prepared, answer: int, *, report: Report = nothing
) -> float:
    """Return the least of `SIZES` by which a change of each voxel can flip an answer.

    All sizes are tried side by side; nothing that was not seen is changed. Infinite where none
    flips it: another attack might.

    Parameters
    ----------
    model : Model
    prepared : Prepared
    answer : int
        The class, by its place.
    report : Report
    """
    network = model.network
    start = torch.tensor(prepared.input, dtype=torch.float32)
    may = torch.tensor(visible_in(prepared))
    sizes = torch.tensor(SIZES).reshape(-1, 1, 1, 1, 1) * float(start.abs().max())
    shown = start.repeat(len(SIZES), 1, 1, 1, 1)
    others = [row for row in range(len(model.card.classes)) if row != answer]
    flipped = torch.zeros(len(SIZES), dtype=torch.bool)
    for step in range(STEPS + 1):
        report(step / (STEPS + 1), "looking for the smallest change")
        shown = shown.detach().requires_grad_(True)
        with torch.enable_grad():
            said = network(shown)
            # Not the cross-entropy: it is flat where the network is quite sure.
            lead = said[:, answer] - said[:, others].logsumexp(dim=1)
            (slope,) = torch.autograd.grad(-lead.sum(), shown)
        flipped |= said.argmax(dim=1) != answer
        moved = shown.detach() + _STEP / STEPS * sizes * slope.sign() * may
        shown = torch.minimum(torch.maximum(moved, start - sizes), start + sizes)
    found = [size for size, gone in zip(SIZES, flipped.tolist(), strict=True) if gone]
    return min(found, default=float("inf"))


def read_trust(folder: Path) -> Mapping[str, Any] | None:
    """Return what was measured of a model; None where nobody did, or not readably."""
    try:
        figures = from_json((folder / FIGURES).read_text(encoding="utf-8"))
        shares = (*figures["flips"].values(), *figures["adversarial"].values())
        if not all(isinstance(share, int | float) for share in (*shares, figures["confident"])):
            raise TypeError("a figure is no number")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("%s is left aside: %s", FIGURES, error)
        return None
    found: Mapping[str, Any] = figures
    return found


def check_trust(
    model: Model, count: int, *, seed: int = 11, report: Report = nothing
) -> dict[str, Any]:
    """Measure how far the answers of a model hold, on simulated cases.

    Parameters
    ----------
    model : Model
    count : int
        Cases; the classes take turns.
    seed : int
        Another than the model was trained with.
    report : Report

    Returns
    -------
    dict
        ``usual_fall``: root mean square, over what is seen of cases of the normal class, of how
        far the log-odds of each other class fall (see `cubeview.learn.explain.significance`), and
        ``significance`` with it: the share of healthy cases' voxels that is marked and the share
        of cases of a class with a mark at its place; both empty for models without a normal class.
        ``confident``: answers above `CONFIDENT`; ``flips``: share of their draws that name another
        class, by trial; ``adversarial``: by size of the change, in shares of the input's maximum,
        the share of confident answers that it flips; ``maps``: mean absolute rank correlation of
        the class activation map with that of a network that learnt random labels, and the share of
        those labels which it knows by heart. Plain values, for JSON.

    Raises
    ------
    CubeviewError
        If no simulator makes cases for this model, or it names no classes.
    """
    card, simulator = model.card, room_of(model.card.kind).simulator
    if simulator is None:
        raise CubeviewError(f"{card.title}: no simulator makes cases for models of this kind.")
    labels = [label for label in card.classes if label in simulator.classes]
    if not labels:
        raise CubeviewError(f"{card.title}: none of its classes is one of the simulator's.")
    flips: defaultdict[str, list[float]] = defaultdict(list)
    smallest: list[float] = []
    learnt: list[Prepared] = []
    for number in range(count):
        report(0.6 * number / count, f"trying answers, case {number + 1} of {count}")
        prepared = _known(model, simulator, labels, number, seed)
        if len(learnt) < max(_LEARN_CASES, _MAPS):
            learnt.append(prepared)
        held = how_it_holds(model, prepared, seed=number)
        if held.probability <= CONFIDENT:
            continue
        smallest.append(held.smallest)
        for name, share in held.flips.items():
            flips[name].append(share)
    usual, marks = _significance(model, simulator, count, seed, part_of(report, 0.6, 0.2))
    by_size = {str(size): float(np.mean(np.array(smallest) <= size)) for size in SIZES}
    figures: dict[str, Any] = _rounded(
        {
            "made_by": f"cubeview {__version__}",
            "model": card.name,
            "sha256": card.weights_sha256,
            "on": simulator.version,
            "cases": count,
            "seed": seed,
            "usual_fall": usual,
            "significance": marks,
            "confident": len(smallest),
            "flips": {name: float(np.mean(shares)) for name, shares in flips.items()},
            "adversarial": by_size if smallest else {},
            "maps": _maps_of_random(model, learnt, seed, part_of(report, 0.8, 0.2)),
        }
    )
    report(1.0, "tried")
    return figures


def _known(
    model: Model, simulator: Simulator, labels: Sequence[str], number: int, seed: int
) -> Prepared:
    return _drawn(model, simulator, labels[number % len(labels)], number, seed).prepared


def _drawn(model: Model, simulator: Simulator, label: str, number: int, seed: int) -> Known:
    drawn, card = np.random.default_rng((seed, number)), model.card
    return simulator.known(card.preprocess, card.channels, label, drawn, f"trial {number}")


def _significance(
    model: Model, simulator: Simulator, count: int, seed: int, report: Report
) -> tuple[dict[str, float], dict[str, Any]]:
    """How far evidence falls in normal cases, and what significance maps with it mark in others."""
    card, few = model.card, max(count // 10, 2)
    if not card.normal:
        return {}, {}
    squares = np.zeros(len(card.classes))
    for number in range(few):
        report(0.2 * number / few, "evidence in normal cases")
        found = _drawn(model, simulator, card.normal, number, seed + 1).prepared
        own = falls_of(_question(model, found, 0))[:, visible_in(found)]
        squares += (own**2).mean(axis=1) / few
    usual = {label: float(np.sqrt(squares[card.classes.index(label)])) for label in card.defects}
    marked, hits = [], []
    for number in range(few):
        report(0.2 + 0.8 * number / few, "significance maps")
        target = card.defects[0]
        for label in (card.normal, target):
            known = _drawn(model, simulator, label, number, seed + 2)
            asked = _question(model, known.prepared, card.classes.index(target))
            fell, seen = falls(asked), visible_in(known.prepared)
            spread = np.maximum(np.hypot(fell.spread, usual[target]), 1e-6)
            marks = significant(fell.own / spread, seen)
            if label == target:
                hits.append(float(marks[known.site].any()))
            else:
                marked.append(float(marks[seen].mean()))
    told = {"class": card.defects[0], "cases": few, "normal_marked": float(np.mean(marked))}
    return usual, {**told, "found": float(np.mean(hits))}


def _question(model: Model, prepared: Prepared, row: int) -> Question:
    return Question(model, prepared, row, torch.tensor(prepared.input, dtype=torch.float32)[None])


def _maps_of_random(
    model: Model, cases: Sequence[Prepared], seed: int, report: Report
) -> dict[str, float]:
    """Rank correlation of the maps with those of a network that learnt labels at random."""
    from cubeview.learn.explain.methods import explainer, grid_map

    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(len(cases)) % len(model.card.classes))
    network, known = _learnt(model, cases, truth, report)
    other, way, alike = replace(model, network=network), explainer("cam"), []
    for prepared in cases[:_MAPS]:
        row = int(_odds(model, prepared.input[None])[0].argmax())
        seen = visible_in(prepared)
        one, two = (grid_map(way, which, prepared, row).summed[seen] for which in (model, other))
        if np.ptp(one) and np.ptp(two):
            alike.append(abs(float(spearmanr(one, two).statistic)))
    return {"alike": float(np.mean(alike)) if alike else 0.0, "learnt_by_heart": known}


def _learnt(
    model: Model, cases: Sequence[Prepared], truth: np.ndarray, report: Report
) -> tuple[Network, float]:
    """Return a network of the same layout that learnt these labels, and the share it knows."""
    torch.manual_seed(0)
    network: Network = fresh_network(model.network.entries()).train()
    inputs = torch.tensor(np.stack([prepared.input for prepared in cases]))
    labels = torch.tensor(truth)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_LEARN_RATE)
    for epoch in range(_LEARN_EPOCHS):
        report(epoch / _LEARN_EPOCHS, "learning labels at random")
        order = torch.randperm(len(labels))
        for batch in order.split(32):
            optimiser.zero_grad()
            functional.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimiser.step()
    network.eval()
    with torch.inference_mode():
        right = (network(inputs).argmax(dim=1) == labels).float().mean()
    return network, float(right)


def _odds(model: Model, inputs: np.ndarray) -> np.ndarray:
    """Return calibrated probabilities, shape (n, classes)."""
    with torch.inference_mode():
        said = model.network(torch.tensor(inputs, dtype=torch.float32))
        odds: np.ndarray = torch.softmax(said / model.card.temperature, dim=1).numpy()
    return odds


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value
