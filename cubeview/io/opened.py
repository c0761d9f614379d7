"""What came of opening paths: cases, and refusals with their reasons."""

from dataclasses import dataclass
from pathlib import Path

from cubeview.cubes.case import Case


@dataclass(frozen=True)
class Refusal:
    """A file that was not opened, and why, in the user's words."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Opened:
    """What came of a list of paths: cases to look at, and files refused with reasons."""

    cases: tuple[Case, ...]
    refusals: tuple[Refusal, ...]
