"""Logits of a network under occlusion, recomputed only where a patch can change them.

Hiding a patch changes, in every layer, no more than a window around it. The windows are cut out
of the activations of the unhidden input, the changed part is set in, and only the windows go
through the convolutions; the pooled mean follows as old sum - old window + new window. The
result equals one full pass per patch up to rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from cubeview.learn.network import Network, NetworkConfig, fold_batch_norm


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
    """One axis of one patch on its way through the layers.

    Parameters
    ----------
    cuts : tuple of Cut
        One for each layer; patches with equal cuts on all axes can share a batch.
    inputs, outputs : tuple of int
        For each layer, first padded input needed and first output recomputed.
    """

    cuts: tuple[Cut, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def track(start: int, stop: int, length: int, config: NetworkConfig) -> Track | None:
    """Follow the voxels [start, stop) of an axis through the layers; None if nothing sees them."""
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
    return Track(tuple(cuts), tuple(inputs), tuple(outputs))


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
        self, starts: np.ndarray, patch: tuple[int, int, int], batch: int = 16
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
        groups: dict[tuple[tuple[Cut, ...], ...], list[int]] = {}
        unseen = []
        for row, start in enumerate(starts):
            tracks = self._tracks_of(start, patch)
            if tracks is None:
                unseen.append(row)
            else:
                groups.setdefault(tuple(t.cuts for t in tracks), []).append(row)
        if unseen:
            yield np.array(unseen), np.zeros((len(unseen), self._head.out_features), np.float32)
        for rows in groups.values():
            for begin in range(0, len(rows), batch):
                chosen = np.array(rows[begin : begin + batch])
                lost = self._lost(starts[chosen], patch) / self._voxels  # (B, C)
                yield chosen, functional.linear(lost, self._head.weight).cpu().numpy()

    def _tracks_of(
        self, start: np.ndarray, patch: tuple[int, int, int]
    ) -> tuple[Track, Track, Track] | None:
        found = []
        for axis in range(3):
            key = axis, int(start[axis]), patch[axis]
            if key not in self._tracks:
                first = key[1]
                self._tracks[key] = track(
                    first, first + patch[axis], self._shape[axis], self._config
                )
            one = self._tracks[key]
            if one is None:
                return None
            found.append(one)
        return found[0], found[1], found[2]

    def _lost(self, starts: np.ndarray, patch: tuple[int, int, int]) -> torch.Tensor:
        """Return the sum over the last map that each patch takes away; all share their cuts."""
        rows = [self._tracks_of(start, patch) for start in starts]
        axes = list(zip(*(row for row in rows if row is not None), strict=True))
        window = None
        for layer, (weight, bias) in enumerate(self._convolutions):
            stride = self._config.strides[layer]
            cuts = [axis[0].cuts[layer] for axis in axes]
            begins = [np.array([t.inputs[layer] for t in axis]) for axis in axes]
            x = _windows(self._below[layer], begins, [cut.reach for cut in cuts])
            there = [slice(cut.target, cut.target + cut.length) for cut in cuts]
            if window is None:
                offsets = [begin + cut.target for begin, cut in zip(begins, cuts, strict=True)]
                changed = _windows(self._hidden, offsets, [cut.length for cut in cuts])
            else:
                here = [slice(cut.source, cut.source + cut.length) for cut in cuts]
                changed = window[:, here[0], here[1], here[2]]
            x[:, there[0], there[1], there[2]] = changed
            # Channels lie last in memory; the convolution is told their place by the strides.
            y = functional.conv3d(x.permute(0, 4, 1, 2, 3), weight, bias, stride)
            window = functional.relu_(y).permute(0, 2, 3, 4, 1)  # (B, w, w, w, C)
        assert window is not None
        firsts = [np.array([t.outputs[-1] for t in axis]) for axis in axes]
        before = _windows(self._last, firsts, [axis[0].cuts[-1].width for axis in axes])
        return (before - window).sum(dim=(1, 2, 3))


def _padded(activation: torch.Tensor, pad: tuple[int, int]) -> torch.Tensor:
    """(1, C, d, h, w) to (d, h, w, C) with the zeros of the next convolution around."""
    return functional.pad(activation[0], pad * 3).permute(1, 2, 3, 0).contiguous()


def _windows(source: torch.Tensor, begins: list[np.ndarray], sides: list[int]) -> torch.Tensor:
    """Cut windows out of (d, h, w, C): shape (B, *sides, C), contiguous."""
    index = [
        torch.from_numpy(begin[:, None] + np.arange(side)).to(source.device)  # (B, side)
        for begin, side in zip(begins, sides, strict=True)
    ]
    return source[index[0][:, :, None, None], index[1][:, None, :, None], index[2][:, None, None]]
