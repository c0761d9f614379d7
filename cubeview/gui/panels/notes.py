"""The About-this-cube panel: what was read, guessed and repaired, and what the user must decide."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFormLayout, QPushButton, QVBoxLayout, QWidget

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case, paired, taken_apart
from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.units import value_unit
from cubeview.gui.desk.words import coordinate_text
from cubeview.gui.panels.identifiers import Identifiers
from cubeview.gui.panels.pairing import Partners
from cubeview.gui.widgets.basic import button, label, rule
from cubeview.gui.widgets.layout import column, put
from cubeview.io.corrections import keep_roles
from cubeview.kinds import kind_of

_MARKS = {"guess": ("⚠ guessed: ", "warn"), "repair": ("✓ repaired: ", ""), "info": ("", "dim")}


class NotesPanel(QWidget):
    """Shows the open question, evidence, notes, axes and facts of the current case.

    Signals
    -------
    forgot(str)
        What the user decided could not be kept for the next time, and why.
    said(str)
        What a key has done, which may lie behind another panel.
    """

    forgot = pyqtSignal(str)
    said = pyqtSignal(str)

    def __init__(self, session: Session, memory: SettingsFile) -> None:
        super().__init__()
        self._session = session
        self._outer = column(self)
        self.identifiers = Identifiers(memory)
        self._outer.addWidget(self.identifiers)
        self._content: QWidget | None = None
        session.case_changed.connect(self._refill)
        session.cases_changed.connect(self._refill)
        self._refill()

    def swap(self) -> None:
        """Exchange rest and stress, as the user's own decision."""
        case = self._session.case
        if case is not None and set(case.cubes) == {"rest", "stress"}:
            self._settle(case, case.swapped())
            self.said.emit(f"{case.name}: rest and stress exchanged. S exchanges them back.")

    def confirm(self) -> None:
        """Take the roles as they are: the open question is answered."""
        case = self._session.case
        if case is not None and case.question:
            evidence = (*case.evidence, "confirmed by the user")
            self._settle(case, replace(case, question="", evidence=evidence))

    def name_as(self, role: str) -> None:
        """Call a single scan rest or stress."""
        case = self._session.case
        if case is not None:
            self._settle(case, case.named(role))

    def pair_with(self, other: Case) -> None:
        """Make one case of this scan and the other state's."""
        case = self._session.case
        if case is not None:
            stress, rest = (case, other) if case.roles == ("stress",) else (other, case)
            self._settle(case, paired(stress, rest))
            self._session.remove_case(other)

    def unpair(self) -> None:
        """Make two cases of the two scans of this one."""
        case = self._session.case
        if case is not None and set(case.cubes) == {"rest", "stress"}:
            stress, rest = taken_apart(case)
            self._settle(case, stress, alone=True)
            self._session.add_cases((rest,))
            self._keep(rest, alone=True)

    def _settle(self, case: Case, decided: Case, *, alone: bool = False) -> None:
        """Put what the user decided about rest and stress in place, and remember it."""
        self._session.replace_case(case, decided)
        self._keep(decided, alone=alone)

    def _keep(self, decided: Case, *, alone: bool) -> None:
        try:
            keep_roles(decided, alone=alone)
        except CubeviewError as error:
            self.forgot.emit(str(error))

    def _refill(self) -> None:
        if self._content is not None:
            self._outer.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = QWidget()
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        case = self._session.case
        self.identifiers.show_case(case)
        if case is None:
            layout.addWidget(label("No case.", "dim"))
        else:
            put(layout, *(label(f"⚠ {text}", "bad") for text in case.cautions))
            if case.question:
                put(layout, label(f"⚠ {case.question}", "warn"))
            if set(case.cubes) == {"rest", "stress"}:
                self.swap_button = button("Swap rest and stress  S", self.swap)
                self.confirm_button = button("They are right as they are", self.confirm)
                tip = "Make two cases of the two scans"
                self.unpair_button = button("Unpair", self.unpair, tip)
                put(layout, self.swap_button, self.confirm_button, self.unpair_button)
                self.confirm_button.setVisible(bool(case.question))
            elif kind_of(case).states and len(case.cubes) == 1:
                put(layout, *self._single_buttons(case))
                self.partners = Partners(case, self._session.cases, self.pair_with)
                put(layout, self.partners)
            put(layout, *(label(f"· {text}") for text in case.evidence))
            for note in case.notes:
                mark, part = _MARKS[note.level]
                put(layout, label(f"{mark}{note.text}", part))
            for role, cube in case.cubes.items():
                heading = label(kind_of(case).called(role).capitalize(), "heading")
                put(layout, rule(), heading, _facts(cube))
        layout.addStretch(1)
        self._outer.addWidget(self._content)

    def _single_buttons(self, case: Case) -> Iterator[QPushButton]:
        """Offer the two states to a scan of which nobody knows it."""
        if case.roles[0] not in kind_of(case).states:
            for state in kind_of(case).states:
                yield button(f"This is {state}", partial(self.name_as, state))


def _facts(cube: Cube) -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(10)
    form.setVerticalSpacing(4)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    rows = [("Voxels", " × ".join(str(n) for n in cube.shape))]
    rows += [("Unit", value_unit(cube) or "none")]
    rows += [(axis.name, _axis_text(axis)) for axis in cube.axes]
    rows += [("View", cube.view)] if cube.view else []
    rows += [("Uncertainty", "yes, as σ")] if cube.uncertainty is not None else []
    rows += [("Mask", "yes")] if cube.mask is not None else []
    rows += list(cube.facts.items())
    for name, text in rows:
        said = label(text)
        said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form.addRow(label(name, "dim", wrap=False), said)
    return form


def _axis_text(axis: Axis) -> str:
    if axis.counted:
        return f"{len(axis)} voxels, no coordinates in the file"
    first, last = axis.values[0], axis.values[-1]
    prefix = f"{axis.name} "
    start = coordinate_text(axis, float(first)).removeprefix(prefix).split(" ")[0]
    end = coordinate_text(axis, float(last)).removeprefix(prefix)
    guessed = " (guessed)" if axis.guessed else ""
    moved = f"rest frame of z = {axis.redshift:g}" if axis.redshift else ""
    details = ", ".join(part for part in (axis.type, axis.frame, moved) if part)
    return f"{start} to {end}{f', {details}' if details else ''}{guessed}"
