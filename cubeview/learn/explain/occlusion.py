"""Occlusion sensitivity: how far the logit of a class falls when a patch is hidden.

Source: Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of
from cubeview.learn.explain.occluder import Occluder
from cubeview.learn.explain.overlay import visible_in
from cubeview.learn.explain.question import FILLS, PRECISIONS, GridMap, OcclusionSettings, Question
from cubeview.learn.models.device import has_bfloat16

_PARTIAL_S = 0.5


def answer(asked: Question) -> GridMap:
    """Hide one patch after another and map how far the logit falls.

    Each voxel gets the mean over all patches that cover it. Patches lie every `stride` voxels
    and once more at the far end, so that every voxel is covered. The numbers are those of one
    full pass per patch, see `cubeview.learn.explain.occluder`.

    `asked.partial` is given a first map at a coarse stride, then what there is every half second
    and after each finer stride but the last. Where the device would only emulate bfloat16 the
    map is computed in float32, and its words say so.
    """
    settings: OcclusionSettings = asked.settings
    _check(asked, settings)
    if not has_bfloat16(asked.shown.device):
        settings = replace(settings, precision="float32")
    hidden = torch.from_numpy(_hidden(asked, settings)).to(asked.shown.device)
    occluder = Occluder(
        asked.model.network, asked.shown[0], hidden, getattr(torch, settings.precision)
    )
    shape = asked.prepared.input.shape[1:]
    sides = tuple(min(settings.patch, n) for n in shape)
    levels = list(_levels(shape, settings))
    count, done = sum(len(starts) for _, starts in levels), 0
    falls = _Falls(shape, settings)
    latest = time.monotonic()
    for level, (stride, starts) in enumerate(levels):
        for which, fell in occluder.drops(starts, (sides[0], sides[1], sides[2])):
            falls.add(starts[which], fell[:, asked.row])
            done += len(which)
            asked.report(done / count, f"occlusion, patch {done} of {count}")
            if asked.partial and level and time.monotonic() - latest > _PARTIAL_S:
                asked.partial(falls.map(complete=False))
                latest = time.monotonic()
        falls.stride = stride
        if asked.partial and level + 1 < len(levels):
            asked.partial(falls.map(complete=False))
            latest = time.monotonic()
    return falls.map(complete=True)


class _Falls:
    """Drops in logit by first voxel of the patch, and their mean at each voxel.

    Attributes
    ----------
    stride : int
        Of what is there as a whole.
    """

    def __init__(self, shape: tuple[int, ...], settings: OcclusionSettings) -> None:
        self._settings = settings
        self._sides = [min(settings.patch, n) for n in shape]
        places = [n - side + 1 for n, side in zip(shape, self._sides, strict=True)]
        self._drops = np.zeros(places, np.float32)
        self._counts = np.zeros(places)
        self.stride = settings.patch

    def add(self, starts: np.ndarray, drops: np.ndarray) -> None:
        """Take in patches (n, 3) and their drops (n,) that were not there yet."""
        self._drops[*starts.T] = drops
        self._counts[*starts.T] = 1

    def map(self, *, complete: bool) -> GridMap:
        """Return the mean over the patches that cover a voxel, 0 for none yet."""
        settings, margins = self._settings, [(side - 1, side - 1) for side in self._sides]
        sums, counts = (
            _box_sum(np.pad(values, margins), self._sides) for values in (self._drops, self._counts)
        )
        means = (sums / np.maximum(counts, 0.5)).astype(np.float32)
        words = {name: str(value) for name, value in vars(settings).items()}
        words["stride"] = str(self.stride)  # a coarse map is one of its own stride
        channel = "" if settings.channel == "both" else settings.channel
        return GridMap(means, words, channel, complete)


def _box_sum(values: np.ndarray, sides: Sequence[int]) -> np.ndarray:
    """Sum over the box of these sides that begins at each voxel, where it fits."""
    sums: np.ndarray = values.astype(np.float64)
    for axis, (length, side) in enumerate(zip(values.shape, sides, strict=True)):
        sums = np.insert(np.cumsum(sums, axis=axis), 0, 0.0, axis=axis)
        begins = np.arange(length - side + 1)
        sums = sums.take(begins + side, axis=axis) - sums.take(begins, axis=axis)
    return sums


def _levels(
    shape: tuple[int, ...], settings: OcclusionSettings
) -> Iterator[tuple[int, np.ndarray]]:
    """Stride and first voxels (n, 3) of the patches new in it, from the coarsest to that wanted."""
    strides = [settings.stride]
    while strides[0] * 2 <= settings.patch:
        strides.insert(0, strides[0] * 2)
    fresh = np.ones([n - min(settings.patch, n) + 1 for n in shape], dtype=bool)
    for stride in strides:
        chosen = np.zeros_like(fresh)
        lines = [np.union1d(np.arange(0, n, stride), [n - 1]) for n in fresh.shape]
        chosen[np.ix_(*lines)] = True
        yield stride, np.argwhere(chosen & fresh)
        fresh &= ~chosen


def _hidden(asked: Question, settings: OcclusionSettings) -> np.ndarray:
    """The input as it would be with everything hidden, shape (channel, d, h, w)."""
    hidden, visible = asked.prepared.input.copy(), visible_in(asked.prepared)
    for role, channel in zip(asked.model.card.channels, hidden, strict=True):
        if settings.channel not in ("both", role):
            continue
        level = 0.0
        if settings.fill == "mean":
            level = float(channel[visible].mean())
        elif settings.fill == "wall":
            level = float(channel[channel >= channel.max() / 2].mean())
        channel[visible] = level
    return hidden


def _check(asked: Question, settings: OcclusionSettings) -> None:
    # Of a picture, which is one voxel deep, a square is hidden.
    side = min(n for n in asked.prepared.input.shape[1:] if n > 1)
    if not 1 <= settings.patch <= side:
        raise CubeviewError(f"The patch must have 1 to {side} voxels, not {settings.patch}.")
    if not 1 <= settings.stride <= settings.patch:
        raise CubeviewError(
            f"A stride of {settings.stride} with a patch of {settings.patch} leaves gaps: choose "
            f"1 to {settings.patch}."
        )
    for name, chosen, choices in (
        ("fill", settings.fill, FILLS),
        ("precision", settings.precision, PRECISIONS),
        ("channel", settings.channel, ("both", *asked.model.card.channels)),
    ):
        if chosen not in choices:
            raise CubeviewError(f"Unknown {name} {chosen!r}: choose {', '.join(choices)}.")
    if settings.fill == "wall" and not kind_of(asked.prepared.case).ventricle:
        raise CubeviewError("Only hearts have a wall: choose zero or mean as fill.")
