"""Cases as points in the space of one model's pooled features."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.archive import lasting
from cubeview.kinds import KINDS, kind_of
from cubeview.learn.ask.predict import input_tensor, predict, prepare_case
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model
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
    """

    name: str
    files: Mapping[str, str] = field(default_factory=dict)
    window: str = ""
    answer: str = ""
    label: str = ""


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
    """

    model: str
    weights: str
    points: tuple[Point, ...]
    values: np.ndarray
    failures: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise CubeviewError if there are too few cases to say what is usual."""
        if len(self.points) < FEWEST:
            raise CubeviewError(
                f"{len(self.points)} cases can be compared; at least {FEWEST} are needed to say "
                "what is usual. Add cases, or ask the model about those in the library first "
                "(cubeview library classify)."
            )


def kept_space(library: Library, weights: str = "") -> Space:
    """Return the cases whose features the library keeps.

    Parameters
    ----------
    library : Library
    weights : str
        Of the model; those that most cases were asked with by default.

    Raises
    ------
    CubeviewError
        If no case was asked about with these weights.
    """
    weights = weights or most_asked(library)
    known = features(library, weights) if weights else {}
    shown = {row.id: row for row in rows(library, _sets(), weights_for=lambda *_: weights)}
    numbers = [number for number in known if number in shown]
    if not numbers:
        raise CubeviewError(
            f"{library.path}: no case has features of this model. Ask it about all cases first: "
            "cubeview library classify, or Ask about all in the window."
        )
    found = [shown[number] for number in numbers]
    points = tuple(
        Point(r.name, window=r.window, answer=r.answer, label=r.label or "") for r in found
    )
    model = next((row.model for row in found if row.model), "")
    return Space(model, weights, points, np.stack([known[number] for number in numbers]))


def seen_space(
    model: Model, cases: Sequence[tuple[str, Case]], *, report: Report = nothing
) -> Space:
    """Ask a model about cases and return them as points; a cube of the sky gives its windows.

    Parameters
    ----------
    model : Model
    cases : sequence of (str, Case)
        What each is called where others read it, and the case.
    report : Report

    Raises
    ------
    CubeviewError
        If none of them can be judged.
    """
    points, values, failures = [], [], []
    for place, (name, whole) in enumerate(cases):
        for case in windows(whole):
            report(place / len(cases), f"case {place + 1} of {len(cases)}")
            try:
                point, pooled = seen(model, name, case)
            except CubeviewError as error:
                failures.append(str(error))
                continue
            points.append(point)
            values.append(pooled)
    if not points:
        raise CubeviewError(failures[0] if failures else "there is no case to look at.")
    card = model.card
    return Space(card.name, card.weights_sha256, tuple(points), np.stack(values), tuple(failures))


def seen(model: Model, name: str, case: Case) -> tuple[Point, np.ndarray]:
    """Return a case as a point, and its pooled features, shape (features,).

    Raises CubeviewError if the model cannot judge it.

    Parameters
    ----------
    model : Model
    name : str
        What it is called where others read it.
    case : Case
        With its window, where its kind is judged by windows.
    """
    prepared = prepare_case(model.card, case)
    answer = predict(model, case, prepared=prepared)
    sources = {role: cube.source for role, cube in case.cubes.items() if cube.source}
    files = {role: lasting(source.path) for role, source in sources.items()}
    said = getattr(answer, "answer", "")
    return Point(name, files, _place(case), said), pooled_of(model, prepared)


def pooled_of(model: Model, prepared: Prepared) -> np.ndarray:
    """Return the pooled features of a prepared case, shape (features,), float32."""
    found, _ = on_best_device(
        model.network, lambda device: model.network.features(input_tensor(prepared, device))
    )
    pooled: np.ndarray = found.mean(dim=(2, 3, 4))[0].cpu().numpy().astype(np.float32)
    return pooled


def windows(case: Case) -> Iterator[Case]:
    """Yield a case as it is, or the windows that tile its cube where its kind is judged by those.

    A cube of less than two windows along an axis has one there, in the middle.
    """
    size = kind_of(case).window_px
    if not size or case.window is not None:
        yield case
        return
    middles = []
    for length in case.main.shape:
        count = max(length // size, 1)
        first = (length - (count - 1) * size) // 2
        middles.append([first + size * step for step in range(count)])
    for z, y, x in product(*middles):
        yield replace(case, window=window_at(case.main, z, y, x, size))


def _place(case: Case) -> str:
    """Where a window lies: its middle in the units of the cube's axes."""
    if case.window is None:
        return ""
    at = case.main.world(*((part.start + part.stop) // 2 for part in case.window))
    told = zip(at, case.main.axes, strict=True)
    return " ".join(f"{value:.6g} {axis.unit}".strip() for value, axis in told)


def _sets() -> dict[str, str]:
    return {key: kind.label_set for key, kind in KINDS.items() if kind.label_set}
