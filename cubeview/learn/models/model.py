"""Models on disk: safetensors beside a card, never a pickle."""

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load as weights_of
from safetensors.torch import save as bytes_of

import cubeview
from cubeview.errors import CubeviewError, refusing
from cubeview.learn.models import strided
from cubeview.learn.models.card import (
    CARD,
    DOUBT,
    WEIGHTS,
    Asked,
    Card,
    read_card,
    sha256,
    why_not,
    write_card,
)
from cubeview.learn.models.choose import choose
from cubeview.learn.models.doubt import Doubt, doubt_bytes, doubt_of
from cubeview.learn.models.network import Network
from cubeview.learn.models.rooms import room_of
from cubeview.paths import read_within

_PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
_PICKLE_NAMES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin"}
_LARGEST_DOUBT = 50_000_000  # bytes
_HEADER_ROOM = 10_000_000  # bytes for the safetensors header
_MOST_STEPS, _MOST_VALUES = 10**12, 2 * 10**8

NETWORKS: Mapping[str, Callable[[Mapping[str, Any]], Network]] = {
    strided.NAME: lambda entries: strided.build(strided.NetworkConfig.from_dict(entries))
}
"""Networks by the name cards have for them; each raises ValueError for entries that make none."""


@dataclass(frozen=True, eq=False)
class Model:
    """A network ready to answer, its card, and the folder it lies in (None before a save).

    ``doubt`` knows what its training data look like; None for models that came without.
    """

    network: Network
    card: Card
    folder: Path | None = None
    doubt: Doubt | None = None


def load_model(folder: Path | str) -> Model:
    """Load a model folder: in evaluation mode, on the CPU, weights in float32.

    Raises CubeviewError if the card or the weights cannot be used: missing, damaged, a pickle, not
    those the card was written for (SHA-256), or of another shape.
    """
    folder = Path(folder)
    card = read_card(folder)
    try:
        network = fresh_network(card.network)
    except ValueError as error:
        raise CubeviewError(f"{folder / CARD}: the network cannot be built: {error}.") from error
    _check_work(folder, card, network)
    data = _read_weights(folder, network)
    if sha256(data) != card.weights_sha256:
        raise CubeviewError(
            f"{folder / WEIGHTS}: these are not the weights the card was written for (the SHA-256 "
            "differs). Copy the whole model folder again."
        )
    try:
        weights = weights_of(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CubeviewError(
            f"{folder / WEIGHTS}: not a safetensors file ({error}). Copy the model folder again."
        ) from error
    if fault := _misfit(network.state_dict(), weights):
        raise CubeviewError(
            f"{folder / WEIGHTS}: the weights do not fit the card's network: {fault}."
        )
    network.load_state_dict(weights)
    return Model(network.eval(), card, folder, _read_doubt(folder, card, network))


def try_out(model: Model) -> None:
    """Ask a model about an input that holds nothing; CubeviewError if it cannot answer that."""
    size = room_of(model.card.preprocess["kind"]).config(model.card.preprocess).size
    try:
        with torch.inference_mode():
            sides = model.network.layout().sides(size)
            said = model.network(torch.zeros(1, len(model.card.channels), *sides))
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise CubeviewError(
            f"{model.folder}: the model cannot answer about a trial case ({type(error).__name__}). "
            "Ask its maker."
        ) from error
    if not torch.isfinite(torch.as_tensor(said)).all():
        raise CubeviewError(
            f"{model.folder}: what the model answers about a trial case is no number. Ask its "
            "maker."
        )


def _check_work(folder: Path, card: Card, network: Network) -> None:
    """Refuse a network that sees nothing of its input, or would not be done with it."""
    try:
        size = room_of(card.preprocess["kind"]).config(card.preprocess).size
    except CubeviewError as error:
        raise CubeviewError(f"{folder / CARD}: {error}") from error
    steps, values = network.layout().work(size)
    if not network.layout().map_size(size) or steps > _MOST_STEPS or values > _MOST_VALUES:
        raise CubeviewError(
            f"{folder / CARD}: an input of {size} voxels a side would take this network "
            f"{steps:.0e} steps and {values:.0e} values at once; from 1 to {_MOST_STEPS:.0e} and "
            f"{_MOST_VALUES:.0e} are allowed. Ask its maker for a smaller one."
        )


def fresh_network(entries: Mapping[str, Any]) -> Network:
    """Return the network a card's entries describe, with fresh weights, in training mode.

    Raises ValueError if there is no network of that name, or the entries make none.
    """
    name = entries.get("name", strided.NAME)
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}, only {', '.join(NETWORKS)}")
    return NETWORKS[name](entries)


def loaded(folder: Path) -> Model:
    """Return the model of a folder as this thread has loaded it before, or load it.

    A thread has its own: asking may move a network to another device and back.
    """
    return _kept(folder, (folder / CARD).stat().st_mtime_ns, threading.get_ident())


