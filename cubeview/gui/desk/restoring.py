"""What was done to an open case as values that can be saved, and the case as it was left again."""

from dataclasses import replace
from typing import Any

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.measured import Measured
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.saved import (
    SavedEllipsoid,
    SavedFit,
    SavedMask,
    SavedPlaces,
    SavedSources,
    SavedState,
)
from cubeview.measure.masks.layer import Layer

_PLAIN = (
    "interval", "continuum", "through", "how", "least_sn", "image_shown", "shapes", "chosen",
    "background", "redshift", "path", "path_width", "lines_shown", "places_shown",
)  # fmt: skip
"""Fields of `Measured` that are kept as they are."""


def state_of(opened: OpenCase) -> SavedState:
    """Return what was done to an open case."""
    asked = opened.measured
    fit = None
    if asked.fit is not None:
        names = ("line", "redshift", "figures", "sn", "start", "words")
        known = {name: getattr(asked.fit, name) for name in names}
        fit = SavedFit(**known, curve=tuple(asked.fit.curve.tolist()), of=asked.fit_of)
    sources = None
    if (found := opened.catalogue) is not None:
        sources = SavedSources(
            found.model, found.detections, found.threshold, tuple(found.purity_sn.tolist()),
            tuple(found.purity.tolist()), found.false_peaks, found.notes,
        )  # fmt: skip
    window = opened.window
    return SavedState(
        cursor=opened.cursor,
        display=opened.display,
        window=None if window is None else tuple((one.start, one.stop) for one in window),
        drawn=opened.drawn,
        gate=opened.gate,
        white=opened.white,
        aperture=opened.aperture,
        zoom=dict(opened.zoom),
        **{name: getattr(asked, name) for name in _PLAIN},
        places=tuple(
            SavedPlaces(one.title, one.words, one.names, tuple(one.y.tolist()),
                        tuple(one.x.tolist())) for one in asked.places
        ),
        fit=fit,
        sources=sources,
        masks={role: _runs(layer) for role, layer in opened.masks.items() if layer.values.any()},
        ventricles={
            role: SavedEllipsoid(**{n: _listed(v) for n, v in vars(one).items()})
            for role, one in opened.ventricles.items()
        },
    )  # fmt: skip


def restored(case: Case, state: SavedState) -> OpenCase:
    """Return a case as it was left; what does not fit it any more is left out.

    Raises
    ------
    CubeviewError
        If the case is of another shape than it was.
    """
    from cubeview.io.places import Places
    from cubeview.measure.sky.one import SpectrumFit

    opened = OpenCase(case, state.display)
    shape = case.main.shape
    inside = all(0 <= at < n for at, n in zip(state.cursor, shape, strict=True))
    if not inside or any(role not in case.cubes for role in state.masks):
        raise CubeviewError(
            f"{case.name}: it is of {' × '.join(map(str, shape))} voxels now, and was larger when "
            "the session was saved: it is opened without what was done to it."
        )
    opened.cursor, opened.drawn, opened.gate = state.cursor, state.drawn, state.gate
    opened.white, opened.aperture, opened.zoom = state.white, state.aperture, dict(state.zoom)
    if state.window is not None and len(state.window) == len(shape):
        z, y, x = (slice(start, stop) for start, stop in state.window)
        opened.window = z, y, x
    places = tuple(
        Places(one.title, one.names, np.array(one.y), np.array(one.x), one.words)
        for one in state.places
    )
    opened.measured = Measured(**{name: getattr(state, name) for name in _PLAIN}, places=places)
    if (fit := state.fit) is not None:
        known = {name: value for name, value in vars(fit).items() if name != "of"}
        made = SpectrumFit(**{**known, "curve": np.array(fit.curve)})
        opened.measured = replace(opened.measured, fit=made, fit_of=fit.of)
    if (found := state.sources) is not None:
        columns = {name: np.array(getattr(found, name)) for name in ("purity_sn", "purity")}
        opened.catalogue = Catalogue(**{**vars(found), **columns, "case": case})
    for role, mask in state.masks.items():
        opened.masks[role] = _painted(case.cubes[role], mask)
    for role, one in state.ventricles.items():
        if role in case.cubes:
            centre, axes, radii = (np.array(part) for part in (one.centre, one.axes, one.radii))
            opened.ventricles[role] = Ventricle(centre, axes, radii, one.doubt, one.reason, one.by)
    return opened


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return tuple(map(_listed, value)) if value.ndim > 1 else tuple(value.tolist())
    return value


def _runs(layer: Layer) -> SavedMask:
    flat = layer.values.ravel()
    (ends,) = np.nonzero(np.diff(flat))
    starts = np.concatenate([[0], ends + 1])
    counts = np.diff(np.concatenate([starts, [flat.size]]))
    kept = flat[starts] > 0
    runs = zip(starts[kept].tolist(), counts[kept].tolist(), flat[starts][kept].tolist(),
               strict=True)  # fmt: skip
    return SavedMask(layer.labels, tuple(runs))


def _painted(cube: Cube, mask: SavedMask) -> Layer:
    layer = Layer(cube)
    flat = layer.values.reshape(-1)
    for start, count, number in mask.runs:
        flat[max(start, 0) : start + count] = min(max(number, 0), 255)
    layer.labels = mask.labels
    return layer
