"""What the library answers with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cubeview.kinds import KINDS

NOT_RECORDED = "not recorded"
"""Stands for the model whose opinion was seen, where nobody wrote down whether one was."""


@dataclass(frozen=True)
class Label:
    """One entry of the label history; ``class_name`` None means withdrawn."""

    id: int
    case_id: int
    reader: str
    at: str
    class_name: str | None
    sure: bool
    quality: str
    note: str
    opinion_seen: str


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

    Parameters
    ----------
    id : int
    identity, kind, name, window, added_at : str
    state : str
        Roles that are there: ``"rest + stress"``.
    label : str or None
        Class in force of the reader who asks.
    sure : bool
    quality, note, labelled_at : str
    labelled_blind : bool
        No opinion of a model was visible.
    others : tuple of (reader, class)
        What other readers said.
    windows : int
        A whole sky cube: how many of its windows this reader has labelled.
    model : str
        Whose opinion `probabilities` are; empty for none.
    probabilities : mapping of class to float
    """

    id: int
    identity: str
    kind: str
    name: str
    window: str
    added_at: str
    state: str
    label: str | None
    sure: bool
    quality: str
    note: str
    labelled_at: str
    labelled_blind: bool
    others: tuple[tuple[str, str], ...]
    windows: int
    model: str
    probabilities: Mapping[str, float]

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
        odds = self.probabilities
        return max(odds, key=lambda name: odds[name]) if odds else ""

    @property
    def doubt(self) -> float:
        """Entropy of the probabilities, 0 (certain) to 1 (all alike); NaN without an opinion."""
        odds = [p for p in self.probabilities.values() if p > 0]
        if not odds:
            return math.nan
        # Rounding may leave a probability of 1 a hair above it.
        entropy = max(0.0, -sum(p * math.log(p) for p in odds))
        return entropy / math.log(max(len(self.probabilities), 2))

    @property
    def differs(self) -> bool:
        """The reader and the model, or two readers, name different classes."""
        said = {name for _, name in self.others} | ({self.label} if self.label else set())
        return len(said) > 1 or bool(self.label and self.answer and self.label != self.answer)
