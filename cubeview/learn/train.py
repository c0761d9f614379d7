"""Training a network from a recipe: simulate, fit, calibrate, measure, and write the model.

A run keeps its data and a checkpoint after every epoch in a work folder. A run that was stopped
goes on from there and gives the same weights: whatever is random is drawn from the recipe's seed
and the number of the epoch, never from a state that would be lost.
"""

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.augment import augment
from cubeview.learn.card import HEART_CODES, Card
from cubeview.learn.dataset import SOURCES, SPLITS, DataConfig, Dataset, make_dataset
from cubeview.learn.figures_sky import by_strength
from cubeview.learn.metrics import fit_temperature, summarise
from cubeview.learn.model import Model, save_model
from cubeview.learn.network import Network, NetworkConfig, build
from cubeview.learn.recipe import Recipe, Schedule, read_recipe

CHECKPOINT = "checkpoint.safetensors"

# Shares of the progress bar: simulating takes about as long as fitting.
_DATA_SHARE, _FIT_SHARE = 0.45, 0.5


def train(
    recipe: Path | str,
    out: Path | str,
    *,
    work: Path | str | None = None,
    workers: int = 0,
    report: Report = nothing,
) -> Model:
    """Train a model from a recipe and write it.

    Parameters
    ----------
    recipe : path or str
        A TOML file, or the name of a recipe in the package.
    out : path
        Model folder to write; must not exist.
    work : path, optional
        Where data and checkpoints are kept, so that a stopped run can go on; beside `out` if not
        given. It is left for the next run.
    workers : int
        Processes that simulate; 0 does it in this one.
    report : Report

    Returns
    -------
    Model
        As saved, with its figures on unseen simulated cases on the card.

    Raises
    ------
    CubeviewError
        If the recipe cannot be used, `out` exists, or a folder cannot be written.
    """
    plan = read_recipe(recipe)
    out = Path(out)
    if out.exists():
        raise CubeviewError(f"{out}: there is a model already. Choose another name.")
    work = Path(work) if work else out.with_name(out.name + ".work")
    started = time.monotonic(), time.process_time()
    network = _network(plan)
    sets = {}
    for number, split in enumerate(("calibrate", "test", "train")):
        config = DataConfig(
            plan.data, split, getattr(plan, split), plan.seed, plan.preprocess, plan.shard
        )
        first, share = ((0.0, 0.04), (0.04, 0.04), (0.08, _DATA_SHARE - 0.08))[number]
        sets[split] = make_dataset(
            config, work / split, workers=workers, report=_part(report, first, share)
        )
    fitted = fit(
        network,
        sets["train"],
        plan.training,
        plan.seed,
        checkpoint=work / CHECKPOINT,
        digest=plan.digest,
        report=_part(report, _DATA_SHARE, _FIT_SHARE),
    )
    report(_DATA_SHARE + _FIT_SHARE, "Calibrating")
    temperature = fit_temperature(*answers(network, sets["calibrate"]))
    report(0.97, "Measuring on unseen cases")
    logits, labels = answers(network, sets["test"])
    card = _card(plan, network, temperature, fitted, started)
    figures = summarise(
        logits,
        labels,
        card.classes,
        temperature=temperature,
        normal=plan.normal,
        defects=plan.defects,
    )
    if SOURCES[plan.data].peak_sn:
        said = logits.argmax(axis=1)
        strength = _strengths(plan, _part(report, 0.97, 0.03))
        figures["by_peak_sn"] = by_strength(said, labels, strength, card.classes)
    figures["on"] = f"{len(labels)} unseen simulated cases ({SOURCES[plan.data].version})"
    model = save_model(Model(network, replace(card, metrics=figures)), out)
    report(1.0, f"Accuracy {100 * figures['accuracy']:.1f} % on unseen simulated cases")
    return model


@dataclass(frozen=True)
class Fitted:
    """What a fit did: mean loss of each epoch, and the precision and device it ran in."""

    losses: tuple[float, ...]
    precision: str
    device: str


