import threading
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.answer import Overlay
from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.views.fetch import OnceAFrame
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.gui.views.ticks import centre_words
from cubeview.gui.widgets.colormaps import table
from tests.helpers.viewcases import heart_case, sky_case, ventricles


@pytest.fixture
def opened(qtbot):
    """Show a case; returns the views by (role, axis) and the session."""
    shown = []

    def show(case, size=(1000, 760)):
        session = Session()
        ortho = OrthoView(session)
        qtbot.addWidget(ortho)
        shown.append(ortho)
        ortho.resize(*size)
        session.set_case(case)
        ortho.show()
        qtbot.waitExposed(ortho)
        QApplication.processEvents()
        ortho.follow_now()
        return session, ortho, {(view.role, view.axis): view for view in ortho.slices}

    yield show
    for ortho in shown:
        ortho.stop()


def pixel(view, across, up):
    """Return the point of the widget over a voxel."""
    scene = view.canvas.box.mapViewToScene(QPointF(across, up))
    return view.canvas.mapFromScene(scene)


def colour(view, across, up):
    for soon in view.findChildren(OnceAFrame):
        soon.run()
    picture = view.canvas.grab().toImage()
    point = pixel(view, across, up)
    return picture.pixelColor(point).getRgb()[:3]


def wheel(view, turn, modifiers=Qt.KeyboardModifier.NoModifier):
    centre = QPointF(view.canvas.rect().center())
    event = QWheelEvent(
        centre,
        view.canvas.mapToGlobal(centre),
        QPoint(),
        QPoint(0, turn),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.canvas.wheelEvent(event)


@pytest.mark.parametrize(("axis", "voxel"), [(0, (20, 4, 7)), (1, (33, 10, 9)), (2, (5, 16, 15))])
def test_a_click_puts_the_cursor_where_the_voxel_is_drawn(opened, qtbot, axis, voxel):
    session, _, views = opened(sky_case())
    view = views["flux", axis]
    at = pixel(view, voxel[view.frame.across], voxel[view.frame.up])
    qtbot.mousePress(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert session.cursor == voxel
    qtbot.mouseRelease(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_dragging_takes_the_cursor_along(opened, qtbot):
    session, _, views = opened(sky_case())
    view = views["flux", 0]
    port = view.canvas.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=pixel(view, 5, 5))
    qtbot.mouseMove(port, pixel(view, 25, 15))
    qtbot.waitUntil(lambda: session.cursor == (20, 15, 25))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=pixel(view, 25, 15))
    qtbot.mouseMove(port, pixel(view, 2, 2))
    assert session.cursor == (20, 15, 25)


def test_a_click_in_rest_moves_stress_along(opened, qtbot):
    session, ortho, views = opened(heart_case())
    view = views["rest", 0]
    at = pixel(view, 10.0, 30.0)
    qtbot.mousePress(view.canvas.viewport(), Qt.MouseButton.LeftButton, pos=at)
    # 9.5 rest voxels of 3 mm from the middle are 7.1 stress voxels of 4 mm.
    assert session.cursor[1:] == (23, 8)
    ortho.follow_now()
    assert views["stress", 1].index == 23
    assert views["rest", 1].index == session.cursor_in("rest")[1]


def test_the_wheel_steps_through_the_planes_of_its_view(opened):
    session, _, views = opened(sky_case())
    start = session.cursor
    for axis in range(3):
        wheel(views["flux", axis], 120)
    assert session.cursor == tuple(c + 1 for c in start)
    wheel(views["flux", 0], -240)
    assert session.cursor[0] == start[0] - 1
    for _ in range(4):
        wheel(views["flux", 0], 30)  # a touchpad
    assert session.cursor[0] == start[0]


def test_each_turn_of_the_wheel_moves_a_finer_rest_cube(opened):
    session, ortho, views = opened(heart_case())
    view = views["rest", 0]
    for _ in range(5):
        before, cursor = view.index, session.cursor
        wheel(view, 120)
        ortho.follow_now()
        assert session.cursor != cursor
        assert view.index > before


def test_ctrl_wheel_zooms_and_a_double_click_fits_again(opened, qtbot):
    session, _, views = opened(sky_case())
    view = views["flux", 0]
    cursor, whole = session.cursor, view.canvas.box.viewRange()
    wheel(view, 240, Qt.KeyboardModifier.ControlModifier)
    near = view.canvas.box.viewRange()
    assert near[0][1] - near[0][0] < 0.8 * (whole[0][1] - whole[0][0])
    assert session.cursor == cursor
    qtbot.mouseDClick(view.canvas.viewport(), Qt.MouseButton.LeftButton)
    assert np.allclose(view.canvas.box.viewRange(), whole)


@pytest.mark.parametrize("button", [Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton])
def test_a_pan_moves_the_picture_and_not_the_cursor(opened, qtbot, button):
    session, _, views = opened(sky_case())
    view = views["flux", 0]
    shift = (
        Qt.KeyboardModifier.ShiftModifier
        if button == Qt.MouseButton.LeftButton
        else Qt.KeyboardModifier.NoModifier
    )
    cursor, before = session.cursor, view.canvas.box.viewRange()
    port, start = view.canvas.viewport(), pixel(view, 10, 10)
    qtbot.mousePress(port, button, shift, start)
    qtbot.mouseMove(port, start + QPoint(40, 0))
    qtbot.waitUntil(lambda: view.canvas.box.viewRange()[0][0] < before[0][0] - 0.5)
    qtbot.mouseRelease(port, button, shift, start + QPoint(40, 0))
    assert session.cursor == cursor


def test_arrow_keys_go_where_they_point(opened, qtbot):
    session, _, views = opened(heart_case())
    z, y, x = session.cursor
    short_axis = views["stress", 0].canvas  # rows downward
    qtbot.keyClick(short_axis, Qt.Key.Key_Right)
    qtbot.keyClick(short_axis, Qt.Key.Key_Down)
    assert session.cursor == (z, y + 1, x + 1)
    qtbot.keyClick(short_axis, Qt.Key.Key_PageUp)
    assert session.cursor == (z + 1, y + 1, x + 1)
    vertical = views["stress", 2].canvas  # slices run to the base: the apex is at the right
    qtbot.keyClick(vertical, Qt.Key.Key_Right)
    assert session.cursor == (z, y + 1, x + 1)


def test_voxels_are_painted_in_the_colour_of_their_value(opened):
    values = np.zeros((4, 20, 30))
    values[2, 3, 5], values[2, 15, 25] = 10, np.nan
    session, _, views = opened(sky_case((4, 20, 30), values))
    session.set_display(levels={"flux": (0.0, 10.0)}, colormap="viridis")
    view = views["flux", 0]
    assert colour(view, 5, 3) == tuple(table("viridis")[255, :3])
    assert colour(view, 8, 8) == tuple(table("viridis")[1, :3])
    ground = colour(view, 25, 15)
    assert ground not in (tuple(table("viridis")[1, :3]), tuple(table("viridis")[255, :3]))
    session.set_display(levels={"flux": (0.0, 20.0)}, colormap="gray")
    assert colour(view, 5, 3) == pytest.approx((127,) * 3, abs=2)
    session.set_display(stretch="sqrt")
    assert colour(view, 5, 3) == pytest.approx((180,) * 3, abs=2)


def test_voxels_have_their_true_proportions(opened):
    for case, size in ((heart_case(), (1000, 700)), (heart_case(), (700, 900))):
        _, _, views = opened(case, size)
        for view in views.values():
            steps = view.cube.spacing
            a, b = pixel(view, 0, 0), pixel(view, 10, 10)
            wide = abs(b.x() - a.x()) / steps[view.frame.across]
            high = abs(b.y() - a.y()) / steps[view.frame.up]
            assert wide == pytest.approx(high, rel=0.08)


def test_both_states_are_drawn_at_one_scale_around_the_ventricle(opened):
    case = heart_case()
    session, _, views = opened(case)
    session.set_ventricles(case, ventricles(case))
    QApplication.processEvents()
    widths = {}
    for role in case.roles:
        view = views[role, 0]
        (left, right), _ = view.canvas.box.viewRange()
        widths[role] = (right - left) * view.cube.spacing[2]
        middle = (left + right) / 2 * view.cube.spacing[2]
        assert middle == pytest.approx(session.ventricles[role].centre[2], abs=0.5)
    assert widths["stress"] == pytest.approx(widths["rest"], rel=0.02)


def test_the_outline_follows_the_ventricle(opened):
    case = heart_case()
    session, ortho, views = opened(case)
    assert views["stress", 0].canvas.outline.getData()[0] is None
    session.set_ventricles(case, ventricles(case))
    ortho.follow_now()
    x, y = views["stress", 0].canvas.outline.getData()
    assert x.max() - x.min() == pytest.approx(2 * 36 / 4, rel=0.01)
    x, y = views["stress", 2].canvas.outline.getData()  # slices across, rows up
    assert x.max() - x.min() == pytest.approx(2 * 40 / 6, rel=0.02)
    assert y.max() - y.min() == pytest.approx(2 * 36 / 4, rel=0.02)
    session.set_cursor(0, 16, 16)
    ortho.follow_now()
    assert views["stress", 0].canvas.outline.getData()[0] is None


def test_the_window_is_outlined_in_the_planes_it_reaches(opened):
    session, ortho, views = opened(sky_case())
    session.set_window((slice(10, 26), slice(4, 12), slice(8, 20)))
    x, y = views["flux", 0].canvas.outline.getData()
    assert (x.min(), x.max(), y.min(), y.max()) == (7.5, 19.5, 3.5, 11.5)
    session.set_cursor(30, 10, 10)
    ortho.follow_now()
    assert views["flux", 0].canvas.outline.getData()[0] is None


def overlay_on(case, box, values):
    return Overlay(case, {"flux": values}, {"flux": box}, "CAM", "line", "model", "logit")


def test_an_overlay_is_painted_where_its_box_is(opened):
    case = sky_case((4, 20, 30), np.zeros((4, 20, 30)))
    session, ortho, views = opened(case)
    session.set_display(levels={"flux": (0.0, 1.0)}, colormap="gray")
    values = np.zeros((2, 6, 8), dtype=np.float32)
    values[1, 1, 2], values[1, 4, 6], values[1, 3, 3], values[1, 2, 5] = 1.0, -1.0, 0.1, np.nan
    session.set_overlay_style(opacity=1.0, threshold=0.25)
    session.set_overlay(overlay_on(case, (slice(1, 3), slice(10, 16), slice(20, 28)), values))
    session.set_cursor(2, 0, 0)
    ortho.follow_now()
    view = views["flux", 0]
    for_it, against = colour(view, 22, 11), colour(view, 26, 14)
    assert for_it[0] > 200 > for_it[1]  # magenta
    assert against[2] > 200 > against[0]  # cyan
    assert colour(view, 23, 13) == (0, 0, 0)  # below the threshold
    assert colour(view, 25, 12) == (0, 0, 0)  # says nothing
    assert colour(view, 5, 5) == (0, 0, 0)  # outside the box
    session.set_overlay_style(threshold=0.05)
    assert colour(view, 23, 13) != (0, 0, 0)
    session.set_overlay_style(opacity=0.5)
    assert colour(view, 22, 11)[0] == pytest.approx(for_it[0] / 2, abs=3)
    session.set_overlay_style(visible=False)
    assert colour(view, 22, 11) == (0, 0, 0)
    session.set_overlay_style(visible=True)
    session.set_cursor(0, 0, 0)  # before the box
    ortho.follow_now()
    assert colour(view, 22, 11) == (0, 0, 0)


def test_each_view_that_has_a_map_names_it(opened):
    case = sky_case((4, 20, 30), np.zeros((4, 20, 30)))
    session, ortho, views = opened(case)
    values = np.ones((2, 6, 8), dtype=np.float32)
    session.set_overlay(overlay_on(case, (slice(1, 3), slice(10, 16), slice(20, 28)), values))
    session.set_cursor(2, 12, 22)
    ortho.follow_now()
    titles = [view.title for view in (*views.values(), ortho.findChild(SpectrumView))]
    assert all("CAM · line · model" in title.toolTip() for title in titles)
    assert all("CAM · line" in title.text() for title in titles)
    sky = views["flux", 0].title
    sky.resize(1000, sky.height())
    assert "CAM · line · model" in sky.text()
    sky.resize(150, sky.height())
    assert "CAM · line<" in sky.text(), "the model gives way, and the place; not the class"
    assert "Wavelength" not in sky.text()
    session.set_cursor(0, 12, 22)  # outside of what the network was shown
    ortho.follow_now()
    assert "CAM" not in sky.text()
    session.set_cursor(2, 12, 22)
    ortho.follow_now()
    session.set_overlay_style(visible=False)
    assert not any("CAM" in title.text() for title in titles)
    session.set_overlay_style(visible=True)
    session.set_overlay(None)
    assert not any("CAM" in title.text() for title in titles)


def test_restyling_does_not_touch_the_data(opened):
    case = sky_case()
    session, _, views = opened(case)
    values = np.ones((40, 20, 30), dtype=np.float32)
    whole = tuple(slice(0, n) for n in values.shape)
    session.set_overlay(overlay_on(case, whole, values))
    items = [item for v in views.values() for item in (v.canvas.overlay, v.canvas.image)]
    before = [item.image for item in items]
    session.set_overlay_style(opacity=0.2, threshold=0.5)
    assert all(item.image is image for item, image in zip(items, before, strict=True))


def test_letters_stand_in_the_margins(opened):
    _, _, views = opened(heart_case())
    letters = views["stress", 0].canvas.letters
    assert letters == {"left": "SEP", "right": "LAT", "top": "ANT", "bottom": "INF"}
    canvas = views["stress", 0].canvas
    for item in canvas._letters.values():
        inner = canvas.box.sceneBoundingRect().adjusted(1, 1, -1, -1)
        assert not item.sceneBoundingRect().intersects(inner)


@pytest.mark.parametrize("step", [0.03, 0.2, 1.0, 30.0])
def test_where_offsets_count_from_is_told_to_a_part_of_a_voxel(step):
    from astropy.coordinates import Angle

    case = sky_case()
    wcs = case.main.wcs.deepcopy()
    wcs.wcs.cdelt = -step / 3600, step / 3600
    wcs.wcs.crval = 150.1234567, -2.7654321
    wcs.wcs.set()
    cube = replace(case.main, wcs=wcs)
    _, y, x = ((n - 1) / 2 for n in cube.shape)
    _, dec, ra = cube.world(0, y, x)
    said = {n: centre_words(cube, n).replace("−", "-") for n in (1, 2)}
    assert abs(Angle(said[1], "deg").deg - dec) * 3600 <= step / 4
    assert abs(Angle(said[2], "hourangle").deg - ra) * 3600 <= step / 4


def test_titles_say_what_and_where(opened):
    session, ortho, views = opened(heart_case())
    session.set_cursor(4, 16, 16)
    ortho.follow_now()
    assert views["stress", 0].title.words == ("Stress", "short axis 5/20")
    assert views["rest", 2].title.words[0] == "Rest"
    _, _, views = opened(sky_case())
    assert views["flux", 0].title.words == ("RA–Dec", "Wavelength 5025.0 Å", "21/40")


@pytest.mark.parametrize("width", range(480, 560, 7))
def test_a_line_one_channel_wide_stays_visible_in_a_narrow_view(opened, width):
    values = np.zeros((3000, 6, 6))
    values[1711] = 100
    session, ortho, views = opened(sky_case((3000, 6, 6), values), size=(width, 500))
    session.set_display(levels={"flux": (0.0, 100.0)}, colormap="gray")
    ortho.follow_now()
    view = views["flux", 1]
    assert "peak of" in view.title.words[-1]
    picture = view.canvas.grab().toImage()
    y = pixel(view, 1711, 4).y()
    row = [picture.pixelColor(x, y).red() for x in range(picture.width())]
    assert row.count(255) >= 1


class SlowPixels(ArrayPixels):
    """Pretends to lie on a slow disk: spectral planes wait for the gate."""

    def __init__(self, array, gate):
        super().__init__(array)
        object.__setattr__(self, "gate", gate)

    def plane(self, axis, index):
        if axis != 0:
            assert threading.current_thread() is not threading.main_thread()
            self.gate.wait(5)
        return super().plane(axis, index)


@pytest.fixture
def slow(monkeypatch):
    """Have planes of SlowPixels read in the background."""
    from cubeview.gui.views.fetch import Fetch

    monkeypatch.setattr(Fetch, "_is_quick", lambda self, cube, scattered: not scattered)


def test_a_slow_plane_does_not_hold_the_window_and_stale_ones_are_dropped(opened, qtbot, slow):
    gate = threading.Event()
    values = np.broadcast_to(np.arange(20.0)[None, :, None], (40, 20, 30)).copy()
    case = sky_case(values=values, pixels=SlowPixels(values, gate))
    session, ortho, views = opened(case)
    view, shown = views["flux", 1], []
    show = view._show
    view._fetch._show = lambda plane: (shown.append(float(plane[0, 0])), show(plane))
    for y in (3, 7, 12):
        session.set_cursor(20, y, 10)
        ortho.follow_now()
    assert view.index == 12
    assert not shown
    gate.set()
    qtbot.waitUntil(lambda: bool(shown))
    qtbot.waitUntil(lambda: not ortho.jobs.running())
    assert shown == [12.0]


def test_another_case_drops_what_was_being_read(opened, qtbot, slow):
    gate = threading.Event()
    case = sky_case(pixels=SlowPixels(np.zeros((40, 20, 30)), gate))
    session, ortho, _ = opened(case)
    session.set_case(heart_case())
    gate.set()
    qtbot.waitUntil(lambda: not ortho.jobs.running())
    assert {view.role for view in ortho.slices} == {"stress", "rest"}


def test_a_vanished_file_is_said_in_the_title(opened, qtbot):
    class Gone(ArrayPixels):
        def plane(self, axis, index):
            if axis == 1:
                raise CubeviewError("cube.fits has gone; put it back")
            return super().plane(axis, index)

    _, _, views = opened(sky_case(pixels=Gone(np.zeros((40, 20, 30)))))
    assert "cube.fits has gone; put it back" in views["flux", 1].title.words
    assert views["flux", 0].canvas.image.image is not None


def test_a_step_paints_other_slices_only_around_their_line(opened, qtbot, monkeypatch):
    """The screen is as if all had been painted anew."""
    session, ortho, views = opened(sky_case())
    view = views["flux", 2]
    painted = []
    former = type(view.canvas).paintEvent

    def paint(canvas, event):
        if canvas is view.canvas:
            painted.append(event.region().boundingRect())
        former(canvas, event)

    def settle():
        ortho.follow_now()
        for _ in range(5):
            QApplication.processEvents()

    def screen():
        return ortho.screen().grabWindow(ortho.winId()).toImage()

    monkeypatch.setattr(type(view.canvas), "paintEvent", paint)
    settle()
    z, y, x = session.cursor
    for channel in (z + 1, z + 2):
        painted.clear()
        session.set_cursor(channel, y, x)
        qtbot.waitUntil(lambda: bool(painted), timeout=2000)
        settle()
    assert min(painted[0].width(), painted[0].height()) < 60
    kept = screen()
    view.canvas.viewport().update()
    settle()
    assert screen() == kept
