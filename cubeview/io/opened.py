"""What comes of opening paths: cases, refusals with their reasons, and a first look."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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


@dataclass(frozen=True, eq=False)
class Preview:
    """One plane of a cube that is still being unpacked: to look at, and for nothing else.

    Parameters
    ----------
    name : str
        Of the file.
    plane : ndarray, shape (y, x), float32, in the unit of the file
        Rows and columns as the cube will have them; NaN where there is no value.
    index : int
        Which plane across the first axis, from 0.
    """

    name: str
    plane: np.ndarray
    index: int


First = Callable[[Preview], None]
"""Called from the thread that reads, at most once a file, while the file is being unpacked."""