def fit(
    network: Network,
    data: Dataset,
    schedule: Schedule,
    seed: int,
    *,
    checkpoint: Path | None = None,
    digest: str = "",
    report: Report = nothing,
) -> Fitted:
    """Fit a network to a data set, in place; on CUDA where there is one, else on the CPU.

    Parameters
    ----------
    network : Network
    data : Dataset
    schedule : Schedule
    seed : int
        Decides the order of cases and their displacements.
    checkpoint : path, optional
        Written after each epoch, and continued from where it exists.
    digest : str
        Of the recipe: a checkpoint of another one is refused.
    report : Report

    Returns
    -------
    Fitted
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    half = schedule.precision == "bf16" and _has_bf16(device)
    network.to(device)
    _lay_out(network, torch.channels_last_3d)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=schedule.rate, weight_decay=schedule.weight_decay
    )
    losses: list[float] = []
    if checkpoint is not None and checkpoint.is_file():
        losses = _resume(checkpoint, network, optimizer, digest)
    steps = max(1, data.count // schedule.batch)
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(len(losses), schedule.epochs):
        network.train()
        rng = np.random.default_rng([seed, 1_000_000 + epoch])
        order = rng.permutation(data.count)
        total = 0.0
        for step in range(steps):
            chosen = order[step * schedule.batch : (step + 1) * schedule.batch]
            inputs = augment(data.inputs(chosen), schedule, rng)
            x = torch.from_numpy(inputs).to(device, memory_format=torch.channels_last_3d)
            y = torch.from_numpy(data.labels(chosen)).to(device)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(epoch * steps + step, schedule.epochs * steps, schedule)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                logits = network(x)
            loss = loss_of(logits.float(), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
            done = (epoch * steps + step + 1) / (schedule.epochs * steps)
            report(
                done,
                f"Training: epoch {epoch + 1} of {schedule.epochs}, loss {total / (step + 1):.3f}",
            )
        losses.append(total / steps)
        if checkpoint is not None:
            _save(checkpoint, network, optimizer, losses, digest)
    _lay_out(network.to("cpu"), torch.contiguous_format)
    network.eval()
    return Fitted(tuple(losses), "bf16" if half else "fp32", device.type)


def rate_at(step: int, steps: int, schedule: Schedule) -> float:
    """Return the learning rate of a step: one cycle with cosine flanks that ends at zero."""
    rise = max(1.0, schedule.rise * steps)
    if step < rise:
        return schedule.rate * (0.04 + 0.96 * 0.5 * (1.0 - math.cos(math.pi * step / rise)))
    fall = (step - rise) / max(1.0, steps - rise)
    return schedule.rate * 0.5 * (1.0 + math.cos(math.pi * min(1.0, fall)))


def answers(network: Network, data: Dataset, batch: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Return logits, shape (n, classes), float64, and labels, shape (n,), of a whole data set."""
    network.eval()
    logits = []
    with torch.inference_mode():
        for first in range(0, data.count, batch):
            chosen = np.arange(first, min(first + batch, data.count))
            logits.append(network(torch.from_numpy(data.inputs(chosen))).double().numpy())
    return np.concatenate(logits), data.labels(np.arange(data.count))


def _network(plan: Recipe) -> Network:
    """Build the recipe's network with weights from its seed."""
    if plan.data not in SOURCES:
        raise CubeviewError(
            f"There is no simulator {plan.data!r}; choose one of {', '.join(SOURCES)}."
        )
    source = SOURCES[plan.data]
    entries = {
        "channels_in": len(source.roles),
        "classes": len(source.classes),
        **plan.network,
    }
    try:
        config = NetworkConfig.from_dict(entries)
    except ValueError as error:
        raise CubeviewError(f"The recipe's network cannot be built: {error}.") from error
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        return build(config)


def _card(
    plan: Recipe,
    network: Network,
    temperature: float,
    fitted: Fitted,
    started: tuple[float, float],
) -> Card:
    source = SOURCES[plan.data]
    schedule = plan.training
    return Card(
        name=plan.name,
        kind=plan.kind,
        title=plan.title,
        network=network.config.to_dict(),
        preprocess=plan.preprocess,
        roles=source.roles,
        classes=source.classes,
        codes=HEART_CODES if plan.kind == "heart" else {},
        normal=plan.normal,
        defects=plan.defects,
        artefact=plan.artefact,
        temperature=round(temperature, 4),
        training={
            "data": source.version,
            "cases": plan.train,
            "calibration_cases": plan.calibrate,
            "seed": plan.seed,
            "epochs": schedule.epochs,
            "batch": schedule.batch,
            "rate": schedule.rate,
            "precision": fitted.precision,
            "device": fitted.device,
            "losses": [round(loss, 4) for loss in fitted.losses],
            "recipe_sha256": plan.digest,
            "wall_seconds": round(time.monotonic() - started[0]),
            "cpu_seconds": round(time.process_time() - started[1]),
        },
    )


def _strengths(plan: Recipe, report: Report) -> np.ndarray:
    """Return the signal-to-noise of each example of the test set, shape (n,)."""
    peak_sn = SOURCES[plan.data].peak_sn
    assert peak_sn is not None
    strengths = np.empty(plan.test)
    for index in range(plan.test):
        if index % 20 == 0:
            report(index / plan.test, "Measuring against signal-to-noise")
        strengths[index] = peak_sn(plan.seed, SPLITS["test"], index, plan.preprocess)
    return strengths


def _part(report: Report, first: float, share: float) -> Report:
    """Map the progress of a part onto the whole."""
    return lambda fraction, text: report(first + share * fraction, text)


def _lay_out(network: Network, layout: torch.memory_format) -> None:
    """Store the convolutions' weights in a layout; channels last is faster on every device."""
    for parameter in network.parameters():
        if parameter.ndim == 5:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def _has_bf16(device: torch.device) -> bool:
    """Whether bf16 saves time: software emulation of it does not."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _save(
    path: Path,
    network: Network,
    optimizer: torch.optim.Optimizer,
    losses: list[float],
    digest: str,
) -> None:
    """Write weights and optimizer state, whole or not at all."""
    tensors = {
        f"network.{k}": v.detach().cpu().contiguous() for k, v in network.state_dict().items()
    }
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{number}.{name}"] = value.detach().cpu().contiguous()
    notes = {"losses": json.dumps(losses), "recipe": digest}
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(safetensors.torch.save(tensors, metadata=notes))
        os.replace(part, path)
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
            losses = [float(loss) for loss in json.loads(notes["losses"])]
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
