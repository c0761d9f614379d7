"""The table of explanations: every way to ask a network where it looked.

A new one is a file beside this whose `answer` takes a `Question` and returns a `GridMap`, and one
entry in `EXPLAINERS`; the window, the commands, the figures and the advice read the table. torch
is loaded by the methods, never with this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cubeview.cubes.answer import Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import Kind
from cubeview.learn.explain.question import GridMap, OcclusionSettings, Question

if TYPE_CHECKING:
    import torch

    from cubeview.learn.models.model import Model
    from cubeview.learn.models.prepared import Prepared


@dataclass(frozen=True)
class Explainer:
    """One way to explain.

    Parameters
    ----------
    key : str
        Its name on the command line.
    label : str
        Its name in the window, in files and in the figures kept beside a model.
    title : str
        Its entry in the menu; ``&`` marks the mnemonic.
    help : str
        What it shows, in a sentence.
    unit : str
        Of its values.
    run : callable
        Makes the map; loads torch when it is called.
    shortcut : str
        As QKeySequence reads it; empty for none.
    settings : object
        Its choices as they are when nobody chose; None where it has none.
    measured : callable, optional
        Given a kind, returns the settings it is measured with, by the name each has among the
        figures kept beside a model; without it, `settings` by `label`.
    """

    key: str
    label: str
    title: str
    help: str
    unit: str
    run: Callable[[Question], GridMap]
    shortcut: str = ""
    settings: Any = None
    measured: Callable[[Kind], Mapping[str, Any]] | None = None


def _by(file: str) -> Callable[[Question], GridMap]:
    """Return `answer` of a file beside this, which is loaded when it is asked."""

    def answer(asked: Question) -> GridMap:
        found: GridMap = import_module(f"cubeview.learn.explain.{file}").answer(asked)
        return found

    return answer


def _occlusions(kind: Kind) -> dict[str, OcclusionSettings]:
    """The occlusions that are measured: at a stride of 4, for there are hundreds of maps."""
    found = {"occlusion": OcclusionSettings(stride=4)}
    if kind.ventricle:
        found["occlusion by the wall's mean"] = OcclusionSettings(stride=4, fill="wall")
    return found


EXPLAINERS: dict[str, Explainer] = {
    one.key: one
    for one in (
        Explainer(
            key="cam",
            label="CAM",
            title="Class activation &map",
            help="Which parts spoke for the class, and against it",
            unit="logit",
            run=_by("cam"),
            shortcut="C",
        ),
        Explainer(
            key="occlusion",
            label="occlusion",
            title="&Occlusion",
            help="Hide one small block after another and see how the evidence changes",
            unit="drop in logit",
            run=_by("occlusion"),
            shortcut="O",
            settings=OcclusionSettings(),
            measured=_occlusions,
        ),
        Explainer(
            key="gradcam++",
            label="Grad-CAM++",
            title="&Grad-CAM++",
            help="Only what speaks for the class, weak parts raised",
            unit="strength",
            run=_by("gradcam"),
            shortcut="Shift+C",
        ),
        Explainer(
            key="ig",
            label="integrated gradients",
            title="&Integrated gradients",
            help="The evidence shared out over single voxels",
            unit="logit",
            run=_by("integrated_gradients"),
            shortcut="Shift+O",
        ),
        Explainer(
            key="significance",
            label="significance",
            title="Significanc&e map",
            help="What speaks for the class by more than noise makes of it",
            unit="σ",
            run=_by("significance"),
            shortcut="Y",
            measured=lambda kind: {},
        ),
    )
}


def explainer(name: str) -> Explainer:
    """Return a way to explain by its key or its label.

    Raises CubeviewError if there is none of that name.
    """
    for one in EXPLAINERS.values():
        if name in (one.key, one.label):
            return one
    raise CubeviewError(f"there is no map {name!r}; choose of {', '.join(EXPLAINERS)}.")


def make_map(
    model: "Model",
    case: Case,
    target: str,
    method: str,
    settings: Any = None,
    *,
    ventricles: Mapping[str, Ventricle] | None = None,
    prepared: "Prepared | None" = None,
    report: Report = nothing,
    partial: Callable[[Overlay], None] | None = None,
) -> Overlay:
    """Make a map of where a network looked, on the voxels of the cubes.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    method : str
        Key or label of one of `EXPLAINERS`.
    settings : object, optional
        Its choices, see `Explainer.settings`.
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report
        May raise Cancelled.
    partial : callable, optional
        Given coarse maps while the work goes on, by methods that begin with one.

    Raises
    ------
    CubeviewError
        If there is no such method or class, the settings make no sense or the model cannot judge
        the case.
    """
    from cubeview.learn.ask.predict import prepare_case
    from cubeview.learn.explain.overlay import on_cubes, row_of

    way, row = explainer(method), row_of(model, target)
    if prepared is None:
        prepared = prepare_case(model.card, case, ventricles=ventricles, report=report)
    shown = prepared

    def overlay(found: GridMap) -> Overlay:
        return on_cubes(found, model, shown, method=way.label, target=target, unit=way.unit)

    tell = None if partial is None else lambda found: partial(overlay(found))
    found = grid_map(way, model, shown, row, settings, report=report, partial=tell)
    report(1.0, "map ready")
    return overlay(found)


def grid_map(
    way: Explainer,
    model: "Model",
    prepared: "Prepared",
    row: int,
    settings: Any = None,
    *,
    report: Report = nothing,
    partial: Callable[[GridMap], None] | None = None,
) -> GridMap:
    """Make a map on the network's input grid, on the best device there is.

    Parameters
    ----------
    way : Explainer
    model : Model
    prepared : Prepared
    row : int
        The class, by its place among the answers.
    settings : object, optional
        As `make_map` takes them.
    report : Report
    partial : callable, optional

    Raises
    ------
    CubeviewError
        If the input does not fit the network, or the settings make no sense.
    """
    from cubeview.learn.ask.predict import check_input, input_tensor
    from cubeview.learn.models.device import on_best_device

    check_input(model, prepared)
    chosen = way.settings if settings is None else settings

    def work(device: "torch.device") -> GridMap:
        shown = input_tensor(prepared, device)
        return way.run(Question(model, prepared, row, shown, chosen, report, partial))

    found, _ = on_best_device(model.network, work)
    return found
