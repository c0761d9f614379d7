"""Whether the maps of a model say where it looked, measured on simulated cases.

Pointing game (Zhang et al. 2018, arXiv:1608.00507), deletion and insertion (Petsiuk et al. 2018,
arXiv:1806.07421), randomised weights (Adebayo et al. 2018, arXiv:1810.03292) and repeatability
under a little noise and across trainings (after Arun et al. 2021, arXiv:2008.02766), per method
and class.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import numpy as np
import torch

from cubeview import __version__
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import Kind, kind_of
from cubeview.learn.explain.advice import FORMAT
from cubeview.learn.explain.methods import EXPLAINERS, Explainer, grid_map
from cubeview.learn.explain.overlay import visible_in
from cubeview.learn.measure.measured import same_input
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model, fresh_network
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import Known, room_of

Maker = Callable[[Model, Prepared, int], np.ndarray]

SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
NOISE = 0.02
_FRESH = ("head", "all")  # what is untrained in the models a map must not be like
_FEW = 3  # cases of a class for the tests that need no large number
_SOME = 10  # and for the comparison of trainings


def check_maps(
    model: Model,
    count: int,
    *,
    seed: int = 7,
    twins: Sequence[Model] = (),
    report: Report = nothing,
) -> dict[str, Any]:
    """Measure how far each kind of map of a model can be believed.

    Parameters
    ----------
    model : Model
    count : int
        Simulated cases; the classes take turns.
    seed : int
        Another than the model was trained with.
    twins : sequence of Model
        Trained like this one from other seeds.
    report : Report

    Returns
    -------
    dict
        ``classes``; ``methods``: for each the ``classes`` with ``n`` cases that have a place,
        ``hit`` (share whose largest value in the region lies within 10 mm, or 2 voxels in the
        sky, of the place) and ``chance`` (mean share of the region that would be a hit),
        ``deletion`` and ``insertion`` (mean probability of the class while voxels are taken away
        or put in, the map's largest first) beside both in random order; ``randomised`` (mean
        absolute rank correlation with the map of the same network with a fresh head, and with
        all weights fresh: to be near 0) and ``repeatable`` (mean rank correlation with the map
        under noise of 2 % of the largest input: to be near 1). With twins also ``across_seeds``
        of each class and of the method, the mean rank correlation between the maps of every two
        of the models for the same case and class (to be near 1), and ``models``, the hashes of
        all. Plain values, for JSON.

    Raises
    ------
    CubeviewError
        If no simulator makes cases for this model, or the twins are not like it or the same.
    """
    _check_twins(model, twins)
    card, simulator = model.card, room_of(model.card.kind).simulator
    if simulator is None:
        raise CubeviewError(f"{card.title}: no simulator makes cases for models of this kind.")
    labels = [label for label in card.classes if label in simulator.classes]
    if not labels:
        raise CubeviewError(f"{card.title}: none of its classes is one of the simulator's.")
    ways = makers(kind_of(card))
    tallies = {name: _Tally() for name in ways}
    rng = np.random.default_rng(seed)
    fresh: dict[str, Model] = {}
    for number in range(count):
        report(number / count, f"checking maps, case {number + 1} of {count}")
        taken, which = divmod(number, len(labels))
        label, drawn = labels[which], np.random.default_rng((seed, number))
        known = simulator.known(card.preprocess, card.channels, label, drawn, f"check {number}")
        prepared = known.prepared
        row, seen = card.classes.index(label), visible_in(prepared)
        by_chance = _curves(model, prepared, row, rng.permutation(seen.size).reshape(seen.shape))
        fresh = fresh or {name: _fresh(model, prepared, name == "all") for name in _FRESH}
        shaken = _shaken(prepared, seen, rng)
        for name, make in ways.items():
            tally, values = tallies[name], make(model, prepared, row)
            tally.point(known, values)
            tally.curves[label].append((*_curves(model, prepared, row, values), *by_chance))
            if taken < _FEW:
                for what, other in fresh.items():
                    like = _alike(values, make(other, prepared, row), seen)
                    tally.alike[what].append(abs(like))
                again = _alike(values, make(model, shaken, row), seen)
                tally.alike["repeatable"].append(again)
            if twins and taken < _SOME:
                pairs = combinations([values, *(make(twin, prepared, row) for twin in twins)], 2)
                tally.across[label] += [_alike(one, other, seen) for one, other in pairs]
    report(1.0, "maps checked")
    found: dict[str, Any] = {
        "format": FORMAT,
        "made_by": f"cubeview {__version__}",
        "on": simulator.version,
        "cases": count,
        "seed": seed,
        "within": simulator.within,
        "classes": list(card.classes),
        "methods": {name: tally.figures(card.classes) for name, tally in tallies.items()},
    }
    if twins:
        found["models"] = [one.card.weights_sha256 for one in (model, *twins)]
    return found


class _Tally:
    """What is found of one method, by class or by what its maps are compared with."""

    def __init__(self) -> None:
        self.hits: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
        self.curves: defaultdict[str, list[tuple[float, ...]]] = defaultdict(list)
        self.alike: defaultdict[str, list[float]] = defaultdict(list)
        self.across: defaultdict[str, list[float]] = defaultdict(list)

    def point(self, known: Known, values: np.ndarray) -> None:
        """Take whether a map's largest value lies near the place, if there is one."""
        if known.near.any():
            inside = np.where(known.region, values, -np.inf)
            hit, chance = known.near.flat[inside.argmax()], known.near[known.region].mean()
            self.hits[known.label].append((float(hit), float(chance)))

    def figures(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return plain values, see `check_maps`."""
        found: dict[str, Any] = {
            "classes": {label: self._row(label) for label in classes},
            "randomised": {what: _mean(self.alike[what]) for what in _FRESH},
            "repeatable": _mean(self.alike["repeatable"]),
        }
        if self.across:
            found["across_seeds"] = _mean(list(chain.from_iterable(self.across.values())))
        return found

    def _row(self, label: str) -> dict[str, Any]:
        row: dict[str, Any] = {"n": len(self.hits[label])}
        curves = ("deletion", "insertion", "deletion_random", "insertion_random")
        for names, found in ((("hit", "chance"), self.hits), (curves, self.curves)):
            for place, name in enumerate(names):
                row[name] = _mean([one[place] for one in found[label]])
        if label in self.across:
            row["across_seeds"] = _mean(self.across[label])
        return row


def _check_twins(model: Model, twins: Sequence[Model]) -> None:
    cards = [model.card, *(twin.card for twin in twins)]
    for card in cards[1:]:
        if (card.kind, same_input(card)) != (model.card.kind, same_input(model.card)):
            raise CubeviewError(
                f"{card.title}: it does not answer the question of {model.card.title} from the "
                "same input, so their maps cannot be compared."
            )
    if len({card.weights_sha256 for card in cards}) < len(cards):
        raise CubeviewError("Two of the models are one and the same: name models of other seeds.")


def makers(kind: Kind) -> dict[str, Maker]:
    """Return what is measured of cases of a kind: maps on the input grid, by their names."""

    def maker(way: Explainer, settings: Any) -> Maker:
        return lambda model, prepared, row: grid_map(way, model, prepared, row, settings).summed

    found: dict[str, Maker] = {}
    for way in EXPLAINERS.values():
        chosen = way.measured(kind) if way.measured else {way.label: way.settings}
        found |= {name: maker(way, settings) for name, settings in chosen.items()}
    return found


def _curves(model: Model, prepared: Prepared, row: int, values: np.ndarray) -> tuple[float, float]:
    """Mean probability of a class while voxels go, and while they come, the largest first."""
    seen = np.flatnonzero(visible_in(prepared))
    order = seen[np.argsort(values.ravel()[seen])[::-1]]
    inputs = np.repeat(prepared.input[None], 2 * len(SHARES), axis=0)
    flat = inputs.reshape(len(inputs), len(prepared.input), -1)
    for number, share in enumerate(SHARES):
        first, rest = np.split(order, [round(share * len(order))])
        flat[number][:, first] = 0
        flat[len(SHARES) + number][:, rest] = 0

    def work(device: torch.device) -> np.ndarray:
        logits = model.network(torch.from_numpy(inputs).to(device))
        found: np.ndarray = torch.softmax(logits, dim=1)[:, row].cpu().numpy()
        return found

    odds, _ = on_best_device(model.network, work)
    gone, come = odds.reshape(2, -1)
    return float(np.trapezoid(gone, SHARES)), float(np.trapezoid(come, SHARES))


def _fresh(model: Model, prepared: Prepared, everywhere: bool) -> Model:
    """The model with untrained weights in its head, or in all of it."""
    torch.manual_seed(1)
    network = fresh_network(model.network.entries())
    if everywhere:
        shown = torch.tensor(prepared.input)[None].repeat(4, 1, 1, 1, 1)
        for _ in range(30):  # settles the statistics of the normalisations
            network(shown * (1 + 0.1 * torch.rand_like(shown)))
    else:
        network.features.load_state_dict(model.network.features.state_dict())
    return Model(network.eval(), model.card)


def _shaken(prepared: Prepared, seen: np.ndarray, rng: np.random.Generator) -> Prepared:
    size = NOISE * np.abs(prepared.input).max()
    noise = rng.standard_normal(prepared.input.shape).astype(np.float32)
    return replace(prepared, input=prepared.input + size * noise * seen)


def _alike(one: np.ndarray, other: np.ndarray, seen: np.ndarray) -> float:
    """Rank correlation over what was seen; 0 where a map is the same everywhere."""
    from scipy.stats import spearmanr

    a, b = one[seen], other[seen]
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4) if values else 0.0
