"""What is measured in the spectrum: images of an interval, and lines at a redshift."""

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from scipy.optimize import curve_fit

from cubeview.cubes.spectral import refractive_index
from cubeview.errors import CubeviewError
from cubeview.gui.desk.measured import IMAGE
from cubeview.gui.desk.spectral_places import line_places
from cubeview.gui.desk.words import values_text
from cubeview.gui.views.bar import BarView
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.measure.sky.one import fit_spectrum
from tests.helpers.viewcases import sky_case

SHAPE = (40, 20, 30)
STEP = 1.25  # Å, from 5000
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def case():
    """A line in channels 18 to 22 over a sloping continuum, without noise."""
    z = np.arange(40.0)[:, None, None]
    values = 2.0 + 0.1 * z + np.zeros(SHAPE)
    values[18:23] += 10.0 * np.linspace(0, 1, 30)
    return sky_case(SHAPE, values, noise=np.full(SHAPE, 0.5))


@pytest.fixture
def plot(window, with_case, case, qtbot):
    with_case(case)
    qtbot.keyClick(window, Qt.Key.Key_M)
    return window.ortho.findChild(SpectrumView).plot


def drag(plot, start, stop, modifier=NONE):
    """Drag from one channel to another, in steps, at half height."""
    places = [point(plot, channel) for channel in np.linspace(start, stop, 5)]
    view = plot.viewport()
    QTest.mousePress(view, LEFT, modifier, places[0])
    for place in places[1:]:
        QTest.mouseMove(view, place)
    QTest.mouseRelease(view, LEFT, modifier, places[-1])


def point(plot, channel):
    low, high = plot.box.viewRange()[1]
    scene = plot.box.mapViewToScene(QPointF(channel, (low + high) / 2))
    return QPoint(*(round(v) for v in (scene.x(), scene.y())))


def sky_plane(window):
    return next(view for view in window.ortho.slices if view.axis == 0)


def test_a_drag_makes_the_image_of_a_line_above_its_continuum(window, plot, idle, case, tmp_path):
    session, panel = window.session, window.bench.panel.interval
    drag(plot, 17.5, 22.5)
    drag(plot, 3, 12, Qt.KeyboardModifier.ShiftModifier)
    drag(plot, 27, 36, Qt.KeyboardModifier.ShiftModifier)
    idle(window)
    window.ortho.follow_now()
    image = session.measured.image
    planted = 10.0 * np.linspace(0, 1, 30) * 5 * STEP  # flux of the line alone
    np.testing.assert_allclose(image.values, np.tile(planted, (20, 1)), atol=1e-3)
    view = sky_plane(window)
    np.testing.assert_array_equal(view._plane, image.values)
    assert view.title.words[1] == "moment 0"
    bar = window.ortho.findChild(BarView)
    assert bar._bars()[0][1] == session.display.levels[IMAGE]
    assert "Jy" in bar._bars()[0][2]
    assert "Å" in bar._bars()[0][2]
    session.set_cursor(3, 5, 29)
    assert values_text(session).startswith("moment 0 of the interval: 62.5 ±")
    # saved as the house saves images
    written = tmp_path / "line.fits"
    panel.save(case.main, image, {"flux": "ab12"}, written)
    idle(window)
    with fits.open(written) as parts:
        np.testing.assert_array_equal(parts["MOMENT0"].data, image.values)
        assert parts["MOMENT0"].header["BUNIT"].split() == ["Jy", "Angstrom"]
        assert parts["MOMENT0_ERR"].data.shape == (20, 30)
        assert parts["MOMENT0"].header["CRVAL1"] == pytest.approx(150.0)
        assert "ab12" in str(parts["MOMENT0"].header["HISTORY"])


def test_what_is_made_of_it_is_chosen_and_masked(window, plot, idle, qtbot, case):
    session, panel = window.session, window.bench.panel.interval
    drag(plot, 17.5, 22.5)
    block = case.main.pixels.array[18:23].astype(float)
    for how, truth in (
        ("sum", block.sum(axis=0)),
        ("mean", block.mean(axis=0)),
        ("max", block.max(axis=0)),
        ("median", np.median(block, axis=0)),
    ):
        panel.how.setCurrentIndex(panel.how.findData(how))
        panel.how.activated.emit(panel.how.currentIndex())
        idle(window)
        np.testing.assert_allclose(session.measured.image.values, truth, rtol=1e-5)
    assert not panel.least_sn.isEnabled()
    panel.how.setCurrentIndex(panel.how.findData("moment 0"))
    panel.how.activated.emit(panel.how.currentIndex())
    panel.least_sn.setValue(20.0)  # of 0.5 each: below 10 nothing is taken
    idle(window)
    values = session.measured.image.values
    assert np.isnan(values[:, 0]).all()
    assert np.isfinite(values[:, -1]).all()


