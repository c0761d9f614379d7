"""Hearts hung in rows: one cursor with the planes, one key there and back, cut once a gate."""

from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent

from cubeview.cubes.rows import place_of
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.display import whole
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.views.bar import BarView
from cubeview.gui.views.rows import RowsView
from tests.gui.fakes import make_heart
from tests.gui.keys import press as press_key

FOUND = {
    "stress": Ventricle(np.array([14.0, 22.0, 22.0]), np.eye(3), np.array([14.0, 12.0, 12.0])),
    "rest": Ventricle(np.array([16.0, 20.0, 24.0]), np.eye(3), np.array([14.0, 12.0, 12.0])),
}


@pytest.fixture
def rows(qtbot):
    session = Session()
    case = make_heart()
    session.add_cases((case,))
    session.set_case(case)
    session.set_ventricles(case, FOUND)
    jobs = Jobs(None)
    view = RowsView(session, jobs)
    qtbot.addWidget(view)
    view.resize(700, 700)
    view.show()
    qtbot.waitUntil(lambda: bool(view.strips))
    yield view
    view.stop()
    jobs.close()


def press(view, at, button=Qt.MouseButton.LeftButton):
    none = Qt.KeyboardModifier.NoModifier
    view.mousePressEvent(QMouseEvent(QEvent.Type.MouseButtonPress, at, button, button, none))
    view.mouseReleaseEvent(None)


def test_stress_hangs_over_rest_in_each_cut(rows):
    named = [(strip.cut.short, strip.role) for strip in rows.strips]
    assert named == [(cut, role) for cut in ("SA", "VLA", "HLA") for role in ("stress", "rest")]
    for row in range(6):
        last = rows.cell(row, len(rows.strips[row].grid.offsets) - 1)
        assert last.right() <= rows.width()
        assert last.bottom() <= rows.height()
    assert rows.cell(0, 0).left() == rows.cell(1, 0).left()


@pytest.mark.parametrize("row", range(6))
def test_a_click_sets_the_cursor_to_the_voxel_of_that_place(rows, row):
    session, strip = rows.session, rows.strips[row]
    where = rows.cell(row, 1)
    press(rows, where.center() + QPointF(where.width() / 5, -where.height() / 8))
    wanted = (strip.grid.side - 1) / 2
    right, down = wanted + strip.grid.side / 5, wanted - strip.grid.side / 8
    main = session.case.main
    found = place_of(FOUND["stress"], main.spacing, strip.grid, session.cursor)
    np.testing.assert_allclose(found[1:], (down, right), atol=0.5)  # half a voxel
    assert found == rows.place(strip)
    assert abs(found[0] - 1) <= 1


def test_a_click_is_the_same_place_when_all_slices_are_zoomed(rows):
    rows.zoom, rows.middle = 2.0, QPointF(0.6, 0.4)
    where = rows.cell(1, 1)
    press(rows, where.center())
    strip = rows.strips[1]
    main = rows.session.case.main
    found = place_of(FOUND["stress"], main.spacing, strip.grid, rows.session.cursor)
    middle = 0.6 * strip.grid.side - 0.5, 0.4 * strip.grid.side - 0.5
    np.testing.assert_allclose(found[1:], middle[::-1], atol=0.5)


def test_what_is_painted_lies_over_its_voxels_in_every_cut(rows):
    session = rows.session
    assert not any(rows._masks), "nothing is painted"
    cube = session.case.cubes["rest"]
    layer = session.painting.begun("rest")
    centre = [
        round(c / s) for c, s in zip(session.ventricles["rest"].centre, cube.spacing, strict=True)
    ]
    layer.values[tuple(slice(c - 1, c + 2) for c in centre)] = 1
    session.painting.tell("rest")
    for row, strip in enumerate(rows.strips):
        painted = [
            image for image in rows._masks[row] if image.pixelColor(image.rect().center()).alpha()
        ]
        if strip.role == "stress":
            assert not rows._masks[row]
            continue
        number, down, right = rows.place(strip)
        image = rows._masks[row][number]
        assert image.pixelColor(round(right), round(down)).name() == layer.labels[0].colour
        assert 0 < len(painted) < len(rows._masks[row])
    session.painting.undo()
    layer.values[:] = 0
    session.painting.tell("rest")
    assert not any(rows._masks)


def test_without_a_ventricle_the_rows_say_so(rows, qtbot):
    rows.session.set_ventricles(rows.case, {})
    rows.follow_now()
    assert not rows.strips
    assert "not been found" in rows.words


def test_another_ventricle_is_cut_anew_and_the_same_one_is_not(rows, qtbot):
    before = rows.strips
    rows._slow.run()
    assert rows.strips is before
    rows.session.set_ventricles(rows.case, {**FOUND, "rest": FOUND["stress"]})
    qtbot.waitUntil(lambda: rows.strips is not before)
    np.testing.assert_array_equal(rows.strips[0].values, before[0].values)
    assert not np.array_equal(rows.strips[1].values, before[1].values, equal_nan=True)


def test_one_key_hangs_the_study_in_rows_and_the_same_one_brings_the_planes_back(
    window, with_case, qtbot
):
    with_case(make_heart())
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert window.ortho.findChildren(RowsView)
    assert not window.ortho.slices
    assert window.memory.settings.rows_shown
    cursor = window.session.cursor
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert len(window.ortho.slices) == 6
    assert window.session.cursor == cursor
    assert not window.memory.settings.rows_shown


