"""Going from case to case loses nothing, and what comes late comes to the case it is for."""

import numpy as np
import pytest

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.display import BY_HAND, default_display
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import Mark
from cubeview.gui.views.ortho import OrthoView
from tests.gui.fakes import make_heart, make_sky

BOX = (slice(0, 32), slice(0, 32), slice(0, 32))
FOUND = Ventricle((14, 22, 22), np.eye(3), (12, 10, 10))


def answer(case):
    return Prediction(case, "m", {"healthy": 0.2, "mixed": 0.8}, 0.8, device="CPU", seconds=0.1)


def overlay(case, complete=True):
    return Overlay(case, {}, {}, "CAM", "mixed", "m", "logit", complete=complete)


@pytest.fixture
def session(qapp):
    return Session()


@pytest.fixture
def two(session):
    """A sky cube in use, and another case beside it."""
    sky, heart = make_sky(), make_heart()
    session.add_cases((sky, heart))
    session.set_case(sky)
    session.set_display(**default_display(sky, session))
    return sky, heart


def test_a_case_is_as_it_was_left(session, two):
    sky, heart = two
    session.set_cursor(3, 4, 5)
    session.set_window(BOX, drawn=True)
    session.set_display(levels={"flux": (1.0, 2.0)}, levels_from=BY_HAND, colormap="gray")
    session.set_white(True)
    session.set_aperture(4.0)
    session.set_marks((Mark(BOX, "line", "#ffffff"),))
    session.set_prediction(answer(session.asked))
    session.set_overlay(overlay(session.asked))
    session.set_catalogue(Catalogue(sky, "m", (), 4.5, np.array([4.5]), np.array([0.9])))
    names = ("cursor", "window", "drawn", "display", "white", "aperture", "marks")
    names += ("prediction", "overlay", "catalogue")
    left = {name: getattr(session, name) for name in names}
    session.set_case(heart)
    session.set_cursor(1, 1, 1)
    session.set_display(levels_from="zscale")
    assert (session.overlay, session.prediction, session.catalogue) == (None, None, None)
    assert (session.white, session.aperture, session.marks) == (False, 0.0, ())
    session.set_case(sky)
    assert {name: getattr(session, name) for name in names} == left
    session.set_case(heart)
    assert session.cursor == (1, 1, 1)


def test_the_views_of_a_case_that_is_shown_again_leave_its_levels_and_cursor(session, two, qtbot):
    sky, heart = two
    views = OrthoView(session)
    qtbot.addWidget(views)
    session.set_case(heart)
    session.set_ventricles(heart, dict.fromkeys(heart.cubes, FOUND))
    session.set_cursor(1, 2, 3)
    session.set_display(levels=dict.fromkeys(heart.cubes, (7.0, 9.0)), levels_from=BY_HAND)
    session.set_case(sky)
    session.set_case(heart)
    assert session.cursor == (1, 2, 3)
    assert session.display.levels["rest"] == (7.0, 9.0)
    assert session.ventricles == dict.fromkeys(heart.cubes, FOUND)
    views.stop()


def test_what_comes_late_comes_to_its_case(session, two, qtbot):
    sky, heart = two
    session.set_window(BOX)
    asked = session.asked
    session.set_case(heart)
    with (
        qtbot.assertNotEmitted(session.prediction_changed),
        qtbot.assertNotEmitted(session.overlay_changed),
        qtbot.assertNotEmitted(session.ventricles_changed),
    ):
        session.set_prediction(answer(asked))
        session.set_overlay(overlay(asked, complete=False))
        session.set_overlay(overlay(asked))
    assert (session.prediction, session.overlay) == (None, None)
    assert session.answer_to(sky).case is asked
    session.set_case(sky)
    session.set_ventricles(heart, {"rest": FOUND})
    assert session.prediction.case is session.overlay.case is asked
    assert session.overlay.complete
    session.set_case(heart)
    assert session.ventricles == {"rest": FOUND}


def test_a_case_that_was_closed_is_forgotten(session, two):
    sky, _ = two
    session.set_prediction(answer(sky))
    session.remove_case(sky)
    session.set_overlay(overlay(sky))
    session.add_cases((sky,))
    session.set_case(sky)
    assert (session.prediction, session.overlay) == (None, None)


def test_undo_of_a_ventricle_stays_with_its_case(desk, qtbot):
    session, placing = desk.session, desk.placing
    first, second = make_heart("A"), make_heart("B")
    session.add_cases((first, second))
    session.set_case(first)
    qtbot.waitUntil(lambda: bool(session.ventricles))
    before = dict(session.ventricles)
    placing.confirm()
    assert session.shown.undo
    session.set_case(second)
    assert not session.shown.undo
    session.set_case(first)
    assert placing.by_user
    placing.undo()
    assert session.ventricles == before
    assert not session.shown.undo


def test_a_ventricle_is_looked_for_once_for_each_open_case(desk, network, qtbot):
    looked = []
    network.place = lambda case: looked.append(case) or dict.fromkeys(case.cubes, FOUND)
    first, second = make_heart("A"), make_heart("B")
    desk.session.add_cases((first, second))
    for case in (first, second, first):
        desk.session.set_case(case)
        qtbot.waitUntil(lambda: bool(desk.session.ventricles))
    desk.placing.fit_again()
    qtbot.waitUntil(lambda: not desk.jobs.running())
    assert looked == [first, second]
