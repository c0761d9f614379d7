"""Where a network computes: CUDA, else an Apple GPU, else the CPU, and why."""

import logging
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import TypeVar

import torch

from cubeview.learn.models.network import Network

log = logging.getLogger(__name__)

T = TypeVar("T")


def best_device() -> tuple[torch.device, str]:
    """Return the fastest device there is, and for the user its name, or why it is the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda"), f"CUDA ({torch.cuda.get_device_name()})"
    if torch.backends.mps.is_available():
        return torch.device("mps"), "Apple GPU"
    if torch.version.cuda is not None:
        return torch.device("cpu"), "CPU (no CUDA card, or no driver for it, was found)"
    if sys.platform == "darwin":
        return torch.device("cpu"), "CPU (no Apple GPU that torch can use)"
    return torch.device("cpu"), "CPU (this edition comes without CUDA)"


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 saves time there: software emulation takes twenty times as long."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def share_cores() -> None:
    """Leave one core to the window, so that it stays smooth while a network works.

    A process that another one started shares the cores with its brothers, and takes one.
    """
    if multiprocessing.parent_process() is not None:
        torch.set_num_threads(1)
        return
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable else os.cpu_count() or 1
    torch.set_num_threads(max(1, cores - 1))


def on_best_device(network: Network, work: Callable[[torch.device], T]) -> tuple[T, str]:
    """Run something with a network on the best device, on the CPU if that fails.

    The network is moved there and set to evaluation; `work` is given the device and called in
    inference mode, a second time when an accelerator fails. Returns what `work` returned, and
    where it ran, with the reason when not on an accelerator.
    """
    share_cores()
    device, name = best_device()
    network.eval()
    # Inference mode belongs to the thread, so it is opened here and not by the caller.
    # TF32 would change logits in the third digit between machines.
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        if device.type != "cpu":
            try:
                _move(network, device)
                return work(device), name
            except (RuntimeError, NotImplementedError) as error:
                log.warning("%s failed, using the CPU: %s", name, error)
                name = f"CPU ({name} failed)"
        _move(network, torch.device("cpu"))
        return work(torch.device("cpu")), name


def _move(network: Network, device: torch.device) -> None:
    """Move the weights; what is moved in inference mode could never be asked for a gradient."""
    with torch.inference_mode(False):
        network.to(device)
