import numpy as np

from cubeview.cubes.answer import Overlay
from tests.gui.fakes import make_sky
from tests.gui.keys import press


def sky_view(window):
    return next(view for view in window.ortho.slices if view.axis == 0)


def test_white_light_shows_the_mean_of_all_channels_and_goes_again(window, with_case, idle):
    case = with_case(make_sky())
    view = sky_view(window)
    press(window, "W")
    idle(window)
    np.testing.assert_allclose(view._plane, np.nanmean(case.main.pixels.read(), axis=0), rtol=1e-4)
    assert "White light" in view.title.words
    window.session.set_cursor(3, 4, 5)
    window.ortho.follow_now()
    np.testing.assert_allclose(view._plane, np.nanmean(case.main.pixels.read(), axis=0), rtol=1e-4)
    press(window, "W")
    idle(window)
    np.testing.assert_array_equal(view._plane, case.main.plane(0, 3))


def test_a_map_is_a_sky_image_in_white_light(window, with_case, idle):
    case = with_case(make_sky())
    z, y, x = case.main.shape
    values = np.zeros((z, y, x), np.float32)
    values[2, 7, 9] = 5.0  # in one channel only
    box = (slice(0, z), slice(0, y), slice(0, x))
    role = case.roles[0]
    window.session.set_cursor(z - 1, 0, 0)
    overlay = Overlay(window.session.asked, {role: values}, {role: box}, "CAM", "c", "m", "logit")
    window.session.set_overlay(overlay)
    view = sky_view(window)
    window.ortho.follow_now()
    before = view.canvas.overlay.image
    assert before is None or len(np.unique(before)) == 1
    press(window, "W")
    idle(window)
    image = view.canvas.overlay.image
    image = image.T if view.frame.transposed else image
    assert np.unravel_index(image.argmax(), image.shape) == (7, 9)