def test_the_ventricle_is_adjusted_on_planes_which_have_handles(window, with_case, qtbot):
    with_case(make_heart())
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert not window.ortho.slices
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert window.session.adjusting
    assert window.ortho.slices
    assert all(view.canvas.handles.places for view in window.ortho.slices)
    assert not window.actions_table["rows"].isChecked()
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert not window.session.adjusting, "rows have no handles to drag"
    assert window.ortho.in_rows


def test_keys_move_the_levels_of_the_row_in_use_and_a_drag_on_its_bar_too(window, with_case, qtbot):
    case = with_case(make_heart())
    press_key(window, "L")
    (view,) = window.ortho.findChildren(RowsView)
    qtbot.waitUntil(lambda: bool(view.strips))
    before = dict(window.session.display.levels)

    def shares():
        return {
            role: tuple(round(100 * level / whole(window.session, role)) for level in levels)
            for role, levels in window.session.display.levels.items()
        }

    press(view, view.cell(1, 0).center())  # a slice of rest
    press_key(window, "Alt+Down")
    press_key(window, "Alt+Right")
    assert shares() == {"stress": (0, 100), "rest": (5, 95)}
    press_key(window, "Shift+L")
    assert shares() == {"stress": (0, 100), "rest": (0, 100)}
    stress, _ = window.ortho.findChildren(BarView)
    top = QPointF(5, 0.2 * stress.height())
    drag(stress, top, top + QPointF(0, 0.3 * stress.height()))
    assert shares() == {"stress": (0, 70), "rest": (0, 70)}
    low = QPointF(5, 0.9 * stress.height())
    drag(stress, low, low - QPointF(0, 0.1 * stress.height()))
    assert shares() == {"stress": (10, 70), "rest": (10, 70)}
    press_key(window, "Alt+Home")
    assert window.session.display.levels == before
    assert window.session.case is case


def drag(view, start, end):
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    kinds = QEvent.Type
    view.mousePressEvent(QMouseEvent(kinds.MouseButtonPress, start, left, left, none))
    view.mouseMoveEvent(QMouseEvent(kinds.MouseMove, end, left, left, none))
    view.mouseReleaseEvent(None)


def test_keys_step_through_the_slices_of_a_cut_and_go_to_another(rows, qtbot):
    # Cut at a slant: the voxel nearest to the next slice often lies nearer to this one.
    turned, _ = np.linalg.qr(np.random.default_rng(10).normal(size=(3, 3)))
    slanting = {role: replace(one, axes=turned) for role, one in FOUND.items()}
    before = rows.strips
    rows.session.set_ventricles(rows.case, slanting)
    qtbot.waitUntil(lambda: rows.strips is not before)
    for row in (0, 2, 4):
        strip, last = rows.strips[row], len(rows.strips[row].grid.offsets) - 1
        assert last >= 2
        qtbot.keyClick(rows, Qt.Key.Key_Home)
        seen = [rows.place(strip)[0]]
        for _ in range(last + 1):
            before = rows.session.cursor
            qtbot.keyClick(rows, Qt.Key.Key_Right)
            seen.append(rows.place(strip)[0])
        assert seen == [*range(last + 1), last], "each slice once, and no further"
        assert rows.session.cursor == before
        qtbot.keyClick(rows, Qt.Key.Key_Left)
        assert rows.place(strip)[0] == last - 1
        qtbot.keyClick(rows, Qt.Key.Key_Down)
    assert rows.row == 4
    qtbot.keyClick(rows, Qt.Key.Key_Up)
    assert rows.row == 2


def test_another_hand_on_the_cursor_is_followed_after_a_key(rows, qtbot):
    qtbot.keyClick(rows, Qt.Key.Key_End)
    strip = rows.strips[0]
    rows.session.set_cursor(0, 5, 5)
    main = rows.session.case.main
    found = place_of(FOUND["stress"], main.spacing, strip.grid, (0, 5, 5))
    assert rows.place(strip) == found


def test_a_single_state_fills_the_height(qtbot):
    session = Session()
    case = make_heart(roles=("rest",))
    session.add_cases((case,))
    session.set_case(case)
    large = Ventricle(np.array([14.0, 22.0, 22.0]), np.eye(3), np.array([60.0, 50.0, 50.0]))
    session.set_ventricles(case, {"rest": large})
    jobs = Jobs(None)
    view = RowsView(session, jobs)
    qtbot.addWidget(view)
    view.resize(700, 900)
    view.show()
    qtbot.waitUntil(lambda: bool(view.strips))
    lowest = view.cell(2, len(view.strips[2].grid.offsets) - 1)
    assert 0.75 * view.height() < lowest.bottom() <= view.height()
    places = [view.cell(row, n) for row in range(3) for n in range(len(view.strips[row].values))]
    assert len({(at.left(), at.top()) for at in places}) == len(places), "none hides another"
    assert max(at.right() for at in places) <= view.width()
    press(view, view.cell(0, 8).center())
    assert abs(view.place(view.strips[0])[0] - 8) <= 1
    view.stop()
    jobs.close()
