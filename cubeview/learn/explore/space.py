"""Cases as points in the space of one model's pooled features."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.kinds import KINDS
from cubeview.learn.models.prepared import Prepared
from cubeview.library.answers import features, most_asked
from cubeview.library.library import Library
from cubeview.library.worklist import rows

FEWEST = 20
"""Cases that a space needs before what is said of its shape means anything."""


@dataclass(frozen=True)
class Point:
    """One case, or one window of one.

    Parameters
    ----------
    name : str
        As the library and exports call it.
    files : mapping of role to str
        Empty for a case of the library.
    window : str
        Where it lies in its cube; empty for a whole case.
    answer, label : str
        What the model says it is, and what the reader said; empty where nothing was said.
    doubt : float
        Entropy of the answer, 0 (certain) to 1; NaN where nothing was said.
    date : str
        When it came into the library; empty for a case of none.
    number : int or None
        Its number in the library.
    """

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    window: str = ""
    answer: str = ""
    label: str = ""
    doubt: float = math.nan
    date: str = ""
    number: int | None = None


@dataclass(frozen=True, eq=False)
class Space:
    """Many cases as one model sees them.

    Parameters
    ----------
    model : str
        Name of the model, for people.
    weights : str
        SHA-256 of its weights.
    points : tuple of Point
    values : ndarray, shape (points, features), float32
    failures : tuple of str
        Why other cases are not among them.
    kind : str
        Of the cases.
    cases : tuple of Case
        Those the points stand for, where they were read from files; else empty.
    prepared : tuple of Prepared
        What the network was shown of them, where that was to be kept; else empty.
    """

    model: str
    weights: str
    points: tuple[Point, ...]
    values: np.ndarray
    failures: tuple[str, ...] = ()
    kind: str = ""
    cases: tuple[Case, ...] = ()
    prepared: tuple[Prepared, ...] = ()

    def check(self) -> None:
        """Raise CubeviewError if there are too few cases to say what is usual."""
        if len(self.points) < FEWEST:
            raise CubeviewError(
                f"{len(self.points)} cases can be compared; at least {FEWEST} are needed to say "
                "what is usual. Add cases, or ask the model about those in the library first "
                "(cubeview library classify)."
            )


def kept_space(
    library: Library, weights: str = "", label_sets: Mapping[str, str] | None = None
) -> Space:
    """Return the cases whose features the library keeps.

    Parameters
    ----------
    library : Library
    weights : str
        Of the model; those that most cases were asked with by default.
    label_sets : mapping of kind to label set, optional
        Whose labels are told; those the program comes with by default.

    Raises
    ------
    CubeviewError
        If no case was asked about with these weights.
    """
    weights = weights or most_asked(library)
    known = features(library, weights) if weights else {}
    told = rows(library, label_sets or _sets(), weights_for=lambda *_: weights)
    shown = {row.id: row for row in told}
    numbers = [number for number in known if number in shown]
    if not numbers:
        raise CubeviewError(
            f"{library.path}: no case has features of this model. Ask it about all cases first: "
            "cubeview library classify, or Ask about all in the window."
        )
    found = [shown[number] for number in numbers]
    points = tuple(
        Point(
            row.name,
            window=row.window,
            answer=row.answer,
            label=row.label or "",
            doubt=row.doubt,
            date=row.added_at[:10],
            number=row.id,
        )
        for row in found
    )
    model = next((row.model for row in found if row.model), "")
    values = np.stack([known[number] for number in numbers])
    return Space(model, weights, points, values, kind=found[0].kind)


def _sets() -> dict[str, str]:
    return {key: kind.label_set for key, kind in KINDS.items() if kind.label_set}
