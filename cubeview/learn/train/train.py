"""Training a network from a recipe: simulate, fit, calibrate, measure, and write the model.

A run keeps its data and a checkpoint after every epoch in a work folder. A run that was stopped
goes on from there and gives the same weights: whatever is random is drawn from the recipe's seed
and the number of the epoch, never from a state that would be lost.
"""

import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

import cubeview
from cubeview.errors import CubeviewError, Report, nothing, part_of, refusing
from cubeview.kinds import KINDS
from cubeview.learn.examples.dataset import SOURCES, DataConfig, Dataset, make_dataset, source_of
from cubeview.learn.examples.facts import make_facts
from cubeview.learn.measure.fit_doubt import FIT_CASES, LEAST_CASES, LIMIT_CASES, fit_doubt
from cubeview.learn.measure.measured import Measured, answers, figures, simulator_of
from cubeview.learn.measure.report import described, write_report
from cubeview.learn.models.card import Card
from cubeview.learn.models.ensemble import combined
from cubeview.learn.models.model import Model, add_doubt, fresh_network, save_model
from cubeview.learn.models.network import Network, pooled_head
from cubeview.learn.models.processes import Together
from cubeview.learn.models.revision import revision
from cubeview.learn.tasks import TASKS
from cubeview.learn.train.fit import CHECKPOINT, Fitted, fit
from cubeview.learn.train.recipe import Recipe, read_recipe
from cubeview.plain import plain

REPORT = "report"

# Shares of the progress bar: simulating takes about as long as fitting.
_DATA_SHARE, _FIT_SHARE = 0.45, 0.5

_NOT_ON_CARD = ("on", "roc", "reliability", "by_extent", "by_severity")


def train(
    recipe: Path | str,
    out: Path | str,
    *,
    work: Path | str | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    workers: int = 0,
    together: Together | None = None,
    report: Report = nothing,
) -> Model | None:
    """Train a model from a recipe and write it, with a report on it.

    Parameters
    ----------
    recipe : path or str
        A TOML file, or the name of a recipe in the package.
    out : path
        Model folder to write; must not exist.
    work : path, optional
        Where checkpoints are kept, so that a stopped run can go on; beside `out` if not given. It
        is left for the next run.
    data : path, optional
        Where simulated cases are kept, which recipes of one preparation can share; the work
        folder if not given.
    seed : int, optional
        Of weights, order and displacements; the recipe's if not given. The cases stay those of
        the recipe.
    workers : int
        Processes that simulate; 0 does it in this one.
    together : Together, optional
        The processes that train as one; alone if not given.
    report : Report

    Returns
    -------
    Model or None
        As saved, with its figures on unseen simulated cases on the card. None in all processes
        but the one that writes.

    Raises
    ------
    CubeviewError
        If the recipe cannot be used, `out` exists, or a folder cannot be written.
    """
    plan = read_recipe(recipe)
    out = Path(out)
    if out.exists():
        raise CubeviewError(f"{out}: there is a model already. Choose another name.")
    work = Path(work or out.with_name(out.name + ".work"))
    cases = Path(data or work)
    begun = plan.seed if seed is None else seed
    started = time.monotonic(), time.process_time()
    networks = [_network(plan, begun + member) for member in range(plan.members)]
    sets = _simulated(plan, cases, workers, together, report)
    learnt = [sets[_train_set(plan, member)] for member in range(plan.members)]
    digest = plan.digest if seed is None else f"{plan.digest}-{seed}"
    fits = _fitted(plan, networks, learnt, (work, digest, begun), together, report)
    if together is not None and together.rank:
        return None
    network = combined(networks)
    report(_DATA_SHARE + _FIT_SHARE, "Calibrating")
    calibration = _calibrated(plan, network, sets["calibrate"])
    enough = min(plan.train, plan.calibrate) >= LEAST_CASES
    doubt = fit_doubt(network, learnt[0], sets["calibrate"]) if enough else None
    report(0.97, "Measuring on unseen cases")
    card = _card(plan, network, calibration, fits, started, begun)
    said, wanted = answers(network, sets["test"], task=plan.task)
    facts, rest = {}, part_of(report, 0.97, 0.03)
    if plan.task == "classify":
        facts = make_facts(_config(plan, "test"), cases / "test", workers=workers, report=rest)
    on = f"{len(wanted)} unseen simulated cases ({SOURCES[plan.data].version})"
    found = figures(Measured(card, on, said, wanted, facts))
    on_card = {name: value for name, value in found.items() if name not in _NOT_ON_CARD}
    card = replace(card, metrics={**on_card, "on": on})
    model = save_model(Model(network, card, doubt=doubt), out)
    if plan.task == "classify":
        entry = described(model, model.card.name)
        entry["sets"]["unseen"] = plain(found)
        document = {"cubeview": cubeview.__version__, "cases": len(wanted), "models": [entry]}
        write_report(document, out / REPORT)
    name, value = next((n, v) for n, v in found.items() if isinstance(v, float))
    report(1.0, f"{name.capitalize()} {value:.3f} on unseen simulated cases")
    return model


def _train_set(plan: Recipe, member: int) -> str:
    """Return the name of the data set a member learns from, also that of its folder."""
    source = plan.learn_from[member % len(plan.learn_from)] if plan.learn_from else plan.data
    return "train" if source == plan.data else f"train-{source}"


def _config(plan: Recipe, name: str) -> DataConfig:
    split, _, source = name.partition("-")
    count = getattr(plan, split)
    return DataConfig(
        source or plan.data, split, count, plan.seed, plan.preprocess, plan.shard, plan.task
    )


