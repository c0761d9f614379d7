"""The dialog of the spectral axis, used as a user does."""

from dataclasses import replace

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialogButtonBox

from cubeview.cubes.axes import Axis
from cubeview.gui.desk.session import Session
from cubeview.gui.dialogs.spectral import SpectralDialog
from tests.gui.fakes import make_heart, make_sky


def ok(qtbot, dialog):
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_cube_is_shown_in_velocity(window, with_case, qtbot):
    case = with_case(make_sky())
    window.session.set_cursor(5, 6, 7)
    window.actions_table["spectral_axis"].trigger()
    dialog = window.findChild(SpectralDialog)
    dialog.shown.setCurrentIndex(dialog.shown.findData("velocity"))
    ok(qtbot, dialog)
    assert "rest value" in dialog.problem.text()
    assert window.session.case is case
    dialog.rest.setText("6010 Angstrom")
    dialog.convention.setCurrentIndex(dialog.convention.findData("optical"))
    ok(qtbot, dialog)
    axis = window.session.case.main.axes[0]
    assert (axis.name, axis.convention) == ("Velocity", "optical")
    assert abs(axis.values[8]) < 1e-3
    assert window.session.cursor == (5, 6, 7)
    assert len(window.session.cases) == 1


def test_a_case_that_was_closed_is_left_alone(window, with_case, qtbot):
    case = with_case(make_sky())
    window.actions_table["spectral_axis"].trigger()
    dialog = window.findChild(SpectralDialog)
    window.session.remove_case(case)
    ok(qtbot, dialog)
    assert window.session.cases == ()


def test_hearts_have_no_spectral_axis(window, with_case):
    with_case(make_heart())
    assert not window.actions_table["spectral_axis"].isEnabled()


def test_a_cube_is_shown_in_the_rest_frame_and_back(window, with_case, qtbot):
    with_case(make_sky())
    window.actions_table["spectral_axis"].trigger()
    dialog = window.findChild(SpectralDialog)
    assert dialog.shown.currentData() == "air wavelength"
    assert not dialog.redshift.isEnabled()
    dialog.frame.setCurrentIndex(1)
    ok(qtbot, dialog)
    assert "no redshift" in dialog.problem.text()
    dialog.redshift.setText("0.5")
    ok(qtbot, dialog)
    axis = window.session.case.main.axes[0]
    assert abs(axis.values[0] - 4000) < 1
    qtbot.waitUntil(lambda: "rest frame" in window.status_line.cursor_text.text())
    window.actions_table["spectral_axis"].trigger()
    dialog = window.findChildren(SpectralDialog)[-1]
    assert dialog.redshift.text() == "0.5"
    dialog.frame.setCurrentIndex(0)
    ok(qtbot, dialog)
    assert abs(window.session.case.main.axes[0].values[0] - 6000) < 1e-6


def optical(case):
    axis = Axis(
        "Velocity", "spectral", "km / s", 1600 + 1.25 * np.arange(40), convention="optical",
        rest=1.42040575e9, rest_unit="Hz",
    )  # fmt: skip
    cube = replace(case.main, axes=(axis, *case.main.axes[1:]))
    return replace(case, cubes={"flux": cube})


def test_a_look_at_the_axis_changes_nothing(qtbot):
    session, case = Session(), optical(make_sky())
    session.add_cases((case,))
    session.set_case(case)
    dialog = SpectralDialog(session, case)
    qtbot.addWidget(dialog)
    assert dialog.convention.currentData() == "optical"
    assert dialog.rest.placeholderText() == "1420405750 Hz, from the file"
    ok(qtbot, dialog)
    assert session.case is case


def test_the_convention_stays_and_a_typed_rest_value_is_not_the_files(qtbot):
    session, case = Session(), optical(make_sky())
    session.add_cases((case,))
    session.set_case(case)
    dialog = SpectralDialog(session, case)
    qtbot.addWidget(dialog)
    dialog.rest.setText("1420.0 MHz")
    ok(qtbot, dialog)
    axis = session.case.main.axes[0]
    assert axis.convention == "optical"
    again = SpectralDialog(session, session.case)
    qtbot.addWidget(again)
    assert again.rest.placeholderText() == "1420000000 Hz, as set before"
