"""Training a network from a recipe: simulate, fit, calibrate, measure, and write the model.

A run keeps its data and a checkpoint after every epoch in a work folder. A run that was stopped
goes on from there and gives the same weights: whatever is random is drawn from the recipe's seed
and the number of the epoch, never from a state that would be lost.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import cubeview
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import KINDS
from cubeview.learn.examples.dataset import SOURCES, DataConfig, Dataset, make_dataset
from cubeview.learn.examples.truth import make_facts
from cubeview.learn.measure.calibrate import calibrate
from cubeview.learn.measure.fit_doubt import FIT_CASES, LEAST_CASES, LIMIT_CASES, fit_doubt
from cubeview.learn.measure.measured import Measured, answers, figures, simulator_of
from cubeview.learn.measure.report import described, write_report
from cubeview.learn.models.card import Card
from cubeview.learn.models.doubt import Doubt
from cubeview.learn.models.ensemble import combined
from cubeview.learn.models.model import Model, add_doubt, save_model
from cubeview.learn.models.network import Network, NetworkConfig, build
from cubeview.learn.models.processes import Together
from cubeview.learn.models.revision import revision
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
    work = Path(work) if work else out.with_name(out.name + ".work")
    cases = Path(data) if data else work
    begun = plan.seed if seed is None else seed
    started = time.monotonic(), time.process_time()
    networks = [_network(plan, begun + member) for member in range(plan.members)]
    sets: dict[str, Dataset] = {}
    configs = {
        split: DataConfig(
            plan.data, split, getattr(plan, split), plan.seed, plan.preprocess, plan.shard
        )
        for split in ("calibrate", "test", "train")
    }
    for number, (split, config) in enumerate(configs.items()):
        first, share = ((0.0, 0.04), (0.04, 0.04), (0.08, _DATA_SHARE - 0.08))[number]
        sets[split] = make_dataset(
            config,
            cases / split,
            workers=workers,
            together=together,
            report=_part(report, first, share),
        )
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CubeviewError(
            f"{work}: the folder cannot be made ({error.strerror}). Choose another."
        ) from error
    fits = []
    for member, network in enumerate(networks):
        share = _FIT_SHARE / plan.members
        fits.append(
            fit(
                network,
                sets["train"],
                plan.training,
                begun + member,
                checkpoint=work / (f"{member + 1}-{CHECKPOINT}" if member else CHECKPOINT),
                digest=plan.digest if seed is None else f"{plan.digest}-{seed}",
                together=together,
                report=_part(report, _DATA_SHARE + member * share, share),
            )
        )
    if together is not None and together.rank:
        return None
    network = combined(networks)
    report(_DATA_SHARE + _FIT_SHARE, "Calibrating")
    # What training varies hides faint signs; nothing does in a case as it is.
    shift, temperature = calibrate(*answers(network, sets["calibrate"]), 1.0)
    if plan.lean:
        shift = shift + np.array(plan.lean)
    with torch.no_grad():
        network.head.bias.add_(torch.from_numpy(shift))
    doubt = None
    if min(plan.train, plan.calibrate) >= LEAST_CASES:
        doubt = fit_doubt(network, sets["train"], sets["calibrate"])
    report(0.97, "Measuring on unseen cases")
    logits, labels = answers(network, sets["test"])
    facts = make_facts(
        configs["test"], cases / "test", workers=workers, report=_part(report, 0.97, 0.03)
    )
    card = _card(plan, network, (shift, temperature), fits, started, begun)
    on = f"{len(labels)} unseen simulated cases ({SOURCES[plan.data].version})"
    found = figures(Measured(card, on, logits, labels, facts))
    on_card = {name: value for name, value in found.items() if name not in _NOT_ON_CARD}
    card = replace(card, metrics={**on_card, "on": on})
    model = save_model(Model(network, card, doubt=doubt), out)
    entry = described(model, model.card.name)
    entry["sets"]["unseen"] = plain(found)
    document = {"cubeview": cubeview.__version__, "cases": len(labels), "models": [entry]}
    write_report(document, out / REPORT)
    report(1.0, f"Accuracy {100 * found['accuracy']:.1f} % on unseen simulated cases")
    return model


def learn_doubt(
    model: Model, *, data: Path | None = None, workers: int = 0, report: Report = nothing
) -> Model:
    """Give a model on disk what it needs to tell strange cases, without training it again.

    Parameters
    ----------
    model : Model
        As loaded from its folder.
    data : path, optional
        Simulated cases of its training; made afresh and not kept if not given.
    workers : int
    report : Report

    Returns
    -------
    Model

    Raises
    ------
    CubeviewError
        If no simulator makes cases for it, or its folder cannot be written.
    """
    return add_doubt(model, _doubt_of(model, data, workers, report))


def _doubt_of(model: Model, data: Path | None, workers: int, report: Report) -> Doubt:
    source = simulator_of(model.card)
    number = model.card.training.get("seed", 0)
    seed = number if type(number) is int else 0
    with tempfile.TemporaryDirectory() as scratch:
        fitted, held_out = (
            make_dataset(
                DataConfig(source, split, count, seed, model.card.preprocess),
                (data or Path(scratch)) / split,
                workers=workers,
                report=_part(report, first, share),
            )
            for split, count, first, share in (
                ("train", FIT_CASES, 0.0, 0.65),
                ("calibrate", LIMIT_CASES, 0.65, 0.3),
            )
        )
        found = fit_doubt(model.network, fitted, held_out)
        del fitted, held_out
    report(1.0, "knows what is strange")
    return found


def _network(plan: Recipe, seed: int) -> Network:
    """Build the recipe's network with weights from a seed."""
    if plan.data not in SOURCES:
        raise CubeviewError(
            f"There is no simulator {plan.data!r}; choose one of {', '.join(SOURCES)}."
        )
    source = SOURCES[plan.data]
    if plan.lean and len(plan.lean) != len(source.classes):
        raise CubeviewError(f"The recipe's lean needs {len(source.classes)} numbers, one a class.")
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
        torch.manual_seed(seed)
        return build(config)


def _card(
    plan: Recipe,
    network: Network,
    calibration: tuple[np.ndarray, float],
    fits: list[Fitted],
    started: tuple[float, float],
    seed: int,
) -> Card:
    fitted = fits[0]
    losses = np.mean([one.losses for one in fits], axis=0)
    speeds = [one.cases_per_second for one in fits if one.cases_per_second > 0]
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
        codes={
            name: code for name, code in KINDS[plan.kind].codes.items() if name in source.classes
        },
        normal=plan.normal,
        defects=plan.defects,
        artefact=plan.artefact,
        temperature=round(calibration[1], 4),
        training={
            "data": source.version,
            "cases": plan.train,
            "calibration_cases": plan.calibrate,
            "seed": plan.seed,
            "weights_seed": seed,
            "members": plan.members,
            "epochs": schedule.epochs,
            "batch": schedule.batch,
            "rate": schedule.rate,
            "precision": fitted.precision,
            "device": fitted.device,
            "processes": fitted.processes,
            "shift": [round(float(logit), 6) for logit in calibration[0]],
            "losses": [round(float(loss), 4) for loss in losses],
            "cases_per_second": round(min(speeds)) if speeds else None,
            "recipe_sha256": plan.digest,
            "revision": revision(),
            "wall_seconds": round(time.monotonic() - started[0]),
            "cpu_seconds": round(time.process_time() - started[1]),
        },
    )


def _part(report: Report, first: float, share: float) -> Report:
    """Map the progress of a part onto the whole."""
    return lambda fraction, text: report(first + share * fraction, text)
