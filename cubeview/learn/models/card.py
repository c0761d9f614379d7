"""The model card: everything but the weights that is needed to use a model and to judge it.

A model is a folder with ``weights.safetensors`` and ``card.json``. The card alone says how a case
is prepared, what the network looks like, what its answers mean and where it came from.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, get_origin

from cubeview.cubes.frozen import rebuilt
from cubeview.errors import CubeviewError
from cubeview.kinds import KINDS, Code, kind_of
from cubeview.paths import data_dir, read_within, replacing, resource
from cubeview.plain import from_json

log = logging.getLogger(__name__)

FORMAT = 3
CARD = "card.json"
WEIGHTS = "weights.safetensors"
DOUBT = "doubt.safetensors"
LICENCE = "GPL-3.0-or-later"
INTENDED_USE = "Research use only, not a medical device."

_LARGEST_CARD = 1_000_000  # bytes


def _name_task(data: dict[str, Any]) -> dict[str, Any]:
    """There was one task and one network, and what the network is shown was called roles."""
    data = {**data, "task": "classify"}
    if "roles" in data:
        data["channels"] = data.pop("roles")
    if isinstance(data.get("network"), dict):
        data["network"] = {"name": "strided", **data["network"]}
    return data


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: lambda data: {**data, "doubt_sha256": ""},  # nothing was known of strange cases
    2: _name_task,
}
"""For each old format number, a function from its JSON values to those of the next number."""


@dataclass(frozen=True, eq=False)
class Card:
    """What is known of a model.

    Parameters
    ----------
    name : str
        Short and lasting, as in ``--model``: ``"spect-mpi"``.
    kind : str
        Kind of case it judges: a key of `cubeview.kinds.KINDS`.
    title : str
        What the user reads.
    network : mapping
        Its ``"name"`` in `cubeview.learn.models.model.NETWORKS`, and what it is built from as plain
        values.
    preprocess : mapping
        How a case becomes network input: ``"kind"`` (``"heart"`` or ``"sky"``) and the entries of
        `HeartConfig` or `SkyConfig`.
    channels : tuple of str
        What the network is shown, in order: ``("rest", "stress")``, ``("flux", "noise")``.
    task : str
        What it is asked for: a key of `cubeview.learn.tasks.TASKS`.
    classes : tuple of str
        Answers in the order of the logits; of a mask the first is the background.
    codes : mapping of class to (value, scheme, meaning)
        Standard codes of the classes, where there are any.
    normal : str
        The class that means nothing is wrong; empty where the question makes no sense.
    defects : tuple of str
        The classes that are weighed against `normal` for "abnormal".
    artefact : str
        The class that questions the image instead of judging it; empty for none.
    temperature : float
        Logits are divided by it before the softmax (Guo et al. 2017, arXiv:1706.04599).
    quantity, unit : str
        What an estimate is of.
    training : mapping
        Data version, numbers, seeds, recipe.
    metrics : mapping
        Measured figures, with the data they were measured on.
    parent : str
        SHA-256 of the weights it was fine-tuned from; empty for none.
    weights_sha256 : str
        Of ``weights.safetensors``, in hexadecimal; empty before the first save.
    doubt_sha256 : str
        Of ``doubt.safetensors``, which knows what the training data look like; empty for none.
    licence, intended_use : str
    versions : mapping of library to version
        What it was made with.
    format : int
    """

    name: str
    kind: str
    title: str
    network: Mapping[str, Any]
    preprocess: Mapping[str, Any]
    channels: tuple[str, ...]
    task: str = "classify"
    classes: tuple[str, ...] = ()
    codes: Mapping[str, Code] = field(default_factory=dict)
    normal: str = ""
    defects: tuple[str, ...] = ()
    artefact: str = ""
    temperature: float = 1.0
    quantity: str = ""
    unit: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    weights_sha256: str = ""
    doubt_sha256: str = ""
    licence: str = LICENCE
    intended_use: str = INTENDED_USE
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Mapping):
                object.__setattr__(self, entry.name, MappingProxyType(dict(value)))
        if fault := _fault(self):
            raise ValueError(fault)

    __reduce__ = rebuilt


@dataclass(frozen=True, eq=False)
class ModelRef:
    """A model that can be loaded: its name, unique among those found, its folder and its card."""

    name: str
    folder: Path
    card: Card


def read_card(folder: Path | str) -> Card:
    """Read the card of a model folder, upgraded from an older format where need be.

    Raises CubeviewError if there is no card, or it is not one; the text names the folder and what
    is wrong.
    """
    folder = Path(folder)
    path = folder / CARD
    try:
        if not path.exists():
            raise CubeviewError(
                f"{folder}: not a model folder, there is no {CARD} in it. Choose a folder that "
                f"holds {CARD} and {WEIGHTS}."
            )
        text = read_within(path, _LARGEST_CARD, "Check its permissions, or copy the model again.")
        data = from_json(text)
    except ValueError as error:
        raise CubeviewError(
            f"{path}: the model card is damaged ({error}). Copy the model folder again."
        ) from error
    try:
        return _from_json(data)
    except ValueError as error:
        raise CubeviewError(f"{path}: the model card cannot be used: {error}.") from error


def write_card(card: Card, folder: Path) -> None:
    """Write ``card.json`` into a folder that exists, whole or not at all."""
    data = {entry.name: getattr(card, entry.name) for entry in fields(card)}
    data = {k: dict(v) if isinstance(v, Mapping) else v for k, v in data.items()}
    data = {"format": data.pop("format"), **data}
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(folder / CARD) as part:
        part.write_text(text + "\n", encoding="utf-8")


def find_models() -> tuple[ModelRef, ...]:
    """Return the models shipped with the program and those in the user's data folder.

    Folders without a usable card are passed over with a warning in the log. Of two models with
    the same name the later one is called by its name and its folder.
    """
    found: list[ModelRef] = []
    names: set[str] = set()
    for place in (resource("models"), data_dir() / "models"):
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            # A .part folder is a model that was being written when the program was killed.
            if folder.suffix == ".part" or not (folder / CARD).is_file():
                continue
            try:
                stat = (folder / CARD).stat()
                card = _known_card(folder, (stat.st_mtime_ns, stat.st_size, stat.st_ino))
            except CubeviewError as error:
                log.warning("model passed over: %s", error)
                continue
            name = card.name if card.name not in names else f"{card.name} ({folder.name})"
            names.add(name)
            found.append(ModelRef(name, folder, card))
    return tuple(found)


@lru_cache(maxsize=256)
def _known_card(folder: Path, stamp: tuple[int, ...]) -> Card:
    """Return a card that may have been read before: the window asks for all of them often."""
    return read_card(folder)


class Asked(Protocol):
    """What a model may be asked about: an open `Case`, or the `Record` of a closed one."""

    @property
    def kind(self) -> str:
        """Kind of case."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that are there."""


