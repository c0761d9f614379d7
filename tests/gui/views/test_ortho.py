import re
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.answer import Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.reduce import VENTRICLE
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.words import place_text
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.views.profile import ProfileView
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.gui.views.title import Title
from tests.helpers.viewcases import heart_case, heart_cube, sky_case, ventricles


@pytest.fixture
def ortho(qtbot):
    view = OrthoView(Session())
    qtbot.addWidget(view)
    view.resize(900, 760)
    view.show()
    yield view
    view.stop()


def show(ortho, case):
    ortho.session.set_case(case)
    QApplication.processEvents()
    ortho.follow_now()


def test_each_kind_of_case_has_its_layout(ortho):
    assert ortho.slices == []
    show(ortho, sky_case())
    assert sorted((v.role, v.axis) for v in ortho.slices) == [("flux", n) for n in range(3)]
    assert ortho.findChild(SpectrumView)
    show(ortho, heart_case())
    assert sorted((v.role, v.axis) for v in ortho.slices) == [
        (role, n) for role in ("rest", "stress") for n in range(3)
    ]
    stress = next(v for v in ortho.slices if v.role == "stress")
    rest = next(v for v in ortho.slices if v.role == "rest")
    assert stress.mapTo(ortho, stress.pos()).y() < rest.mapTo(ortho, rest.pos()).y()
    show(ortho, Case("one", "heart", {"rest": heart_cube()}))
    assert len(ortho.slices) == 3
    ortho.session.set_case(None)
    assert ortho.slices == []


def test_old_views_leave_the_session(ortho):
    for _ in range(3):
        show(ortho, heart_case())
    session = ortho.session
    assert session.receivers(session.overlay_style_changed) <= 6 + 2 + 1


def test_views_of_the_former_case_do_not_hear_of_what_the_next_one_brings(qtbot):
    session, heart = Session(), heart_case()

    def recall():  # as an answer that was kept does: before the views hear of the case
        if session.case is heart:
            session.set_ventricles(heart, ventricles(heart))

    session.case_changed.connect(recall)
    ortho = OrthoView(session)
    qtbot.addWidget(ortho)
    show(ortho, sky_case())
    show(ortho, heart)
    assert set(session.ventricles) == {"stress", "rest"}
    ortho.stop()


def test_hearts_open_at_their_own_ventricle_maximum(ortho):
    case = heart_case()
    show(ortho, case)
    display = ortho.session.display
    assert display.levels_from == VENTRICLE
    assert display.colormap == "warm"
    assert display.levels["rest"][1] > 2.5 * display.levels["stress"][1]
    ortho.session.set_ventricles(case, ventricles(case))
    levels = ortho.session.display.levels
    assert levels["stress"] == (0, pytest.approx(case.cubes["stress"].pixels.array.max()))


def test_the_cursor_goes_to_the_ventricle_unless_the_user_went_elsewhere(ortho):
    case = heart_case()
    found = ventricles(case)
    moved = dict(found, stress=replace(found["stress"], centre=np.array([36.0, 48, 72])))
    show(ortho, case)
    ortho.session.set_ventricles(case, moved)
    assert ortho.session.cursor == (6, 12, 18)
    ortho.session.set_ventricles(case, found)
    assert ortho.session.cursor == (6, 12, 18)


def test_levels_set_by_hand_stay_when_the_ventricle_comes(ortho):
    case = heart_case()
    show(ortho, case)
    mine = {"stress": (5.0, 50.0), "rest": (1.0, 90.0)}
    ortho.session.set_display(levels=mine, levels_from="set by hand")
    ortho.session.set_ventricles(case, ventricles(case))
    assert ortho.session.display.levels == mine


def test_sky_cubes_open_at_a_percentile_and_leave_the_heart_colours(ortho):
    show(ortho, heart_case())
    show(ortho, sky_case())
    display = ortho.session.display
    assert display.levels_from == "99.5 %"
    assert display.colormap == "viridis"
    low, high = display.levels["flux"]
    assert -3.5 < low < -2.2
    assert 2.2 < high < 3.5


