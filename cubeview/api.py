"""The front door for scripts: what the window does, as functions of a case.

torch is loaded by the first question to a network, Qt never.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cubeview.cubes.answer import Answer, Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.region import placed
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io import open_path as open_path
from cubeview.io import open_paths as open_paths

if TYPE_CHECKING:
    from cubeview.learn.explain.question import OcclusionSettings
    from cubeview.learn.models.card import Card
    from cubeview.learn.models.model import Model
    from cubeview.measure.heart.measured import Measured


def models() -> "dict[str, Card]":
    """Return the cards of all models there are, by name."""
    from cubeview.learn.models.card import find_models

    return {ref.name: ref.card for ref in find_models()}


def load_model(name: str | Path) -> "Model":
    """Load a model by its name, or from its folder.

    Raises CubeviewError if there is none, or it cannot be used.
    """
    from cubeview.learn.models.choose import named
    from cubeview.learn.models.model import load_model as load

    return load(named(str(name)).folder)


def predict(
    case: Case,
    model: "Model | str | Path | None" = None,
    *,
    at: Sequence[float] | None = None,
    ventricles: Mapping[str, Ventricle] | None = None,
    report: Report = nothing,
) -> Answer:
    """Ask a network what a case is.

    Parameters
    ----------
    case : Case
    model : Model, str or path, optional
        Loaded, or its name or folder; by default the first that can judge the case.
    at : sequence of three float, optional
        Sky cubes: the place that is judged, in the order and the units of the cube's axes.
    ventricles : mapping of role to Ventricle, optional
        Hearts: placed by hand, or found before.
    report : callable

    Returns
    -------
    Answer
        Of the model's task: a Prediction, where it classifies.

    Raises
    ------
    CubeviewError
        If no model can judge the case.
    """
    from cubeview.learn.ask import predict as ask

    case = placed(case, at) if at else case
    return ask.predict(_model(model, case), case, ventricles=ventricles, report=report)


def explain(
    case: Case,
    method: str = "cam",
    model: "Model | str | Path | None" = None,
    *,
    target: str = "",
    settings: "OcclusionSettings | None" = None,
    at: Sequence[float] | None = None,
    ventricles: Mapping[str, Ventricle] | None = None,
    report: Report = nothing,
) -> Overlay:
    """Ask a network where it looked.

    Parameters
    ----------
    case : Case
    method : str
        Key of one of `cubeview.learn.explain.methods.EXPLAINERS`: ``"occlusion"``.
    model : Model, str or path, optional
    target : str
        The class the map speaks for; empty for the one the network answers.
    settings : OcclusionSettings, optional
        How finely an occlusion hides, of `cubeview.learn.explain.question`.
    at, ventricles, report
        As for `predict`.

    Returns
    -------
    Overlay
        On the voxels of the case's own cubes.

    Raises
    ------
    CubeviewError
        If there is no such method or class, or no model can judge the case.
    """
    from cubeview.learn.ask import predict as ask
    from cubeview.learn.explain.methods import explainer, make_map

    way = explainer(method)
    case = placed(case, at) if at else case
    asked = _model(model, case)
    prepared = ask.prepare_case(asked.card, case, ventricles=ventricles, report=report)
    target = target or ask.predict(asked, case, prepared=prepared).answer
    return make_map(asked, case, target, way.key, settings, prepared=prepared, report=report)


def measure_heart(
    case: Case, *, ventricles: Mapping[str, Ventricle] | None = None, report: Report = nothing
) -> "Measured":
    """Measure a heart without a network: segments, suggested scores, sizes.

    Parameters
    ----------
    case : Case
    ventricles : mapping of role to Ventricle, optional
        Placed by hand, or found before; the others are found.
    report : callable

    Raises
    ------
    CubeviewError
        If the case is no heart, its voxels have no size, or a wall holds no counts.
    """
    from cubeview.learn.heart.prepare import ventricles_of
    from cubeview.measure.heart import measured

    roles = measured.measurable(case)
    return measured.measure(case, ventricles_of(case, roles, ventricles or {}, report))


def search(
    case: Case,
    model: "Model | str | Path | None" = None,
    *,
    threshold: float | None = None,
    report: Report = nothing,
) -> Catalogue:
    """Search a sky cube for lines and continuum sources.

    Parameters
    ----------
    case : Case
    model : Model, str or path, optional
    threshold : float, optional
        Least strength of a line; by default the lowest at which most of them are real.
    report : callable

    Raises
    ------
    CubeviewError
        If the case is no sky cube, or no model can judge it.
    """
    from cubeview.learn.search import named

    return named.search_named(_model(model, case), case, threshold=threshold, report=report)


def simulate_heart(label: str, seed: int = 0) -> Case:
    """Return a simulated rest and stress pair; the same seed gives the same hearts.

    Raises CubeviewError if there is no such class.
    """
    from cubeview.simulate.heart.pair import CLASSES, simulate_pair, to_case

    if label not in CLASSES:
        raise CubeviewError(f"there is no class {label!r}; choose of {', '.join(CLASSES)}.")
    return to_case(simulate_pair(label, np.random.default_rng((seed, 0))), f"{label} {seed}")


def simulate_sky(
    seed: int = 0, shape: tuple[int, int, int] = (120, 60, 60), *, flavour: str = "ifu"
) -> Case:
    """Return a simulated sky cube with its noise; see `cubeview.simulate.sky.field`.

    Parameters
    ----------
    seed : int
        The same seed gives the same cube.
    shape : tuple of int
        Voxels along (z, y, x), 16 at least.
    flavour : {"ifu", "radio"}
    """
    from cubeview.simulate.sky.field import simulate_field

    return simulate_field(seed, shape, flavour=flavour).case


def _model(model: "Model | str | Path | None", case: Case) -> "Model":
    """Return the model that is meant, or the one chosen where none is."""
    from cubeview.learn.models.model import model_for

    if model is not None and not isinstance(model, str | Path):
        return model
    return model_for(case, str(model or ""))
