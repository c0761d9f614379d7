"""Teach a model the user's own labels, a little, and measure it beside the model it came from.

What helps on real scans is to move little (Kumar et al. 2022, arXiv:2202.10054): the start is
the base model's own head, frozen batch statistics, few steps, a pull back to the start, and
a calibration fitted on cases the step was not trained on.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.calibrate import calibrate, class_weights, logistic_baseline
from cubeview.learn.card import Card
from cubeview.learn.model import Model
from cubeview.learn.network import Network
from cubeview.learn.training_set import TrainingSet, grouped_folds

INNER_FOLDS = 3


@dataclass(frozen=True)
class FinetuneConfig:
    """Choices of a fine-tune; the defaults are those that never hurt much.

    Parameters
    ----------
    layers : str
        What moves, a ladder: ``"threshold"`` (calibration only), ``"head"``, ``"last2"`` (last
        convolution and head), ``"last3"`` and so on, ``"all"``.
    steps : int
        Gradient steps; early stopping is by being few.
    rate : float
        AdamW learning rate of the head; each block below it moves at 0.3 of the one above.
    pull : float
        Weight of the squared distance to the start, added to the loss.
    batch : int
    copies : int
        Shifted copies of each training case (up to 1 voxel), 0 for none.
    balanced : bool
        Weigh classes equally.
    folds, seed : int
    """

    layers: str = "last2"
    steps: int = 60
    rate: float = 3e-4
    pull: float = 0.1
    batch: int = 16
    copies: int = 0
    balanced: bool = True
    folds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.layers not in ("threshold", "head", "all") and not (
            self.layers.startswith("last") and self.layers[4:].isdecimal()
        ):
            raise CubeviewError(
                f"--layers {self.layers!r}: choose threshold, head, last2, last3 … or all."
            )
        if self.folds < 2 or self.steps < 1 or self.batch < 2:
            raise CubeviewError("folds and batch must be at least 2, steps at least 1.")


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
    """

    model: Model
    folds: np.ndarray
    logits: np.ndarray
    base: np.ndarray | None
    baseline: np.ndarray


def linked_classes(card: Card, classes: Sequence[str]) -> list[list[int]] | None:
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
    base: Model, examples: TrainingSet, config: FinetuneConfig, *, report: Report = nothing
) -> Tuned:
    """Fine-tune a copy of a model in folds, then on all cases.

    Parameters
    ----------
    base : Model
        Left as it is.
    examples : TrainingSet
    config : FinetuneConfig
    report : callable
        Called each step; may raise Cancelled.

    Returns
    -------
    Tuned

    Raises
    ------
    CubeviewError
        If a new label set is to be learnt by moving the threshold only.
    """
    links = linked_classes(base.card, examples.classes)
    if links is None and config.layers == "threshold":
        raise CubeviewError(
            "the model does not know these classes, so there is no threshold to move: choose "
            "head or last2."
        )
    folds = grouped_folds(examples, config.folds, config.seed)
    start = deepcopy(base.network).eval()
    if links is None:
        start.reset_head(len(examples.classes))
        nn.init.zeros_(start.head.weight)
        nn.init.zeros_(start.head.bias)
    tail_at = _tail(start, config.layers)
    steps = _Progress(report, config.folds * (1 + INNER_FOLDS) + 1, config)
    cached = _frozen(start, examples.inputs, tail_at, config)
    pooled = _pooled(base.network, examples.inputs)
    job = _Run(start, tail_at, links, examples, cached, config, steps)

    raw = np.zeros((len(examples), len(examples.classes)))
    calibrated = np.zeros_like(raw)
    baseline = np.zeros_like(raw)
    for fold in range(config.folds):
        test = np.nonzero(folds == fold)[0]
        train = np.nonzero(folds != fold)[0]
        raw[test] = job.logits(job.train(train), test)
        shift, temperature = calibrate(
            job.inner(train, fold), examples.truth[train], base.card.temperature
        )
        calibrated[test] = (raw[test] + shift) / temperature
        baseline[test] = logistic_baseline(pooled, examples.truth, train, test)
    network = job.train(np.arange(len(examples)))
    shift, temperature = calibrate(raw, examples.truth, base.card.temperature)
    network = _shifted(network, links, shift)
    before = None
    if links is not None:
        before = model_logits(base, examples.inputs, links)
    model = Model(network.eval(), _card(base, examples, links, temperature))
    report(1.0, "fine-tuned")
    return Tuned(model, folds, calibrated, before, baseline)


def model_logits(model: Model, inputs: np.ndarray, links: list[list[int]] | None) -> np.ndarray:
    """Return a model's calibrated logits as it is, one a label class, shape (n, classes)."""
    with torch.inference_mode():
        found: np.ndarray = (
            _batched(lambda batch: grouped_logits(model.network(batch), links), inputs)
            .double()
            .numpy()
        )
    return found / model.card.temperature


def grouped_logits(logits: torch.Tensor, links: list[list[int]] | None) -> torch.Tensor:
    """Return one logit a label class: logsumexp over the answers that make it up."""
    if links is None:
        return logits
    return torch.stack([logits[:, link].logsumexp(dim=1) for link in links], dim=1)


class _Progress:
    """Progress over all rounds of training, in words."""

    def __init__(self, report: Report, rounds: int, config: FinetuneConfig) -> None:
        self._report = report
        self._total = rounds * config.steps
        self._done = 0

    def step(self, text: str) -> None:
        self._done += 1
        self._report(min(self._done / self._total, 0.999), text)


