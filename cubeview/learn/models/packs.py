"""Models as things to keep: list, pack into one file, take in, throw away.

A pack is a ZIP file with ``card.json``, ``weights.safetensors``, ``SHA256SUMS``, and, where the
model has them, ``doubt.safetensors`` and ``maps.json``, what its maps are worth. Nothing in it is
ever run, and no name in it decides where anything is written.
"""

import lzma
import os
import re
import shutil
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.learn.models.card import (
    CARD,
    DOUBT,
    WEIGHTS,
    Card,
    ModelRef,
    find_models,
    read_card,
    sha256,
)
from cubeview.paths import data_dir, replacing

SUMS = "SHA256SUMS"
SUFFIX = ".cubeview-model.zip"
STATED = "stated.txt"
"""Lies beside the card of a model that was taken in: its figures were not measured here."""

MAPS = "maps.json"

# In bytes.
_LARGEST = {CARD: 1_000_000, SUMS: 10_000, WEIGHTS: 420_000_000, DOUBT: 50_000_000, MAPS: 1_000_000}
_NEEDED = {CARD, SUMS, WEIGHTS}
_NAME = re.compile(r"[\w][\w .+()-]{0,79}")
# Names Windows keeps for devices, whatever follows the first point.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{a}{n}" for a in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, eq=False)
class Listed:
    """One line of the model manager; what the card does not say is empty.

    Parameters
    ----------
    ref : ModelRef
    own : bool
        Of the user, so that it may be deleted.
    parent : str
        Name of the model it was fine-tuned from.
    cases : int or None
        It was fine-tuned on, or None for a model that was trained on simulations.
    figures, made : str
        Measured figures in words, and the day.
    """

    ref: ModelRef
    own: bool
    parent: str
    cases: int | None
    figures: str
    made: str


def models_dir() -> Path:
    """Return the folder of the user's own models, made if absent."""
    folder = data_dir() / "models"
    with refusing(folder, "cannot be made", "Check the permissions of the folder above it."):
        folder.mkdir(exist_ok=True)
    return folder


def folder_for(name: str) -> Path:
    """Return the folder of a model of the user's that is to be called so.

    Raises CubeviewError if no folder can be called so on every system.
    """
    bad = not _NAME.fullmatch(name) or name.endswith((".", " ", ".part"))
    if bad or name.split(".")[0].strip().lower() in _DEVICES:
        raise CubeviewError(
            f"{name!r} cannot be the name of a model: use letters, digits, spaces, and . _ + ( ) -."
        )
    return models_dir() / name


def free_name(wanted: str) -> str:
    """Return a name no model has yet: the one wanted, or with the next number behind it."""
    taken = {ref.name for ref in find_models()} | {p.name for p in models_dir().iterdir()}
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)


def listed() -> list[Listed]:
    """Return all models, shipped ones first."""
    models = find_models()
    names = {ref.card.weights_sha256: ref.name for ref in models if ref.card.weights_sha256}
    return [
        Listed(
            ref=ref,
            own=_is_own(ref.folder),
            parent=names.get(ref.card.parent, str(ref.card.training.get("finetuned_from", ""))),
            cases=cases if ref.card.parent and type(cases) is int else None,
            figures=_figures(ref),
            made=str(ref.card.training.get("made", ""))[:10],
        )
        for ref in models
        for cases in (ref.card.training.get("cases"),)
    ]


def parent_of(ref: ModelRef) -> ModelRef | None:
    """Return the model a model was fine-tuned from, where it is still there."""
    return _with_weights(ref.card.parent) if ref.card.parent else None


def _with_weights(digest: str) -> ModelRef | None:
    return next((m for m in find_models() if m.card.weights_sha256 == digest), None)