def classifies_windows(card: Card) -> bool:
    """Tell whether a model says of windows of large cubes what they show."""
    return kind_of(card).window_px > 0 and card.task == "classify"


def why_not(card: Card, case: Asked) -> str:
    """Say why a model cannot judge a case, and what can be done about it; empty when it can.

    For a sky cube the window may still be chosen.
    """
    if case.kind != card.kind:
        return (
            f"{card.title} judges {kind_of(card).judged}; this is {kind_of(case).one}. Choose a "
            "model made for it; viewing and measuring work without one."
        )
    if not kind_of(card).states:
        return ""
    missing = [role for role in card.channels if role not in case.roles]
    if not missing:
        return ""
    if case.roles == (kind_of(case).role,):
        return (
            f"{card.title} needs {' and '.join(card.channels)}; this scan does not say which of "
            "them it is. Open it together with the other one, or say what it is."
        )
    return (
        f"{card.title} needs {' and '.join(card.channels)}; {' and '.join(missing)} is missing. "
        "Open both together; the scan that is there can be viewed and compared."
    )


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _from_json(data: Any) -> Card:
    """Build a card from parsed JSON, or raise ValueError saying what is wrong."""
    if not isinstance(data, dict):
        raise ValueError("it is not a table of entries")
    number = data.get("format")
    if type(number) is not int or number < 1:
        raise ValueError("it states no format number")
    if number > FORMAT:
        raise ValueError(
            f"it has format {number}, this CubeView knows up to {FORMAT}; update CubeView"
        )
    while number < FORMAT:
        data, number = UPGRADES[number](data), number + 1
    known = {entry.name for entry in fields(Card)}
    if unknown := sorted(set(data) - known):
        raise ValueError(f"unknown entry {unknown[0]!r}")
    try:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        if isinstance(values.get("codes"), dict):
            values["codes"] = {name: tuple(code) for name, code in values["codes"].items()}
        return replace(Card(**values), format=FORMAT)
    except TypeError as error:
        raise ValueError(f"an entry is missing or of the wrong kind ({error})") from error


def _fault(card: Card) -> str:
    """Return what is wrong with a card, or an empty text."""
    for entry in fields(card):
        value, kind = getattr(card, entry.name), get_origin(entry.type) or entry.type
        if kind is str and not isinstance(value, str):
            return f"{entry.name!r} is not text"
        if kind is Mapping and not isinstance(value, Mapping):
            return f"{entry.name!r} is not a table"
        names = isinstance(value, tuple) and all(isinstance(v, str) and v for v in value)
        if kind is tuple and not names:
            return f"{entry.name!r} is not a list of names"
    if not card.name or not card.title:
        return "'name' or 'title' is empty"
    judged = [kind.key for kind in KINDS.values() if kind.judged]
    if card.kind not in judged:
        return f"'kind' is {card.kind!r}, neither {' nor '.join(judged)}"
    if card.preprocess.get("kind") not in judged:
        return f"'preprocess' does not say whether it is for {' or '.join(judged)}"
    tasks = import_module("cubeview.learn.tasks").TASKS  # they know cards, so not with this module
    if card.task not in tasks:
        return f"'task' is {card.task!r}, none of {', '.join(tasks)}"
    if not card.channels:
        return "it needs a channel"
    if card.network.get("channels_in") != len(card.channels):
        return f"the network has {card.network.get('channels_in')} channels for {card.channels}"
    if type(card.temperature) not in (int, float) or not 1e-3 < card.temperature < 1e3:
        return "'temperature' is not a positive number"
    fault: str = tasks[card.task].fault(card)
    return fault
