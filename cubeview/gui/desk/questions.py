"""Which model is asked about what, and the work itself, to be run in the quick lane.

torch is imported inside the functions that run in the lane, never with this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from cubeview.cubes.answer import Answer, Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.region import window_at
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.session import Session
from cubeview.kinds import kind_of
from cubeview.learn.explain.methods import make_map
from cubeview.learn.models.card import Card, ModelRef, find_models, why_not
from cubeview.learn.models.choose import choose, models_for
from cubeview.learn.models.preload import preload
from cubeview.library import ventricles as placed


class _Closed(NamedTuple):
    """A case that is not open, as far as a model is chosen by it."""

    kind: str
    roles: tuple[str, ...]


class Questions:
    """What the window asks of networks; `answer` and all below it run in a lane."""

    def models(self) -> tuple[ModelRef, ...]:
        """Return all models there are."""
        return find_models()

    def choices(self, case: Case | None) -> tuple[ModelRef, ...]:
        """Return the models made for this kind of case; all of them where none is."""
        return (models_for(case.kind) if case is not None else ()) or self.models()

    def preferred(self, session: Session) -> dict[str, str]:
        """Return the model that answers by kind: the one chosen in this window, or the default."""
        own = {ref.card.kind: ref.name for ref in self.models() if ref.name == session.model}
        return {**session.default_models, **own}

    def chosen(self, session: Session) -> ModelRef | None:
        """Return the model that answers about the current case; see `choose`."""
        try:
            if session.case is None:
                return None
            return choose(session.case, defaults=self.preferred(session))
        except CubeviewError:
            return None

    def weights_for(self, session: Session, kind: str, roles: tuple[str, ...]) -> str:
        """Return the SHA-256 of the weights of the model that answers; empty for none.

        Parameters
        ----------
        session : Session
            Whose choice of a model counts.
        kind : str
        roles : tuple of str
            Of the case.
        """
        try:
            ref = choose(_Closed(kind, roles), defaults=self.preferred(session))
            return ref.card.weights_sha256
        except CubeviewError:
            return ""

    def objection(self, session: Session) -> str:
        """Say why the current case cannot be judged now, and what to do; empty when it can."""
        if session.case is None:
            return "Open a case first."
        try:
            card = choose(session.case, defaults=self.preferred(session)).card
        except CubeviewError as error:
            return str(error)
        return why_not(card, _case_for(card, session))

    def aim(self, session: Session, card: Card) -> Case:
        """Set the session's window to where a model should look; return the case to ask about."""
        session.set_window(_case_for(card, session).window, drawn=session.drawn)
        assert session.asked is not None
        return session.asked

    def ventricles(
        self, opened: OpenCase, *, anew: bool = False, report: Report = nothing
    ) -> dict[str, Ventricle]:
        """Return the left ventricle in each cube of a heart: as the user placed it, else as found.

        Parameters
        ----------
        opened : OpenCase
            Keeps what was found, so that it is looked for once.
        anew : bool
            Pass over what the user placed.
        report : Report
        """
        assert opened.case is not None
        by_hand = {} if anew else placed.recall(opened.case)
        if not by_hand and not opened.found:
            opened.found = self.find(opened.case, report=report)
        return by_hand or opened.found

    def find(self, case: Case, *, report: Report = nothing) -> dict[str, Ventricle]:
        """Find the left ventricle in each cube of a heart, a pair together."""
        from cubeview.learn.heart.finder import find_pair, find_ventricle

        if set(case.cubes) == {"stress", "rest"}:
            stress, rest = find_pair(case.cubes["stress"], case.cubes["rest"], report=report)
            return {"stress": stress, "rest": rest}
        return {role: find_ventricle(cube, report=report) for role, cube in case.cubes.items()}

    def answer(
        self,
        folder: Path,
        opened: OpenCase,
        case: Case,
        ventricles: Mapping[str, Ventricle],
        *,
        report: Report = nothing,
    ) -> Answer:
        """Ask a model; see `cubeview.learn.ask.predict.predict`.

        Parameters
        ----------
        folder : Path
            Of the model.
        opened : OpenCase
            What keeps the case's ventricles and its preparation for the next question.
        case : Case
            What is asked about: the open case, or a window of it.
        ventricles : mapping of role to Ventricle
            Those of a heart are looked for where there are none.
        report : Report
        """
        model = _loaded(folder, report)
        from cubeview.learn.ask.predict import predict

        if kind_of(case).ventricle and not ventricles:
            ventricles = self.ventricles(opened, report=report)
        prepared = _prepared(model.card, opened, case, ventricles, report)
        return predict(model, case, prepared=prepared, report=report)

    def explanation(
        self,
        folder: Path,
        opened: OpenCase,
        case: Case,
        target: str,
        ventricles: Mapping[str, Ventricle],
        *,
        method: str,
        settings: Any,
        report: Report = nothing,
        partial: Callable[[Overlay], None] | None = None,
    ) -> Overlay:
        """Make a map of where a model looked; see `cubeview.learn.explain.methods`.

        Parameters
        ----------
        folder, opened, case, ventricles, report
            As for `answer`.
        target : str
            One of the model's classes.
        method, settings
            As for `make_map`.
        partial : callable, optional
            Given coarse maps meanwhile.
        """
        model = _loaded(folder, report)
        prepared = _prepared(model.card, opened, case, ventricles, report)
        return make_map(
            model, case, target, method, settings, prepared=prepared, report=report, partial=partial
        )

    def found_in(self, folder: Path, case: Case, *, report: Report = nothing) -> Catalogue:
        """Search a whole sky cube; see `cubeview.learn.search.named.search_named`.

        Parameters
        ----------
        folder : Path
            Of the model.
        case : Case
            Of one sky cube, which is searched whole.
        report : Report
        """
        model = _loaded(folder, report)
        from cubeview.learn.search.named import search_named

        return search_named(model, case, report=report)


def _loaded(folder: Path, report: Report) -> Any:
    preload()
    from cubeview.learn.models.model import loaded

    report(0.0, "loading the model")
    return loaded(folder)


def _prepared(
    card: Card, opened: OpenCase, case: Case, ventricles: Mapping[str, Ventricle], report: Report
) -> Any:
    from cubeview.learn.ask.predict import Latest

    opened.latest = opened.latest or Latest()
    return opened.latest.prepare(card, case, ventricles=ventricles, report=report)


def _case_for(card: Card, session: Session) -> Case:
    case = session.case
    assert case is not None
    if card.kind != case.kind or not kind_of(case).window_px or case.window is not None:
        return case
    if session.drawn:
        return replace(case, window=session.window)
    size = int(card.preprocess.get("size", kind_of(case).window_px))
    return replace(case, window=window_at(case.main, *session.cursor, size=size))