def test_cine_runs_through_the_view_in_use_and_round_again(ortho, qtbot):
    show(ortho, sky_case((3, 20, 30)))
    with qtbot.waitSignal(ortho.playing_changed):
        ortho.play(True)
    seen = set()
    ortho.session.cursor_changed.connect(lambda: seen.add(ortho.session.cursor[0]))
    qtbot.waitUntil(lambda: seen == {0, 1, 2})
    ortho.play(False)
    assert not ortho.playing
    view = next(v for v in ortho.slices if v.axis == 2)
    view.canvas.focused.emit()
    before = ortho.session.cursor
    ortho.focused.step(2)
    assert ortho.session.cursor == (before[0], before[1], before[2] + 2)


def test_cursor_storms_become_one_drawing_a_frame(ortho, qtbot):
    show(ortho, sky_case())
    view = next(v for v in ortho.slices if v.axis == 0)
    drawn = []
    view._follow_soon._slot = lambda: drawn.append(ortho.session.cursor)
    for z in range(30):
        ortho.session.set_cursor(z, 3, 3)
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [(29, 3, 3)]


def test_the_spectrum_shows_value_error_and_channel(ortho, qtbot):
    values = np.zeros((40, 20, 30))
    values[17, 5, 6] = 8.0
    show(ortho, sky_case(values=values, noise=np.full((40, 20, 30), 2.0)))
    view = ortho.findChild(SpectrumView)
    ortho.session.set_cursor(3, 5, 6)
    ortho.follow_now()
    x, y = view.curve.getData()
    assert x[np.argmax(y)] == 17
    assert y.max() == 8
    assert view.band._low[17] == 6
    assert view.band._high[17] == 10
    assert view.plot.marker.value() == 3
    point = view.plot.mapFromScene(view.plot.box.mapViewToScene(QPointF(17, 4)))
    qtbot.mousePress(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert ortho.session.cursor == (17, 5, 6)
    qtbot.keyClick(view.plot, Qt.Key.Key_Left)
    assert ortho.session.cursor == (16, 5, 6)


def test_the_spectrum_of_an_empty_spaxel_is_drawn(ortho):
    values = np.full((40, 20, 30), np.nan)
    show(ortho, sky_case(values=values, noise=values))
    ortho.session.set_cursor(0, 0, 0)
    ortho.follow_now()
    assert ortho.grab().width() == 900


def test_the_channels_that_spoke_lie_under_the_spectrum(ortho):
    case = sky_case()
    show(ortho, case)
    view = ortho.findChild(SpectrumView)
    assert not view.why.isVisible()
    values = np.full((8, 6, 6), np.nan, dtype=np.float32)
    values[3] = -2.0
    values[5] = 1.0
    box = (slice(10, 18), slice(0, 6), slice(0, 6))
    overlay = Overlay(case, {"flux": values}, {"flux": box}, "CAM", "line", "m", "logit")
    ortho.session.set_overlay(overlay)
    assert view.why.isVisible()
    x, y = view.why_curve.getData()
    assert dict(zip(x.tolist(), y.tolist(), strict=True))[13] == 1.0
    assert y[x == 15] == 0.5
    ortho.session.set_overlay(None)
    assert not view.why.isVisible()


def test_profiles_of_both_states_lie_on_each_other(ortho):
    case = heart_case()
    show(ortho, case)
    view = ortho.findChild(ProfileView)
    ortho.session.set_ventricles(case, ventricles(case))
    ortho.session.set_cursor(9.5, 15.5, 15.5)
    ortho.follow_now()
    peaks = {}
    for role, curve in view.curves.items():
        x, y = curve.getData()
        assert 80 < y.max() <= 100
        left = x < 15.5
        peaks[role] = x[left][np.argmax(y[left])]
    # The wall is 25 mm from the middle: 6.25 stress voxels of 4 mm.
    assert peaks["stress"] == pytest.approx(15.5 - 6.25, abs=0.6)
    assert peaks["rest"] == pytest.approx(15.5 - 6.25, abs=0.6)
    view.along.setCurrentIndex(view.along.findData(0))
    assert len(view.curves["rest"].getData()[0]) == 24


def test_a_title_gives_one_view_the_whole_area_and_back(ortho, qtbot):
    show(ortho, heart_case())
    view = ortho.slices[0]
    qtbot.mouseDClick(view.title, Qt.MouseButton.LeftButton)
    assert [v for v in ortho.slices if v.isVisible()] == [view]
    qtbot.mouseDClick(view.title, Qt.MouseButton.LeftButton)
    assert all(v.isVisible() for v in ortho.slices)


def test_the_view_in_use_is_marked(ortho):
    show(ortho, heart_case())
    ortho.slices[4].canvas.focused.emit()
    assert ortho.focused is ortho.slices[4]
    assert [v.title._active for v in ortho.slices].index(True) == 4


def test_narrow_views_have_short_titles(ortho):
    show(ortho, heart_case())
    view = next(v for v in ortho.slices if v.axis == 1)
    ortho.resize(1500, 800)
    QApplication.processEvents()
    assert "horizontal long axis" in view.title.text()
    ortho.resize(520, 800)
    QApplication.processEvents()
    assert "HLA" in view.title.text()
    assert "horizontal" not in view.title.text()


def test_views_of_the_spectral_axis_are_zoomed_together(ortho):
    show(ortho, sky_case())
    spectrum = ortho.findChild(SpectrumView).plot
    sky, *spectral = sorted((v for v in ortho.slices), key=lambda v: v.axis)
    untouched = sky.canvas.box.viewRange()
    spectrum.show_across(10, 20)
    spectrum.ranged.emit(10, 20)
    for view in spectral:
        assert view.canvas.box.viewRange()[0] == [10, 20]
    assert sky.canvas.box.viewRange() == untouched
    spectral[0].canvas.ranged.emit(5, 30)
    assert spectrum.box.viewRange()[0] == [5, 30]
    assert spectral[1].canvas.box.viewRange()[0] == [5, 30]


def seen_mm(view):
    """What a view of a heart shows, in mm from the middle of the ventricle: across, then up."""
    session, frame, spacing = view.session, view.frame, view.cube.spacing
    centre = session.ventricles[view.role].centre
    ends = zip((frame.across, frame.up), view.canvas.box.viewRange(), strict=True)
    return [end * spacing[axis] - centre[axis] for axis, both in ends for end in both]


def drag(view, button=Qt.MouseButton.LeftButton, keys=Qt.KeyboardModifier.NoModifier):
    start, port = QPoint(60, 60), view.canvas.viewport()
    QTest.mousePress(port, button, keys, start)
    for end in (QPoint(70, 80), QPoint(75, 95)):
        at = QPointF(end)
        move = QMouseEvent(QEvent.Type.MouseMove, at, at, button, button, keys)
        QApplication.sendEvent(port, move)
    QTest.mouseRelease(port, button, keys, QPoint(75, 95))


def turn_wheel(view):
    keys, no = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.NoButton
    begins = Qt.ScrollPhase.NoScrollPhase
    at = QPointF(50, 60)
    event = QWheelEvent(at, at, QPoint(), QPoint(0, 240), no, keys, begins, False)
    QApplication.sendEvent(view.canvas.viewport(), event)


@pytest.mark.parametrize("first", ["stress", "rest"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_plane_of_both_states_is_zoomed_and_moved_together(first, axis, ortho):
    case = heart_case()
    show(ortho, case)
    ortho.session.set_ventricles(case, ventricles(case))
    show(ortho, case)
    views = {(view.role, view.axis): view for view in ortho.slices}
    one = views[first, axis]
    other = views["rest" if first == "stress" else "stress", axis]
    fitted = {key: seen_mm(view) for key, view in views.items()}
    assert seen_mm(one) == pytest.approx(seen_mm(other), abs=1e-6)
    acts = (
        turn_wheel,
        lambda view: drag(view, Qt.MouseButton.RightButton),
        lambda view: drag(view, keys=Qt.KeyboardModifier.ShiftModifier),
    )
    for act in acts:
        before = seen_mm(one)
        act(one)
        assert seen_mm(one) != pytest.approx(before, abs=0.5)
        assert seen_mm(other) == pytest.approx(seen_mm(one), abs=1e-6)
    for key, view in views.items():
        if view.axis != axis:
            assert seen_mm(view) == fitted[key]
    QTest.mouseDClick(one.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert one.canvas.fitted
    assert other.canvas.fitted
    assert seen_mm(other) == pytest.approx(fitted[other.role, axis], abs=1e-6)


def test_the_mouse_is_read_and_the_cursor_stays(ortho):
    read = []
    ortho.pointed.connect(read.append)
    for case in (sky_case(), heart_case()):
        show(ortho, case)
        cursor = ortho.session.cursor
        for view in ortho.slices:
            port, middle = view.canvas.viewport(), view.canvas.box.mapToScene(QPointF(40, 30))
            at = QPointF(view.canvas.mapFromScene(middle))
            no = Qt.MouseButton.NoButton
            keys = Qt.KeyboardModifier.NoModifier
            move = QMouseEvent(QEvent.Type.MouseMove, at, at, no, no, keys)
            QApplication.sendEvent(port, move)
            point, frame = view.canvas.at(at), view.frame
            voxel = [float(v) for v in ortho.session.cursor_in(view.role)]
            voxel[frame.across], voxel[frame.up] = point.x(), point.y()
            voxel = [float(round(v)) for v in voxel]
            cube = case.cubes[view.role]
            inside = all(0 <= v < n for v, n in zip(voxel, cube.shape, strict=True))
            place = ortho.session.from_role(view.role, voxel)
            there = place_text(ortho.session, place) if inside else ""
            assert there in read[-1]
            assert bool(read[-1]) == inside
            QApplication.sendEvent(view.canvas, QEvent(QEvent.Type.Leave))
            assert read[-1] == ""
        assert ortho.session.cursor == cursor
    assert sum(bool(words) for words in read) >= 6


def test_a_title_without_room_says_that_something_is_missing(qtbot):
    title = Title()
    qtbot.addWidget(title)
    title.set_words("Stress", "horizontal long axis 12/34", short=("Stress", "HLA 12/34"))
    title.resize(400, 20)
    assert "…" not in title.text()
    for name in ("", "CAM · ischaemic · a model"):
        title.set_map(name)
        for width in (95, 80, 60):
            title.resize(width, 20)
            title.show()
            said = re.sub("<[^>]*>|&nbsp;", "", title.text())
            whole = ("Stress · HLA 12/34", "Stress   CAM · ischaemic", "Stress · horizontal")
            assert "…" in said or said.strip() in whole
            assert title.fontMetrics().horizontalAdvance(said.replace("Stress", "")) < width


@pytest.mark.parametrize("make", [sky_case, heart_case])
def test_one_view_alone_has_the_whole_area(ortho, make):
    show(ortho, make())
    for view in ortho.slices:
        before = view.width() * view.height()
        view.title.double_clicked.emit()
        QApplication.processEvents()
        assert view.width() * view.height() > 0.8 * ortho.width() * ortho.height()
        view.title.double_clicked.emit()
        QApplication.processEvents()
        assert view.width() * view.height() == pytest.approx(before, rel=0.1)
        assert all(other.isVisible() for other in ortho.slices)


def test_fit_fits_the_spectrum_too(ortho):
    show(ortho, sky_case())
    (spectrum,) = ortho.findChildren(SpectrumView)
    spectrum.plot.show_across(3, 8)
    assert spectrum.plot.box.viewRange()[0] == pytest.approx([3, 8])
    ortho.fit()
    assert spectrum.plot.box.viewRange()[0] == pytest.approx([-0.5, 39.5])
