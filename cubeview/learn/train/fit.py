"""Fitting a network to a data set: one process or several, with checkpoints to go on from.

Whatever is random is drawn from a seed and the number of the epoch, never from a state that would
be lost: a run that was stopped goes on to the same weights.
"""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.examples.dataset import Dataset
from cubeview.learn.models.device import has_bfloat16
from cubeview.learn.models.network import Network
from cubeview.learn.models.processes import Together, alone
from cubeview.learn.tasks import TASKS
from cubeview.learn.train.recipe import Schedule
from cubeview.learn.train.variation import Variation, applied, applied_there, draw, moved
from cubeview.paths import replacing
from cubeview.plain import from_json

CHECKPOINT = "checkpoint.safetensors"

_TELL_S = 0.1
_MEMORY_SHARE = 0.6
"""Of an accelerator's free memory that data may take; the rest is for the network."""

Batch = Callable[[np.ndarray, Variation], torch.Tensor]
"""Given numbers of examples and their variation, the inputs on the device."""


@dataclass(frozen=True)
class Fitted:
    """The mean loss of each epoch of a fit, and what it ran in and on.

    `cases_per_second` is over the epochs of this run, all processes together; NaN if there were
    none left to do.
    """

    losses: tuple[float, ...]
    precision: str
    device: str
    processes: int = 1
    cases_per_second: float = math.nan