def export_model(folder: Path, path: Path) -> Path:
    """Write a model into one file, whole or not at all.

    Raises CubeviewError if the model is not whole, or the file cannot be written.
    """
    card = read_card(folder)
    with refusing(path, "the model cannot be written", "Choose another folder or make room."):
        names = [CARD, WEIGHTS, *([DOUBT] if card.doubt_sha256 else [])]
        names += [MAPS] if (folder / MAPS).is_file() else []
        held = {name: (folder / name).read_bytes() for name in names}
        if sha256(held[WEIGHTS]) != card.weights_sha256:
            raise CubeviewError(
                f"{folder}: the weights are not those of the card (the SHA-256 differs); it was "
                "not exported."
            )
        sums = "".join(f"{sha256(data)}  {name}\n" for name, data in held.items())
        with replacing(path) as part, zipfile.ZipFile(part, "w") as pack:
            for name, data in {**held, SUMS: sums.encode()}.items():
                # A fixed date: the same model packs to the same file.
                pack.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def import_model(path: Path, *, report: Report = nothing) -> ModelRef:
    """Take a packed model in among the user's own; nothing in it is run.

    It keeps its name, with a number behind it where that is taken. Raises CubeviewError if it is no
    pack, too large, damaged, of another format or shape, or is there already.
    """
    from cubeview.learn.models.model import load_model, try_out

    report(0.0, f"reading {path.name}")
    held = _unpacked(path)
    lines = held.pop(SUMS).decode("ascii", "replace").splitlines()
    sums = {tuple(line.split()) for line in lines if line.strip()}
    if sums != {(sha256(data), name) for name, data in held.items()}:
        raise CubeviewError(
            f"{path}: the file is damaged or was changed (a checksum differs). Get it again."
        )
    place = models_dir()
    part = place / f"{sha256(held[CARD])[:16]}.part"
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for name, data in held.items():
            (part / name).write_bytes(data)
        report(0.5, "checking the weights")
        try:
            model = load_model(part)
            report(0.7, "asking it about a trial case")
            try_out(model)
        except CubeviewError as error:
            raise CubeviewError(str(error).replace(str(part), str(path))) from error
        card = model.card
        (part / STATED).write_text("The figures are as its maker states them.\n", "utf-8")
        if twin := _with_weights(card.weights_sha256):
            raise CubeviewError(f"{path}: this model is here already, as {twin.name}.")
        folder = folder_for(free_name(_safe(card.name)))
        os.rename(part, folder)
    except OSError as error:
        raise CubeviewError(
            f"{place}: the model cannot be written ({error.strerror or error}). Make room and try "
            "again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    report(1.0, "imported")
    return next(ref for ref in find_models() if ref.folder == folder)


def delete_model(folder: Path) -> None:
    """Delete one of the user's own models for good.

    Raises CubeviewError if it is no model of the user's, or cannot be deleted.
    """
    if not _is_own(folder) or not (folder / CARD).is_file():
        raise CubeviewError(f"{folder}: not one of your own models; it was not deleted.")
    gone = folder.with_name(folder.name + ".part")
    with refusing(folder, "cannot be deleted", "Check its permissions."):
        shutil.rmtree(gone, ignore_errors=True)
        # Out of the list at once: a kill half way leaves no half model behind.
        os.rename(folder, gone)
        shutil.rmtree(gone)


def _unpacked(path: Path) -> dict[str, bytes]:
    """Return the members of a pack, or raise CubeviewError saying why it is none."""
    try:
        advice = "Check that it is still there."
        with refusing(path, "cannot be read", advice), zipfile.ZipFile(path) as pack:
            members = {entry.filename: entry for entry in pack.infolist()}
            if not _NEEDED <= set(members) <= set(_LARGEST) or len(pack.infolist()) != len(members):
                raise CubeviewError(
                    f"{path}: not a packed model: it should hold {', '.join(sorted(_NEEDED))} and "
                    "nothing else. Choose a file made by Export in the model manager."
                )
            held = {}
            for name, entry in members.items():
                # What a header says of the size is not believed: no more than this is unpacked.
                with pack.open(entry) as stream:
                    held[name] = stream.read(_LARGEST[name] + 1)
                if len(held[name]) > _LARGEST[name]:
                    raise CubeviewError(f"{path}: {name} in it is too large for a model.")
            return held
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
        RuntimeError, EOFError, ValueError, MemoryError,
    ) as error:  # fmt: skip
        raise CubeviewError(
            f"{path}: not a packed model, or damaged ({error}). Get it again."
        ) from error


def _safe(name: str) -> str:
    """Return a name of a card as one a folder can have."""
    cleaned = re.sub(r"[^\w .+()-]", "-", name)[:60].strip(". ")
    return re.sub(r"^[^\w]+", "", cleaned) or "model"


def _is_own(folder: Path) -> bool:
    return folder.resolve().parent == models_dir().resolve()


def _figures(ref: ModelRef) -> str:
    """Return the figures of a model in a few words, and whose word they are."""
    figures = _card_figures(ref.card)
    return (
        f"{figures}, as its maker states" if figures and (ref.folder / STATED).exists() else figures
    )


def _card_figures(card: Card) -> str:
    """Return the figures of a card, of a fine-tuned or of a trained model, in a few words."""
    found = card.metrics.get("out_of_fold")
    if isinstance(found, dict) and isinstance(found.get("auc"), dict):
        auc, balanced = found["auc"].get("mean"), found.get("balanced_accuracy")
        parts = [f"AUC {auc:.3f}" if isinstance(auc, float) else ""]
        parts.append(f"balanced {balanced:.2f}" if isinstance(balanced, float) else "")
        return ", ".join(filter(None, parts))
    numbers = {key: value for key, value in card.metrics.items() if isinstance(value, float)}
    for table in card.metrics.values():
        if isinstance(table, dict):
            numbers |= {k: v for k, v in table.items() if isinstance(v, float)}
    words = {"auc_defect_against_normal": "AUC", "auc_normal_against_rest": "AUC normal"}
    words["accuracy"] = "accuracy"
    return ", ".join(f"{word} {numbers[key]:.3f}" for key, word in words.items() if key in numbers)
