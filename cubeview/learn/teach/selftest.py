"""A fine-tune small enough for the self-test: one pass over eight simulated hearts."""

from pathlib import Path

import numpy as np
import torch

from cubeview.errors import CubeviewError
from cubeview.kinds import HEART
from cubeview.learn.models.card import Card
from cubeview.learn.models.model import Model, load_model, save_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.teach.finetune import fine_tune
from cubeview.learn.teach.labelled import Entry
from cubeview.learn.teach.training_set import gather
from cubeview.learn.teach.tuning import FinetuneConfig
from cubeview.simulate.heart import pair as spect

CASES = 4  # of each class
CLASSES = ("healthy", "ischaemic")
SEED = 11


def fine_tune_once(out: Path, base: Path | None) -> str:
    """Fine-tune on simulated hearts, save the model and load it again; return it in a line.

    It is written to `out` and begins with the model of the folder `base`, or an untrained network.
    Raises CubeviewError if the tuned model is unchanged, gives no numbers, or does not come back as
    it was saved.
    """
    model = load_model(base) if base is not None else _untrained()
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    labelled = [_simulated(label, number) for number in range(CASES) for label in CLASSES]
    examples = gather(labelled, model.card, order=CLASSES)
    config = FinetuneConfig(layers="last2", steps=1, batch=len(examples), folds=2)
    tuned = fine_tune(model, examples, config)
    if not np.isfinite(tuned.logits).all():
        raise CubeviewError("the fine-tuned model gives no numbers.")
    if any(not torch.equal(before[n], v) for n, v in model.network.state_dict().items()):
        raise CubeviewError("the base model was changed by the fine-tune.")
    again = load_model(save_model(tuned.model, out).folder or out)
    after, kept = again.network.state_dict(), tuned.model.network.state_dict()
    if any(not torch.equal(kept[name], value) for name, value in after.items()):
        raise CubeviewError("the fine-tuned model does not come back as it was saved.")
    if all(torch.equal(before[name], value) for name, value in after.items() if name in before):
        raise CubeviewError("the fine-tune changed nothing.")
    start = model.card.name if base is not None else "an untrained network"
    return f"{len(examples)} simulated hearts, one epoch from {start}, saved and loaded again"


def _simulated(label: str, number: int) -> Entry:
    name = f"{label}-{number}"
    pair = spect.simulate_pair(label, np.random.default_rng((SEED, len(label), number)))
    return Entry(name, label, name, lambda: spect.to_case(pair, name))


def _untrained() -> Model:
    torch.manual_seed(SEED)
    config = NetworkConfig()
    network = build(config).eval()
    classes = spect.CLASSES[: config.classes]
    card = Card(
        name="untrained",
        kind="heart",
        title="Untrained",
        network=network.entries(),
        preprocess={"kind": "heart"},
        channels=("rest", "stress"),
        classes=classes,
        codes={name: HEART.codes[name] for name in classes},
        normal="healthy",
        defects=("ischaemic", "infarcted", "mixed"),
        artefact="artefact",
    )
    return Model(network, card)
