"""Models on disk: safetensors beside a card, never a pickle."""

import os
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load as weights_of
from safetensors.torch import save as bytes_of

import cubeview
from cubeview.errors import CubeviewError
from cubeview.learn.models.card import CARD, DOUBT, WEIGHTS, Card, read_card, sha256, write_card
from cubeview.learn.models.doubt import Doubt, doubt_bytes, doubt_of
from cubeview.learn.models.network import Network, NetworkConfig, build

_PICKLE_STARTS = (b"PK\x03\x04", b"\x80")
_PICKLE_NAMES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin"}
_BYTES_PER_WEIGHT = 4
_LARGEST_DOUBT = 50_000_000  # bytes
_HEADER_ROOM = 10_000_000  # bytes for the safetensors header, biases and running statistics


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
    """Load a model folder.

    Parameters
    ----------
    folder : path
        Holds ``weights.safetensors`` and ``card.json``.

    Returns
    -------
    Model
        In evaluation mode, on the CPU, weights in float32.

    Raises
    ------
    CubeviewError
        If the card or the weights cannot be used: missing, damaged, a pickle, not those the card
        was written for (SHA-256), or of another shape.
    """
    folder = Path(folder)
    card = read_card(folder)
    try:
        config = NetworkConfig.from_dict(card.network)
    except ValueError as error:
        raise CubeviewError(f"{folder / CARD}: the network cannot be built: {error}.") from error
    data = _read_weights(folder, config)
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
    network = build(config)
    fault = _misfit(network.state_dict(), weights)
    if fault:
        raise CubeviewError(
            f"{folder / WEIGHTS}: the weights do not fit the card's network: {fault}."
        )
    network.load_state_dict(weights)
    return Model(network.eval(), card, folder, _read_doubt(folder, card, network))


def loaded(folder: Path) -> Model:
    """Return the model of a folder as this thread has loaded it before, or load it.

    A thread has its own: asking may move a network to another device and back.
    """
    return _kept(folder, (folder / CARD).stat().st_mtime_ns, threading.get_ident())


@lru_cache(maxsize=4)
def _kept(folder: Path, changed: int, thread: int) -> Model:
    return load_model(folder)


def save_model(model: Model, folder: Path | str) -> Model:
    """Write a model folder, whole or not at all.

    Parameters
    ----------
    model : Model
    folder : path
        Must not exist yet: a model is never overwritten.

    Returns
    -------
    Model
        The same network with the folder, and the card as written (hash, network, versions).

    Raises
    ------
    CubeviewError
        If the folder exists or cannot be written.
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
        network=model.network.config.to_dict(),
        weights_sha256=sha256(data),
        doubt_sha256="" if doubt is None else sha256(doubt),
        versions={**model.card.versions, **versions, "safetensors": safetensors.__version__},
    )
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        (part / WEIGHTS).write_bytes(data)
        if doubt is not None:
            (part / DOUBT).write_bytes(doubt)
        write_card(card, part)
        os.rename(part, folder)
    except OSError as error:
        raise CubeviewError(
            f"{folder}: the model cannot be written ({error.strerror}). Check the disk."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Model(model.network, card, folder, model.doubt)


def add_doubt(model: Model, doubt: Doubt) -> Model:
    """Put what the training data look like beside the weights of a model on disk.

    Parameters
    ----------
    model : Model
        As loaded from its folder; its weights stay as they are.
    doubt : Doubt

    Returns
    -------
    Model

    Raises
    ------
    CubeviewError
        If the folder cannot be written.
    """
    folder = model.folder
    assert folder is not None
    data = doubt_bytes(doubt)
    card = replace(model.card, doubt_sha256=sha256(data))
    part = folder / f"{CARD}.part"
    try:
        # Until the card says so, the file counts for nothing.
        (folder / DOUBT).write_bytes(data)
        write_card(card, folder, part.name)
        os.replace(part, folder / CARD)
    except OSError as error:
        raise CubeviewError(
            f"{folder}: the model cannot be written ({error.strerror}). Check the disk."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return replace(model, card=card, doubt=doubt)


def _read_doubt(folder: Path, card: Card, network: Network) -> Doubt | None:
    """Return what the card says of the training data's looks, or raise CubeviewError."""
    path = folder / DOUBT
    if not card.doubt_sha256:
        return None
    try:
        if path.stat().st_size > _LARGEST_DOUBT:
            raise CubeviewError(f"{path}: far too large. Copy the whole model folder again.")
        data = path.read_bytes()
    except OSError as error:
        raise CubeviewError(
            f"{path}: cannot be read ({error.strerror}). Copy the whole model folder again."
        ) from error
    if sha256(data) != card.doubt_sha256:
        raise CubeviewError(
            f"{path}: not the file the card was written for (the SHA-256 differs). Copy the whole "
            "model folder again."
        )
    try:
        return doubt_of(data, network)
    except ValueError as error:
        raise CubeviewError(f"{path}: {error}. Copy the whole model folder again.") from error


def _read_weights(folder: Path, config: NetworkConfig) -> bytes:
    """Return the bytes of the weights file, or raise CubeviewError saying why not."""
    path = folder / WEIGHTS
    most = config.weights * _BYTES_PER_WEIGHT + _HEADER_ROOM
    try:
        if path.stat().st_size > most:
            raise CubeviewError(
                f"{path}: far larger than the card's network. Copy the model folder again."
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        pickles = [p.name for p in folder.iterdir() if p.suffix in _PICKLE_NAMES]
        if pickles:
            raise CubeviewError(
                f"{folder}: {pickles[0]} is a Python pickle, which can run any program when it is "
                f"opened; CubeView never loads one. Convert it to {WEIGHTS}."
            ) from error
        raise CubeviewError(
            f"{folder}: {WEIGHTS} is missing. Copy the whole model folder again."
        ) from error
    except OSError as error:
        raise CubeviewError(
            f"{path}: cannot be read ({error.strerror}). Check its permissions."
        ) from error
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
