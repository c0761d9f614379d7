"""Odd galaxies by what cannot be rebuilt: a recurrent autoencoder along 19 lines beside PCA(20).

``python tests/benchmarks/rebuild_figures.py [--galaxies N] [--minutes M]``. Simulated maps of 19
optical lines; three kinds of odd ones the training has not seen. Both are trained on the same
ordinary galaxies and judged on others by chi-square a voxel: area under the curve for odd ones,
precision among the first 60, rank correlation with flux, chi-square of ordinary ones.
"""

import argparse
import time

import numpy as np
import torch
from scipy.stats import rankdata, spearmanr
from table import at_most, row, say
from torch import nn

LINES = 19
SIDE = 12
AXES = 20
ODD = ("active nucleus", "ring of old light", "extreme compact")
PER_KIND = 20
# [O II] ×2, [Ne III], Hε, Hδ, Hγ, [O III] 4363, Hβ, [O III] ×2, He I, [O I] ×2, [N II], Hα, [N II],
# [S II] ×2, [Ar III]: strengths against Hβ of a disc of solar abundance, and their slopes with
# excitation, in dex.
STRENGTH = np.array(
    [1.3, 1.7, 0.1, 0.16, 0.26, 0.47, 0.02, 1.0, 0.25, 0.75, 0.12, 0.1, 0.03, 0.3, 2.86, 0.9, 0.5,
     0.35, 0.08]
)  # fmt: skip
EXCITED = np.array(
    [-0.1, -0.1, 0.6, 0, 0, 0, 0.8, 0, 0.7, 0.7, 0.1, -0.3, -0.3, -0.5, 0, -0.5, -0.4, -0.4, 0.3]
)
NUCLEUS = np.array(
    [0, 0, 0.7, 0, 0, 0, 0.9, 0, 1.0, 1.0, 0.1, 0.8, 0.8, 0.5, 0, 0.5, 0.4, 0.4, 0.1]
)
OLD = np.array([0.3, 0.3, 0.2, 0, 0, 0, 0.2, 0, 0.3, 0.3, 0, 0.9, 0.9, 0.6, 0, 0.6, 0.5, 0.5, 0])


def galaxy(rng, kind=""):
    """Return line maps over their noise, shape (lines, side, side), and the total."""
    y, x = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2 - rng.normal(0, 0.4, 2)[:, None, None]
    turn, tilt = rng.uniform(0, np.pi), rng.uniform(0.35, 1)
    u, v = x * np.cos(turn) + y * np.sin(turn), (y * np.cos(turn) - x * np.sin(turn)) / tilt
    size = rng.uniform(1.5, 4) if kind != "extreme compact" else rng.uniform(0.9, 1.3)
    radius = np.hypot(u, v) / size
    light = np.exp(-radius) * (1 + 0.3 * rng.random() * np.cos(2 * np.arctan2(v, u) + 2 * radius))
    excited = rng.normal(0, 0.25) + rng.normal(0.15, 0.08) * radius
    dust = max(rng.normal(0.3, 0.2), 0) * np.exp(-radius / 2)
    shift = np.zeros((LINES, SIDE, SIDE))
    if kind == "active nucleus":
        shift += NUCLEUS[:, None, None] * np.exp(-0.5 * (radius * size / 1.5) ** 2)
    elif kind == "ring of old light":
        shift += OLD[:, None, None] * np.exp(-0.5 * ((radius - 1.5) / 0.5) ** 2)
    elif kind == "extreme compact":
        excited = excited + rng.uniform(0.9, 1.2)
    reddened = np.linspace(-0.35, 0.25, LINES)[:, None, None] * dust
    dex = EXCITED[:, None, None] * np.clip(excited, -0.8, 1.3) + shift + reddened
    flux = light * STRENGTH[:, None, None] * 10**dex
    flux *= 10 ** rng.uniform(1.0, 2.2) / flux.max()  # peak signal-to-noise 10 to 160
    noisy = flux + rng.standard_normal(flux.shape)
    return noisy.astype(np.float32), float(noisy.sum())


class Cell(nn.Module):
    """A convolutional long short-term memory (Shi et al. 2015, arXiv:1506.04214, eq. 3)."""

    def __init__(self, inside, hidden):
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(inside + hidden, 4 * hidden, 3, padding=1)

    def forward(self, shown, state):
        hidden, memory = state
        keep, write, out, new = self.gates(torch.cat([shown, hidden], 1)).chunk(4, 1)
        memory = keep.sigmoid() * memory + write.sigmoid() * new.tanh()
        return out.sigmoid() * memory.tanh(), memory

    def start(self, count):
        return tuple(torch.zeros(count, self.hidden, SIDE, SIDE) for _ in range(2))


