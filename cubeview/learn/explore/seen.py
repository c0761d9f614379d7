"""Cases that a model is asked about then and there, as points; a sky cube by its windows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.archive import lasting
from cubeview.kinds import kind_of
from cubeview.learn.ask.predict import input_tensor, predict, prepare_case
from cubeview.learn.explore.space import Point, Space
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared
from cubeview.library.values import doubt_of


def seen_space(
    model: Model, cases: Sequence[tuple[str, Case]], *, most: int = 0, report: Report = nothing
) -> Space:
    """Ask a model about cases and return them as points; a cube of the sky gives its windows.

    Parameters
    ----------
    model : Model
    cases : sequence of (str, Case)
        What each is called where others read it, and the case.
    most : int
        Up to so many cases what the network was shown is kept.
    report : Report

    Raises
    ------
    CubeviewError
        If none of them can be judged.
    """
    points, values, failures, judged, prepared = [], [], [], [], []
    for place, (name, whole) in enumerate(cases):
        for case in windows(whole):
            report(place / len(cases), f"case {place + 1} of {len(cases)}")
            try:
                point, pooled, shown = seen(model, name, case)
            except CubeviewError as error:
                failures.append(str(error))
                continue
            points.append(point)
            values.append(pooled)
            judged.append(case)
            if len(points) <= most:
                prepared.append(shown)
    if not points:
        raise CubeviewError(failures[0] if failures else "there is no case to look at.")
    card = model.card
    return Space(
        card.name,
        card.weights_sha256,
        tuple(points),
        np.stack(values),
        tuple(failures),
        card.kind,
        tuple(judged),
        tuple(prepared) if len(points) <= most else (),
    )


def seen(model: Model, name: str, case: Case) -> tuple[Point, np.ndarray, Prepared]:
    """Return a case as a point, its pooled features, shape (features,), and what was shown.

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
    said, odds = getattr(answer, "answer", ""), getattr(answer, "probabilities", {})
    point = Point(name, files, _place(case), said, doubt=doubt_of(odds))
    return point, pooled_of(model, prepared), prepared


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
