"""The dialog that asks as what the spectral axis is to be shown."""

from dataclasses import replace
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox, QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.cubes.spectral import CONVENTIONS, SHOWN, shown_as, was_changed, with_spectral
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import answers, label, offer, say, steady
from cubeview.gui.widgets.layout import put

_WORDS = {
    "wavelength": "Wavelength in vacuum",
    "air wavelength": "Wavelength in air",
    "frequency": "Frequency",
    "energy": "Energy",
    "velocity": "Velocity",
}


def ask(session: Session, parent: QWidget) -> None:
    """Show the dialog for the current case."""
    if session.case is not None:
        SpectralDialog(session, session.case, parent).show()


class SpectralDialog(QDialog):
    """Replaces a case by one whose spectral axis is shown as another quantity.

    The case must still be open when the user agrees.
    """

    def __init__(self, session: Session, case: Case, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._case = session, case
        self.setWindowTitle("Spectral axis")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        axis = case.main.axes[0]
        self.shown = steady(QComboBox())
        offer(self.shown, {key: _WORDS[key] for key in SHOWN}, shown_as(axis))
        self.convention = steady(QComboBox())
        offer(self.convention, {key: key.capitalize() for key in CONVENTIONS}, axis.convention)
        self.rest = QLineEdit()
        self.rest.setPlaceholderText("1420.40575 MHz, 656.28 nm …")
        if axis.rest is not None:
            whose = "as set before" if was_changed(case.main) else "from the file"
            self.rest.setPlaceholderText(f"{axis.rest:.10g} {axis.rest_unit}, {whose}")
        self.frame = steady(QComboBox())
        frames = {"observed": "As observed", "rest": "In the rest frame of the source"}
        offer(self.frame, frames, "rest" if axis.redshift else "observed")
        self.redshift = QLineEdit()
        known = f"{axis.redshift:.8g}" if axis.redshift else case.main.facts.get("redshift", "")
        self.redshift.setText(known)
        self.redshift.setPlaceholderText("0.0231")
        self.problem = label(part="warn")
        form = QFormLayout()
        form.addRow("Show as", self.shown)
        form.addRow("Rest value of the line", self.rest)
        form.addRow("Velocities are", self.convention)
        form.addRow("Values", self.frame)
        form.addRow("Redshift of the source", self.redshift)
        now = label(f"Now {axis.name.lower()} in {axis.unit or 'no unit'}", "dim")
        put(QVBoxLayout(self), now, form, self.problem, answers(self, "Ok", "Cancel"))
        self.shown.currentIndexChanged.connect(self._changed)
        self.frame.currentIndexChanged.connect(self._changed)
        self._opened_with = self._asked()
        self._changed()

    def accept(self) -> None:
        """Replace the case, or say why not and stay."""
        if not any(case is self._case for case in self._session.cases):
            self.reject()
            return
        if self._asked() == self._opened_with:
            super().accept()  # a look changes nothing
            return
        try:
            cubes = {
                role: with_spectral(cube, **self._asked())
                for role, cube in self._case.cubes.items()
            }
        except CubeviewError as error:
            say(self.problem, str(error))
            return
        self._session.replace_case(self._case, replace(self._case, cubes=cubes))
        super().accept()

    def _asked(self) -> dict[str, Any]:
        """Return what is asked for, as `with_spectral` takes it."""
        return {
            "as_": self.shown.currentData(),
            "convention": self.convention.currentData(),
            "rest": self.rest.text(),
            "redshift": "0" if self.frame.currentData() == "observed" else self.redshift.text(),
        }

    def _changed(self) -> None:
        self.problem.hide()
        self.convention.setEnabled(self.shown.currentData() == "velocity")
        self.redshift.setEnabled(self.frame.currentData() == "rest")
