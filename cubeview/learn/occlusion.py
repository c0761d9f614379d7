"""Logits of a network under occlusion, recomputed only where a patch can change them.

Hiding a patch changes, in every layer, no more than a window around it. The windows are cut out
of the activations of the unhidden input, the changed part is set in, and only the windows go
through the convolutions; the pooled mean follows as old sum - old window + new window. The
result equals one full pass per patch up to rounding.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch.nn import functional

from cubeview.learn.network import Network, NetworkConfig, fold_batch_norm

Key = TypeVar("Key", bound=Hashable)


class Cut(NamedTuple):
    """What one layer recomputes along one axis, alike for all patches of a group.

    Parameters
    ----------
    width : int
        Outputs recomputed.
    reach : int
        Padded inputs needed for them.
    source, target, length : int
        The recomputed window of the layer below is set in from `source`, at `target` of the
        needed inputs, over `length` voxels.
    """

    width: int
    reach: int
    source: int
    target: int
    length: int


@dataclass(frozen=True)
class Track:
    """One axis of the voxels a patch changes, on its way through the layers.

    Parameters
    ----------
    start, stop : int
        The voxels, half-open.
    cuts : tuple of Cut
        One for each layer.
    inputs, outputs : tuple of int
        For each layer, first padded input needed and first output recomputed.
    """

    start: int
    stop: int
    cuts: tuple[Cut, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def track(start: int, stop: int, length: int, config: NetworkConfig) -> Track | None:
    """Follow the voxels [start, stop) of an axis through the layers; None if nothing sees them."""
    span = start, stop
    cuts, inputs, outputs = [], [], []
    for kernel, stride, (low, high) in zip(
        config.kernels, config.strides, config.pads, strict=True
    ):
        size = (length + low + high - kernel) // stride + 1
        first = max(0, -((kernel - 1 - start - low) // stride))
        last = min(size - 1, (stop - 1 + low) // stride)
        if last < first:
            return None
        begin, width = first * stride, last - first + 1
        reach = (width - 1) * stride + kernel
        inside = max(start + low, begin), min(stop + low, begin + reach)
        cuts.append(
            Cut(width, reach, inside[0] - start - low, inside[0] - begin, inside[1] - inside[0])
        )
        inputs.append(begin)
        outputs.append(first)
        start, stop, length = first, last + 1, size
    return Track(*span, tuple(cuts), tuple(inputs), tuple(outputs))


Tracks = tuple[Track, Track, Track]


class Occluder:
    """A network and an input, with everything that does not depend on the patch.

    Parameters
    ----------
    network : Network
        In evaluation mode; a folded copy is kept.
    shown : Tensor, shape (channel, d, h, w)
        The input as it is.
    hidden : Tensor, shape (channel, d, h, w)
        What a patch puts in its place, voxel by voxel.
    """

    def __init__(self, network: Network, shown: torch.Tensor, hidden: torch.Tensor) -> None:
        folded = fold_batch_norm(network)
        self._config = folded.config
        self._shape = tuple(shown.shape[1:])
        self._head = folded.head
        self._convolutions = [
            (block.conv.weight.contiguous(memory_format=torch.channels_last_3d), block.conv.bias)
            for block in folded.blocks
        ]
        self._changes = (shown != hidden).any(dim=0).cpu().numpy()
        scaled = folded.features[0](torch.stack([shown, hidden]))  # (2, C, d, h, w)
        # Channels last, because the windows are then cut out in long runs.
        self._below: list[torch.Tensor] = []  # (d, h, w, C) each, padded
        activation = scaled[:1]
        for block in folded.blocks:
            self._below.append(_padded(activation, block.pad))
            activation = block(activation)
        self._hidden = _padded(scaled[1:], folded.blocks[0].pad)
        self._last = activation[0].permute(1, 2, 3, 0).contiguous()  # (d', h', w', C)
        self._voxels = self._last[..., 0].numel()
        self._tracks: dict[tuple[int, int, int], Track | None] = {}

    def drops(
        self, starts: np.ndarray, patch: tuple[int, int, int], batch: int = 64
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Hide patches and yield how far the logits fall.

        Parameters
        ----------
        starts : ndarray, shape (n, 3), int
            First voxel (d, h, w) of each patch.
        patch : tuple of three int
            Sides of the patch.
        batch : int
            Patches that go through the network together.

        Yields
        ------
        which : ndarray, int
            Rows of `starts`, each exactly once over the whole iteration.
        drops : ndarray, shape (len(which), classes), float32
            Logits of the unhidden input minus those with the patch hidden.
        """
        seen: list[tuple[int, Tracks]] = []
        unseen: list[int] = []
        for row, start in enumerate(starts):
            tracks = self._tracks_of(start, start + patch)
            if tracks is None:
                unseen.append(row)
            else:
                seen.append((row, tracks))
        if unseen:
            yield np.array(unseen), np.zeros((len(unseen), self._head.out_features), np.float32)
        # Windows of one size make one convolution: the costly last layer decides the order.
        seen.sort(key=lambda one: [axis.cuts[-1].reach for axis in one[1]])
        for begin in range(0, len(seen), batch):
            rows, chosen = zip(*seen[begin : begin + batch], strict=True)
            which = np.array(rows)
            lost = self._lost(chosen) / self._voxels  # (B, C)
            yield which, functional.linear(lost, self._head.weight).cpu().numpy()

    def _tracks_of(self, start: np.ndarray, stop: np.ndarray) -> Tracks | None:
        """Follow the voxels that change within a patch; None if nothing does or can be seen."""
        there = self._changes[tuple(map(slice, start, stop))]
        if not there.any():
            return None
        found = []
        for axis in range(3):
            # Where little was shown, as around a ventricle, far less changes than the patch.
            lines = np.flatnonzero(there.any(axis=tuple({0, 1, 2} - {axis})))
            first, last = int(start[axis] + lines[0]), int(start[axis] + lines[-1])
            key = axis, first, last
            if key not in self._tracks:
                self._tracks[key] = track(first, last + 1, self._shape[axis], self._config)
            one = self._tracks[key]
            if one is None:
                return None
            found.append(one)
        return found[0], found[1], found[2]

    def _lost(self, tracks: Sequence[Tracks]) -> torch.Tensor:
        """Return the sums over the last map that the patches take away, shape (B, C)."""
        # The windows of the layer below, and for each patch which of them and which row in it.
        windows: list[torch.Tensor] = []
        homes = [(0, 0)] * len(tracks)
        low = self._config.pads[0][0]
        firsts = np.array([[axis.start + low for axis in one] for one in tracks])
        for sides, rows in _alike(tuple(axis.stop - axis.start for axis in one) for one in tracks):
            for place, row in enumerate(rows):
                homes[row] = len(windows), place
            windows.append(_windows(self._hidden, firsts[rows].T, sides))
        for layer, (weight, bias) in enumerate(self._convolutions):
            fresh: list[torch.Tensor] = []
            places = homes.copy()
            begins = np.array([[axis.inputs[layer] for axis in one] for one in tracks])
            for reach, rows in _alike(
                tuple(axis.cuts[layer].reach for axis in one) for one in tracks
            ):
                x = _windows(self._below[layer], begins[rows].T, reach)
                for (home, cuts), members in _alike(
                    (homes[row][0], tuple(axis.cuts[layer] for axis in tracks[row])) for row in rows
                ):
                    there: list[Any] = [slice(cut.target, cut.target + cut.length) for cut in cuts]
                    here: list[Any] = [slice(cut.source, cut.source + cut.length) for cut in cuts]
                    theirs = [homes[rows[member]][1] for member in members]
                    x[(members, *there)] = windows[home][(theirs, *here)]
                # Channels lie last in memory; the convolution learns that from the strides.
                y = functional.conv3d(
                    x.permute(0, 4, 1, 2, 3),
                    weight,
                    bias,
                    self._config.strides[layer],
                    groups=self._config.groupings[layer],
                )
                for place, row in enumerate(rows):
                    places[row] = len(fresh), place
                fresh.append(functional.relu_(y).permute(0, 2, 3, 4, 1))  # (B, w, w, w, C)
            windows, homes = fresh, places
        lost = torch.empty(len(tracks), self._last.shape[-1], device=self._last.device)
        firsts = np.array([[axis.outputs[-1] for axis in one] for one in tracks])
        for home, rows in _alike(home for home, _ in homes):
            before = _windows(self._last, firsts[rows].T, windows[home].shape[1:4])
            lost[rows] = (before - windows[home]).sum(dim=(1, 2, 3))
        return lost


def _alike(keys: Iterable[Key]) -> Iterable[tuple[Key, list[int]]]:
    """Group positions by key, in order."""
    groups: dict[Key, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return groups.items()


def _padded(activation: torch.Tensor, pad: tuple[int, int]) -> torch.Tensor:
    """(1, C, d, h, w) to (d, h, w, C) with the zeros of the next convolution around."""
    return functional.pad(activation[0], pad * 3).permute(1, 2, 3, 0).contiguous()


def _windows(source: torch.Tensor, begins: np.ndarray, sides: Sequence[int]) -> torch.Tensor:
    """Cut windows that begin at (3, B) out of (d, h, w, C): shape (B, *sides, C), contiguous."""
    index = [
        torch.from_numpy(begin[:, None] + np.arange(side)).to(source.device)  # (B, side)
        for begin, side in zip(begins, sides, strict=True)
    ]
    windows: torch.Tensor = source[
        index[0][:, :, None, None], index[1][:, None, :, None], index[2][:, None, None]
    ]
    return windows
