"""Significance map: how far occlusion goes beyond what the noise of the scan makes of it.

In a patch both states of a heart are made alike, or the spectra of the sky flat, in the scan and in
copies with as much noise again; the fall of the class's log-odds over its spread among the copies
is z. Where it was measured how far evidence falls in hearts without the class, that counts as
spread too: the model's own ``trust.json`` says it. Marked is what survives control of the
false-discovery rate (Benjamini & Hochberg, J R Stat Soc B 1995, 57:289, eq. 1).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import uniform_filter
from scipy.stats import norm

from cubeview.kinds import kind_of
from cubeview.learn.explain.occluder import Occluder
from cubeview.learn.explain.overlay import visible_in
from cubeview.learn.explain.question import GridMap, Question
from cubeview.learn.models.rooms import room_of
from cubeview.plain import from_json

FIGURES = "trust.json"

RATE = 0.05
"""Share of what is marked that may be marked by chance."""

REDRAWS = 5
_PATCH, _STRIDE = 6, 4
_SEED = 0


@dataclass(frozen=True, eq=False)
class Falls:
    """Falls of the log-odds of one class, on the input grid.

    Parameters
    ----------
    own : ndarray, shape (d, h, w)
        In the scan.
    spread : ndarray, shape (d, h, w)
        Standard deviation among the copies.
    """

    own: np.ndarray
    spread: np.ndarray


def answer(asked: Question) -> GridMap:
    """Return z where it is significant for the class, 0 elsewhere."""
    found, seen = falls(asked), visible_in(asked.prepared)
    usual = usual_fall(asked.model.folder, asked.model.card.classes[asked.row])
    z = found.own / np.maximum(np.hypot(found.spread, usual), 1e-6)
    marked = significant(z, seen)
    words = {
        "usual fall": f"{usual:.2g}" if usual else "not measured",
        "patch": str(_PATCH),
        "redraws": str(REDRAWS),
        "false discoveries": f"at most {RATE:.0%}",
        "marked": f"{marked[seen].mean():.1%} of what was seen",
    }
    return GridMap(np.where(marked, z, 0).astype(np.float32), words)


def usual_fall(folder: Path | None, target: str) -> float:
    """Return how far the log-odds of a class fall where it is not; 0 where nobody measured.

    Parameters
    ----------
    folder : Path or None
        Of the model, with the figures of `cubeview.learn.measure.trust`.
    target : str
    """
    try:
        text = (folder / FIGURES).read_text(encoding="utf-8") if folder is not None else "{}"
        return float(from_json(text)["usual_fall"][target])
    except (OSError, ValueError, TypeError, KeyError):
        return 0.0


def falls(asked: Question) -> Falls:
    """Return how far the class's log-odds fall, and how that varies with the noise.

    Parameters
    ----------
    asked : Question
    """
    room = room_of(asked.prepared.case.kind)
    draw = next(iter(room.trials.values()))
    rng = np.random.default_rng(_SEED)
    inputs = [asked.prepared.input]
    inputs += [draw(inputs[0], rng) for _ in range(REDRAWS)]
    maps = []
    for place, values in enumerate(inputs):
        asked.report(place / len(inputs), f"noise redraw {place} of {REDRAWS}")
        maps.append(falls_of(_of(asked, values))[asked.row])
    spread = np.std(maps[1:], axis=0, ddof=1)
    # Few copies tell little of one voxel's spread: half of it is that of its surroundings.
    around = np.sqrt(np.maximum(spread**2 + uniform_filter(spread**2, 7), 0) / 2)
    return Falls(maps[0], around)


def significant(z: np.ndarray, seen: np.ndarray, rate: float = RATE) -> np.ndarray:
    """Return where z is larger than chance makes it, with the false-discovery rate controlled.

    Parameters
    ----------
    z : ndarray
        Standard normal where there is nothing.
    seen : ndarray of bool
        Where it was asked at all.
    rate : float
    """
    chance = norm.sf(z[seen])
    ranked = np.sort(chance)
    passes = ranked <= rate * np.arange(1, len(ranked) + 1) / max(len(ranked), 1)
    found = np.zeros(z.shape, bool)
    if passes.any():
        found[seen] = chance <= ranked[np.flatnonzero(passes)[-1]]
    return found


def _of(asked: Question, values: np.ndarray) -> Question:
    """The same question of another input."""
    shown = torch.tensor(values, dtype=torch.float32, device=asked.shown.device)[None]
    return replace(asked, prepared=replace(asked.prepared, input=values), shown=shown)


@torch.inference_mode()
def falls_of(asked: Question) -> np.ndarray:
    """Return the mean fall of each class's log-odds over the patches that cover a voxel.

    Of shape (classes, d, h, w).

    Parameters
    ----------
    asked : Question
    """
    values = asked.prepared.input
    shape, classes = values.shape[1:], len(asked.model.card.classes)
    lines = [np.union1d(np.arange(0, n - _PATCH, _STRIDE), [n - _PATCH]) for n in shape]
    starts = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    hidden = _hidden(asked)
    differs = (hidden != values).any(axis=0)
    starts = np.array([s for s in starts if differs[_box(s)].any()]).reshape(-1, 3)
    covers = torch.from_numpy(hidden).to(asked.shown.device)
    occluder = Occluder(asked.model.network, asked.shown[0], covers, torch.float32)
    logits = asked.model.network(asked.shown)[0].double().cpu().numpy()
    sums, counts = np.zeros((classes, *shape)), np.zeros(shape)
    for which, fell in occluder.drops(starts, (_PATCH,) * 3):
        fall = _odds(logits) - _odds(logits - fell)
        for start, one in zip(starts[which], fall, strict=True):
            sums[:, *_box(start)] += one[:, None, None, None]
            counts[_box(start)] += 1
    found: np.ndarray = sums / np.maximum(counts, 1)
    return found


def _box(start: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(at, at + _PATCH) for at in start.tolist())


def _odds(logits: np.ndarray) -> np.ndarray:
    """Log-odds of each class against all others, shape (..., classes)."""
    said = [
        logits[..., row] - np.logaddexp.reduce(np.delete(logits, row, axis=-1), axis=-1)
        for row in range(logits.shape[-1])
    ]
    return np.stack(said, axis=-1)


def _hidden(asked: Question) -> np.ndarray:
    """The input with everything hidden: states alike, or the usual level of a spaxel's spectrum.

    Of two states each takes the brighter one's counts, so that what stress lacks is given back.
    """
    values = asked.prepared.input
    hidden: np.ndarray = values.copy()
    if kind_of(asked.prepared.case).ventricle and len(values) > 1:
        hidden[:] = values.max(axis=0)
    else:
        hidden[0] = np.median(values[0], axis=0)
    return hidden
