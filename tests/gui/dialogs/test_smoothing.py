"""A smoothed cube beside its own: asked for in words, and saved."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from cubeview.gui.dialogs.smoothing import SmoothingDialog
from tests.helpers.viewcases import sky_case


@pytest.fixture
def case(desk):
    values = np.zeros((9, 21, 21))
    values[4, 10, 10] = 5.0
    made = sky_case((9, 21, 21), values, np.ones(values.shape))
    cube = replace(made.main, beam=(0.5, 0.4, 10.0))
    made = replace(made, cubes={"flux": cube})
    desk.session.add_cases((made,))
    desk.session.set_case(made)
    return made


def test_it_lies_beside_its_own_which_stays(desk, case, qtbot):
    session = desk.session
    dialog = SmoothingDialog(session, case)
    qtbot.addWidget(dialog)
    dialog.accept()
    assert "Say how" in dialog.problem.text()
    dialog.sky.setText("wide")
    dialog.accept()
    assert "on the sky by: write 1 numbers" in dialog.problem.text()
    dialog.sky.clear()
    dialog.beam.setText("0.3")
    dialog.accept()
    assert "wider in every direction" in dialog.problem.text()
    assert session.cases == (case,)
    dialog.beam.setText("0.9, 0.8, 40")
    dialog.channels.setText("3")
    dialog.kernel.setCurrentIndex(dialog.kernel.findData("box"))
    dialog.accept()
    made = session.case
    assert (made.name, len(session.cases)) == ("sky, smoothed", 2)
    assert made.main.beam == (0.9, 0.8, 40.0)
    assert made.main.source is None
    assert made.main.pixels.read().sum() == pytest.approx(5.0, rel=1e-4)
    assert session.cases[0] is case


def test_what_is_shown_is_saved_with_how_it_was_made(window, idle, tmp_path):
    made = sky_case((9, 21, 21), np.ones((9, 21, 21)))
    window.session.add_cases((made,))
    window.session.set_case(made)
    dialog = SmoothingDialog(window.session, made)
    dialog.sky.setText("0.6")
    dialog.accept()
    idle(window)
    window.bench.save_cube(window.session.case, tmp_path / "smooth.fits")
    idle(window)
    with fits.open(tmp_path / "smooth.fits") as parts:
        np.testing.assert_allclose(parts["DATA"].data, 1.0, rtol=1e-5)
        assert "Gaussian of 0.6 arcsec" in " ".join(parts[0].header["HISTORY"])
