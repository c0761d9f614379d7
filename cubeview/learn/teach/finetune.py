"""Teach a model the user's own labels, a little, and measure it beside the model it came from.

What helps on real scans is to move little: the start is the base model's own head, weighed anew
before anything below it moves (Kumar et al. 2022, arXiv:2202.10054), with frozen batch statistics,
few steps, a pull back to the start, and in the end only as far as cases no step was trained on
clearly say; a calibration is fitted on the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import kind_of
from cubeview.learn.models.card import Card
from cubeview.learn.models.doubt import keeps_features
from cubeview.learn.models.model import Model
from cubeview.learn.models.network import Network, pooled_head
from cubeview.learn.models.processes import Together
from cubeview.learn.tasks.calibrate import calibrate, how_far, logistic_baseline
from cubeview.learn.teach.rounds import Links, Rounds, batched, begun, grouped_logits
from cubeview.learn.teach.training_set import TrainingSet, grouped_folds
from cubeview.learn.teach.tuning import FinetuneConfig, Going


@dataclass(frozen=True, eq=False)
class Tuned:
    """A fine-tuned model and every case's scores from folds that never saw it.

    Parameters
    ----------
    model : Model
        Trained on all cases; not saved yet.
    folds : ndarray of int, shape (n,)
    logits : ndarray, shape (n, classes)
        Out of fold, calibrated: their softmax is the probability of each label class.
    base : ndarray, shape (n, classes), or None
        The same of the model as it came; None when it does not know these classes.
    baseline : ndarray, shape (n, classes)
        Logistic regression on the frozen pooled features, same folds.
    pooled : ndarray, shape (n, features)
        Those features.
    """

    model: Model
    folds: np.ndarray
    logits: np.ndarray
    base: np.ndarray | None
    baseline: np.ndarray
    pooled: np.ndarray


def linked_classes(card: Card, classes: Sequence[str]) -> Links:
    """Return which of the model's answers make up each label class, or None for a new label set.

    A two-class set of the normal class against one of the defects, or against "abnormal", asks
    for all defects together: that is the evidence the model weighs best.
    """
    known = list(card.classes)
    defects = [known.index(name) for name in card.defects]
    if len(classes) == 2 and card.normal in classes and defects:
        other = classes[1 - list(classes).index(card.normal)]
        if other in card.defects or other == "abnormal":
            both = {card.normal: [known.index(card.normal)], other: defects}
            return [both[name] for name in classes]
    if all(name in known for name in classes):
        return [[known.index(name)] for name in classes]
    return None


def fine_tune(
    base: Model,
    examples: TrainingSet,
    config: FinetuneConfig,
    *,
    report: Report = nothing,
    partial: Callable[[Going], None] | None = None,
    together: Together | None = None,
) -> Tuned:
    """Fine-tune a copy of a model in folds, then on all cases.

    Parameters
    ----------
    base : Model
        Left as it is.
    examples : TrainingSet
    config : FinetuneConfig
    report : Report
        Called each step.
    partial : callable, optional
        Told how it goes, each step of a fold.
    together : Together, optional
        The processes this one trains with; alone on the CPU by default.

    Raises
    ------
    CubeviewError
        If a new label set is to be learnt by moving the threshold only, an augmentation is not
        known, or training breaks off; the text says what to change.

    Notes
    -----
    How far a fold's network goes (`cubeview.learn.teach.rounds.Rounds.toward`) and its calibration
    are fitted on scores of the other folds' cases by networks that saw neither fold: for each pair
    of folds one network is trained without both, and serves both. No label of a fold takes part in
    anything its cases are judged by.
    """
    together = together or Together()
    links = linked_classes(base.card, examples.classes)
    _refuse(base.card, links, config)
    folds = grouped_folds(examples, config.folds, config.seed)
    way = _Way(report, partial, config)
    rounds = begun(base.network, examples, links, config, base.card.kind, together, way.aside)
    pairs = _Pairs(rounds, folds, way)

    raw = np.zeros((len(rounds.shares), len(examples), len(examples.classes)))
    calibrated, baseline = np.zeros_like(raw[0]), np.zeros_like(raw[0])
    truth, heat = examples.truth, base.card.temperature
    for fold in range(config.folds):
        test, train = np.nonzero(folds == fold)[0], np.nonzero(folds != fold)[0]
        way.begin(fold)
        raw[:, test] = rounds.logits(rounds.train(train, way.watch), test)
        way.passed()
        unseen = pairs.unseen(fold)
        far = how_far(unseen[:, train], truth[train], heat)
        shift, temperature = calibrate(unseen[far, train], truth[train], heat)
        calibrated[test] = (raw[far, test] + shift) / temperature
        baseline[test] = logistic_baseline(rounds.pooled[0], truth, train, test)
        way.end(float((calibrated[test].argmax(axis=1) == truth[test]).mean()))
    way.begin(config.folds)
    far = how_far(raw, truth, heat)
    network = rounds.toward(rounds.train(np.arange(len(examples)), way.watch), rounds.shares[far])
    shift, temperature = calibrate(raw[far], truth, heat)
    network = _shifted(network, links, shift)
    before = None if links is None else model_logits(base, examples.inputs, links)
    doubt = base.doubt if keeps_features(base.network, network) else None
    model = Model(network.cpu().eval(), _card(base, examples, links, temperature), doubt=doubt)
    report(1.0, "fine-tuned")
    return Tuned(model, folds, calibrated, before, baseline, rounds.pooled[0])


def _refuse(card: Card, links: Links, config: FinetuneConfig) -> None:
    if links is None and config.layers == "threshold":
        raise CubeviewError(
            "the model does not know these classes, so there is no threshold to move: choose "
            "head or last2."
        )
    known = [name for name, _ in kind_of(card).variations]
    if unknown := [name for name in config.augment if name not in known]:
        raise CubeviewError(f"augmentation {unknown[0]!r}: choose from {', '.join(known)}.")


class _Pairs:
    """Scores by networks trained without two of the folds, each of which serves both."""

    def __init__(self, rounds: Rounds, folds: np.ndarray, way: "_Way") -> None:
        self._rounds, self._folds, self._way = rounds, folds, way
        self._known: dict[tuple[int, ...], np.ndarray] = {}

    def unseen(self, fold: int) -> np.ndarray:
        """Return the scores of all other folds' cases, shape (shares, n, classes).

        Each by a network that saw neither its fold nor this one; 0 for this fold's own.
        """
        examples = self._rounds.examples
        found = np.zeros((len(self._rounds.shares), len(examples), len(examples.classes)))
        for other in range(self._rounds.config.folds):
            if other != fold:
                cases = self._folds == other
                found[:, cases] = self._without(min(fold, other), max(fold, other))[:, cases]
        return found

    def _without(self, *pair: int) -> np.ndarray:
        if pair not in self._known:
            both = np.isin(self._folds, pair)
            network = self._rounds.train(np.nonzero(~both)[0], self._way.inner)
            scores = self._rounds.logits(network, np.nonzero(both)[0])
            self._known[pair] = np.zeros((len(scores), len(both), scores.shape[2]))
            self._known[pair][:, both] = scores
            self._way.passed()
        return self._known[pair]


def model_logits(model: Model, inputs: np.ndarray, links: Links) -> np.ndarray:
    """Return a model's calibrated logits as it is, one a label class, shape (n, classes).

    Parameters
    ----------
    model : Model
    inputs : ndarray, shape (n, channel, d, h, w)
    links : list or None
        See `linked_classes`.
    """
    network = model.network
    with torch.inference_mode():
        found = batched(lambda batch: grouped_logits(network(batch), links), inputs, network)
    return found.double().cpu().numpy() / model.card.temperature


class _Way:
    """How far the rounds are, in words and curves."""

    def __init__(
        self, report: Report, partial: Callable[[Going], None] | None, config: FinetuneConfig
    ) -> None:
        self._report, self._partial = report, partial
        self._folds, self._steps = config.folds, config.steps
        self._rounds = config.folds + config.folds * (config.folds - 1) // 2 + 1
        self._round = self._step = 0
        self._text = ""
        self._losses: list[list[float]] = []
        self._accuracies: list[list[float]] = []
        self._held_out: list[float] = []

    def aside(self, text: str) -> None:
        """Report work before the first step."""
        self._report(0.0, text)

    def begin(self, fold: int) -> None:
        """Begin a fold, or after the last the model to keep."""
        last = fold == self._folds
        self._text = "the model to keep" if last else f"fold {fold + 1} of {self._folds}"
        self._losses.append([])
        self._accuracies.append([])
        self._say()

    def passed(self) -> None:
        """End a round; those of the smaller rungs have no steps."""
        self._round += 1
        self._step = 0
        self._say()

    def watch(self, loss: float, accuracy: float) -> None:
        """Take a step of the fold's own round."""
        self._losses[-1].append(loss)
        self._accuracies[-1].append(accuracy)
        self._step += 1
        self._say(f", step {len(self._losses[-1])} of {self._steps}")
        self._tell()

    def inner(self, loss: float, accuracy: float) -> None:
        """Take a step of a round for the calibration only."""
        self._step += 1
        self._say(", calibrating")

    def end(self, held_out: float) -> None:
        """Take a finished fold."""
        self._held_out.append(held_out)
        self._tell()

    def _say(self, more: str = "") -> None:
        done = (self._round + self._step / self._steps) / self._rounds
        self._report(min(done, 0.999), self._text + more)

    def _tell(self) -> None:
        if self._partial is not None:
            losses, right = (tuple(map(tuple, some)) for some in (self._losses, self._accuracies))
            self._partial(Going(len(losses), self._folds, losses, right, tuple(self._held_out)))


def _shifted(network: Network, links: Links, shift: np.ndarray) -> Network:
    """Put the calibration's shift into the bias of the head."""
    with torch.no_grad():
        for index, amount in enumerate(shift):
            rows = [index] if links is None else links[index]
            pooled_head(network).bias[rows] += float(amount)
    return network


def _card(base: Model, examples: TrainingSet, links: Links, temperature: float) -> Card:
    card = replace(
        base.card,
        temperature=temperature,
        parent=base.card.weights_sha256,
        weights_sha256="",
        doubt_sha256="",
        network=base.network.entries(),
        metrics={},
        training={},
    )
    if links is not None:
        return card
    return replace(
        card,
        classes=examples.classes,
        codes={name: code for name, code in card.codes.items() if name in examples.classes},
        normal=card.normal if card.normal in examples.classes else "",
        defects=tuple(name for name in card.defects if name in examples.classes),
        artefact=card.artefact if card.artefact in examples.classes else "",
        network={**base.network.entries(), "classes": len(examples.classes)},
    )
