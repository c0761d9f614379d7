"""The part of the Measure panel for lines: which lie where, and a fit to the spectrum shown."""

from functools import partial
from typing import TYPE_CHECKING

from astropy import constants, units
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCompleter, QDoubleSpinBox, QFormLayout, QLineEdit, QWidget

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.measuring import Measuring
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.spectral_places import line_places
from cubeview.gui.desk.units import in_shown_units, unit_text
from cubeview.gui.widgets.basic import button, copy_text, label, say, steady, tick
from cubeview.gui.widgets.layout import column, put, row
from cubeview.measure.sky.lines import NAMES

if TYPE_CHECKING:
    from cubeview.measure.sky.one import SpectrumFit

NEAREST = "the one nearest to the cursor"
_NAMES = {
    "FLUX": "Flux",
    "VELOCITY": "Velocity",
    "DISPERSION": "Dispersion",
    "CONTINUUM": "Continuum",
    "EW": "Equivalent width",
}
_C_KMS = float(constants.c.to_value(units.km / units.s))


class LineControl(QWidget):
    """Redshift and list of lines, what is to be fitted, and the figures of the fit."""

    def __init__(self, session: Session, measuring: Measuring) -> None:
        super().__init__()
        self._session, self._measuring = session, measuring
        self.shown = tick("Show the lines")
        self.drag = tick("Drag them (D)", "Drag in the spectrum: the line nearest to where the "
                         "drag begins follows the mouse")  # fmt: skip
        self.redshift = QLineEdit()
        self.redshift.setToolTip("A redshift, or a velocity: 0.0231, 1450 km/s")
        self.line = QLineEdit()
        self.line.setToolTip("A line by its name, or its value at rest in vacuum: 9 GHz")
        self.line.setPlaceholderText(NEAREST)
        names = QCompleter(NAMES)
        names.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line.setCompleter(names)
        self.window_kms = _field(10.0, 100_000.0, 1500.0, " km/s to either side")
        self.resolution = _field(0.0, 1_000_000.0, 0.0, "")
        self.resolution.setSpecialValueText("not taken off")
        self.resolution.setToolTip("Resolving power of the instrument, taken off the dispersion")
        self.dark = tick("Absorption")
        self.fit_button = button("Fit line", self.fit, "Shift+F", "main")
        self.copy_button = button("Copy", self._copy, "Copy the figures")
        self.clear_button = button("Clear", lambda: session.set_measured(fit=None))
        form = QFormLayout()
        for name, field in (
            ("Redshift", self.redshift),
            ("Line", self.line),
            ("Window", self.window_kms),
            ("Resolution", self.resolution),
        ):
            field.setAccessibleName(name)
            form.addRow(label(name, "dim", wrap=False), field)
        self.figures, self.said = label(), label(part="dim")
        self.problem, self.unplaced = label(part="bad"), label(part="warn")
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = column(self)
        put(layout, row(self.shown, self.drag, None), self.unplaced, form, self.dark)
        put(layout, row(self.fit_button, self.copy_button, self.clear_button, None))
        put(layout, self.problem, self.figures, self.said, None)
        self.shown.clicked.connect(lambda on: session.set_measured(lines_shown=on))
        self.drag.clicked.connect(self._take)
        self.redshift.editingFinished.connect(self._typed)
        measuring.unfitted.connect(partial(say, self.problem))
        session.case_changed.connect(self._read)
        session.measured_changed.connect(self._read)
        self.problem.hide()
        self._read()

    def fit(self) -> None:
        """Fit the line to the spectrum that is shown."""
        name = self.line.text().strip() or self._nearest()
        if name:
            self._measuring.fit(
                name,
                window_kms=self.window_kms.value(),
                resolution=self.resolution.value(),
                sign=-1 if self.dark.isChecked() else 1,
            )

    def _nearest(self) -> str:
        case = self._session.case
        if case is None:
            return ""
        channel = self._session.cursor[0]
        try:
            places = line_places(case.main, self._session.measured.redshift, beyond=True)
        except CubeviewError as error:
            say(self.problem, str(error))
            return ""
        return min(places, key=lambda name: abs(places[name] - channel))

    def _unplaced(self) -> str:
        """Return why no lines can be shown; empty where they can, or are not wanted."""
        case, asked = self._session.case, self._session.measured
        if case is not None and asked.lines_shown:
            try:
                line_places(case.main, asked.redshift)
            except CubeviewError as error:
                return str(error)
        return ""

    def _take(self, on: bool) -> None:
        self._session.set_measured(tool="lines" if on else "", lines_shown=True)

    def _typed(self) -> None:
        text = self.redshift.text().strip().replace("−", "-")
        speed = text.lower().removesuffix("km/s")
        try:
            found = float(speed) / (_C_KMS if speed != text.lower() else 1.0)
        except ValueError:
            found = float("nan")
        if not -1 < found < 2000:
            say(self.problem, f"“{text[:40]}” is no redshift. Write 0.0231, or 1450 km/s.")
            return
        self.problem.hide()
        if f"{found:.7g}" != f"{self._session.measured.redshift:.7g}":
            self._session.set_measured(note=True, redshift=found, lines_shown=True)
        self._read()

    def _copy(self) -> None:
        copy_text("\n".join(filter(None, (self.figures.text(), self.said.text()))))

    def _read(self) -> None:
        session, asked = self._session, self._session.measured
        case = session.case
        self.setEnabled(case is not None and case.main.axes[0].kind == "spectral")
        self.shown.setChecked(asked.lines_shown)
        self.drag.setChecked(asked.tool == "lines")
        if not (self.redshift.hasFocus() and self.redshift.isModified()):
            self.redshift.setText(f"{asked.redshift:.7g}")
        say(self.unplaced, self._unplaced())
        found = asked.fit
        for widget in (self.copy_button, self.clear_button):
            widget.setEnabled(found is not None)
        told = ""
        if found is not None and case is not None:
            lines = [_told(case.main, name, *found.figures[name]) for name in _NAMES]
            told = "\n".join([*lines, f"S/N {found.sn:.3g}"])
        say(self.figures, told)
        say(self.said, _said(found, asked.fit_of) if found is not None else "")


def _told(cube: Cube, name: str, value: float, error: float, unit: str) -> str:
    if name in ("FLUX", "EW"):
        factor, unit = in_shown_units(cube.axes[0], unit, 1)
        value, error = value * factor, error * factor
    unit = unit_text(cube, unit)
    times = "×" if unit.startswith("10") else ""
    return f"{_NAMES[name]} {value:.5g} ± {error:.2g} {times}{unit}".replace("-", "−")


def _said(found: "SpectrumFit", whose: str) -> str:
    return "; ".join((f"{found.line} at z = {found.redshift:g} in {whose}", *found.words))


def _field(least: float, most: float, value: float, suffix: str) -> QDoubleSpinBox:
    made = steady(QDoubleSpinBox())
    made.setRange(least, most)
    made.setDecimals(0)
    made.setSingleStep(100.0)
    made.setValue(value)
    made.setSuffix(suffix)
    return made
