"""What the library answers with."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    """One case as the worklist shows it."""

    id: int
    identity: str
    kind: str
    name: str
    window: str
    added_at: str
    label: str | None
    sure: bool
    labelled_at: str
    labelled_blind: bool
    model: str
    probabilities: Mapping[str, float]
