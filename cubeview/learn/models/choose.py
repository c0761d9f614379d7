"""Which model answers: one rule for the window, for work on many cases and for the commands."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cubeview.errors import CubeviewError
from cubeview.learn.models.card import Asked, ModelRef, find_models, read_card, why_not


def choose(
    case: Asked,
    task: str = "classify",
    wanted: str = "",
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> ModelRef:
    """Return the model that is asked about a case.

    Parameters
    ----------
    case : Case or Record
    task : str
    wanted : str
        Name or folder of the model that is to answer, and no other; empty for none.
    defaults : mapping of kind to str
        Name of the model that answers for a kind of case.

    Returns
    -------
    ModelRef
        The one wanted; else the default of this kind; else the first that can judge the case, or
        the first of its kind where none can: `why_not` says why.

    Raises
    ------
    CubeviewError
        If the model wanted does not exist, or none is made for this kind of case.
    """
    if wanted:
        return named(wanted)
    usual = default_of(case.kind, defaults, task)
    if usual is None:
        others = find_models()
        raise CubeviewError(
            why_not(others[0].card, case) or f"No model that is installed can {task} such a case."
            if others
            else "No model is installed. Copy a model folder (card.json and weights.safetensors) "
            "into the models folder: Tools, Open the models folder."
        )
    if usual.name == defaults.get(case.kind):
        return usual
    able = (ref for ref in models_for(case.kind, task) if not why_not(ref.card, case))
    return next(able, usual)


def default_of(kind: str, defaults: Mapping[str, str], task: str = "classify") -> ModelRef | None:
    """Return the model that answers for a kind: its default, else the first of a task, if any.

    Parameters
    ----------
    kind : str
    defaults : mapping of kind to str
        As in `choose`.
    task : str
    """
    chosen = (ref for ref in models_for(kind) if ref.name == defaults.get(kind))
    return next(iter((*chosen, *models_for(kind, task))), None)


def models_for(kind: str, task: str = "") -> tuple[ModelRef, ...]:
    """Return the models made for a kind of case: of one task, or of all."""
    return tuple(
        ref for ref in find_models() if ref.card.kind == kind and task in ("", ref.card.task)
    )


def named(name: str) -> ModelRef:
    """Return a model by its name or folder.

    Raises CubeviewError if there is none; the text lists those installed.
    """
    models = {ref.name: ref for ref in find_models()}
    if name in models:
        return models[name]
    if Path(name).is_dir():
        card = read_card(name)
        return ModelRef(card.name, Path(name), card)
    known = ", ".join(models) or "none"
    raise CubeviewError(f"there is no model {name!r}; installed: {known}.")
