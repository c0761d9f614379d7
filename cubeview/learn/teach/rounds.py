"""One round of a fine-tune: a copy of the start, moved a little towards some of the cases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cubeview.errors import CubeviewError
from cubeview.learn.models.network import Network, pooled_head
from cubeview.learn.models.processes import Together
from cubeview.learn.models.rooms import room_of
from cubeview.learn.tasks.calibrate import HEAD_C, calibrate, class_weights, logistic
from cubeview.learn.teach.training_set import TrainingSet
from cubeview.learn.teach.tuning import FinetuneConfig

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of the way that its training led a model may go; 0 is the start."""
HALF_WAY = 0.5
_AT_ONCE = 16  # cases

Links = list[list[int]] | None
Watch = Callable[[float, float], None]
"""Told the loss and the share right of each step's batch; may raise Cancelled."""


@dataclass(frozen=True, eq=False)
class Rounds:
    """What all rounds share.

    Parameters
    ----------
    start : Network
        In evaluation mode: the batch normalisations keep their statistics.
    tail_at : int
        Index in ``stages`` at which the moving part begins.
    links : list or None
        See `cubeview.learn.teach.finetune.linked_classes`.
    examples : TrainingSet
    cached : tensor, shape (copy, case, ...)
        What the frozen part makes of each case; copy 0 is the case itself.
    pooled : ndarray, shape (copy, case, features)
        What the head of the start sees of each.
    config : FinetuneConfig
    together : Together
    """

    start: Network
    tail_at: int
    links: Links
    examples: TrainingSet
    cached: torch.Tensor
    pooled: np.ndarray
    config: FinetuneConfig
    together: Together

    @property
    def shares(self) -> tuple[float, ...]:
        """How far a trained network may go, see `toward`, from the least to the most.

        New classes have no start worth staying at; two folds leave no cases to choose by.
        """
        if self.links is None:
            return (1.0,)
        return SHARES if self.config.folds > 2 else (HALF_WAY,)

    def logits(self, network: Network, cases: np.ndarray) -> np.ndarray:
        """Return one logit a label class of each case as it is, shape (shares, n, classes)."""
        found = []
        between = deepcopy(network)
        for share in self.shares:
            self._between(between, network, share)
            with torch.inference_mode():
                values = _forward(between, self.tail_at, self.cached[0, cases])
                found.append(grouped_logits(values, self.links).double().cpu().numpy())
        return np.stack(found)

    def toward(self, network: Network, share: float) -> Network:
        """Return the network that lies at a share of the way from the start to a trained one.

        Between the two lies what both see (Wortsman et al. 2022, arXiv:2109.01903, eq. 1).
        """
        between = deepcopy(network)
        self._between(between, network, share)
        return between

    @torch.no_grad()
    def _between(self, between: Network, end: Network, share: float) -> None:
        """Put `between` at a share of the way to `end`."""
        ways = zip(between.parameters(), end.parameters(), self.start.parameters(), strict=True)
        for here, there, begin in ways:
            here.copy_(begin + share * (there - begin))

    def train(self, cases: np.ndarray, watch: Watch) -> Network:
        """Return a copy of the start, moved towards the labels of `cases`.

        The head is fitted first, then what is below it moves with it. Raises CubeviewError if the
        loss is no longer a number, or memory or the device gives out.
        """
        network = deepcopy(self.start).eval()
        if self.config.layers == "threshold" or not len(cases):
            return network
        with _explained():
            temperature = self._weigh(network, cases)
            if self.config.layers != "head":
                self._move(network, cases, temperature, watch)
        return network.requires_grad_(True)

    def _weigh(self, network: Network, cases: np.ndarray) -> float:
        """Fit the head alone, whose best place can be computed, before anything below it moves.

        The start's evidence counts for as much as it is worth on these cases: divided by the
        temperature that calibrates it, which is returned. A start that is sure of wrong answers
        would otherwise outweigh whatever a few cases can add.
        """
        copies, truth = len(self.pooled), self.examples.truth[cases]
        pooled = np.concatenate(self.pooled[:, cases])
        head = pooled_head(network)
        known = torch.tensor(pooled, device=head.weight.device)
        with torch.no_grad():
            evidence = grouped_logits(head.of_means(known), self.links).cpu().numpy()
        temperature = 1.0
        if self.links is not None:
            _, temperature = calibrate(evidence[: len(cases)], truth, temperature)
        matrix, bias = logistic(
            pooled,
            np.tile(truth, copies),
            evidence / temperature,
            HEAD_C / copies,  # copies of a case are no further cases
            balanced=self.config.balanced,
        )
        with torch.no_grad():
            parts = zip(matrix * temperature, bias * temperature, strict=True)
            for index, (row, shift) in enumerate(parts):
                # All answers of a class rise alike, and with them what is known of the class.
                answers = index if self.links is None else self.links[index]
                head.weight[answers] += torch.tensor(row).to(head.weight)
                head.bias[answers] += float(shift)
        return temperature

    def _move(self, network: Network, cases: np.ndarray, temperature: float, watch: Watch) -> None:
        config, together = self.config, self.together
        groups, anchors = _movable(network, self.tail_at, config.rate)
        moving = [parameter for parameter, _ in anchors]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.0, fused=True)
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, config.steps)
        truth = torch.tensor(self.examples.truth)
        weight = torch.ones(len(self.examples.classes))
        if config.balanced:
            weight = class_weights(truth[cases], len(self.examples.classes))
        generator = torch.Generator().manual_seed(config.seed)
        order: list[int] = []
        for _ in range(config.steps):
            while len(order) < config.batch:
                order += torch.randperm(len(cases), generator=generator).tolist()
            batch, order = order[: config.batch], order[config.batch :]
            chosen = torch.tensor(cases[batch])
            copy = torch.randint(len(self.cached), (len(batch),), generator=generator)
            # Every process draws the whole batch, so all know its weight, and does its share.
            whole = weight[truth[chosen]].sum()
            mine, copies = together.share(chosen), together.share(copy)
            labels = truth[mine].to(together.device)
            logits = grouped_logits(
                _forward(network, self.tail_at, self.cached[copies, mine]), self.links
            )
            errors = functional.cross_entropy(
                logits / temperature, labels, weight=weight.to(together.device), reduction="sum"
            )
            optimiser.zero_grad()
            torch.autograd.backward(errors / whole)
            together.sum_gradients(moving)
            _pull(anchors, config.pull)
            optimiser.step()
            schedule.step()
            loss = float(errors.detach()) / float(whole) * together.size
            if not np.isfinite(loss):
                raise CubeviewError("the loss is no longer a number: choose a lower rate.")
            watch(loss, float((logits.detach().argmax(dim=1) == labels).float().mean()))