class Autoencoder(nn.Module):
    """Lines one after another into a code of `AXES` numbers, and back."""

    def __init__(self, hidden=8):
        super().__init__()
        self.reads, self.writes = Cell(1, hidden), Cell(1, hidden)
        self.to_code = nn.Linear(hidden * SIDE * SIDE // 4, AXES)
        self.from_code = nn.Linear(AXES, hidden * SIDE * SIDE)
        self.shrink, self.last = nn.AvgPool2d(2), nn.Conv2d(hidden, 1, 1)
        self.position = nn.Parameter(torch.zeros(LINES, 1, SIDE, SIDE))

    def forward(self, shown):
        count = len(shown)
        state = self.reads.start(count)
        for line in range(LINES):
            state = self.reads(shown[:, line, None], state)
        code = self.to_code(self.shrink(state[0]).flatten(1))
        hidden = self.from_code(code).reshape(count, -1, SIDE, SIDE)
        state, said = (hidden.tanh(), torch.zeros_like(hidden)), []
        for line in range(LINES):
            state = self.writes(self.position[line].expand(count, -1, -1, -1), state)
            said.append(self.last(state[0]))
        return torch.cat(said, 1)


def trained(cubes, scales, minutes):
    """Train by chi-square a voxel for so many minutes of processor."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = Autoencoder()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    inputs, sizes = torch.tensor(cubes), torch.tensor(scales)
    begin, epochs = time.process_time(), 0
    while (spent := (time.process_time() - begin) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * max(1 - spent / minutes, 0.02)
        for batch in torch.randperm(len(inputs)).split(32):
            shown, size = inputs[batch], sizes[batch, None, None, None]
            optimiser.zero_grad()
            ((net(shown / size) - shown / size) * size).square().mean().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            optimiser.step()
            if (time.process_time() - begin) / 60 > minutes:
                break
        epochs += 1
    say(f"autoencoder: {epochs} epochs")
    return net


def area(score, odd):
    ranks = rankdata(score)
    return (ranks[odd].sum() - odd.sum() * (odd.sum() + 1) / 2) / (odd.sum() * (~odd).sum())


def told(name, chi2, odd, flux):
    first = np.argsort(-chi2)[:60]
    values = area(chi2, odd), odd[first].mean(), spearmanr(chi2[~odd], flux[~odd]).statistic
    row(f"{name}: area under the curve for odd ones", f"{values[0]:.3f}", "≥ 0.9", values[0] >= 0.9)
    row(f"{name}: precision among the first 60", f"{values[1]:.2f}", "≥ 0.6", values[1] >= 0.6)
    at_most(f"{name}: rank correlation with flux", abs(values[2]), "", 0.2)
    row(f"{name}: chi-square a voxel of ordinary ones", f"{chi2[~odd].mean():.3f}")
    return chi2[~odd].mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--galaxies", type=int, default=1500)
    parser.add_argument("--minutes", type=float, default=10.0, help="of processor")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    train = [galaxy(rng) for _ in range(options.galaxies)]
    test = [galaxy(rng) for _ in range(options.galaxies // 2)]
    test += [galaxy(rng, kind) for kind in ODD for _ in range(PER_KIND)]
    odd = np.arange(len(test)) >= options.galaxies // 2
    cubes, flux = (np.array([one[part] for one in test], np.float32) for part in (0, 1))
    known = np.array([one[0] for one in train], np.float32)
    scale = np.sqrt(np.maximum((known**2).sum(axis=(1, 2, 3)), 1)) / 30
    scales = np.sqrt(np.maximum((cubes**2).sum(axis=(1, 2, 3)), 1)) / 30
    begin = time.process_time()
    flat = (known / scale[:, None, None, None]).reshape(len(known), -1)
    middle = flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat - middle, full_matrices=False)
    shown = (cubes / scales[:, None, None, None]).reshape(len(cubes), -1) - middle
    left = (shown - shown @ axes[:AXES].T @ axes[:AXES]) * scales[:, None]
    say(f"PCA: {time.process_time() - begin:.0f} s of processor")
    plain = told("PCA(20)", (left**2).mean(axis=1), odd, flux)
    net = trained(known, scale.astype(np.float32), options.minutes).eval()
    with torch.inference_mode():
        sizes = torch.tensor(scales.astype(np.float32))[:, None, None, None]
        said = torch.cat([net(part) for part in (torch.tensor(cubes) / sizes).split(64)])
        rest = ((said - torch.tensor(cubes) / sizes) * sizes).square().mean(dim=(1, 2, 3)).numpy()
    deep = told("autoencoder", rest, odd, flux)
    row("the better of the two on ordinary ones", "PCA(20)" if plain <= deep else "autoencoder")


if __name__ == "__main__":
    main()
