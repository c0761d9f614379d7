"""Which model is asked about what, and the work itself, to be run in the quick lane.

torch is imported inside the functions that run in the lane, never with this module.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.region import window_at
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.gui.desk.session import Session
from cubeview.kinds import kind_of
from cubeview.learn.explain.methods import make_map
from cubeview.learn.models.card import Card, ModelRef, find_models, why_not
from cubeview.learn.models.choose import choose, models_for
from cubeview.learn.models.preload import preload
from cubeview.library import ventricles as placed

log = logging.getLogger(__name__)

_ventricles: WeakKeyDictionary[Case, dict[str, Ventricle]] = WeakKeyDictionary()
"""What was found; filled and read in the quick lane only."""


class _Closed(NamedTuple):
    """A case that is not open, as far as a model is chosen by it."""

    kind: str
    roles: tuple[str, ...]


def choices(case: Case | None) -> tuple[ModelRef, ...]:
    """Return the models made for this kind of case; all of them where none is."""
    return (models_for(case.kind) if case is not None else ()) or find_models()


def preferred(session: Session) -> dict[str, str]:
    """Return the model that answers by kind: the one chosen in this window, else the default."""
    own = {ref.card.kind: ref.name for ref in find_models() if ref.name == session.model}
    return {**session.default_models, **own}


def chosen(session: Session) -> ModelRef | None:
    """Return the model that answers about the current case; see `choose`."""
    try:
        return None if session.case is None else choose(session.case, defaults=preferred(session))
    except CubeviewError:
        return None


def weights_for(session: Session, kind: str, roles: tuple[str, ...]) -> str:
    """Return the weights of the model that answers about some kind of case; empty for none."""
    try:
        return choose(_Closed(kind, roles), defaults=preferred(session)).card.weights_sha256
    except CubeviewError:
        return ""


def objection(session: Session) -> str:
    """Say why the current case cannot be judged now, and what to do; empty when it can."""
    if session.case is None:
        return "Open a case first."
    try:
        card = choose(session.case, defaults=preferred(session)).card
    except CubeviewError as error:
        return str(error)
    return why_not(card, _case_for(card, session))


def aim(session: Session, card: Card) -> Case:
    """Set the session's window to where a model should look, and return the case to ask about."""
    session.set_window(_case_for(card, session).window, drawn=session.drawn)
    assert session.asked is not None
    return session.asked


def answer(
    folder: Path,
    case: Case,
    ventricles: Mapping[str, Ventricle] | None,
    *,
    report: Report = nothing,
) -> Prediction:
    """Ask a model; see `cubeview.learn.ask.predict.predict`.

    Without `ventricles` those of a heart are looked for.
    """
    preload()
    from cubeview.learn.ask.predict import predict
    from cubeview.learn.models.model import loaded

    if kind_of(case).ventricle and not ventricles:
        ventricles = ventricles_of(case, report=report)
    report(0.0, "loading the model")
    return predict(loaded(folder), case, ventricles=ventricles, report=report)


def explanation(
    folder: Path,
    case: Case,
    target: str,
    ventricles: Mapping[str, Ventricle] | None,
    *,
    method: str,
    settings: Any,
    report: Report = nothing,
    partial: Callable[[Overlay], None] | None = None,
) -> Overlay:
    """Make a map of where a model looked; see `cubeview.learn.explain.methods`."""
    preload()
    from cubeview.learn.models.model import loaded

    report(0.0, "loading the model")
    return make_map(
        loaded(folder),
        case,
        target,
        method,
        settings,
        ventricles=ventricles,
        report=report,
        partial=partial,
    )


def found_in(folder: Path, case: Case, *, report: Report = nothing) -> Catalogue:
    """Search a whole sky cube; see `cubeview.learn.search.run.search`."""
    preload()
    from cubeview.learn.models.model import loaded
    from cubeview.learn.search.run import search

    report(0.0, "loading the model")
    return search(loaded(folder), case, report=report)


def ventricles_of(case: Case, *, report: Report = nothing) -> dict[str, Ventricle]:
    """Return the left ventricle in each cube of a heart: as the user placed it, else as found."""
    return placed.recall(case) or found_ventricles(case, report=report)


def found_ventricles(case: Case, *, report: Report = nothing) -> dict[str, Ventricle]:
    """Find the left ventricle in each cube of a heart, the pair together where both are there.

    Found once for each case; the answer is kept as long as the case is.
    """
    from cubeview.learn.heart.finder import find_pair, find_ventricle

    if case not in _ventricles:
        if set(case.cubes) == {"stress", "rest"}:
            stress, rest = find_pair(case.cubes["stress"], case.cubes["rest"], report=report)
            _ventricles[case] = {"stress": stress, "rest": rest}
        else:
            _ventricles[case] = {
                role: find_ventricle(cube, report=report) for role, cube in case.cubes.items()
            }
    return _ventricles[case]


def _case_for(card: Card, session: Session) -> Case:
    case = session.case
    assert case is not None
    if card.kind != case.kind or not kind_of(case).window_px or case.window is not None:
        return case
    if session.drawn:
        return replace(case, window=session.window)
    size = int(card.preprocess.get("size", kind_of(case).window_px))
    return replace(case, window=window_at(case.main, *session.cursor, size=size))
