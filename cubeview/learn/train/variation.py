"""How training varies its inputs: drawn for a whole batch, applied to any share of it.

Drawing and applying are apart, so that several processes that train as one vary the cases as one
alone would, and a graphics processor varies cases that never leave its memory.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional

from cubeview.learn.train.recipe import Schedule


@dataclass(frozen=True, eq=False)
class Variation:
    """What is done to each input of a batch.

    Parameters
    ----------
    moves : ndarray, shape (n, 3), int
        Displacement in whole voxels; zeros move in.
    gains : ndarray, shape (n, channel, 1, 1, 1)
    powers : ndarray, shape (n, 1, 1, 1, 1), or None
        Exponents, before the gains.
    mirrored : ndarray of bool, shape (n, 3)
        Axes that are turned round.
    field : ndarray, shape (n, channel, terms), float32, or None
        Weights of the terms of a smooth gain, see `Schedule.field`.
    """

    moves: np.ndarray
    gains: np.ndarray
    powers: np.ndarray | None
    mirrored: np.ndarray
    field: np.ndarray | None

    def of(self, rows: slice) -> "Variation":
        """Return the variation of some of the inputs."""
        powers, field = (None if a is None else a[rows] for a in (self.powers, self.field))
        return Variation(self.moves[rows], self.gains[rows], powers, self.mirrored[rows], field)


def draw(schedule: Schedule, count: int, channels: int, rng: np.random.Generator) -> Variation:
    """Draw a variation of `count` inputs.

    Parameters
    ----------
    schedule : Schedule
        How far inputs are shifted, scaled, mirrored and shaded.
    count, channels : int
        Of the inputs.
    rng : Generator
    """
    reach = schedule.shift
    moves = rng.integers(-reach, reach + 1, (count, 3))
    gains = 1.0 + rng.uniform(-schedule.gain, schedule.gain, (count, channels, 1, 1, 1))
    powers = None
    if schedule.contrast:
        logs = rng.uniform(-schedule.contrast, schedule.contrast, (count, 1, 1, 1, 1))
        powers = np.exp(logs).astype(np.float32)
    mirrored = np.zeros((count, 3), dtype=bool)
    if schedule.flip:
        mirrored = rng.random((count, 3)) < 0.5
    field = None
    if schedule.field:
        terms = 2 * len(_vectors())
        shared = rng.normal(0.0, schedule.field, (count, 1, terms))
        own = rng.normal(0.0, schedule.field / 4, (count, channels, terms))
        field = (shared + own).astype(np.float32)
    return Variation(moves, gains, powers, mirrored, field)


def applied(inputs: np.ndarray, variation: Variation) -> np.ndarray:
    """Return varied inputs, shape (n, channel, d, h, w), float32."""
    size = inputs.shape[2:]
    if variation.powers is not None:
        inputs = np.maximum(inputs, 0.0) ** variation.powers
    out = np.zeros_like(inputs)
    for row, move in enumerate(_inside(variation.moves, size)):
        to, at = (
            tuple(slice(max(0, m), s + min(0, m)) for m, s in zip(way, size, strict=True))
            for way in (move, -move)
        )
        out[row][:, *to] = inputs[row][:, *at] * variation.gains[row]
        if variation.mirrored[row].any():
            out[row] = np.flip(out[row], tuple(np.flatnonzero(variation.mirrored[row]) + 1))
    if variation.field is not None:
        out *= np.exp(np.tensordot(variation.field, _terms(size), axes=1))
    return out


def moved(truth: np.ndarray, variation: Variation) -> np.ndarray:
    """Return what is known of inputs once they are varied, shape (n,) or (n, d, h, w).

    A mask moves and turns with its input.
    """
    if truth.ndim < 4:
        return truth
    ones = np.ones((len(truth), 1, 1, 1, 1))
    still = replace(variation, gains=ones, powers=None, field=None)
    return applied(truth[:, None].astype(np.float32), still)[:, 0].astype(truth.dtype)


def _inside(moves: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return displacements along the axes there are: a picture has one slice, which stays."""
    found: np.ndarray = moves * (np.array(size) > 1)
    return found


def applied_there(inputs: torch.Tensor, variation: Variation) -> torch.Tensor:
    """Return varied inputs, on the device where they lie, as `applied` does up to rounding."""
    device, size = inputs.device, tuple(inputs.shape[2:])
    if variation.powers is not None:
        inputs = inputs.clamp(min=0.0) ** torch.from_numpy(variation.powers).to(device)
    moves = _inside(variation.moves, size)
    reach = int(np.abs(moves).max(initial=0))
    places = []
    for axis, length in enumerate(size):
        line = np.arange(length)[None]
        turned = np.where(variation.mirrored[:, axis, None], length - 1 - line, line)
        # Voxels the displacement brings in from outside lie in the margin of zeros.
        places.append(torch.from_numpy(turned - moves[:, axis, None] + reach).to(device))
    rows = torch.arange(len(inputs), device=device)[:, None, None, None]
    padded = functional.pad(inputs, (reach,) * 6)
    z, y, x = places
    moved = padded[rows, :, z[:, :, None, None], y[:, None, :, None], x[:, None, None, :]]
    moved = moved.permute(0, 4, 1, 2, 3)
    moved = moved * torch.from_numpy(variation.gains.astype(np.float32)).to(device)
    if variation.field is not None:
        weights = torch.from_numpy(variation.field).to(device)
        terms = torch.from_numpy(_terms(size)).to(device)
        moved = moved * torch.tensordot(weights, terms, dims=1).exp()
    return moved


_CYCLES = 3
"""Shortest wave of the smooth gain: so many fit into the input (53 mm in a heart's 160)."""


@lru_cache(maxsize=1)
def _vectors() -> np.ndarray:
    """Wave vectors in cycles over the input, one of each opposite pair, shape (waves, 3)."""
    line = np.arange(-_CYCLES, _CYCLES + 1)
    every = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    length = (every**2).sum(axis=1)
    found: np.ndarray = every[(length > 0) & (length <= _CYCLES**2)]
    return found[len(found) // 2 :]


@lru_cache(maxsize=2)
def _terms(size: tuple[int, ...]) -> np.ndarray:
    """Waves over the input of mean square 1 in sum, shape (terms, d, h, w), float32."""
    lines = [2 * np.pi * np.arange(length) / length for length in size]
    z, y, x = np.meshgrid(*lines, indexing="ij")
    phase = np.tensordot(_vectors(), np.stack([z, y, x]), axes=1)
    waves = np.concatenate([np.cos(phase), np.sin(phase)]) / np.sqrt(len(phase))
    found: np.ndarray = waves.astype(np.float32)
    return found
