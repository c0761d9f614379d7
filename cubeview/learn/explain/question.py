"""What a way to explain is given, and what it gives back, as values.

torch is loaded by the methods, never with this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cubeview.errors import Report, nothing

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.model import Model
    from cubeview.learn.models.prepared import Prepared


def choice(default: Any, help: str, among: tuple[str, ...] | None = None) -> Any:
    """Return a field of a method's settings, with what the command line says of it.

    Parameters
    ----------
    default : object
    help : str
    among : tuple of str, optional
        All that can be chosen; None where it is not one of a few.
    """
    return field(default=default, metadata={"help": help, "among": among})


FILLS = ("zero", "wall", "mean")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class OcclusionSettings:
    """What is hidden, and how finely; the defaults of the window, the commands and scripts.

    Parameters
    ----------
    patch : int
        Side of the hidden cube, in input voxels.
    stride : int
        Input voxels from patch to patch, at most `patch`. The finest, because coarser maps come
        first and whoever has seen enough may stop; a stride of 4 leaves blocks of 20 mm.
    fill : {"zero", "wall", "mean"}
        What the patch shows instead: nothing, which imitates a defect; the level of a healthy
        wall (hearts only); the mean of what the network sees. Places that were never shown to
        the network stay empty.
    channel : str
        ``"both"``, or the role of the one channel that is hidden.
    precision : {"float32", "bfloat16"}
        float32 gives the numbers of one full pass a patch; bfloat16 is faster, where the
        processor has it, and errs by about a hundredth of a drop.
    """

    patch: int = choice(8, "side of what is hidden, in input voxels")
    stride: int = choice(1, "finest step between patches, in input voxels; coarser ones come first")
    fill: Literal["zero", "wall", "mean"] = choice("zero", "what is shown instead", FILLS)
    channel: str = choice("both", "which of the inputs it is hidden in: both, or one role")
    precision: Literal["float32", "bfloat16"] = choice(
        "float32",
        "exact, or bfloat16: faster where the processor has it, within about 1 %% of a drop",
        PRECISIONS,
    )


@dataclass(frozen=True, eq=False)
class GridMap:
    """A map on the network's input grid.

    Parameters
    ----------
    values : ndarray, shape (d, h, w) or (channel, d, h, w), float32
        One map for all channels, or one for each.
    words : mapping of str to str
        Choices that made it.
    channel : str
        The only role it speaks of; empty for all.
    complete : bool
        False for a coarse map that is still being refined.
    """

    values: np.ndarray
    words: Mapping[str, str] = field(default_factory=dict)
    channel: str = ""
    complete: bool = True

    @property
    def summed(self) -> np.ndarray:
        """One map, shape (d, h, w): the channels added up."""
        return self.values if self.values.ndim == 3 else self.values.sum(axis=0)


@dataclass(frozen=True, eq=False)
class Question:
    """Where did this network look for one of its classes?

    A method is called with it in inference mode, on the best device and once more on the CPU
    where that fails.

    Parameters
    ----------
    model : Model
        Its network is on the device.
    prepared : Prepared
    row : int
        The class, by its place among the answers.
    shown : Tensor, shape (1, channel, d, h, w)
        The input, on the device.
    settings : object
        As the method's entry in `cubeview.learn.explain.methods.EXPLAINERS` says.
    report : Report
    partial : callable, optional
        Given coarse maps while the work goes on.
    """

    model: "Model"
    prepared: "Prepared"
    row: int
    shown: "torch.Tensor"
    settings: Any = None
    report: Report = nothing
    partial: Callable[[GridMap], None] | None = None
