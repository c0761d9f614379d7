"""From a map on the network's input grid to an `Overlay` on the cubes' voxels."""

import numpy as np
from scipy.ndimage import binary_closing, binary_fill_holes

from cubeview.cubes.answer import Overlay
from cubeview.errors import CubeviewError
from cubeview.kinds import kind_of
from cubeview.learn.explain.question import GridMap
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared, to_cube


def row_of(model: Model, target: str) -> int:
    """Return the place of a class among the model's answers, or raise CubeviewError."""
    if model.card.task != "classify":
        raise CubeviewError(
            f"{model.card.title} does not tell classes apart, so no map can show what spoke for "
            "one. Choose a model that classifies."
        )
    if target not in model.card.classes:
        raise CubeviewError(
            f"{model.card.title} has no class {target!r}: choose {', '.join(model.card.classes)}."
        )
    return model.card.classes.index(target)


def visible_in(prepared: Prepared) -> np.ndarray:
    """Input voxels the network could see something in; hearts are empty around the ventricle."""
    if not kind_of(prepared.case).ventricle:
        return np.ones(prepared.input.shape[1:], dtype=bool)
    # Single voxels without counts inside the ventricle were shown to the network all the same.
    counts: np.ndarray = (prepared.input != 0).any(axis=0)
    seen: np.ndarray = counts | binary_fill_holes(binary_closing(counts))
    return seen


def _unseen(prepared: Prepared, role: str) -> np.ndarray:
    """Return the voxels of a map's box that the network saw nothing of; kept like the way there."""
    if role not in prepared.unseen:
        seen = visible_in(prepared).astype(np.float32)
        prepared.unseen[role] = ~(to_cube(seen, prepared, role)[0] >= 0.5)
    return prepared.unseen[role]


def on_cubes(
    found: GridMap, model: Model, prepared: Prepared, *, method: str, target: str, unit: str
) -> Overlay:
    """Carry a map on the input grid onto the cubes' voxels.

    Parameters
    ----------
    found : GridMap
        Of several channels, each goes to its role's cube; where cubes and channels are not the
        same, as in the sky, all cubes get their sum.
    model : Model
    prepared : Prepared
    method : str
        What made it, as the user reads it.
    target : str
        The class the map speaks for.
    unit : str
    """
    channels, roles = model.card.channels, tuple(prepared.grids)
    own = dict.fromkeys(roles, found.summed)
    if found.values.ndim == 4 and set(roles) == set(channels):
        own = dict(zip(channels, found.values, strict=True))
    on_cube, boxes = {}, {}
    for role in (found.channel,) if found.channel in roles else roles:
        on_cube[role], boxes[role] = to_cube(own[role], prepared, role)
        # The map is carried without NaN, which would spread to the neighbours.
        on_cube[role][_unseen(prepared, role)] = np.nan
    return Overlay(
        case=prepared.case,
        values=on_cube,
        boxes=boxes,
        method=method,
        target=target,
        model=model.card.name,
        unit=unit,
        settings=dict(found.words),
        complete=found.complete,
    )