def begun(
    base: Network,
    examples: TrainingSet,
    links: Links,
    config: FinetuneConfig,
    kind: str,
    together: Together,
    step: Callable[[str], None],
) -> Rounds:
    """Return what all rounds share: the start, its head fresh for new classes, and what is frozen.

    Parameters
    ----------
    base : Network
        Left as it is.
    examples : TrainingSet
    links : list or None
        See `cubeview.learn.teach.finetune.linked_classes`.
    config : FinetuneConfig
    kind : str
        Of the cases: decides how they are varied.
    together : Together
    step : callable
        Told what is done; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If memory or the device gives out.
    """
    start = deepcopy(base).eval().to(together.device)
    if links is None:
        start.reset_head(len(examples.classes))
        for parameter in pooled_head(start).parameters():
            nn.init.zeros_(parameter)
    tail_at = _tail_of(start, config.layers)
    with _explained():
        cached = _frozen_part(start, examples, tail_at, config, kind, step)
        with torch.inference_mode():
            pooled = [
                torch.cat([_pooled(start, tail_at, part) for part in copy.split(_AT_ONCE)])
                for copy in cached
            ]
            seen = torch.stack(pooled).cpu().numpy()
    return Rounds(start, tail_at, links, examples, cached, seen, config, together)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what to change when memory or the device gives out, in place of torch's exceptions."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise CubeviewError(
            f"training stopped: {first}. Choose fewer layers to train, fewer varied "
            "copies or fewer cases; CUDA_VISIBLE_DEVICES= (empty) uses the CPU."
        ) from error


