import numpy as np
import pytest

from cubeview.cubes.answer import Overlay
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.desk.words import values_text
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.views.bar import BarView
from cubeview.gui.views.ortho import OrthoView
from tests.gui.fakes import make_sky


@pytest.fixture
def ortho(qtbot):
    view = OrthoView(Session())
    qtbot.addWidget(view)
    view.show()
    view.session.set_case(make_sky())
    yield view
    view.stop()


def sky_view(ortho):
    return next(view for view in ortho.slices if view.axis == 0)


def test_white_light_shows_the_mean_of_all_channels_and_goes_again(ortho, idle):
    case = ortho.session.case
    view = sky_view(ortho)
    ortho.toggle_white()
    idle(ortho)
    np.testing.assert_allclose(view._plane, np.nanmean(case.main.pixels.read(), axis=0), rtol=1e-4)
    assert "White light" in view.title.words
    ortho.session.set_cursor(3, 4, 5)
    ortho.follow_now()
    np.testing.assert_allclose(view._plane, np.nanmean(case.main.pixels.read(), axis=0), rtol=1e-4)
    ortho.toggle_white()
    idle(ortho)
    np.testing.assert_array_equal(view._plane, case.main.plane(0, 3))


def test_a_map_is_a_sky_image_in_white_light(ortho, idle):
    case = ortho.session.case
    z, y, x = case.main.shape
    values = np.zeros((z, y, x), np.float32)
    values[2, 7, 9] = 5.0  # in one channel only
    box = (slice(0, z), slice(0, y), slice(0, x))
    role = case.roles[0]
    ortho.session.set_cursor(z - 1, 0, 0)
    overlay = Overlay(ortho.session.asked, {role: values}, {role: box}, "CAM", "c", "m", "logit")
    ortho.session.set_overlay(overlay)
    view = sky_view(ortho)
    ortho.follow_now()
    before = view.canvas.overlay.image
    assert before is None or len(np.unique(before)) == 1
    ortho.toggle_white()
    idle(ortho)
    image = view.canvas.overlay.image
    image = image.T if view.frame.transposed else image
    assert np.unravel_index(image.argmax(), image.shape) == (7, 9)


def test_levels_bar_and_readout_are_those_of_white_light(ortho, idle, qtbot):
    session, view = ortho.session, sky_view(ortho)
    control = LevelsControl(session)
    qtbot.addWidget(control)
    (bar,) = ortho.findChildren(BarView)
    channel = session.display.levels["flux"]
    assert [ends for _, ends, _, _ in bar._bars()] == [channel]
    ortho.toggle_white()
    idle(ortho)
    mean = np.nanmean(session.case.main.pixels.read(), axis=0)
    white = session.display.levels[WHITE]
    assert white[1] < 0.5 * channel[1], "a mean of noise is flatter than a channel of it"
    assert [ends for _, ends, _, _ in bar._bars()] == [white, channel]
    session.set_cursor(3, 4, 5)
    assert values_text(session).startswith("white light, the mean of all channels: ")
    assert f"{mean[4, 5]:.4g}".lstrip("-") in values_text(session)
    before = view.canvas.image.image.copy()
    control.rows[WHITE].high.setValue(float(mean.max()) * 3)
    ortho.follow_now()
    assert session.display.levels[WHITE][1] == pytest.approx(float(mean.max()) * 3)
    assert session.display.levels["flux"] == channel
    assert view.canvas.image.image.max() < before.max()
    choose = control.way.findText("min–max")
    control.way.setCurrentIndex(choose)
    control.way.activated.emit(choose)
    assert session.display.levels[WHITE] == pytest.approx((mean.min(), mean.max()), rel=1e-4)
    ortho.toggle_white()
    assert [ends for _, ends, _, _ in bar._bars()] == [session.display.levels["flux"]]
    assert WHITE not in control.rows
    assert "white" not in values_text(session)
