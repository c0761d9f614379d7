"""Lines over the spectrum at a redshift that is typed or dragged, and a fit to what is shown."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from scipy.optimize import curve_fit

from cubeview.cubes.spectral import refractive_index
from cubeview.errors import CubeviewError
from cubeview.gui.desk.spectral_places import line_places
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.measure.sky.one import fit_spectrum
from tests.gui.shell.test_measure_interval import drag
from tests.helpers.viewcases import sky_case

SHAPE = (40, 20, 30)
AIR = 5000 + 1.25 * np.arange(40)
HB = 4862.68  # Å at rest, in vacuum
C = 299_792.458
VACUUM = AIR * refractive_index(AIR / 1e4)
Z = 5025.0 * float(refractive_index(np.array(0.5025))) / HB - 1  # Hβ in channel 20


def gaussian(x, flux, centre, width, level, slope):
    bell = np.exp(-0.5 * ((x - centre) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return flux * bell + level + slope * (x - AIR[20])


@pytest.fixture
def case():
    """Hβ of flux 100 Jy Å, 40 km/s beyond the redshift, in voxel (10, 8); noise of .1."""
    rng = np.random.default_rng(5)
    values = rng.normal(0, 0.1, SHAPE)
    centre = np.interp(HB * (1 + Z) * (1 + 40 / C), VACUUM, AIR)
    values[:, 10, 8] += gaussian(AIR, 100.0, centre, 2.5, 3.0, 0.02)
    return sky_case(SHAPE, values, noise=np.full(SHAPE, 0.1))


@pytest.fixture
def spectrum(window, with_case, case, qtbot):
    with_case(case)
    window.session.set_cursor(20, 10, 8)
    qtbot.keyClick(window, Qt.Key.Key_D)
    window.ortho.follow_now()
    return window.ortho.findChild(SpectrumView)


def test_a_line_is_fitted_as_it_was_planted(case):
    cube = case.main
    values, sigma = cube.spectrum(10, 8), cube.uncertainty.spectrum(10, 8)
    found = fit_spectrum(cube, values, sigma, cube.unit, "Hb", Z)
    for name, truth in (
        ("FLUX", 100.0), ("VELOCITY", 40.0), ("DISPERSION", 2.5 / 5025 * C), ("CONTINUUM", 3.0)
    ):  # fmt: skip
        value, error, _ = found.figures[name]
        assert abs(value - truth) < 3.5 * error, name
        assert 0 < error < 0.1 * max(abs(truth), 20.0)
    # scipy is the judge of the curve
    best, _ = curve_fit(gaussian, AIR, values, (90, 5025, 2, 3, 0), sigma=np.full(40, 0.1))
    part = slice(found.start, found.start + len(found.curve))
    np.testing.assert_allclose(found.curve, gaussian(AIR[part], *best), atol=0.02)
    assert set(found.figures["FLUX"][2].split()) == {"Jy", "Angstrom"}
    assert found.sn > 50
    # the instrument's width is taken off the figure, not off the curve
    narrow = fit_spectrum(cube, values, sigma, cube.unit, "Hb", Z, resolution=1500.0)
    own = np.sqrt(found.figures["DISPERSION"][0] ** 2 - (C / 1500 / 2.3548) ** 2)
    assert narrow.figures["DISPERSION"][0] == pytest.approx(own, rel=1e-3)
    np.testing.assert_allclose(narrow.curve, found.curve, rtol=1e-6)
    with pytest.raises(CubeviewError, match="channels lie within"):
        fit_spectrum(cube, values, sigma, cube.unit, "Ha", Z)
    with pytest.raises(CubeviewError, match="is no line"):
        fit_spectrum(cube, values, sigma, cube.unit, "Xx", Z)


def test_lines_lie_where_the_axis_has_them(case):
    places = line_places(case.main, Z)
    assert set(places) == {"Hb"}
    assert places["Hb"] == pytest.approx(20.0, abs=1e-3)


def test_the_list_is_dragged_named_typed_and_undone(window, spectrum, qtbot):
    session, panel = window.session, window.bench.panel.lines
    assert session.measured.lines_shown
    assert list(spectrum.lines.places) == ["OIII5008"], "at rest"
    panel.redshift.setText(f"{Z + 0.002:.7f}")
    qtbot.keyClick(panel.redshift, Qt.Key.Key_Return)
    before = spectrum.lines.places["Hb"]
    assert before > 25
    drag(spectrum.plot, before, 20.0)
    assert session.measured.redshift == pytest.approx(Z, abs=2e-4)
    assert spectrum.lines.places["Hb"] == pytest.approx(20.0, abs=0.6)
    said = []
    spectrum.pointed.connect(said.append)
    spectrum._point(20.0)
    assert "Hb at z = " in said[-1]
    spectrum._point(30.0)
    assert "Hb" not in said[-1]
    window.actions_table["undo_placed"].trigger()
    assert session.measured.redshift == pytest.approx(Z + 0.002, abs=1e-6)
    panel.redshift.setText("3000 km/s")
    qtbot.keyClick(panel.redshift, Qt.Key.Key_Return)
    assert session.measured.redshift == pytest.approx(3000 / C)
    panel.redshift.setText("far")
    qtbot.keyClick(panel.redshift, Qt.Key.Key_Return)
    assert "is no redshift" in panel.problem.text()


def test_a_key_fits_what_is_shown_and_the_fit_goes_with_it(window, spectrum, qtbot, idle):
    session, panel = window.session, window.bench.panel.lines
    session.set_measured(redshift=Z)
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    idle(window)
    found = session.measured.fit
    assert found.line == "Hb", "the one nearest to the cursor"
    assert found.figures["VELOCITY"][0] == pytest.approx(40, abs=10)
    assert "Velocity" in panel.figures.text()
    assert "± " in panel.figures.text()
    assert "voxel 9, 11" in panel.said.text()
    np.testing.assert_allclose(spectrum.fitted.getData()[1], found.curve)
    session.set_cursor(20, 3, 3)
    assert session.measured.fit is None
    assert spectrum.fitted.getData()[1] is None
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    idle(window)
    assert session.measured.fit is None or session.measured.fit.sn < 8, "noise alone"
    # of an aperture
    from cubeview.cubes.shape import Shape

    session.set_measured(shapes=(Shape("circle", 10, 8, (3.0,), name="core"),), chosen=0)
    idle(window)
    panel.line.setEditText("Hb")
    panel.fit_button.click()
    idle(window)
    assert session.measured.fit_of == "core"
    assert session.measured.fit.figures["FLUX"][0] == pytest.approx(100, rel=0.1)


def test_an_axis_that_cannot_be_told_is_said(window, with_case, qtbot):
    from dataclasses import replace

    from cubeview.cubes.axes import Axis

    case = sky_case(SHAPE)
    axis = Axis("Velocity", "spectral", "km/s", np.arange(40.0) * 10, convention="radio")
    cube = replace(case.main, axes=(axis, *case.main.axes[1:]))
    with_case(replace(case, cubes={"flux": cube}))
    qtbot.keyClick(window, Qt.Key.Key_D)
    assert "rest value" in window.bench.panel.lines.unplaced.text()