@dataclass(frozen=True, eq=False)
class _Run:
    """What every round of training shares."""

    start: Network
    tail_at: int
    links: list[list[int]] | None
    examples: TrainingSet
    cached: torch.Tensor
    config: FinetuneConfig
    progress: _Progress

    def inner(self, train: np.ndarray, fold: int) -> np.ndarray:
        """Return logits of training cases from rounds that left each of them out."""
        part = TrainingSet(
            inputs=self.examples.inputs[train],
            truth=self.examples.truth[train],
            classes=self.examples.classes,
            names=tuple(self.examples.names[i] for i in train),
            groups=tuple(self.examples.groups[i] for i in train),
        )
        folds = grouped_folds(part, INNER_FOLDS, self.config.seed + fold + 1)
        out = np.zeros((len(train), len(self.examples.classes)))
        for number in range(INNER_FOLDS):
            left = folds == number
            out[left] = self.logits(self.train(train[~left]), train[left])
        return out

    def logits(self, network: Network, cases: np.ndarray) -> np.ndarray:
        """Return one logit a label class of each case, unshifted copy."""
        with torch.inference_mode():
            values = _forward(network, self.tail_at, self.cached[0, cases])
            found: np.ndarray = grouped_logits(values, self.links).double().numpy()
        return found

    def train(self, cases: np.ndarray) -> Network:
        """Return a copy of the start, moved towards the labels of `cases`."""
        config = self.config
        network = deepcopy(self.start).eval()
        if config.layers == "threshold":
            return network
        groups, anchors = _movable(network, self.tail_at, config.rate)
        optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, config.steps)
        truth = torch.tensor(self.examples.truth)
        weight = None
        if config.balanced:
            weight = class_weights(truth[cases], len(self.examples.classes))
        generator = torch.Generator().manual_seed(config.seed)
        order: list[int] = []
        for step in range(config.steps):
            self.progress.step(f"step {step + 1} of {config.steps}")
            while len(order) < config.batch:
                order += torch.randperm(len(cases), generator=generator).tolist()
            batch, order = order[: config.batch], order[config.batch :]
            chosen = torch.tensor(cases[batch])
            copy = torch.randint(len(self.cached), (len(batch),), generator=generator)
            logits = _forward(network, self.tail_at, self.cached[copy, chosen])
            errors = functional.cross_entropy(
                grouped_logits(logits, self.links), truth[chosen], weight=weight
            )
            pull = sum(((p - a) ** 2).sum() for p, a in anchors)
            optimiser.zero_grad()
            torch.autograd.backward(errors + config.pull * pull)
            optimiser.step()
            schedule.step()
        for parameter in network.parameters():
            parameter.requires_grad_(True)
        return network


def _tail(network: Network, layers: str) -> int:
    """Return the index in ``features`` at which the moving part begins."""
    last = len(network.features)
    if layers in ("threshold", "head"):
        return last
    if layers == "all":
        return 1
    return max(1, last - (int(layers[4:]) - 1))


def _forward(network: Network, tail_at: int, values: torch.Tensor) -> torch.Tensor:
    for module in list(network.features)[tail_at:]:
        values = module(values)
    logits: torch.Tensor = network.head(values.mean(dim=(2, 3, 4)))
    return logits


def _frozen(
    network: Network, inputs: np.ndarray, tail_at: int, config: FinetuneConfig
) -> torch.Tensor:
    """Return what the frozen part makes of each case, (copy, case, ...); copy 0 is unshifted."""
    rng = np.random.default_rng(config.seed)
    shifts = [(0, 0, 0), *(tuple(rng.integers(-1, 2, 3)) for _ in range(config.copies))]
    layers = list(network.features)[:tail_at]

    def run(batch: torch.Tensor) -> torch.Tensor:
        for module in layers:
            batch = module(batch)
        return batch

    with torch.inference_mode():
        copies = [_batched(run, np.roll(inputs, shift, axis=(2, 3, 4))) for shift in shifts]
    # Cloned outside inference mode, so that gradients may pass through what follows.
    return torch.stack([copy.clone() for copy in copies])


def _pooled(network: Network, inputs: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        found: np.ndarray = _batched(
            lambda batch: network.features(batch).mean(dim=(2, 3, 4)), inputs
        ).numpy()
    return found


def _batched(run: Callable[[torch.Tensor], torch.Tensor], inputs: np.ndarray) -> torch.Tensor:
    parts = np.array_split(inputs, max(1, len(inputs) // 16))
    return torch.cat([run(torch.tensor(part)) for part in parts])


def _movable(
    network: Network, tail_at: int, rate: float
) -> tuple[list[dict[str, object]], list[tuple[nn.Parameter, torch.Tensor]]]:
    """Return parameter groups with falling rates from the head down, and their anchors."""
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    groups: list[dict[str, object]] = []
    anchors = []
    for module in [network.head, *reversed(list(network.features)[tail_at:])]:
        parameters = list(module.parameters())
        for parameter in parameters:
            parameter.requires_grad_(True)
            anchors.append((parameter, parameter.detach().clone()))
        groups.append({"params": parameters, "lr": rate})
        rate *= 0.3
    return groups, anchors


def _shifted(network: Network, links: list[list[int]] | None, shift: np.ndarray) -> Network:
    """Put the calibration's shift into the bias of the head."""
    with torch.no_grad():
        for index, amount in enumerate(shift):
            rows = [index] if links is None else links[index]
            network.head.bias[rows] += float(amount)
    return network


def _card(
    base: Model, examples: TrainingSet, links: list[list[int]] | None, temperature: float
) -> Card:
    card = replace(
        base.card,
        temperature=temperature,
        parent=base.card.weights_sha256,
        weights_sha256="",
        network=base.network.config.to_dict(),
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
        network={**base.network.config.to_dict(), "classes": len(examples.classes)},
    )