def fit(
    network: Network,
    data: Dataset,
    schedule: Schedule,
    seed: int,
    *,
    task: str = "classify",
    checkpoint: Path | None = None,
    digest: str = "",
    together: Together | None = None,
    report: Report = nothing,
) -> Fitted:
    """Fit a network to a data set, in place; on CUDA where there is one, else on the CPU.

    Several processes share each batch, and their gradients are averaged. Each normalises over its
    own share of the batch; the running statistics are averaged after each epoch. Without batch
    normalisation they therefore come to what one process alone would, up to rounding.

    Parameters
    ----------
    network : Network
    data : Dataset
    schedule : Schedule
    seed : int
        Decides the order of cases and their displacements.
    task : str
        What the network learns: a key of `cubeview.learn.tasks.TASKS`.
    checkpoint : path, optional
        Written after each epoch, and continued from where it exists.
    digest : str
        Of the recipe: a checkpoint of another one is refused.
    together : Together, optional
        The processes that train as one; alone if not given.
    report : Report

    Raises
    ------
    CubeviewError
        If the checkpoint cannot be used or written, or the batch cannot be shared.
    """
    together = together or alone()
    device, size = together.device, together.size
    if schedule.batch % size:
        raise CubeviewError(
            f"a batch of {schedule.batch} cannot be shared by {size} processes; choose a number "
            "of processes that divides it."
        )
    half = schedule.precision == "bf16" and has_bfloat16(device)
    network.to(device)
    _lay_out(network, torch.channels_last_3d)
    decay = schedule.weight_decay
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=decay)
    losses: list[float] = []
    if checkpoint is not None and checkpoint.is_file():
        losses = _resume(checkpoint, network, optimizer, digest)
    together.agree(len(losses))
    ours: nn.Module = network
    if size > 1:
        ours = DistributedDataParallel(network, broadcast_buffers=False)
    batch = _batches(data, device)
    steps = max(1, data.count // schedule.batch)
    share = slice(together.rank, None, size)
    learnt, every = TASKS[task], schedule.epochs * steps
    begin, done_before = time.monotonic(), len(losses)
    for epoch in range(len(losses), schedule.epochs):
        network.train()
        rng = np.random.default_rng([seed, 1_000_000 + epoch])
        order = rng.permutation(data.count)
        # Kept on the device: to look at a number there is to wait for all that goes before it.
        total = torch.zeros((), dtype=torch.float64, device=device)
        told = -math.inf
        for step in range(steps):
            chosen = order[step * schedule.batch : (step + 1) * schedule.batch]
            variation = draw(schedule, len(chosen), data.channels, rng).of(share)
            x = batch(chosen[share], variation)
            truth = torch.from_numpy(moved(data.truth(chosen[share]), variation)).to(device)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(epoch * steps + step, every, schedule)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                said = ours(x)
            loss = learnt.loss(said, learnt.target(x, truth))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            if time.monotonic() - told >= _TELL_S or step + 1 == steps:
                told = time.monotonic()
                seen = (epoch - done_before) * steps + step + 1
                speed = seen * schedule.batch / max(told - begin, 1e-9)
                report(
                    (epoch * steps + step + 1) / every,
                    f"Training: epoch {epoch + 1} of {schedule.epochs}, loss "
                    f"{float(total) / (step + 1):.3f}, {speed:.0f} cases/s",
                )
        together.average([total, *network.buffers()])
        losses.append(float(total) / steps)
        if checkpoint is not None and together.rank == 0:
            _save(checkpoint, network, optimizer, losses, digest)
    spent = time.monotonic() - begin
    _lay_out(network.to("cpu"), torch.contiguous_format)
    network.eval()
    fresh = (len(losses) - done_before) * steps * schedule.batch
    return Fitted(
        tuple(losses),
        "bf16" if half else "fp32",
        device.type,
        size,
        fresh / spent if fresh else math.nan,
    )


def rate_at(step: int, steps: int, schedule: Schedule) -> float:
    """Return the learning rate of a step: of one cycle with cosine flanks, or a constant one.

    Parameters
    ----------
    step, steps : int
        From 0, and how many there are in all.
    schedule : Schedule
        Its `course`, `rate` and `rise` count.
    """
    if schedule.course == "constant":
        return schedule.rate
    rise = max(1.0, schedule.rise * steps)
    if step < rise:
        return schedule.rate * (0.04 + 0.96 * 0.5 * (1.0 - math.cos(math.pi * step / rise)))
    fall = (step - rise) / max(1.0, steps - rise)
    return schedule.rate * 0.5 * (1.0 + math.cos(math.pi * min(1.0, fall)))


def _batches(data: Dataset, device: torch.device) -> Batch:
    """Return what gives batches: from the accelerator's own memory where the data fit into it."""
    size = sum(shard.nbytes for shard in data.shards)
    if device.type == "cuda" and size <= _MEMORY_SHARE * torch.cuda.mem_get_info(device)[0]:
        return resident(data, device)

    def batch(chosen: np.ndarray, variation: Variation) -> torch.Tensor:
        inputs = applied(data.inputs(chosen), variation)
        return torch.from_numpy(inputs).to(device, memory_format=torch.channels_last_3d)

    return batch


def resident(data: Dataset, device: torch.device) -> Batch:
    """Bring all examples into a device's memory, as float16; batches are made there."""
    length, *shape = data.shards[0].shape
    every = torch.empty((length * len(data.shards), *shape), dtype=torch.float16, device=device)
    for number, shard in enumerate(data.shards):
        every[number * length : (number + 1) * length] = torch.from_numpy(np.array(shard))

    def batch(chosen: np.ndarray, variation: Variation) -> torch.Tensor:
        inputs = every[torch.from_numpy(chosen).to(device)].float()
        return applied_there(inputs, variation).contiguous(memory_format=torch.channels_last_3d)

    return batch


def _lay_out(network: Network, layout: torch.memory_format) -> None:
    """Store the convolutions' weights in a layout; channels last is faster on every device."""
    for parameter in network.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def _save(
    path: Path, network: Network, optimizer: torch.optim.Optimizer, losses: list[float], digest: str
) -> None:
    """Write weights and optimizer state, whole or not at all."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    notes = {"losses": json.dumps(losses), "recipe": digest}
    try:
        with replacing(path) as part:
            part.write_bytes(safetensors.torch.save(tensors, metadata=notes))
    except OSError as error:
        raise CubeviewError(
            f"{path}: the checkpoint cannot be written ({error.strerror}). Check the disk."
        ) from error


def _resume(
    path: Path, network: Network, optimizer: torch.optim.Optimizer, digest: str
) -> list[float]:
    """Load a checkpoint into network and optimizer; returns the losses so far."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            notes: Mapping[str, str] = file.metadata() or {}
            if notes.get("recipe") != digest:
                raise CubeviewError(
                    f"{path} belongs to another recipe. Choose an empty work folder, or delete it."
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            losses = [float(loss) for loss in from_json(notes["losses"])]
        network.load_state_dict(
            {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        )
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, number, entry = name.split(".")
                state.setdefault(int(number), {})[entry] = value
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    except (OSError, safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise CubeviewError(
            f"{path}: the checkpoint cannot be used ({error}). Delete it to start again."
        ) from error
    return losses
