import numpy as np
import pytest

from cubeview.cubes.answer import Overlay
from cubeview.gui.desk.session import Session
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
