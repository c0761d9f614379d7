"""Points in a plane: each lies where it is drawn, a lasso takes what lies within it."""

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent

from cubeview.gui.widgets.scatter import Scatter, dotted

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def scatter(qtbot):
    made = Scatter()
    qtbot.addWidget(made)
    made.resize(400, 300)
    places = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)])
    made.set_points(places, ("one", "two"))
    made.set_inks(np.array([RED, RED, RED, RED, BLUE], np.uint8), [("r", "#ff0000")])
    made.show()
    return made


def at(scatter, point):
    return scatter.where(point).toPoint()


def colour(scatter, point):
    return scatter.grab().toImage().pixelColor(at(scatter, point)).getRgb()[:3]


def drag(qtbot, scatter, corners, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(scatter, Qt.MouseButton.LeftButton, modifier, corners[0])
    for corner in corners[1:]:
        qtbot.mouseMove(scatter, corner)
    qtbot.mouseRelease(scatter, Qt.MouseButton.LeftButton, modifier, corners[-1])


def test_each_point_is_drawn_where_it_lies(scatter):
    assert [colour(scatter, point) for point in range(5)] == [RED] * 4 + [BLUE]
    assert at(scatter, 2).y() < at(scatter, 0).y(), "up is up"
    assert at(scatter, 1).x() > at(scatter, 0).x()
    scatter.set_chosen(np.array([4]), 4)
    assert colour(scatter, 4) == BLUE
    assert colour(scatter, 0) != RED, "what is not chosen is faint"


def test_a_click_takes_the_point_under_it(scatter, qtbot):
    taken = []
    scatter.picked.connect(taken.append)
    for where in (at(scatter, 3), at(scatter, 4) + QPoint(40, 30)):
        qtbot.mouseClick(scatter, Qt.MouseButton.LeftButton, pos=where)
    assert taken == [3, -1]


@pytest.mark.parametrize("modifier", ["NoModifier", "ControlModifier"])
def test_a_lasso_takes_what_lies_within_it(scatter, qtbot, modifier):
    taken, modifier = [], Qt.KeyboardModifier[modifier]
    scatter.lassoed.connect(lambda found, added: taken.append((found.tolist(), added)))
    left, right = at(scatter, 0).x(), at(scatter, 1).x()
    middle, top = (left + right) // 2 + 20, at(scatter, 2).y()
    corners = [(left - 10, top - 3), (middle, top - 3), (middle, top + 180), (left - 10, top + 180)]
    drag(qtbot, scatter, [QPoint(*corner) for corner in corners], modifier)
    assert taken == [([2, 4], modifier == Qt.KeyboardModifier.ControlModifier)]


def test_a_lasso_with_a_bay_leaves_out_what_lies_in_it(scatter):
    x0, x1 = at(scatter, 0).x() - 3, at(scatter, 1).x() + 3
    y0, y1, middle = at(scatter, 2).y() - 3, at(scatter, 0).y() + 3, at(scatter, 4)
    bay = QPointF(middle.x(), middle.y() + 20)  # from the top down past the middle point
    outline = [QPointF(x0, y0), QPointF(middle.x() - 9, y0), bay, QPointF(middle.x() + 9, y0)]
    outline += [QPointF(x1, y0), QPointF(x1, y1), QPointF(x0, y1)]
    assert scatter.within(outline).tolist() == [0, 1, 2, 3]


def test_the_wheel_zooms_about_the_mouse_and_a_double_click_fits(scatter, qtbot):
    before, where = at(scatter, 0), QPointF(at(scatter, 3))
    turn = QWheelEvent(where, QPointF(scatter.mapToGlobal(where.toPoint())), QPoint(),
                       QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
                       Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    scatter.wheelEvent(turn)
    assert (at(scatter, 3) - where.toPoint()).manhattanLength() <= 1
    assert at(scatter, 0).x() < before.x() - 50
    qtbot.mouseDClick(scatter, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    assert at(scatter, 0) == before


def test_no_points_are_no_trouble(qtbot):
    made = Scatter()
    qtbot.addWidget(made)
    made.set_points(np.zeros((0, 2)), ("", ""))
    made.set_inks(np.zeros((0, 3), np.uint8), [])
    made.grab()
    qtbot.mouseClick(made, Qt.MouseButton.LeftButton, pos=QPoint(9, 9))


def test_chosen_dots_lie_above_others_and_none_beyond_the_edge():
    inks = np.array([0xFF0000FF, 0xFFFF0000, 0xFF00FF00], np.uint32)
    where = np.array([(5.0, 5.0), (5.0, 5.0), (0.0, 9.0)])
    for chosen, seen in ((0, inks[0]), (1, inks[1])):
        picture = dotted(where, inks, np.arange(3) == chosen, (10, 12), 2)
        assert picture.shape == (10, 12)
        assert picture[5, 5] == seen
    assert picture[9, 0] & 0xFF000000 < 0xFF000000
    assert (picture[:, 8:] == 0).all()
