"""How a heart model ranks ill above healthy where it cannot know the simulator, beside a cheap way.

``python -m tests.benchmarks.heart_figures [--labels TABLE] [--pairs N] [--model NAME]``: on N pairs
of each simulator, placed as the finder would have, and on the real pairs of a table of labels, with
the finder itself. The cheap way learns nothing: the mean of the four largest drops from rest to
stress among 32 sectors of the wall.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from cubeview.learn.ask.predict import prepare_case
from cubeview.learn.examples.dataset import SOURCES
from cubeview.learn.examples.source import SPLITS
from cubeview.learn.models.card import find_models
from cubeview.learn.models.model import Model, load_model
from cubeview.learn.teach.labelled import table_entries
from cubeview.simulate.heart.pair import CLASSES

HEIGHTS_MM = (-35, -15, 5, 25)
WITHIN_MM = 45.0
BRIGHTEST = 12
"""Voxels of a sector that stand for its wall."""


def largest_drops(prepared: np.ndarray, voxel_mm: float = 5.0) -> float:
    """Return the mean of the four largest drops from rest to stress, as shares of the wall's peak.

    Parameters
    ----------
    prepared : ndarray, shape (2, d, h, w)
        Rest and stress as networks are shown them: apex to base, anterior to inferior, septal to
        lateral.
    voxel_mm : float
    """
    z, y, x = (np.indices(prepared.shape[1:]) - (prepared.shape[1] - 1) / 2) * voxel_mm
    away = np.hypot(x, y)
    rest, stress = (
        gaussian_filter(state / np.sort(state[away <= 40])[-100], 0.8)
        for state in prepared.astype(np.float64)
    )
    ring = np.digitize(z, HEIGHTS_MM[:-1])
    sector = ((np.arctan2(y, x) + np.pi) / (np.pi / 4)).astype(int) % 8
    drops = []
    for place in np.ndindex(len(HEIGHTS_MM), 8):
        here = (ring == place[0]) & (sector == place[1]) & (away < WITHIN_MM)
        wall = np.argsort(np.maximum(rest, stress)[here])[-BRIGHTEST:]
        drops.append((rest[here][wall] - stress[here][wall]).mean())
    return float(np.sort(drops)[-4:].mean())


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


def said(model: Model, inputs: np.ndarray, labels: list[str]) -> str:
    """Return one line of a Markdown table: areas of the network and of the cheap way, and names."""
    card, logits = model.card, evidence(model, inputs)
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
    lines = [
        "| pairs | ill or healthy | AUC of d | AUC of the drops | names | d > 0: sens / spec |",
        "|---|---|---|---|---|---|",
        *(
            f"| {SOURCES[name].version} | {said(model, *simulated(model, name, options.pairs))} |"
            for name in ("spect", "ellipsoids")
        ),
        *(f"| {t.parent.name} | {said(model, *real(model, t))} |" for t in options.labels),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