def model_for(case: Asked, wanted: str = "") -> Model:
    """Return the model that is asked about a case, loaded; see `choose`.

    Raises CubeviewError if there is none, or it cannot judge the case.
    """
    ref = choose(case, wanted=wanted)
    if reason := why_not(ref.card, case):
        raise CubeviewError(reason)
    return loaded(ref.folder)


@lru_cache(maxsize=4)
def _kept(folder: Path, changed: int, thread: int) -> Model:
    return load_model(folder)


def save_model(model: Model, folder: Path | str) -> Model:
    """Write a model folder, whole or not at all; return the model as it lies there.

    A model is never overwritten. The card is given the network's entries, hashes and versions.
    Raises CubeviewError if the folder exists or cannot be written.
    """
    folder = Path(folder)
    if folder.exists():
        raise CubeviewError(f"{folder}: there is a model already. Choose another name.")
    weights = {k: v.detach().cpu().contiguous() for k, v in model.network.state_dict().items()}
    data = bytes_of(weights)
    doubt = None if model.doubt is None else doubt_bytes(model.doubt)
    versions = {"cubeview": cubeview.__version__, "torch": torch.__version__.partition("+")[0]}
    card = replace(
        model.card,
        network=model.network.entries(),
        weights_sha256=sha256(data),
        doubt_sha256="" if doubt is None else sha256(doubt),
        versions={**model.card.versions, **versions, "safetensors": safetensors.__version__},
    )
    part = folder.with_name(folder.name + ".part")
    try:
        with refusing(folder, "the model cannot be written", "Check the disk."):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            (part / WEIGHTS).write_bytes(data)
            if doubt is not None:
                (part / DOUBT).write_bytes(doubt)
            write_card(card, part)
            os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Model(model.network, card, folder, model.doubt)


def add_doubt(model: Model, doubt: Doubt) -> Model:
    """Put what the training data look like beside the weights of a model on disk.

    Raises CubeviewError if the folder cannot be written.
    """
    folder = model.folder
    assert folder is not None
    data = doubt_bytes(doubt)
    card = replace(model.card, doubt_sha256=sha256(data))
    with refusing(folder, "the model cannot be written", "Check the disk."):
        # Until the card says so, the file counts for nothing.
        (folder / DOUBT).write_bytes(data)
        write_card(card, folder)
    return replace(model, card=card, doubt=doubt)


def _read_doubt(folder: Path, card: Card, network: Network) -> Doubt | None:
    """Return what the card says of the training data's looks, or raise CubeviewError."""
    path = folder / DOUBT
    if not card.doubt_sha256:
        return None
    data = read_within(path, _LARGEST_DOUBT, "Copy the whole model folder again.")
    if sha256(data) != card.doubt_sha256:
        raise CubeviewError(
            f"{path}: not the file the card was written for (the SHA-256 differs). Copy the whole "
            "model folder again."
        )
    try:
        return doubt_of(data, network)
    except ValueError as error:
        raise CubeviewError(f"{path}: {error}. Copy the whole model folder again.") from error


def _read_weights(folder: Path, network: Network) -> bytes:
    """Return the bytes of the weights file, or raise CubeviewError saying why not."""
    path = folder / WEIGHTS
    most = sum(value.nbytes for value in network.state_dict().values()) + _HEADER_ROOM
    if not path.exists():
        pickles = [p.name for p in folder.iterdir() if p.suffix in _PICKLE_NAMES]
        if pickles:
            raise CubeviewError(
                f"{folder}: {pickles[0]} is a Python pickle, which can run any program when it is "
                f"opened; CubeView never loads one. Convert it to {WEIGHTS}."
            )
        raise CubeviewError(f"{folder}: {WEIGHTS} is missing. Copy the whole model folder again.")
    data = read_within(path, most, "Check its permissions, or copy the model folder again.")
    # A safetensors file has a brace after its 8-byte length, which may well begin like a pickle.
    if data.startswith(_PICKLE_STARTS) and data[8:9] != b"{":
        raise CubeviewError(
            f"{path}: in truth a Python pickle, which can run any program when it is opened; "
            "CubeView never loads one. Convert it to safetensors."
        )
    return data


def _misfit(wanted: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> str:
    """Say how weights differ in names, shape or kind from the network's; empty when they fit."""
    for name in sorted(set(wanted) ^ set(found)):
        return f"{name!r} is {'missing' if name in wanted else 'unknown'}"
    for name, tensor in wanted.items():
        if found[name].shape != tensor.shape or found[name].dtype != tensor.dtype:
            return (
                f"{name!r} is {found[name].dtype} of {tuple(found[name].shape)}, not "
                f"{tensor.dtype} of {tuple(tensor.shape)}"
            )
        if not torch.isfinite(found[name]).all():
            return f"{name!r} holds numbers that are not finite"
    return ""
