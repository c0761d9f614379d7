from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle, to_role
from cubeview.gui.desk.session import Session

BOX = (slice(0, 4), slice(0, 4), slice(0, 4))
OTHER = (slice(1, 5), slice(0, 4), slice(0, 4))


def cube(shape=(6, 8, 10), step=1.0):
    axes = tuple(
        Axis(name, "space", "mm", np.arange(n) * step)
        for name, n in zip(("Slice", "Row", "Column"), shape, strict=True)
    )
    return Cube(axes, ArrayPixels(np.zeros(shape)), "heart", "counts")


def sky():
    axes = tuple(plain_axis(n, name) for n, name in ((6, "λ"), (8, "Dec"), (10, "RA")))
    return Case("field", "sky", {"flux": Cube(axes, ArrayPixels(np.zeros((6, 8, 10))), "sky", "")})


def pair():
    return Case("Wren", "heart", {"stress": cube(), "rest": cube((6, 10, 10))})


def answer(case, model="m"):
    return Prediction(case, model, {"healthy": 0.2, "mixed": 0.8}, 0.8, device="CPU", seconds=0.1)


def overlay(case):
    return Overlay(case, {}, {}, "CAM", "mixed", "m", "logit")


@pytest.fixture
def session(qapp):
    return Session()


def test_setters_are_silent_when_nothing_changed(session, qtbot):
    session.set_case(pair())
    with (
        qtbot.assertNotEmitted(session.cursor_changed),
        qtbot.assertNotEmitted(session.case_changed),
        qtbot.assertNotEmitted(session.window_changed),
    ):
        session.set_cursor(*session.cursor)
        session.set_case(session.case)
        session.set_window(None)


def test_an_answer_for_another_case_is_dropped(session):
    session.set_case(pair())
    session.set_prediction(answer(pair()))
    session.set_overlay(overlay(pair()))
    assert session.prediction is None
    assert session.overlay is None


def test_a_swapped_pair_is_another_case(session):
    session.set_case(pair())
    session.set_prediction(answer(session.case.swapped()))
    assert session.prediction is None


def test_an_answer_for_a_window_belongs_to_the_cube_it_was_cut_from(session):
    session.set_case(sky())
    session.set_window(BOX)
    asked = session.asked
    assert asked.window == BOX
    session.set_prediction(answer(asked))
    session.set_overlay(overlay(asked))
    assert session.prediction.case is asked
    assert session.overlay.case is asked


def test_a_late_answer_for_another_window_is_dropped(session):
    session.set_case(sky())
    session.set_window(BOX)
    late = session.asked
    session.set_window(OTHER)
    session.set_prediction(answer(late))
    assert session.prediction is None
    session.set_prediction(answer(session.asked))
    session.set_overlay(overlay(session.asked))
    session.set_window(BOX)
    assert (session.prediction, session.overlay) == (None, None)


def test_coming_back_to_a_case_brings_its_answer_back(session):
    first, second = sky(), sky()
    session.add_cases((first, second))
    session.set_case(first)
    session.set_window(BOX)
    prediction = answer(session.asked)
    session.set_prediction(prediction)
    session.set_case(second)
    assert (session.prediction, session.window) == (None, None)
    session.set_case(first)
    assert session.prediction is prediction
    assert session.window == BOX
    assert session.answer_to(first) is prediction
    assert session.answer_to(second) is None


def test_choosing_another_model_takes_its_rivals_answer_away(session):
    session.set_case(pair())
    session.set_prediction(answer(session.case, "a"))
    session.set_model("a")
    assert session.prediction is not None
    session.set_model("b")
    assert session.prediction is None


def test_swapping_keeps_the_cursor_and_forgets_the_answer(session):
    case = pair()
    session.add_cases((case,))
    session.set_case(case)
    session.set_cursor(2, 3, 4)
    session.set_prediction(answer(case))
    session.replace_case(case, case.swapped())
    assert session.cursor == (2, 3, 4)
    assert session.prediction is None
    assert session.cases == (session.case,)


def test_removing_the_current_case_moves_to_its_neighbour(session):
    cases = (sky(), sky(), sky())
    session.add_cases(cases)
    session.set_case(cases[1])
    session.remove_case(cases[1])
    assert session.case is cases[2]
    session.remove_case(cases[2])
    assert session.case is cases[0]
    session.remove_case(cases[0])
    assert session.case is None


def test_positions_are_carried_by_the_centres_without_ventricles():
    here, there = cube((6, 8, 10)), cube((6, 10, 10), step=2.0)
    found = to_role(here, there, (2.5, 3.5, 4.5), {}, "stress", "rest")
    np.testing.assert_allclose(found, (2.5, 4.5, 4.5))


def test_positions_are_carried_relative_to_the_ventricles_and_back():
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=float)
    ventricles = {
        "stress": Ventricle((3, 4, 5), np.eye(3), (2, 2, 2)),
        "rest": Ventricle((2, 6, 4), turn, (2, 2, 2)),
    }
    here, there = cube(), cube((6, 10, 10))
    found = to_role(here, there, (4, 4, 5), ventricles, "stress", "rest")
    np.testing.assert_allclose(found, (2, 7, 4))  # one step along the long axis of both
    back = to_role(there, here, tuple(found), ventricles, "rest", "stress")
    np.testing.assert_allclose(back, (4, 4, 5))


def test_a_case_replaced_for_its_window_keeps_its_identity_only_by_cubes(session):
    case = sky()
    session.set_case(case)
    assert session.asked is case
    session.set_window(BOX)
    assert session.asked is not case
    assert replace(case, window=BOX).main is session.asked.main
