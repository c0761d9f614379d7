"""What an archive is asked: the question in plain values, that any machine can answer by itself."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cubeview
from cubeview.errors import CubeviewError, refusing
from cubeview.learn.models.card import Card, read_card
from cubeview.learn.models.choose import named
from cubeview.paths import replacing
from cubeview.plain import from_json

ASKED = "ask.json"


@dataclass(frozen=True)
class Ask:
    """A question to every case of a place.

    Parameters
    ----------
    place : str
        As for `cubeview.io.listing.items`; of this machine in full.
    task : str
        A key of `cubeview.learn.score.tasks.SCORERS`.
    model : str
        Folder of the model; empty where none is asked.
    name : str
        Of the model, for people.
    weights : str
        SHA-256 of its weights.
    preparation : str
        Hash of how its cases are prepared.
    version : str
        Of the program: another may prepare or answer in another way.
    """

    place: str
    task: str
    model: str = ""
    name: str = ""
    weights: str = ""
    preparation: str = ""
    version: str = cubeview.__version__

    @property
    def key(self) -> str:
        """What is asked, whatever the place: part of what each answer is known by."""
        return digest(self.task, self.weights, self.preparation, self.version)

    def card(self) -> Card | None:
        """Return the card of the model; None where none is asked.

        Raises CubeviewError if it is not the model any more that was asked at first.
        """
        if not self.model:
            return None
        card = read_card(self.model)
        if card.weights_sha256 != self.weights:
            raise CubeviewError(
                f"{self.model}: this model has been replaced by another since the scoring began. "
                "Put it back, or begin again with another --out."
            )
        return card


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that tell these texts from any others."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def ask_for(place: str, task: str, model: str) -> Ask:
    """Return the question a user put.

    Parameters
    ----------
    place : str
    task : str
        Empty for what the model was made for.
    model : str
        Name or folder; empty where the task asks none.

    Raises
    ------
    CubeviewError
        If there is no such model or task, or they do not go together.
    """
    from cubeview.learn.score.tasks import SCORERS

    place = _in_full(place)
    if task and task not in SCORERS:
        raise CubeviewError(f"there is no task {task!r}; choose of {', '.join(SCORERS)}.")
    if task and not SCORERS[task].asks_model:
        return Ask(place, task)
    if not model:
        raise CubeviewError("name the model that scores with --model (a name or a folder).")
    ref = named(model)
    task = task or ref.card.task
    if fault := SCORERS[task].why_not(ref.card):
        raise CubeviewError(f"{ref.card.title}: {fault}")
    shown = json.dumps([dict(ref.card.preprocess), list(ref.card.channels)], sort_keys=True)
    folder = str(ref.folder.absolute())
    return Ask(place, task, folder, ref.card.name, ref.card.weights_sha256, digest(shown))


def keep_ask(ask: Ask, folder: Path) -> None:
    """Write a question into a work folder, or find it there.

    Raises CubeviewError if another one was begun there, saying what differs.
    """
    path = folder / ASKED
    if path.exists():
        _refuse_other(ask, read_ask(folder), folder)
        return
    advice = "Choose another folder for the catalogue."
    with refusing(folder, "cannot be written", advice):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(asdict(ask), indent=1) + "\n", encoding="utf-8")


def read_ask(folder: Path) -> Ask:
    """Return the question of a work folder; CubeviewError if there is none."""
    path = folder / ASKED
    try:
        with refusing(path, "nothing was begun here", "Plan it first: cubeview score PLACE."):
            told = from_json(path.read_bytes())
        return Ask(**{entry.name: str(told[entry.name]) for entry in fields(Ask)})
    except (ValueError, TypeError, KeyError) as error:
        raise CubeviewError(f"{path}: damaged. Delete the folder and begin again.") from error


def _refuse_other(ask: Ask, there: Ask, folder: Path) -> None:
    said: Mapping[str, str] = {
        "place": "of another place ({})",
        "task": "by another task ({})",
        "weights": "with other weights ({})",
        "preparation": "with another preparation ({})",
        "version": "by CubeView {}",
    }
    differs: Sequence[str] = [
        words.format(getattr(there, name))
        for name, words in said.items()
        if getattr(there, name) != getattr(ask, name)
    ]
    if differs:
        raise CubeviewError(
            f"{folder}: a scoring {' and '.join(differs)} was begun here. Go on with that, or "
            "choose another --out."
        )


def _in_full(place: str) -> str:
    """Return a place that means the same from any folder."""
    if "://" in place:
        return place
    mark, path = ("@", place[1:]) if place.startswith("@") else ("", place)
    return f"{mark}{Path(path).absolute()}"
