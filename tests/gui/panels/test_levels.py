import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt

from cubeview.cubes.reduce import VENTRICLE, WAYS
from cubeview.gui.desk.display import BY_HAND, default_display, move_level, reset_levels
from cubeview.gui.desk.session import Session
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.widgets.colormaps import COLORMAPS, colormap, overlay_table, table
from tests.helpers.viewcases import heart_case, sky_case


@pytest.fixture
def control(qtbot):
    session = Session()
    session.case_changed.connect(
        lambda: session.case and session.set_display(**default_display(session.case, session))
    )
    made = LevelsControl(session)
    qtbot.addWidget(made)
    made.show()
    return made


def choose(box, text):
    index = box.findText(text)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_without_a_case_there_is_nothing_to_set(control):
    assert not control.isEnabled()
    assert control.rows == {}


def test_each_state_has_its_own_levels_in_per_cent(control):
    session = control.session
    session.set_case(heart_case())
    assert set(control.rows) == {"stress", "rest"}
    for row in control.rows.values():
        assert (row.low.value(), row.high.value()) == (0, pytest.approx(100))
        assert row.high.text() == "100 %"
    before = dict(session.display.levels)
    control.rows["rest"].high.setValue(80)
    assert session.display.levels["stress"] == before["stress"]
    assert session.display.levels["rest"][1] == pytest.approx(0.8 * before["rest"][1])
    assert session.display.levels_from == BY_HAND
    assert control.way.currentText() == BY_HAND
    choose(control.way, VENTRICLE)
    assert session.display.levels == before
    assert control.way.findText(BY_HAND) < 0


def percents(control):
    return {
        role: (round(row.low.value(), 2), round(row.high.value(), 2))
        for role, row in control.rows.items()
    }


def test_linked_states_share_their_levels_in_per_cent_and_apart_they_do_not(control, qtbot):
    session = control.session
    session.set_case(heart_case())
    assert percents(control) == {"stress": (0, 100), "rest": (0, 100)}
    control.rows["rest"].high.setValue(80)
    assert percents(control) == {"stress": (0, 100), "rest": (0, 80)}
    assert control.linked.isVisible()
    control.linked.click()
    assert percents(control) == {"stress": (0, 100), "rest": (0, 100)}, "those of the first"
    control.rows["rest"].high.setValue(70)
    control.rows["stress"].low.setValue(10)
    assert percents(control) == {"stress": (10, 70), "rest": (10, 70)}
    control.linked.click()
    control.rows["rest"].low.setValue(20)
    assert percents(control)["stress"] == (10, 70)
    session.set_case(sky_case())
    assert not control.linked.isVisible()


@pytest.mark.parametrize(
    ("end", "percent", "there"), [(1, -30, (0, 70)), (0, 20, (20, 100)), (1, -500, (0, 1))]
)
def test_a_level_moves_by_per_cent_and_stays_above_the_other(control, end, percent, there):
    session = control.session
    session.set_case(heart_case())
    move_level(session, "rest", end, percent)
    assert percents(control)["rest"] == there
    assert percents(control)["stress"] == (0, 100)
    reset_levels(session)
    assert percents(control)["rest"] == (0, 100)


def test_a_lower_level_above_the_upper_one_is_not_taken(control):
    session = control.session
    session.set_case(sky_case())
    before = dict(session.display.levels)
    control.rows["flux"].low.setValue(1e9)
    assert session.display.levels == before
    assert control.rows["flux"].low.value() == pytest.approx(before["flux"][0], rel=1e-3)


def test_levels_of_tiny_units_can_be_read_and_typed(control, qtbot):
    values = np.random.default_rng(0).normal(0, 1e-18, (40, 20, 30))
    control.session.set_case(sky_case(values=values))
    field = control.rows["flux"].high
    assert "e-18" in field.text()
    field.selectAll()
    qtbot.keyClicks(field, "5e-18")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert control.session.display.levels["flux"][1] == pytest.approx(5e-18)


@pytest.mark.parametrize("how", [way for way in WAYS if way != VENTRICLE])
def test_every_way_of_choosing_levels_works(control, how):
    control.session.set_case(sky_case())
    choose(control.way, how)
    low, high = control.session.display.levels["flux"]
    assert low < high
    assert control.session.display.levels_from == how
    assert control.way.findText(VENTRICLE) < 0  # a sky cube has no ventricle


def test_a_level_is_dragged_in_the_histogram(control, qtbot):
    control.session.set_case(sky_case())
    histogram = control.rows["flux"].histogram
    low, high = control.session.display.levels["flux"]
    grip = QPoint(round(histogram.place(high)), 5)
    goal = round(histogram.place(0.5))
    qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=grip)
    qtbot.mouseMove(histogram, QPoint(goal, 5))
    qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton, pos=QPoint(goal, 5))
    qtbot.waitUntil(lambda: control.session.display.levels["flux"][1] < 0.6)
    assert control.session.display.levels["flux"][0] == pytest.approx(low)


def test_colours_stretch_and_smoothness_are_chosen(control):
    control.session.set_case(heart_case())
    choose(control.colours, COLORMAPS["cool"])
    assert COLORMAPS["cool"] in control.colours.toolTip(), "the box may be too narrow for it"
    choose(control.stretch, "asinh")
    control.smooth.click()
    display = control.session.display
    assert (display.colormap, display.stretch, display.smooth) == ("cool", "asinh", False)


@pytest.mark.parametrize("key", [k for k in COLORMAPS if k not in ("rainbow", "gray inverted")])
def test_maps_grow_lighter_all_the_way(key):
    red, green, blue = table(key)[1:, :3].astype(float).T
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert (np.diff(light) >= -1.0).all()
    assert light[-1] > light[0] + 100


def test_unknown_maps_are_refused():
    with pytest.raises(KeyError):
        colormap("no such map")


def test_ten_steps_are_ten():
    assert len(np.unique(table("ten steps")[1:, :3], axis=0)) <= 12


def test_the_overlay_is_clear_at_zero_and_below_its_threshold():
    rows = overlay_table(0.6, 0.25)
    assert rows[0, 3] == rows[128, 3] == 0
    assert rows[255, 3] == rows[1, 3] == 153
    assert rows[128 + 30, 3] == 0
    assert 51 <= rows[128 + 34, 3] < rows[128 + 80, 3] < 153
    assert overlay_table(0.6, 0.0)[128, 3] == 0
