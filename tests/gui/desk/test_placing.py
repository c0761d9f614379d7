"""Dragging the ventricle in the window, as the user does it."""

import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Source
from cubeview.cubes.ventricle import Ventricle
from cubeview.library import ventricles as placed
from tests.gui.fakes import HEART_CLASSES
from tests.helpers.viewcases import heart_case, ventricles

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def case(tmp_path):
    made = heart_case()
    cubes = {}
    for role, cube in made.cubes.items():
        path = tmp_path / f"{role}.dcm"
        path.write_bytes(role.encode())
        cubes[role] = replace(cube, source=Source(path))
    return replace(made, cubes=cubes)


@pytest.fixture
def asked(network, monkeypatch):
    """A network that answers with the geometry it was given; returns what it was asked."""
    given_to = []

    def answer(folder, opened, case, given, *, report):
        given_to.append(given)
        odds = dict(zip(HEART_CLASSES, (0.6, 0.1, 0.1, 0.1, 0.1), strict=True))
        return Prediction(
            case, "heart-net", odds, 0.3, device="CPU", seconds=0.01, ventricles=given or {}
        )

    def found(case):
        return {
            role: replace(v, doubt=0.8, reason="gut next to it")
            for role, v in ventricles(case).items()
        }

    monkeypatch.setattr(network, "answer", answer)
    network.place = found
    return given_to


@pytest.fixture
def heart(window, asked, with_case, case, own_home):
    window.resize(1400, 900)
    return with_case(case)


def view_of(window, role, axis):
    return next(v for v in window.ortho.slices if (v.role, v.axis) == (role, axis))


def point(view, at):
    scene = view.canvas.box.mapViewToScene(at)
    return QPoint(view.canvas.mapFromScene(scene))


def drag(window, role, axis, name, by):
    """Take a handle with the mouse, move it by screen pixels, let go."""
    window.ortho.follow_now()
    view = view_of(window, role, axis)
    start = point(view, view.canvas.handles.places[name])
    port = view.canvas.viewport()
    QTest.mousePress(port, LEFT, pos=start)
    for step in (0.5, 1.0):
        QTest.mouseMove(port, start + QPoint(round(step * by[0]), round(step * by[1])))
    QTest.mouseRelease(port, LEFT, pos=start + QPoint(*by))


def settle(qtbot, window, idle):
    qtbot.wait(300)
    idle(window)


def test_a_dragged_centre_is_the_users_and_asked_about_at_once(qtbot, window, heart, asked, idle):
    session = window.session
    window.predict.run()
    idle(window)
    window.session.set_adjusting(True)
    before = dict(session.ventricles)
    cursor = session.cursor
    drag(window, "stress", 0, "centre", (30, 0))
    assert session.prediction is None, "the answer was for another geometry"
    moved = session.ventricles["stress"]
    assert moved.by == "user"
    assert moved.centre[2] > before["stress"].centre[2] + 3
    assert moved.centre[0] == before["stress"].centre[0]
    assert session.cursor == cursor, "a handle is no cursor"
    settle(qtbot, window, idle)
    assert session.prediction is not None
    assert asked[-1]["stress"].centre == pytest.approx(moved.centre)


def test_the_size_is_for_both_states_and_remembered(qtbot, window, heart, idle, files):
    window.session.set_adjusting(True)
    drag(window, "stress", 0, "axis 2 +", (25, 0))
    settle(qtbot, window, idle)
    found = window.session.ventricles
    assert found["stress"].radii[2] > 40
    assert found["rest"].radii == pytest.approx(found["stress"].radii)
    again = Case(heart.name, "heart", dict(heart.cubes))
    window.session.add_cases((again,))
    window.session.set_case(again)
    idle(window)
    assert window.session.ventricles["stress"].by == "user"
    assert window.session.ventricles["stress"].radii == pytest.approx(found["stress"].radii)


def test_the_ring_turns_the_long_axis(window, heart):
    window.session.set_adjusting(True)
    drag(window, "stress", 1, "turn", (20, 5))
    axes = window.session.ventricles["stress"].axes
    turn = np.degrees(np.arccos(np.clip(axes[0] @ (1, 0, 0), -1, 1)))
    assert 3 < turn < 60
    assert axes[0][1] == pytest.approx(0)


