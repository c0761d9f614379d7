"""Segment scores of a heart: what a reader gave, or what the program suggests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cubeview.kinds import HEART
from cubeview.plain import from_json

SEGMENTS = 17
"""Of the left ventricle, after Cerqueira et al. 2002, Circulation 105:539."""
WORST = 4
"""Score of a segment without perfusion: 0 normal, 1 mildly, 2 moderately, 3 severely reduced."""
_LONGEST = 1 << 12


@dataclass(frozen=True)
class Scores:
    """Segment scores, 0 (normal) to 4 (absent), and their sums over the 17 segments.

    Parameters
    ----------
    states : mapping of role to tuple of int or None
        17 each; None where nothing was said, which adds nothing to a sum.
    """

    states: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)

    @property
    def sss(self) -> int | None:
        """Summed stress score, 0 to 68; None without a stress state."""
        return self._sum("stress")

    @property
    def srs(self) -> int | None:
        """Summed rest score."""
        return self._sum("rest")

    @property
    def sds(self) -> int | None:
        """Summed difference score: stress above rest, segment by segment, never below 0."""
        if self.states.keys() < {"stress", "rest"}:
            return None
        return sum(self.differences())

    @property
    def open(self) -> int:
        """In how many segments nothing was said."""
        return sum(score is None for scores in self.states.values() for score in scores)

    def differences(self) -> tuple[int, ...]:
        """Return stress above rest of each segment, never below 0; 0 where one is not said.

        Raises KeyError without both states.
        """
        both = zip(self.states["stress"], self.states["rest"], strict=True)
        return tuple(0 if s is None or r is None else max(s - r, 0) for s, r in both)

    def filled(self, other: "Scores") -> "Scores":
        """Return these scores, those of another where nothing was said."""
        states = dict(other.states)
        for role, own in self.states.items():
            theirs = other.states.get(role, (None,) * SEGMENTS)
            states[role] = tuple(
                there if here is None else here for here, there in zip(own, theirs, strict=True)
            )
        return Scores(states)

    def changed(self, role: str, segment: int, score: int | None) -> "Scores":
        """Return these scores with another one in a segment, 1 to 17."""
        own = list(self.states.get(role, (None,) * SEGMENTS))
        own[segment - 1] = score
        return Scores({**self.states, role: tuple(own)})

    def _sum(self, role: str) -> int | None:
        if role not in self.states:
            return None
        return sum(score for score in self.states[role] if score is not None)


@dataclass(frozen=True)
class Reading:
    """What a reader said of the segments of a heart, and what they had seen of it before.

    Parameters
    ----------
    reader : str
    at : str
        When the scores became what they are: ISO 8601, UTC.
    scores : Scores
    seen : str
        Whose opinion was shown before: a model's, or the suggested scores; empty: read blind.
    """

    reader: str
    at: str
    scores: Scores
    seen: str = ""

    @property
    def how(self) -> str:
        """Whether it was read blind, in words."""
        return f"having seen: {self.seen}" if self.seen else "read blind"

    @property
    def sums(self) -> str:
        """The sums in words, and how many segments are open."""
        told = (("SSS", self.scores.sss), ("SRS", self.scores.srs), ("SDS", self.scores.sds))
        said = ", ".join(f"{name} {total}" for name, total in told if total is not None)
        of = SEGMENTS * len(self.scores.states)
        return said + (f"; {self.scores.open} of {of} segments open" if self.scores.open else "")

    def __str__(self) -> str:
        return f"{self.reader}, {self.at[:16].replace('T', ' ')} UTC, {self.how}: {self.sums}"


def percent(total: int) -> float:
    """Return a sum of scores as % of the myocardium: of the most there can be, 68.

    Source: LOINC 82647-9.
    """
    return 100.0 * total / (SEGMENTS * WORST)


def as_text(scores: Scores) -> str:
    """Return scores as one line of text; empty where nothing was said."""
    said = {
        role: list(values)
        for role, values in scores.states.items()
        if any(value is not None for value in values)
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")) if said else ""


def from_text(text: str) -> Scores:
    """Return the scores of `as_text`; ValueError where it is none."""
    if not text:
        return Scores()
    if len(text) > _LONGEST:
        raise ValueError("scores are too long")
    states = from_json(text)
    if not isinstance(states, dict):
        raise ValueError("scores are no states")
    for role, values in states.items():
        if role not in (*HEART.states, HEART.role):
            raise ValueError(f"{role!r} is no state of a heart")
        if not isinstance(values, list) or len(values) != SEGMENTS:
            raise ValueError(f"{role} has not {SEGMENTS} scores")
        if not all(v is None or (type(v) is int and 0 <= v <= WORST) for v in values):
            raise ValueError(f"a score of {role} is none of 0 to {WORST}")
    return Scores({role: tuple(values) for role, values in states.items()})
