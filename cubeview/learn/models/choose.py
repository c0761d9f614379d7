"""Which model answers: one rule for the window, for work on many cases and for the commands."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cubeview.errors import CubeviewError
from cubeview.learn.models.card import Asked, ModelRef, find_models, read_card, why_not

CLASSIFY = "classify"

_NONE: Mapping[str, str] = MappingProxyType({})


def choose(
    case: Asked, task: str = CLASSIFY, wanted: str = "", defaults: Mapping[str, str] = _NONE
) -> ModelRef:
    """Return the model that is asked about a case.

    Parameters
    ----------
    case : Case or Record
        Open or closed.
    task : str
        What is asked.
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
    models = models_for(case.kind, task)
    if not models:
        others = find_models()
        raise CubeviewError(
            why_not(others[0].card, case) or f"No model that is installed can {task} such a case."
            if others
            else "No model is installed. Copy a model folder (card.json and weights.safetensors) "
            "into the models folder: Tools, Open the models folder."
        )
    usual = [ref for ref in models if ref.name == defaults.get(case.kind)]
    able = (ref for ref in models if not why_not(ref.card, case))
    return next(iter(usual), None) or next(able, models[0])


def models_for(kind: str, task: str = CLASSIFY) -> tuple[ModelRef, ...]:
    """Return the models of a task made for a kind of case."""
    return tuple(
        ref
        for ref in find_models()
        if ref.card.kind == kind and getattr(ref.card, "task", CLASSIFY) == task
    )


def named(name: str) -> ModelRef:
    """Return a model by its name or folder.

    Raises
    ------
    CubeviewError
        If there is none; the text lists those installed.
    """
    models = {ref.name: ref for ref in find_models()}
    if name in models:
        return models[name]
    if Path(name).is_dir():
        card = read_card(name)
        return ModelRef(card.name, Path(name), card)
    known = ", ".join(models) or "none"
    raise CubeviewError(f"there is no model {name!r}; installed: {known}.")