def _simulated(
    plan: Recipe, cases: Path, workers: int, together: Together | None, report: Report
) -> dict[str, Dataset]:
    """Make the data sets a recipe needs, by name."""
    shares = {"calibrate": (0.0, 0.04), "test": (0.04, 0.04)}
    learnt = dict.fromkeys(_train_set(plan, member) for member in range(plan.members))
    each = (_DATA_SHARE - 0.08) / len(learnt)
    shares |= {name: (0.08 + each * place, each) for place, name in enumerate(learnt)}
    return {
        name: make_dataset(
            _config(plan, name),
            cases / name,
            workers=workers,
            together=together,
            report=part_of(report, *share),
        )
        for name, share in shares.items()
    }


def _fitted(
    plan: Recipe,
    networks: list[Network],
    data: list[Dataset],
    run: tuple[Path, str, int],
    together: Together | None,
    report: Report,
) -> list[Fitted]:
    """Fit the members of a recipe in place; `run` is their work folder, digest and first seed."""
    work, digest, seed = run
    with refusing(work, "the folder cannot be made", "Choose another."):
        work.mkdir(parents=True, exist_ok=True)
    share = _FIT_SHARE / plan.members
    return [
        fit(
            network,
            data[member],
            plan.training,
            seed + member,
            task=plan.task,
            checkpoint=work / (f"{member + 1}-{CHECKPOINT}" if member else CHECKPOINT),
            digest=digest,
            together=together,
            report=part_of(report, _DATA_SHARE + member * share, share),
        )
        for member, network in enumerate(networks)
    ]


def _calibrated(plan: Recipe, network: Network, data: Dataset) -> tuple[np.ndarray | None, float]:
    """Calibrate a network: what was added to its head's bias, if anything, and the temperature."""
    # What training varies hides faint signs; nothing does in a case as it is.
    shift, temperature = TASKS[plan.task].calibrate(*answers(network, data, task=plan.task))
    if shift is not None:
        if plan.lean:
            shift = shift + np.array(plan.lean)
        with torch.no_grad():
            pooled_head(network).bias.add_(torch.from_numpy(shift))
    return shift, temperature


def learn_doubt(
    model: Model, *, data: Path | None = None, workers: int = 0, report: Report = nothing
) -> Model:
    """Give a model on disk what it needs to tell strange cases, without training it again.

    Parameters
    ----------
    model : Model
    data : path, optional
        Simulated cases of its training; made afresh and not kept if not given.
    workers : int
    report : Report

    Raises
    ------
    CubeviewError
        If no simulator makes cases for it, or its folder cannot be written.
    """
    source = simulator_of(model.card)
    seed = model.card.training.get("seed", 0)
    seed = seed if type(seed) is int else 0
    with tempfile.TemporaryDirectory() as scratch:
        fitted, held_out = (
            make_dataset(
                DataConfig(source, split, count, seed, model.card.preprocess),
                (data or Path(scratch)) / split,
                workers=workers,
                report=part_of(report, first, share),
            )
            for split, count, first, share in (
                ("train", FIT_CASES, 0.0, 0.65),
                ("calibrate", LIMIT_CASES, 0.65, 0.3),
            )
        )
        found = fit_doubt(model.network, fitted, held_out)
        del fitted, held_out
    report(1.0, "knows what is strange")
    return add_doubt(model, found)


def _network(plan: Recipe, seed: int) -> Network:
    """Build the recipe's network with weights from a seed."""
    source = source_of(plan.data)
    classes = source.classes if TASKS[plan.task].CLASSED else ()
    if plan.lean and len(plan.lean) != len(classes):
        raise CubeviewError(f"The recipe's lean needs {len(classes)} numbers, one a class.")
    entries = {"channels_in": len(source.channels), **plan.network}
    if classes:
        entries.setdefault("classes", len(classes))
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return fresh_network(entries)
    except ValueError as error:
        raise CubeviewError(f"The recipe's network cannot be built: {error}.") from error


def _card(
    plan: Recipe,
    network: Network,
    calibration: tuple[np.ndarray | None, float],
    fits: list[Fitted],
    started: tuple[float, float],
    seed: int,
) -> Card:
    fitted = fits[0]
    losses = np.mean([one.losses for one in fits], axis=0)
    speeds = [one.cases_per_second for one in fits if one.cases_per_second > 0]
    source, schedule = SOURCES[plan.data], plan.training
    shift, temperature = calibration
    shared = {e.name for e in fields(Card)} & {e.name for e in fields(plan)}
    shared -= {"network", "training"}
    classes = source.classes if TASKS[plan.task].CLASSED else ()
    return Card(
        **{name: getattr(plan, name) for name in shared},
        network=network.entries(),
        channels=source.channels,
        classes=classes,
        codes={name: code for name, code in KINDS[plan.kind].codes.items() if name in classes},
        temperature=round(temperature, 4),
        training={
            "data": source.version,
            "cases": plan.train,
            "calibration_cases": plan.calibrate,
            "seed": plan.seed,
            "weights_seed": seed,
            "members": plan.members,
            "learnt_from": [SOURCES[name].version for name in plan.learn_from or (plan.data,)],
            "epochs": schedule.epochs,
            "batch": schedule.batch,
            "rate": schedule.rate,
            "precision": fitted.precision,
            "device": fitted.device,
            "processes": fitted.processes,
            "shift": [] if shift is None else [round(float(logit), 6) for logit in shift],
            "losses": [round(float(loss), 4) for loss in losses],
            "cases_per_second": round(min(speeds)) if speeds else None,
            "recipe_sha256": plan.digest,
            "revision": revision(),
            "wall_seconds": round(time.monotonic() - started[0]),
            "cpu_seconds": round(time.process_time() - started[1]),
        },
    )
