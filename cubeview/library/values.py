"""What the library answers with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cubeview.kinds import KINDS, VOLUME
from cubeview.plain import from_json

NOT_RECORDED = "not recorded"
"""Stands for the model whose opinion was seen, where nobody wrote down whether one was."""


@dataclass(frozen=True)
class Label:
    """One entry of the label history; ``class_name`` None means withdrawn.

    ``scores`` are of a heart's segments, as `cubeview.cubes.scores.as_text` writes them.
    """

    id: int
    case_id: int
    reader: str
    at: str
    class_name: str | None
    sure: bool
    quality: str
    note: str
    opinion_seen: str
    scores: str = ""


@dataclass(frozen=True)
class LabelClass:
    """One class of a label set, with its key, colour and code."""

    name: str
    key: str
    colour: str
    code: str
    retired: bool


@dataclass(frozen=True)
class Row:
    """One case as the worklist shows it.

    A model without `weights` answered before they were kept: nobody knows in which state it was.
    """

    id: int
    identity: str
    kind: str
    name: str
    window: str
    added_at: str
    state: str  # roles that are there: "rest + stress"
    label: str | None  # class in force of the reader who asks
    sure: bool
    quality: str
    note: str
    labelled_at: str
    labelled_blind: bool  # no opinion of a model was visible
    others: tuple[tuple[str, str], ...]  # reader, class: what other readers said
    windows: int  # of a whole sky cube: how many this reader has labelled
    model: str = ""  # whose answer `said` is; empty for none
    weights: str = ""  # SHA-256 of its weights
    said: Mapping[str, Any] = field(default_factory=dict)  # fields of the answer; see `answers`

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Of each class, from a model whose weights are known; empty without such an opinion."""
        return self.said.get("probabilities", {}) if self.weights else {}

    @property
    def is_whole_cube(self) -> bool:
        """A sky cube as it was imported: its windows are labelled, not itself."""
        return KINDS[self.kind].window_px > 0 and not self.window

    @property
    def is_open(self) -> bool:
        """Nothing was said of it yet."""
        return self.label is None and not self.windows

    @property
    def answer(self) -> str:
        """The model's most probable class; empty without an opinion."""
        return _most(self.probabilities)

    @property
    def former(self) -> str:
        """The class a model named in a state nobody knows; empty for none."""
        return "" if self.weights else _most(self.said.get("probabilities", {}))

    @property
    def doubt(self) -> float:
        """Entropy of the probabilities, 0 (certain) to 1 (all alike); NaN without an opinion."""
        return doubt_of(self.probabilities)

    @property
    def differs(self) -> bool:
        """The reader and the model, or two readers, name different classes."""
        said = {name for _, name in self.others} | ({self.label} if self.label else set())
        return len(said) > 1 or bool(self.label and self.answer and self.label != self.answer)


def doubt_of(probabilities: Mapping[str, float]) -> float:
    """Return the entropy of probabilities, 0 (certain) to 1 (all alike); NaN of none."""
    odds = [p for p in probabilities.values() if p > 0]
    if not odds:
        return math.nan
    # Rounding may leave a probability of 1 a hair above it.
    entropy = max(0.0, -sum(p * math.log(p) for p in odds))
    return entropy / math.log(max(len(probabilities), 2))


def said_of(text: str) -> Mapping[str, Any]:
    """Return the fields of an answer as they were kept; none where that cannot be read."""
    try:
        said = from_json(text)
        odds = said.get("probabilities", {})
        numbers = [value for value in odds.values() if type(value) in (int, float)]
        return said if len(numbers) == len(odds) else {}
    except (ValueError, AttributeError):
        return {}


def known_kind(key: str) -> str:
    """Return a kind of case; a volume for a word that names none."""
    return key if key in KINDS else VOLUME.key


def _most(odds: Mapping[str, float]) -> str:
    return max(odds, key=lambda name: odds[name]) if odds else ""
