"""What is true now in the window: the one owner of state, read by every view and panel."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.answer import Answer, Overlay
from cubeview.cubes.aperture import How
from cubeview.cubes.case import Case, same_cubes
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Box
from cubeview.cubes.region import holds, nearest_voxel
from cubeview.cubes.ventricle import Ventricle, to_role
from cubeview.gui.desk.contours import Contours
from cubeview.gui.desk.measured import Measured
from cubeview.gui.desk.open_case import OpenCase, Shown
from cubeview.gui.desk.painting import Painting
from cubeview.gui.desk.styles import DOUBTFUL, WHITE, Curve, Display, Mark, OverlayStyle


class Session(QObject):
    """State of one window.

    Setters compare first and are silent when nothing changed; no signal carries what the session
    can answer. What belongs to a case stays with it: coming back shows it as it was left, and what
    comes late is kept for the case it is for.

    Attributes
    ----------
    shown : OpenCase
        The current case with all that belongs to it, which can be read here too; an empty one
        while there is none.
    model : str
        Name of the model the user chose; empty while the choice is the program's.
    aperture_how : {"sum", "mean"}
        What is made of the voxels of an aperture.
    default_models : dict of kind to str
        Name of the model that answers for a kind of case while none is chosen.
    adjusting, held : bool
        The ellipsoids show their handles, and one of them is being dragged.

    Signals
    -------
    cases_changed()
        The list of opened cases, or the answer one of them got.
    case_left()
        The current case is about to go: what shows it must not hear of the next one.
    case_changed()
        The current case (or none), and with it all that belongs to it.
    display_changed()
        Colour map, stretch or levels.
    ventricles_changed()
        Fitted or dragged ellipsoids.
    ventricle_placed()
        The user let go of an ellipsoid that was dragged.
    adjusting_changed()
        The user began or ended to adjust the ellipsoids.
    white_changed()
        `white`: the sky plane shows the mean of all channels, or a channel again.
    aperture_changed()
        Its radius, or what is made of it.
    catalogue_changed()
        What a search of the current case found, or none.
    marks_changed()
        The labelled windows of the current sky cube.
    measured_changed()
        What is measured in the current sky cube, or what came of it.
    model_changed()
        The choice of a model, or a model came or went: another one may answer now.
    overlay_changed()
        The values of the map.
    curve_changed()
        What is drawn over the spectrum.
    """

    cases_changed = pyqtSignal()
    case_left = pyqtSignal()
    case_changed = pyqtSignal()
    cursor_changed = pyqtSignal()
    display_changed = pyqtSignal()
    ventricles_changed = pyqtSignal()
    ventricle_placed = pyqtSignal()
    adjusting_changed = pyqtSignal()
    window_changed = pyqtSignal()
    aperture_changed = pyqtSignal()
    white_changed = pyqtSignal()
    marks_changed = pyqtSignal()
    measured_changed = pyqtSignal()
    catalogue_changed = pyqtSignal()
    model_changed = pyqtSignal()
    prediction_changed = pyqtSignal()
    overlay_changed = pyqtSignal()
    overlay_style_changed = pyqtSignal()
    gate_changed = pyqtSignal()
    curve_changed = pyqtSignal()

    case = Shown[Case | None]()
    cursor = Shown[tuple[int, int, int]]()
    display = Shown[Display]()
    ventricles = Shown[dict[str, Ventricle]]()
    gate = Shown[int | None]()
    window = Shown[Box | None]()
    drawn = Shown[bool]()
    marks = Shown[tuple[Mark, ...]]()
    measured = Shown[Measured]()
    aperture = Shown[float]()
    white = Shown[bool]()
    prediction = Shown[Answer | None]()
    overlay = Shown[Overlay | None]()
    catalogue = Shown[Catalogue | None]()
    curve = Shown[Curve | None]()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cases: tuple[Case, ...] = ()
        self.shown = OpenCase(None, Display())
        self.adjusting = False
        self.held = False
        self.model = ""
        self.aperture_how: How = "sum"
        self.default_models: dict[str, str] = {}
        self.overlay_style = OverlayStyle()
        self.painting = Painting(self)
        self.contours = Contours(self)
        self._open: dict[Case, OpenCase] = {}

    def add_cases(self, cases: tuple[Case, ...]) -> None:
        """Append cases to the list; the current case stays."""
        if cases:
            self.cases = (*self.cases, *cases)
            self.cases_changed.emit()

    def replace_case(self, old: Case, new: Case) -> None:
        """Put a corrected case (roles swapped, axis overridden) in the place of another."""
        self.cases = tuple(new if case is old else case for case in self.cases)
        self._open.pop(old, None)
        # The case before the list: nobody is to see a list without the current case in it.
        if self.case is old:
            cursor = self.cursor
            self.set_case(new)
            self.set_cursor(*cursor)
        self.cases_changed.emit()

    def remove_case(self, case: Case) -> None:
        """Take a case off the list; its neighbour becomes the current one."""
        place = self.cases.index(case)
        self.cases = tuple(other for other in self.cases if other is not case)
        self._open.pop(case, None)
        if self.case is case:
            self.set_case(self.cases[min(place, len(self.cases) - 1)] if self.cases else None)
        self.cases_changed.emit()

    def close_case(self) -> None:
        """Take the current case off the list."""
        if self.case is not None:
            self.remove_case(self.case)

    def open_case(self, case: Case) -> OpenCase:
        """Return what belongs to a case; a case not looked at yet opens as the one shown looks."""
        if case not in self._open:
            display = replace(self.display, levels=None, levels_from="")
            self._open[case] = OpenCase(case, display)
        return self._open[case]

    def answer_to(self, case: Case) -> Answer | None:
        """Return the last answer a case of the list got."""
        return self._open[case].prediction if case in self._open else None

    def hashes_of(self, case: Case) -> dict[str, str] | None:
        """Return SHA-256 of the files of a case by role, where they are known."""
        return self._open[case].hashes if case in self._open else None

    @property
    def asked(self) -> Case | None:
        """The current case as a network is to be shown it: with the window that was set."""
        if self.case is None or self.window == self.case.window:
            return self.case
        return replace(self.case, window=self.window)

    def set_case(self, case: Case | None) -> None:
        """Make a case the current one, as it was left."""
        if case is self.case:
            return
        self.case_left.emit()
        self.shown = OpenCase(None, self.display) if case is None else self.open_case(case)
        self.held = False
        self.painting.show(self.shown)  # before the views of the case are built
        self.case_changed.emit()

    def set_cursor(self, z: float, y: float, x: float) -> None:
        """Move the cursor to the nearest voxel of the main cube; NaN moves nothing."""
        if self.case is None or not np.isfinite((z, y, x)).all():
            return
        cursor = nearest_voxel(self.case.main, (z, y, x))
        if cursor != self.cursor:
            self.shown.cursor = cursor
            if self.drawn and self.window is not None and not holds(self.window, self.cursor):
                # An answer stays on the screen with the window it is for.
                asked = self.prediction is not None or self.overlay is not None
                self.set_window(self.window if asked else None)
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
        return nearest_voxel(cube, position)

    def from_role(self, role: str, voxel: Iterable[float]) -> tuple[float, float, float]:
        """Return a voxel of one role's cube as a (fractional) voxel of the main cube."""
        assert self.case is not None
        z, y, x = voxel
        cube, main = self.case.cubes[role], self.case.main
        if cube is not main:
            z, y, x = to_role(cube, main, (z, y, x), self.ventricles, role, self.case.roles[0])
        return float(z), float(y), float(x)

    def set_gate(self, gate: int | None) -> None:
        """Show one gate of a gated scan, counted from 0, or the sum of all."""
        if gate is not None and self.case is not None:
            gate = min(max(gate, 0), self.case.gates - 1) if self.case.gates else None
        if gate != self.gate:
            self.shown.gate = gate
            self.gate_changed.emit()

    def set_display(self, **changes: Any) -> None:
        """Change fields of `display`."""
        display = replace(self.display, **changes)
        if display != self.display:
            self.shown.display = display
            self.display_changed.emit()

    def set_overlay_style(self, **changes: Any) -> None:
        """Change fields of `overlay_style`."""
        style = replace(self.overlay_style, **changes)
        if style != self.overlay_style:
            self.overlay_style = style
            self.overlay_style_changed.emit()

    def set_ventricles(self, case: Case, ventricles: Mapping[str, Ventricle]) -> None:
        """Take fitted or dragged ellipsoids of a case; those of one that has gone are dropped."""
        opened = self._open.get(case)
        if opened is not None and dict(ventricles) != opened.ventricles:
            opened.ventricles = dict(ventricles)
            if opened is self.shown:
                self.ventricles_changed.emit()

    def set_default_model(self, kind: str, name: str) -> None:
        """Let a model answer for a kind of case; an empty name leaves it to the program."""
        if self.default_models.get(kind, "") == name:
            return
        self.default_models.pop(kind, None)
        if name:
            self.default_models[kind] = name
        self.model_changed.emit()

    def place_ventricle(self, role: str, ventricle: Ventricle) -> None:
        """Take an ellipsoid the user is dragging; all states get its size."""
        if self.case is None or role not in self.ventricles:
            return
        self.held = True
        placed = {
            other: replace(found, radii=ventricle.radii) for other, found in self.ventricles.items()
        }
        self.set_ventricles(self.case, {**placed, role: ventricle})

    def drop_ventricle(self) -> None:
        """End a drag."""
        if self.held:
            self.held = False
            self.ventricle_placed.emit()

    def set_adjusting(self, on: bool) -> None:
        """Show the handles of the ellipsoids, or hide them."""
        if on != self.adjusting:
            self.adjusting = on
            self.adjusting_changed.emit()

    @property
    def doubtful(self) -> dict[str, str]:
        """Roles whose ventricle is to be checked, and why."""
        return {
            role: found.reason or "the fit is poor"
            for role, found in self.ventricles.items()
            if found.doubt > DOUBTFUL
        }

    def set_model(self, name: str) -> None:
        """Choose the model to ask; the answer of another one goes."""
        if name == self.model:
            return
        self.model = name
        # Before it is told: an answer that is kept may take the free place.
        if self.prediction is not None and self.prediction.model != name:
            self.set_prediction(None)
        self.model_changed.emit()

    def set_window(self, window: Box | None, *, drawn: bool = False) -> None:
        """Choose the part of a sky cube to ask about; the answer for another part goes."""
        if (window, drawn) == (self.window, self.drawn):
            return
        self.shown.window, self.shown.drawn = window, drawn
        self.window_changed.emit()
        if self.prediction is not None and self.prediction.case.window != window:
            self.set_prediction(None)
        if self.overlay is not None and self.overlay.case.window != window:
            self.set_overlay(None)

    def set_white(self, on: bool) -> None:
        """Show the mean of all channels in the sky plane, and of a map; or a channel again."""
        if on != self.white:
            self.shown.white = on
            self.white_changed.emit()

    def set_white_plane(self, plane: np.ndarray, levels: tuple[float, float]) -> None:
        """Take the mean of all channels of the current cube; levels are for its first time."""
        self.shown.white_plane = plane
        known = self.display.levels or {}
        self.set_display(levels={WHITE: levels, **known})

    def set_aperture(self, radius: float, how: How | None = None) -> None:
        """Show the spectrum of a circle around the cursor; radius in voxels, 0 for none."""
        how = how or self.aperture_how
        most = 0.0 if self.case is None else float(max(self.case.main.shape[1:]))
        radius = min(max(radius, 0.0), most)
        if (radius, how) != (self.aperture, self.aperture_how):
            self.shown.aperture, self.aperture_how = radius, how
            self.aperture_changed.emit()

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Take the labelled windows of the current cube."""
        if marks != self.marks:
            self.shown.marks = marks
            self.marks_changed.emit()

    def set_measured(self, *, note: bool = False, **changes: Any) -> None:
        """Change fields of `measured`; what it was is kept for undo where `note` is asked for."""
        measured = replace(self.measured, **changes)
        if measured != self.measured:
            if note:
                self.shown.measured_before.append(self.measured)
            self.shown.measured = measured
            self.measured_changed.emit()

    def set_prediction(self, prediction: Answer | None) -> None:
        """Take an answer to the case it is for, or take the current one's away.

        One for a case that has gone, or for another window of it, is dropped.
        """
        opened = self.shown if prediction is None else self._asked_of(prediction.case)
        if opened is None or opened.case is None or prediction is opened.prediction:
            return
        opened.prediction = prediction
        if opened is self.shown:
            self.prediction_changed.emit()
        self.cases_changed.emit()
        if prediction is not None and prediction.ventricles:
            self.set_ventricles(opened.case, prediction.ventricles)

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Take what a search found; kept for a case of the list, shown if it is the current one."""
        opened = self._open.get(catalogue.case)
        if opened is not None:
            opened.catalogue = catalogue
            if opened is self.shown:
                self.catalogue_changed.emit()

    def set_curve(self, case: Case, curve: Curve | None) -> None:
        """Draw a curve over the spectrum of a case of the list, or none."""
        opened = self._open.get(case)
        if opened is not None and curve is not opened.curve:
            opened.curve = curve
            if opened is self.shown:
                self.curve_changed.emit()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Take a map to the case it is for, as an answer, or take the current one's away."""
        opened = self.shown if overlay is None else self._asked_of(overlay.case)
        if opened is not None and overlay is not opened.overlay:
            opened.overlay = overlay
            if opened is self.shown:
                self.overlay_changed.emit()

    def _asked_of(self, case: Case) -> OpenCase | None:
        """Return the open case whose very cubes and window `case`, as it was asked about, has."""
        every = (self.shown, *self._open.values())
        alike = (one for one in every if one.case is not None and same_cubes(case, one.case))
        return next((one for one in alike if one.window == case.window), None)