def test_undo_and_fit_again(qtbot, window, heart, idle):
    window.session.set_adjusting(True)
    first = dict(window.session.ventricles)
    drag(window, "stress", 0, "centre", (30, 0))
    second = dict(window.session.ventricles)
    drag(window, "stress", 0, "centre", (0, 20))
    window.actions_table["undo_placed"].trigger()
    assert window.session.ventricles == second
    window.actions_table["undo_placed"].trigger()
    assert window.session.ventricles == first
    assert not window.session.shown.undo
    assert not window.actions_table["undo_placed"].isEnabled()
    drag(window, "stress", 0, "centre", (30, 0))
    settle(qtbot, window, idle)
    assert placed.recall(heart)
    window.actions_table["fit_again"].trigger()
    settle(qtbot, window, idle)
    assert window.session.ventricles["stress"].by == "fit"
    assert placed.recall(heart) == {}


def test_a_doubtful_fit_asks_until_it_is_answered(qtbot, window, heart, idle):
    from cubeview.gui.panels.ventricle import VentricleStrip

    strip = window.findChild(VentricleStrip)
    assert strip.isVisible()
    assert "Check the ventricle in stress and rest: gut next to it" in strip.words.text()
    qtbot.mouseClick(strip.right_button, LEFT)
    assert not strip.isVisible()
    settle(qtbot, window, idle)
    assert placed.recall(heart)["rest"].by == "user"


def test_handles_are_out_only_while_adjusting(window, heart):
    view = view_of(window, "stress", 0)
    assert view.canvas.handles.places == {}
    window.actions_table["adjust"].trigger()
    assert "centre" in view.canvas.handles.places
    window.actions_table["adjust"].trigger()
    assert view.canvas.handles.places == {}


def test_an_answer_that_comes_late_is_kept_for_its_case(qtbot, window, network, with_case, files):
    first, second = files["wren.dcm"], files["finch.dcm"]
    with_case(first)
    network.go.clear()
    window.predict.run()
    window.session.add_cases((second,))
    window.session.set_case(second)
    assert window.predict.answer.text() == "Not asked"
    network.go.set()
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=10_000)
    assert window.session.prediction is None
    assert window.session.answer_to(first).answer == "ischaemic"
    window.session.set_case(first)
    assert window.session.prediction is not None


def test_the_handle_under_the_mouse(window, heart):
    window.session.set_adjusting(True)
    handles = view_of(window, "stress", 0).canvas.handles
    at = handles.places["centre"]
    assert handles.near(at) == "centre"
    assert handles.near(at + QPointF(3, 3)) == ""
    assert isinstance(window.session.ventricles["stress"], Ventricle)


FIND = """
import numpy as np
from cubeview.gui.desk.questions import Questions
from cubeview.simulate.heart.pair import simulate_pair, to_case
Questions().find(to_case(simulate_pair("healthy", np.random.default_rng(0)), "shown"))
print("libtorch_cpu" in open("/proc/self/maps").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_heart_is_shown_with_its_ventricle_before_torch_is_loaded():
    done = subprocess.run([sys.executable, "-c", FIND], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_a_search_for_the_ventricle_that_was_stopped_is_no_dead_end(desk, network, qtbot):
    from cubeview.gui.desk.actions import there_is
    from cubeview.gui.desk.display import whole_of
    from cubeview.gui.panels.ventricle import VentricleStrip

    go, found = threading.Event(), network.place

    def find(case, *, report):
        while not go.wait(0.01):
            report(0.5, "looking")
        return found(case)

    network.find = find
    strip, session = VentricleStrip(desk.session, desk.placing), desk.session
    qtbot.addWidget(strip)
    case = heart_case()
    session.add_cases((case,))
    session.set_case(case)
    assert strip.isHidden()
    (job,) = desk.jobs.running()
    job.cancel()
    qtbot.waitUntil(lambda: not desk.jobs.running())
    assert not strip.isHidden()
    assert "has not been found" in strip.words.text()
    assert whole_of(session, case.roles) == "the brightest in the middle"
    assert "heart" not in there_is(session)
    assert "ventricle" in there_is(session)
    go.set()
    qtbot.mouseClick(strip.fit_button, LEFT)
    qtbot.waitUntil(lambda: bool(session.ventricles))
    qtbot.waitUntil(lambda: not desk.jobs.running())
    assert strip.isHidden()
    assert whole_of(session, case.roles) == "ventricle maximum"
    vars(network).pop("find")
