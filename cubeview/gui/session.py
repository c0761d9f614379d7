"""What is true now in the window: the one owner of state, read by every view and panel."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle


@dataclass(frozen=True)
class Display:
    """How slices are painted; one for all cubes of a case.

    Parameters
    ----------
    colormap : str
        Key of a colour map in ``gui/colormaps.py``.
    stretch : {"linear", "sqrt", "log", "asinh"}
    levels : mapping of role to (low, high), in the cube's unit
        Lower and upper level apart, per role.
    levels_from : str
        How they were chosen, as shown: ``"99.5 %"``, ``"zscale"``, ``"ventricle maximum"``,
        ``"set by hand"``.
    """

    colormap: str = "viridis"
    stretch: str = "linear"
    levels: Mapping[str, tuple[float, float]] | None = None
    levels_from: str = ""


@dataclass(frozen=True)
class OverlayStyle:
    """How an overlay is painted: 0-1 opacity, and the share of the peak below which it is clear."""

    visible: bool = True
    opacity: float = 0.6
    threshold: float = 0.25


class Session(QObject):
    """State of one window.

    Setters compare first and are silent when nothing changed; no signal carries what the session
    can answer.

    Signals
    -------
    cases_changed()
        The list of opened cases.
    case_changed()
        The current case (or none); cursor, display, prediction and overlay were reset first.
    cursor_changed()
    display_changed()
        Colour map, stretch or levels.
    ventricles_changed()
        Fitted or dragged ellipsoids.
    prediction_changed()
    overlay_changed()
        The values of the map.
    overlay_style_changed()
    """

    cases_changed = pyqtSignal()
    case_changed = pyqtSignal()
    cursor_changed = pyqtSignal()
    display_changed = pyqtSignal()
    ventricles_changed = pyqtSignal()
    prediction_changed = pyqtSignal()
    overlay_changed = pyqtSignal()
    overlay_style_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cases: tuple[Case, ...] = ()
        self.case: Case | None = None
        self.cursor: tuple[int, int, int] = (0, 0, 0)
        self.display = Display()
        self.ventricles: dict[str, Ventricle] = {}
        self.prediction: Prediction | None = None
        self.overlay: Overlay | None = None
        self.overlay_style = OverlayStyle()

    def add_cases(self, cases: tuple[Case, ...]) -> None:
        """Append cases to the list; the current case stays."""
        if cases:
            self.cases = (*self.cases, *cases)
            self.cases_changed.emit()

    def replace_case(self, old: Case, new: Case) -> None:
        """Put a corrected case (roles swapped, axis overridden) in the place of another."""
        self.cases = tuple(new if case is old else case for case in self.cases)
        self.cases_changed.emit()
        if self.case is old:
            self.set_case(new)

    def set_case(self, case: Case | None) -> None:
        """Make a case the current one, with the cursor at its centre."""
        if case is self.case:
            return
        self.case = case
        self.prediction = None
        self.overlay = None
        self.ventricles = {}
        self.display = replace(self.display, levels=None, levels_from="")
        if case is not None:
            z, y, x = case.main.shape
            self.cursor = (z // 2, y // 2, x // 2)
        self.case_changed.emit()

    def set_cursor(self, z: float, y: float, x: float) -> None:
        """Move the cursor to the nearest voxel of the main cube."""
        if self.case is None:
            return
        cursor = tuple(
            int(np.clip(round(value), 0, length - 1))
            for value, length in zip((z, y, x), self.case.main.shape, strict=True)
        )
        if cursor != self.cursor:
            self.cursor = (cursor[0], cursor[1], cursor[2])
            self.cursor_changed.emit()

    def cursor_in(self, role: str) -> tuple[int, int, int]:
        """Return the cursor as a voxel of one role's cube.

        Rest and stress share no frame of reference: with both ventricles known they are brought
        together by them, before that by the centres of the cubes.
        """
        assert self.case is not None
        cube = self.case.cubes[role]
        if cube is self.case.main:
            return self.cursor
        position = to_role(
            self.case.main, cube, self.cursor, self.ventricles, self.case.roles[0], role
        )
        z, y, x = (
            int(np.clip(round(float(value)), 0, length - 1))
            for value, length in zip(position, cube.shape, strict=True)
        )
        return z, y, x

    def from_role(self, role: str, z: float, y: float, x: float) -> tuple[float, float, float]:
        """Return a voxel of one role's cube as a (fractional) voxel of the main cube."""
        assert self.case is not None
        cube = self.case.cubes[role]
        if cube is self.case.main:
            return z, y, x
        position = to_role(
            cube, self.case.main, (z, y, x), self.ventricles, role, self.case.roles[0]
        )
        return float(position[0]), float(position[1]), float(position[2])

    def set_display(self, **changes: Any) -> None:
        """Change fields of `display`."""
        display = replace(self.display, **changes)
        if display != self.display:
            self.display = display
            self.display_changed.emit()

    def set_overlay_style(self, **changes: Any) -> None:
        """Change fields of `overlay_style`."""
        style = replace(self.overlay_style, **changes)
        if style != self.overlay_style:
            self.overlay_style = style
            self.overlay_style_changed.emit()

    def set_ventricles(self, case: Case, ventricles: Mapping[str, Ventricle]) -> None:
        """Take fitted or dragged ellipsoids; those of another case are dropped."""
        if case is self.case and dict(ventricles) != self.ventricles:
            self.ventricles = dict(ventricles)
            self.ventricles_changed.emit()

    def set_prediction(self, prediction: Prediction | None) -> None:
        """Take an answer; one for another case is dropped."""
        if prediction is self.prediction:
            return
        if prediction is not None and prediction.case is not self.case:
            return
        self.prediction = prediction
        self.prediction_changed.emit()
        if prediction is not None and prediction.ventricles:
            self.set_ventricles(prediction.case, prediction.ventricles)

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Take a map; one for another case is dropped."""
        if overlay is self.overlay:
            return
        if overlay is not None and overlay.case is not self.case:
            return
        self.overlay = overlay
        self.overlay_changed.emit()


def to_role(
    here: Cube,
    there: Cube,
    voxel: tuple[float, float, float],
    ventricles: Mapping[str, Ventricle],
    role_here: str,
    role_there: str,
) -> np.ndarray:
    """Return where a voxel of one cube lies in another, as a fractional voxel index (3,).

    With both ventricles known, position and direction are carried relative to them; else the
    centres of the two cubes are laid on each other.
    """
    position = np.asarray(voxel, dtype=float) * here.spacing
    if role_here in ventricles and role_there in ventricles:
        a, b = ventricles[role_here], ventricles[role_there]
        moved = b.centre + (a.axes @ (position - a.centre)) @ b.axes
    else:
        half_here = (np.array(here.shape) - 1) / 2 * here.spacing
        half_there = (np.array(there.shape) - 1) / 2 * there.spacing
        moved = position - half_here + half_there
    result: np.ndarray = moved / there.spacing
    return result
