"""Searches with a model that has classes of its own: found by the usual one, named by it."""

from dataclasses import replace

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError, Report, nothing, part_of
from cubeview.learn.ask.predict import predict
from cubeview.learn.models.card import Card, classifies_windows, find_models
from cubeview.learn.models.model import Model, loaded
from cubeview.learn.search.run import CLASSES, search

_SEARCHING = 0.8
"""Share of the work that is searching; the rest is asking about what was found."""


def search_named(
    model: Model, case: Case, *, threshold: float | None = None, report: Report = nothing
) -> Catalogue:
    """Search a sky cube, and say of each source what a model calls it.

    A model that tells continuum, lines and artefacts apart searches itself: see `search`. For one
    that was taught other classes the first such model searches, and it is asked about the window
    around each source.

    Parameters
    ----------
    model : Model
        One that classifies windows of sky cubes.
    case : Case
    threshold : float, optional
        As of `search`.
    report : Report

    Raises
    ------
    CubeviewError
        If the model classifies no windows, no installed one can search, or as of `search`.
    """
    card = model.card
    if _searches(card):
        return search(model, case, threshold=threshold, report=report)
    if not classifies_windows(card):
        raise CubeviewError(
            f"{card.title} does not tell sources of sky cubes apart; choose a model for them."
        )
    finder = next((ref for ref in find_models() if _searches(ref.card)), None)
    if finder is None:
        raise CubeviewError(
            f"{card.title} has classes of its own, and no model that tells {', '.join(CLASSES)} "
            "apart is installed to find what it would name."
        )
    found = search(
        loaded(finder.folder), case, threshold=threshold, report=part_of(report, 0.0, _SEARCHING)
    )
    named, asked = [], part_of(report, _SEARCHING, 1.0 - _SEARCHING)
    for done, source in enumerate(found.detections):
        asked(done / len(found.detections), f"naming source {source.number}")
        z, y, x = (round(place) for place in source.voxel)
        answer = predict(model, replace(case, window=window_at(case.main, z, y, x)))
        assert isinstance(answer, Prediction)
        chance = answer.probabilities[answer.answer]
        named.append(replace(source, own=answer.answer, own_probability=chance))
    note = f"found by {finder.card.title}, own classes by {card.title}"
    asked(1.0, "named")
    return replace(found, detections=tuple(named), notes=(*found.notes, note))


def _searches(card: Card) -> bool:
    return classifies_windows(card) and set(CLASSES) <= set(card.classes)
