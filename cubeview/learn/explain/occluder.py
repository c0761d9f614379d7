"""Logits of a network under occlusion, recomputed only where a patch can change them.

Hiding a patch changes, in every layer, no more than a window around it. Only the change goes
through the convolutions, which are linear: the zeros around it cost nothing. Before each
rectification the unhidden input's own activations are added, after it they are taken off again.
The result equals one full pass per patch up to rounding.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch.nn import functional

from cubeview.errors import CubeviewError
from cubeview.learn.models.network import Network
from cubeview.learn.models.receptive import Layout
from cubeview.learn.models.strided import StridedNetwork, fold_batch_norm

Key = TypeVar("Key", bound=Hashable)


class Cut(NamedTuple):
    """What one layer recomputes along one axis, alike for all patches of a group.

    Parameters
    ----------
    length : int
        Inputs that change.
    margin : int
        Zeros the convolution sees on either side of them.
    skip, width : int
        Of its outputs, the first ones that lie outside and the changed ones after them.
    """

    length: int
    margin: int
    skip: int
    width: int


@dataclass(frozen=True)
class Track:
    """One axis of the voxels a patch changes, on its way through the layers.

    Parameters
    ----------
    start, stop : int
        The voxels, half-open.
    cuts : tuple of Cut
        One for each layer.
    outputs : tuple of int
        For each layer, the first output that changes.
    """

    start: int
    stop: int
    cuts: tuple[Cut, ...]
    outputs: tuple[int, ...]


def track(start: int, stop: int, length: int, layout: Layout) -> Track | None:
    """Follow the voxels [start, stop) of an axis through the layers; None if nothing sees them.

    Parameters
    ----------
    start, stop : int
    length : int
        Voxels along the axis.
    layout : Layout
    """
    span = start, stop
    cuts, outputs = [], []
    for layer in layout.layers:
        kernel, stride, (low, _) = layer.kernel, layer.stride, layer.pad
        size = layer.outputs(length)
        first = max(0, -((kernel - 1 - start - low) // stride))
        last = min(size - 1, (stop - 1 + low) // stride)
        if last < first:
            return None
        width = last - first + 1
        # Zeros needed before and after; the convolution adds as many on both sides.
        lead = start + low - first * stride
        trail = (width - 1) * stride + kernel - lead - (stop - start)
        skip = -((lead - max(lead, trail)) // stride)
        cuts.append(Cut(stop - start, lead + skip * stride, skip, width))
        outputs.append(first)
        start, stop, length = first, last + 1, size
    return Track(*span, tuple(cuts), tuple(outputs))


def _narrowed(wide: Track, narrow: Track, layout: Layout) -> Track:
    """Go through the first, strided layers as `wide` does and on as `narrow`, which lies in it.

    Those layers cost little, and windows alike make one convolution of many patches.
    """
    strided = sum(1 for _ in takewhile(lambda layer: layer.stride > 1, layout.layers))
    if not strided:
        return narrow
    last = strided - 1
    cut = wide.cuts[last]
    outside = narrow.outputs[last] - wide.outputs[last]
    kept = cut._replace(skip=cut.skip + outside, width=narrow.cuts[last].width)
    return Track(
        wide.start,
        wide.stop,
        (*wide.cuts[:last], kept, *narrow.cuts[strided:]),
        (*wide.outputs[:last], *narrow.outputs[last:]),
    )


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
    dtype : torch.dtype
        What changes are computed in. The unhidden input goes through in float32 in any case, so
        that bfloat16 (8 bits) errs by a share of the change and not of the activation.
    """

    def __init__(
        self,
        network: Network,
        shown: torch.Tensor,
        hidden: torch.Tensor,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not isinstance(network, StridedNetwork):
            raise CubeviewError(
                "the network of this model is not made of plain convolutions, so hiding one patch "
                "after another is not to be had. Choose another way to explain."
            )
        folded = fold_batch_norm(network)
        self._layout = folded.layout()
        self._shape = tuple(shown.shape[1:])
        self._head = folded.head
        self._strides = [block.conv.stride for block in folded.blocks]
        self._weights = [
            block.conv.weight.to(dtype).contiguous(memory_format=torch.channels_last_3d)
            for block in folded.blocks
        ]
        self._changes = (shown != hidden).any(dim=0).cpu().numpy()
        activation, other = folded.features[0](torch.stack([shown, hidden])).split(1)
        self._change = _Rows(other - activation, dtype)
        # Each layer's sums before rectification, turned round: what a change has to exceed to
        # show where nothing did, see `_rectified`.
        self._below: list[_Rows] = []
        for block in folded.blocks:
            summed = block.conv(block.padded(activation))
            self._below.append(_Rows(-summed, dtype))
            activation = functional.relu(summed)
        self._voxels = summed[0, 0].numel()
        self._idle = _BoxSums(functional.relu(-summed[0].to(dtype)))
        self._tracks: dict[tuple[int, ...], Track | None] = {}

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
        every = [(row, self._tracks_of(start, start + patch)) for row, start in enumerate(starts)]
        seen = [(row, tracks) for row, tracks in every if tracks is not None]
        unseen = [row for row, tracks in every if tracks is None]
        if unseen:
            yield np.array(unseen), np.zeros((len(unseen), self._head.out_features), np.float32)
        # Windows of one size make one convolution: the costly last layer decides the order.
        seen.sort(key=lambda one: list(zip(*(axis.cuts[::-1] for axis in one[1]), strict=True)))
        for begin in range(0, len(seen), batch):
            rows, chosen = zip(*seen[begin : begin + batch], strict=True)
            which = np.array(rows)
            lost = self._lost(chosen) / -self._voxels  # (B, C)
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
            key = axis, int(start[axis]), int(stop[axis]), first, last + 1
            if key not in self._tracks:
                self._tracks[key] = self._track(*key)
            one = self._tracks[key]
            if one is None:
                return None
            found.append(one)
        return found[0], found[1], found[2]

    def _track(self, axis: int, start: int, stop: int, first: int, end: int) -> Track | None:
        """Follow what changes, [first, end), and the patch around it, [start, stop)."""
        length, layout = self._shape[axis], self._layout.along(axis)
        narrow = track(first, end, length, layout)
        wide = track(start, stop, length, layout)
        return _narrowed(wide, narrow, layout) if narrow and wide else None

    def _lost(self, tracks: Sequence[Tracks]) -> torch.Tensor:
        """Return how the sums over the last map change with each patch, shape (B, C), float32."""
        begins = np.array([[axis.start for axis in one] for one in tracks])
        changes = [
            (rows, self._change.windows(begins[rows], [length for length, _ in sides]))
            for sides, rows in _alike(_needs(one, 0) for one in tracks)
        ]
        lost = torch.empty(len(tracks), self._head.in_features, device=self._head.weight.device)
        last = len(self._weights) - 1
        for layer, (weight, below) in enumerate(zip(self._weights, self._below, strict=True)):
            begins = np.array([[axis.outputs[layer] for axis in one] for one in tracks])
            fresh: dict[Needs, list[tuple[list[int], torch.Tensor]]] = {}
            for rows, change in changes:
                margins = [margin for _, margin in _needs(tracks[rows[0]], layer)]
                # A batch of one is sent the slow way, of several the fast one.
                several = change if len(rows) > 1 else change.expand(2, -1, -1, -1, -1)
                # Channels lie last in memory; the convolution learns that from the strides.
                summed = functional.conv3d(
                    several.permute(0, 4, 1, 2, 3),
                    weight,
                    stride=self._strides[layer],
                    padding=margins,
                    groups=self._layout.layers[layer].groups,
                ).permute(0, 2, 3, 4, 1)[: len(rows)]  # (B, w, w, w, C)
                for (cuts, needs), members in _alike(
                    (
                        tuple(axis.cuts[layer] for axis in tracks[row]),
                        _needs(tracks[row], layer + 1) if layer < last else (),
                    )
                    for row in rows
                ):
                    own = [rows[member] for member in members]
                    some = summed if len(own) == len(rows) else summed[members]
                    inside = [slice(cut.skip, cut.skip + cut.width) for cut in cuts]
                    bars = below.windows(begins[own], [cut.width for cut in cuts])
                    if layer == last:
                        torch.maximum(some[:, *inside], bars, out=bars)
                        idle = self._idle.sums(begins[own], [cut.width for cut in cuts])
                        lost[own] = bars.sum(dim=(1, 2, 3), dtype=torch.float32) - idle.to(lost)
                    else:
                        shows = _rectified(some[:, *inside], bars)
                        fresh.setdefault(needs, []).append((own, shows))
            changes = [
                (
                    [row for rows, _ in parts for row in rows],
                    torch.cat([part for _, part in parts]) if len(parts) > 1 else parts[0][1],
                )
                for parts in fresh.values()
            ]
        return lost


Needs = tuple[tuple[int, int], ...]


def _needs(tracks: Tracks, layer: int) -> Needs:
    """Length and margin on each axis: what one convolution of a layer has in common."""
    return tuple((axis.cuts[layer].length, axis.cuts[layer].margin) for axis in tracks)


def _rectified(change: torch.Tensor, bars: torch.Tensor) -> torch.Tensor:
    """Return relu(change - bars) - relu(-bars), which is 0 where nothing changes; uses up `bars`.

    With the sums of the unhidden input as -bars that is the change after rectification.
    """
    shows = torch.maximum(change, bars)
    return shows.sub_(bars.relu_())


def _alike(keys: Iterable[Key]) -> Iterable[tuple[Key, list[int]]]:
    """Group positions by key, in order."""
    groups: dict[Key, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return groups.items()


class _Rows:
    """A map with its channels last, to cut windows from."""

    def __init__(self, values: torch.Tensor, dtype: torch.dtype) -> None:  # (1, C, d, h, w)
        self._shape = values.shape[2:]
        self._rows = values[0].flatten(1).T.to(dtype).contiguous()  # (d * h * w, C)

    def windows(self, begins: np.ndarray, sides: Sequence[int]) -> torch.Tensor:
        """Cut windows that begin at (B, 3): shape (B, *sides, C), contiguous."""
        _, height, width = self._shape
        inside = (
            np.arange(sides[0])[:, None, None] * height + np.arange(sides[1])[:, None]
        ) * width + np.arange(sides[2])
        corners = (begins[:, 0] * height + begins[:, 1]) * width + begins[:, 2]
        index = torch.from_numpy((corners[:, None] + inside.ravel()).ravel())
        found = self._rows.index_select(0, index.to(self._rows.device))
        return found.view(len(begins), *sides, -1)


class _BoxSums:
    """Sums over boxes of a map, from its running sums."""

    def __init__(self, values: torch.Tensor) -> None:  # (C, d, h, w)
        sums = np.moveaxis(values.float().cpu().numpy(), 0, -1).astype(np.float64)
        for axis in range(3):
            sums = sums.cumsum(axis=axis)
        self._sums = np.pad(sums, [(1, 0)] * 3 + [(0, 0)])

    def sums(self, begins: np.ndarray, sides: Sequence[int]) -> torch.Tensor:
        """Sum boxes that begin at (B, 3): shape (B, C), float64, on the CPU."""
        total = np.zeros((len(begins), self._sums.shape[-1]))
        for corner in np.ndindex(2, 2, 2):
            sign = -1 if sum(corner) % 2 == 0 else 1
            total += sign * self._sums[*(begins + np.multiply(corner, sides)).T]
        return torch.from_numpy(total)
