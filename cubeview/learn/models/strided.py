"""The first network: strided 3-D convolutions, global average pooling, one linear layer.

Layout after Smith & Geach (heart-cnn, 2018), with batch normalisation and a scaled input: the
bare layout does not start to learn. `features` and `head` are apart, so that explanations and
fine-tuning need no hooks; batch normalisation folds into the convolutions, so that a class
activation map (Zhou et al. 2016, arXiv:1512.04150, eq. 2) and exact local occlusion stay.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

from cubeview.learn.models.network import Network, PooledHead
from cubeview.learn.models.receptive import Layer, Layout

Padding = tuple[tuple[int, int], ...]

NAME = "strided"
"""What cards call it."""

MOST_WEIGHTS = 100_000_000
MOST_LAYERS, MOST_CHANNELS, MOST_SIDE = 64, 8192, 32


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the shape of a network; travels in the model card.

    Parameters
    ----------
    channels_in : int
        Input channels, in the order of the card's.
    classes : int
        Number of answers.
    widths, kernels, strides : tuple of int
        Output channels, kernel side and stride of each convolution; the same on all three axes.
    padding : {"same", "valid"} or tuple of (low, high)
        Zeros added at the low and the high end of every axis before each convolution. ``"same"``
        keeps the size up to the stride and puts an odd voxel at the high end, as TensorFlow does.
        The default puts it at the high end first and at the low end next, so that the centres of
        the last map lie symmetrically in the input.
    batch_norm : bool
    groups : int
        Networks side by side that share nothing but the input and the mean of their answers:
        their channels lie one network after another in each width. See
        `cubeview.learn.models.ensemble`.
    flat : bool
        For pictures, inputs of one slice: kernels, strides and padding are of two axes.
    mean, std : tuple of float, one per channel
        The input is ``(x - mean) / std`` before the first convolution.
    """

    channels_in: int = 2
    classes: int = 5
    widths: tuple[int, ...] = (32, 64, 128, 256)
    kernels: tuple[int, ...] = (4, 4, 2, 2)
    strides: tuple[int, ...] = (2, 2, 1, 1)
    padding: Literal["same", "valid"] | Padding = ((1, 1), (1, 1), (0, 1), (1, 0))
    batch_norm: bool = True
    groups: int = 1
    flat: bool = False
    mean: tuple[float, ...] = (0.25, 0.25)
    std: tuple[float, ...] = (0.25, 0.25)

    def __post_init__(self) -> None:
        layers = len(self.widths)
        most = max((self.channels_in, self.classes, *self.widths), default=0)
        if layers > MOST_LAYERS or most > MOST_CHANNELS or max(self.kernels, default=0) > MOST_SIDE:
            raise ValueError(
                f"more than {MOST_LAYERS} convolutions, {MOST_CHANNELS} channels or a kernel of "
                f"{MOST_SIDE}: no such network is built"
            )
        if not layers or {len(self.kernels), len(self.strides), len(self.pads)} != {layers}:
            raise ValueError("widths, kernels, strides and padding need one entry per convolution")
        if not len(self.mean) == len(self.std) == self.channels_in:
            raise ValueError(f"mean and std need {self.channels_in} numbers, one a channel")
        sizes = (*self.widths, *self.kernels, *self.strides)
        least = min(self.channels_in, self.classes, self.groups, *sizes)
        if least < 1 or min(min(pair) for pair in self.pads) < 0 or min(self.std) <= 0:
            raise ValueError("sizes must be positive, padding not negative, std above 0")
        if any(width % self.groups for width in self.widths):
            raise ValueError(f"widths must be multiples of {self.groups} groups")
        if any(s > k for s, k in zip(self.strides, self.kernels, strict=True)):
            raise ValueError("a stride larger than its kernel leaves voxels unseen")
        if any(max(pair) >= k for pair, k in zip(self.pads, self.kernels, strict=True)):
            raise ValueError("padding must be smaller than its kernel")
        if self.weights > MOST_WEIGHTS:
            raise ValueError(f"{self.weights} weights are more than {MOST_WEIGHTS}")

    @property
    def pads(self) -> Padding:
        """Padding of each convolution as (low, high)."""
        if self.padding == "valid":
            return ((0, 0),) * len(self.kernels)
        if self.padding == "same":
            extra = (k - s for k, s in zip(self.kernels, self.strides, strict=True))
            return tuple((n // 2, n - n // 2) for n in extra)
        return tuple((low, high) for low, high in self.padding)

    @property
    def weights(self) -> int:
        """Number of convolution and head weights, biases left out."""
        total, inside = self.widths[-1] * self.classes, self.channels_in
        for layer in self.layout.layers:
            total += (
                inside // layer.groups * layer.channels * layer.kernel ** (2 if self.flat else 3)
            )
            inside = layer.channels
        return total

    @property
    def layout(self) -> Layout:
        """The layers from the input to the last map."""
        # All networks side by side begin at the same input.
        groups = (1, *(self.groups for _ in self.widths[1:]))
        shapes = zip(self.kernels, self.strides, self.pads, self.widths, groups, strict=True)
        return Layout(self.channels_in, tuple(Layer(*shape) for shape in shapes), self.flat)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the card."""
        return {"name": NAME, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "NetworkConfig":
        """Build from the card's plain values.

        Raises ValueError if an entry is unknown, of the wrong kind, or makes no network.
        """
        data = {name: value for name, value in data.items() if name != "name"}
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(data) - set(names)):
            raise ValueError(f"unknown network entry {unknown[0]!r}")
        for name in sorted(set(names) - {"padding", "batch_norm", "flat"}):
            numbers = data.get(name, 1)
            numbers = numbers if isinstance(numbers, (list, tuple)) else [numbers]
            kinds = (int, float) if name in ("mean", "std") else (int,)
            if any(type(number) not in kinds for number in numbers):
                raise ValueError(f"network entry {name!r} is not made of numbers")
        try:
            return cls(**{name: _tuples(value) for name, value in data.items()})
        except TypeError as error:
            raise ValueError(f"network entries have the wrong kind ({error})") from error


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


class Scale(nn.Module):
    """Bring the input to about zero mean and unit spread, channel by channel."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        # The numbers are the card's, so they are no part of the weights.
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1, 1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``(x - mean) / std``."""
        return (x - self.mean) / self.std


class Block(nn.Module):
    """Zero padding, convolution, batch normalisation if wanted, ReLU."""

    def __init__(self, inside: int, layer: Layer, norm: bool, flat: bool = False) -> None:
        super().__init__()
        self.pad = pad = layer.pad
        self.flat = flat
        # A symmetric margin is left to the convolution, which then needs no padded copy.
        even = pad[0] if pad[0] == pad[1] else 0
        self.conv = nn.Conv3d(
            inside,
            layer.channels,
            _sides(layer.kernel, 1, flat),
            _sides(layer.stride, 1, flat),
            padding=_sides(even, 0, flat),
            bias=not norm,
            groups=layer.groups,
        )
        self.norm = nn.BatchNorm3d(layer.channels) if norm else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the next map, never negative."""
        x = self.conv(self.padded(x))
        if self.norm is not None:
            x = self.norm(x)
        return functional.relu(x)

    def padded(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input with the margin that is not left to the convolution."""
        if self.pad[0] == self.pad[1]:
            return x
        return functional.pad(x, self.pad * (2 if self.flat else 3))


def _sides(side: int, through: int, flat: bool) -> tuple[int, int, int]:
    return (through if flat else side), side, side


class StridedNetwork(Network):
    """A `NetworkConfig` with weights.

    ``features[0]`` scales the input, ``features[1:]`` are the blocks from below.
    """

    features: nn.Sequential
    head: PooledHead
    early_stages = 3

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        steps = pairwise((config.channels_in, *config.widths))
        self.features = nn.Sequential(
            Scale(config.mean, config.std),
            *(
                Block(inside, layer, config.batch_norm, config.flat)
                for (inside, _), layer in zip(steps, config.layout.layers, strict=True)
            ),
        )
        self.head = PooledHead(config.widths[-1], config.classes)

    def entries(self) -> dict[str, Any]:
        """Return the config as plain values."""
        return self.config.to_dict()

    def layout(self) -> Layout:
        """Return the layers from the input to the last map."""
        return self.config.layout

    @property
    def stages(self) -> list[nn.Module]:
        """The scaling and the blocks from below."""
        return list(self.features)

    @property
    def blocks(self) -> list[Block]:
        """The convolutions from below, each with what belongs to it."""
        return [module for module in self.features if isinstance(module, Block)]

    def early(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pooled features of the first two convolutions."""
        x, found = self.features[0](x), []
        for block in self.stages[1 : self.early_stages]:
            x = block(x)
            found.append(x.mean(dim=(2, 3, 4)))
        return torch.cat(found, dim=1)

    def folded(self) -> "StridedNetwork":
        """Return a copy without batch normalisation."""
        return fold_batch_norm(self)

    def reset_head(self, classes: int) -> None:
        """Replace the head by a fresh one for another number of classes."""
        self.config = replace(self.config, classes=classes)
        self.head = PooledHead(self.config.widths[-1], classes).to(self.head.weight.device)


def build(config: NetworkConfig) -> StridedNetwork:
    """Return a network with fresh weights (He et al. 2015 for the convolutions, before ReLU).

    In training mode, on the CPU. Seed with ``torch.manual_seed`` before for the same weights.
    """
    network = StridedNetwork(config)
    for module in network.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def fold_batch_norm(network: StridedNetwork) -> StridedNetwork:
    """Return the same function of the input without batch normalisation, for evaluation only.

    Each convolution takes the running statistics of its normalisation into its weights and bias
    (computed in float64). The given network is left as it is.
    """
    folded = deepcopy(network)
    folded.config = replace(network.config, batch_norm=False)
    with torch.no_grad():
        for block in folded.blocks:
            conv, norm = block.conv, block.norm
            if norm is None:
                continue
            assert norm.running_mean is not None
            assert norm.running_var is not None
            # Not every accelerator has float64.
            gain = norm.weight.double().cpu() / torch.sqrt(
                norm.running_var.double().cpu() + norm.eps
            )
            bias = norm.bias.double().cpu() - norm.running_mean.double().cpu() * gain
            conv.weight.copy_(conv.weight.double().cpu() * gain.view(-1, 1, 1, 1, 1))
            conv.bias = nn.Parameter(bias.to(conv.weight))
            block.norm = None
    return folded.eval()