def grouped_logits(logits: torch.Tensor, links: Links) -> torch.Tensor:
    """Return one logit a label class: logsumexp over the answers that make it up."""
    if links is None:
        return logits
    return torch.stack([logits[:, link].logsumexp(dim=1) for link in links], dim=1)


def _tail_of(network: Network, layers: str) -> int:
    """Return the index in ``stages`` at which the moving part begins."""
    last = len(network.stages)
    if layers in ("threshold", "head"):
        return last
    if layers == "all":
        return 1
    return max(1, last - (int(layers[4:]) - 1))


def _frozen_part(
    network: Network,
    examples: TrainingSet,
    tail_at: int,
    config: FinetuneConfig,
    kind: str,
    step: Callable[[str], None],
) -> torch.Tensor:
    """Return what the frozen part makes of each case, (copy, case, ...); copy 0 is as it is."""
    rng = np.random.default_rng(config.seed)
    layers = list(network.stages[:tail_at])
    if config.layers in ("threshold", "head"):
        # The pooled map is all a head sees; kept as a map of one voxel.
        layers.append(nn.AdaptiveAvgPool3d(1))

    def run(batch: torch.Tensor) -> torch.Tensor:
        step("looking at the cases")
        for module in layers:
            batch = module(batch)
        return batch

    copies = [examples.inputs]
    if config.augment and config.layers != "threshold":
        augment = room_of(kind).augment
        for _ in range(config.copies):
            step("varying the cases")
            varied = [augment(values, config.augment, rng) for values in examples.inputs]
            copies.append(np.stack(varied).astype(np.float32))
    with torch.inference_mode():
        seen = [batched(run, inputs, network) for inputs in copies]
    # Cloned outside inference mode, so that gradients may pass through what follows.
    return torch.stack([copy.clone() for copy in seen])


def batched(
    run: Callable[[torch.Tensor], torch.Tensor], inputs: np.ndarray, network: Network
) -> torch.Tensor:
    """Return what `run` makes of inputs, some at a time, on the network's device.

    Parameters
    ----------
    run : callable
        From a batch of inputs to what is wanted.
    inputs : ndarray, shape (n, channel, d, h, w)
    network : Network
    """
    device = pooled_head(network).weight.device
    parts = np.array_split(inputs, max(1, len(inputs) // _AT_ONCE))
    return torch.cat([run(torch.tensor(part, device=device)) for part in parts])


def _pooled(network: Network, tail_at: int, values: torch.Tensor) -> torch.Tensor:
    for module in network.stages[tail_at:]:
        values = module(values)
    return values.mean(dim=(2, 3, 4))


def _forward(network: Network, tail_at: int, values: torch.Tensor) -> torch.Tensor:
    return pooled_head(network).of_means(_pooled(network, tail_at, values))


def _pull(anchors: list[tuple[nn.Parameter, torch.Tensor]], pull: float) -> None:
    """Add the slope of `pull` times the squared distance to the start to the gradients."""
    for parameter, anchor in anchors if pull else ():
        if parameter.grad is not None:
            parameter.grad.add_(parameter.detach() - anchor, alpha=2.0 * pull)


def _movable(
    network: Network, tail_at: int, rate: float
) -> tuple[list[dict[str, object]], list[tuple[nn.Parameter, torch.Tensor]]]:
    """Return parameter groups with falling rates from the head down, and their anchors."""
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    groups: list[dict[str, object]] = []
    anchors = []
    for module in [network.head, *reversed(network.stages[tail_at:])]:
        parameters = list(module.parameters())
        for parameter in parameters:
            parameter.requires_grad_(True)
            anchors.append((parameter, parameter.detach().clone()))
        groups.append({"params": parameters, "lr": rate})
        rate *= 0.03 if module is network.head else 0.3
    return groups, anchors
