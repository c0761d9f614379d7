"""How a heart model ranks ill above healthy where it cannot know the simulator, beside a cheap way.

``python -m tests.benchmarks.heart_figures [--labels TABLE] [--pairs N] [--model NAME]``: on N pairs
of each of the two simulators, of which the shipped model learnt from the second only, placed as the
finder would have, and on the real pairs of a table of labels, with the finder itself. The cheap way
learns nothing: the mean of the four largest drops from rest to stress among 32 sectors of the wall.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from cubeview.learn.ask.predict import prepare_case
from cubeview.learn.examples.dataset import SOURCES
from cubeview.learn.examples.source import SPLITS
from cubeview.learn.models.beside import beside, largest_drops
from cubeview.learn.models.card import find_models
from cubeview.learn.models.model import Model, load_model
from cubeview.learn.teach.labelled import table_entries
from cubeview.simulate.heart.pair import CLASSES


def evidence(model: Model, inputs: np.ndarray) -> np.ndarray:
    """Return the logits, shape (n, classes)."""
    with torch.inference_mode():
        said: np.ndarray = model.network(torch.from_numpy(inputs)).numpy()
    return said


def simulated(model: Model, source: str, count: int) -> tuple[np.ndarray, list[str]]:
    """Return prepared pairs of a simulator and their classes."""
    made = SOURCES[source].example
    inputs = [made(17, SPLITS["test"], k, model.card.preprocess) for k in range(count)]
    return np.stack(inputs), [CLASSES[k % len(CLASSES)] for k in range(count)]


def real(model: Model, table: Path) -> tuple[np.ndarray, list[str]]:
    """Return prepared pairs of a table of labels and their classes."""
    entries = table_entries(table)
    inputs = [prepare_case(model.card, entry.open()).input for entry in entries]
    return np.stack(inputs), [entry.class_name for entry in entries]


def lines(model: Model, name: str, inputs: np.ndarray, labels: list[str]) -> list[str]:
    """Return lines of a Markdown table: the network alone, and with what weighs beside it."""
    alone, aside = evidence(model, inputs), beside(model.card, inputs)
    found = [f"| {name} | {said(model, alone, inputs, labels)} |"]
    if model.card.beside:
        found.append(f"| the same, answered | {said(model, alone + aside, inputs, labels)} |")
    return found


def said(model: Model, logits: np.ndarray, inputs: np.ndarray, labels: list[str]) -> str:
    """Return areas of the network and of the cheap way, and names."""
    card = model.card
    of = {name: logits[:, number] for number, name in enumerate(card.classes)}
    d = logsumexp([of[name] for name in card.defects], axis=0) - of[card.normal]
    asked = np.array([label != card.artefact for label in labels])
    ill = np.array([label != card.normal for label in labels])[asked]
    cheap = np.array([largest_drops(one) for one in inputs[asked]])
    known = [name for name in card.classes if name != card.artefact]
    named = np.array(known)[np.argmax([of[name] for name in known], axis=0)]
    right = int((named[asked] == np.array(labels)[asked]).sum())
    return (
        f"{len(ill)} | {roc_auc_score(ill, d[asked]):.3f} | {roc_auc_score(ill, cheap):.3f} | "
        f"{right} | {np.mean(d[asked][ill] > 0):.2f} / {np.mean(d[asked][~ill] <= 0):.2f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=Path, action="append", default=[])
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--model", default="spect-mpi")
    options = parser.parse_args()
    model = load_model({ref.name: ref.folder for ref in find_models()}[options.model])
    table = [
        "| pairs | ill or healthy | AUC of d | AUC of the drops | names | d > 0: sens / spec |",
        "|---|---|---|---|---|---|",
    ]
    for name in ("spect", "ellipsoids"):
        table += lines(model, SOURCES[name].version, *simulated(model, name, options.pairs))
    for labels in options.labels:
        table += lines(model, labels.parent.name, *real(model, labels))
    sys.stdout.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
