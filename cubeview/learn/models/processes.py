"""Several processes that train as one: each does its share of a batch, gradients are summed.

Started by ``torchrun``, which says in the environment how many there are. What a batch
normalisation has seen is frozen in a fine-tune, so the sum over the shares is exactly the
gradient of the whole batch, whatever the number of processes. For training see
`cubeview.learn.train.fit`.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
from torch import distributed, nn

from cubeview.errors import CubeviewError

_PATIENCE = timedelta(hours=12)
"""One process may be much slower than another at simulating its part of the data."""


@dataclass(frozen=True)
class Together:
    """One process among those that train together; the one of rank 0 writes and speaks."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def share(self, items: torch.Tensor) -> torch.Tensor:
        """Return this process's part of what all of them share, along the first axis."""
        return items[self.rank :: self.size]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make each gradient the sum over all processes."""
        if self.size == 1:
            return
        found = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in found])
        distributed.all_reduce(flat)
        parts = flat.split([gradient.numel() for gradient in found])
        for gradient, part in zip(found, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def average(self, values: Iterable[torch.Tensor]) -> None:
        """Make each tensor of floating-point numbers the mean over all processes."""
        if self.size == 1:
            return
        for value in values:
            if value.is_floating_point():
                distributed.all_reduce(value)
                value /= self.size

    def agree(self, number: int) -> None:
        """Raise CubeviewError if not all processes are at the same place, for want of one disk."""
        if self.size == 1:
            return
        ends = torch.tensor([number, -number], device=self.device)
        distributed.all_reduce(ends, distributed.ReduceOp.MAX)
        if ends.sum() != 0:
            raise CubeviewError(
                "the processes found different checkpoints. Give them a work folder on a disk "
                "they share."
            )

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()


def alone() -> Together:
    """Return a single process: on CUDA where there is one, else on the CPU."""
    return Together(device=torch.device("cuda" if torch.cuda.is_available() else "cpu"))


@contextmanager
def joined() -> Iterator[Together]:
    """Join the processes torchrun started; alone without it.

    Raises CubeviewError if they cannot find each other.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield alone()
        return
    device, cuda = torch.device("cpu"), torch.cuda.is_available()
    if cuda:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    try:
        distributed.init_process_group("nccl" if cuda else "gloo", timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise CubeviewError(
            f"the processes of torchrun cannot find each other ({error}). Check its --nnodes and "
            "--rdzv-endpoint."
        ) from error
    try:
        yield Together(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