def test_typed_with_units_moved_undone_cleared(window, plot, idle, qtbot, case):
    session, panel = window.session, window.bench.panel.interval
    qtbot.keyClicks(panel.low, "502.25 nm")
    qtbot.keyClick(panel.low, Qt.Key.Key_Return)
    qtbot.keyClicks(panel.high, "5028.75")
    qtbot.keyClick(panel.high, Qt.Key.Key_Return)
    assert session.measured.interval == pytest.approx((5022.5, 5028.75))
    idle(window)
    first = session.measured.image
    assert first is not None
    drag(plot, 20, 25)  # from the inside: all of it
    assert session.measured.interval == pytest.approx((5028.75, 5035.0), abs=1.0)
    width = np.diff(session.measured.interval)[0]
    assert width == pytest.approx(6.25)
    window.actions_table["undo_placed"].trigger()
    assert session.measured.interval == pytest.approx((5022.5, 5028.75))
    panel.clear_button.click()
    idle(window)
    assert session.measured.image is None
    assert sky_plane(window).title.words[0] != "Interval"
    window.actions_table["undo_placed"].trigger()
    idle(window)
    np.testing.assert_array_equal(session.measured.image.values, first.values)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert session.measured.tool == ""
    channel = session.cursor[0]
    drag(plot, 5, 30)
    assert session.cursor[0] == 30 != channel, "without the tool a drag moves the cursor"


def test_a_place_that_is_none_is_said(window, plot, qtbot):
    panel = window.bench.panel.interval
    for low, high in (("blue", "red"), ("5000 kg", "5010"), ("7000", "7010")):
        panel.low.setText(low)
        panel.high.setText(high)
        qtbot.keyClick(panel.high, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: bool(panel.problem.text()))
        panel.problem.setText("")


def test_only_the_newest_of_many_orders_counts(qtbot):
    from cubeview.gui.desk.jobs import Jobs
    from cubeview.gui.desk.measuring import Latest

    jobs, done = Jobs(), []
    latest = Latest(jobs, "toy", "Toy")
    for number in range(50):
        latest.get(number, lambda job, number=number: number, done.append, done.append)
    qtbot.waitUntil(lambda: not jobs.running() and done and done[-1] == 49)
    assert len(done) <= 3, done
    jobs.close()


def test_velocities_are_told_in_the_unit_they_are_shown_in():
    from cubeview.cubes.axes import Axis
    from cubeview.gui.desk.units import in_shown_units

    axis = Axis("Velocity", "spectral", "m/s", np.arange(3) * 5e3)
    assert in_shown_units(axis, "m/s", 1) == (1e-3, "km s-1")
    assert in_shown_units(axis, "Jy beam-1 m s-1", 1) == (1e-3, "Jy km beam-1 s-1")
    factor, unit = in_shown_units(axis, "m2 s-2", 2)
    assert factor == pytest.approx(1e-6)
    assert unit == "km2 s-2"
    assert in_shown_units(axis, "quux", 1) == (1.0, "quux")


AIR = 5000 + 1.25 * np.arange(40)
HB = 4862.68  # Å at rest, in vacuum
C = 299_792.458
VACUUM = AIR * refractive_index(AIR / 1e4)
Z = 5025.0 * float(refractive_index(np.array(0.5025))) / HB - 1  # Hβ in channel 20


def gaussian(x, flux, centre, width, level, slope):
    bell = np.exp(-0.5 * ((x - centre) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return flux * bell + level + slope * (x - AIR[20])


@pytest.fixture
def hb():
    """Hβ of flux 100 Jy Å, 40 km/s beyond the redshift, in voxel (10, 8); noise of .1."""
    rng = np.random.default_rng(5)
    values = rng.normal(0, 0.1, SHAPE)
    centre = np.interp(HB * (1 + Z) * (1 + 40 / C), VACUUM, AIR)
    values[:, 10, 8] += gaussian(AIR, 100.0, centre, 2.5, 3.0, 0.02)
    return sky_case(SHAPE, values, noise=np.full(SHAPE, 0.1))


@pytest.fixture
def spectrum(window, with_case, hb, qtbot):
    with_case(hb)
    window.session.set_cursor(20, 10, 8)
    qtbot.keyClick(window, Qt.Key.Key_D)
    window.ortho.follow_now()
    return window.ortho.findChild(SpectrumView)


def test_a_line_is_fitted_as_it_was_planted(hb):
    cube = hb.main
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


def test_lines_lie_where_the_axis_has_them(hb):
    places = line_places(hb.main, Z)
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
    panel.line.setText("Hb")
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
