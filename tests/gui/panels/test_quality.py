"""How a study was taken: its projections one key away, motion told, and why an artefact is one."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Gate
from cubeview.cubes.gated import HEART_RATE, REJECTED
from tests.gui.fakes import HEART_CLASSES, HEART_WEIGHTS, make_sky
from tests.gui.keys import press
from tests.measure.heart.test_artefacts import PLACED, heart
from tests.measure.heart.turns import projections


@pytest.fixture
def study(window, network, idle):
    """A heart with gates, gut below its rest, and projections that moved by 15 mm."""
    network.place = lambda case: dict.fromkeys(case.cubes, PLACED)
    stress, rest = (
        replace(cube, study="A", affine=np.eye(4)) for cube in (heart(), heart(gut=1.2))
    )
    gates = tuple(Gate(f"time slot {n}", stress.pixels) for n in range(1, 9))
    stress = replace(stress, gates=gates, facts={HEART_RATE: "70 /min", REJECTED: "12 % of 900"})
    moved = np.zeros((16, 2))
    moved[8:, 0] = 15.0
    raw = replace(projections(moved), study="A", facts={"Scan": "tomo"})
    pair = Case("Wren", "heart", {"stress": stress, "rest": rest})
    taken = Case("Wren raw", "volume", {"flux": raw})
    window.session.add_cases((pair, taken, make_sky()))
    window.session.set_case(pair)
    idle(window)
    return pair, taken


def test_a_study_is_one_entry_and_its_projections_are_one_key_away(window, study, idle):
    pair, taken = study
    lines = [window.cases.list.item(n).text() for n in range(window.cases.list.count())]
    assert lines[0] == "Wren\nheart · stress + rest · study of 2 scans"
    assert lines[1].strip() == "↳ projections"
    assert lines[2].startswith("field")
    press(window, "J")
    assert window.session.case is taken
    assert window.cases.list.currentRow() == 1
    press(window, "J")
    assert window.session.case is pair
    press(window, "Shift+J")
    assert window.session.case is taken
    window.session.set_case(window.session.cases[2])
    for key in ("projections", "quality_control"):
        assert not window.actions_table[key].isVisible()


def test_quality_tells_motion_gates_and_reasons(window, study, qtbot, idle):
    _, taken = study
    press(window, "Shift+Q")
    panel = window.docks.panels["quality"]
    qtbot.waitUntil(lambda: bool(panel.found.lines), timeout=30_000)
    names = [reason.name for reason in panel.found.reasons]
    assert names == ["motion", "gut"]
    text = panel.lines.text()
    for said in (
        "motion up to 1", "centre of rotation cannot be told", "8 gates", "heart rate 70 /min",
        "rejected beats 12 % of 900", "gates hold 100 to 100 %", "thousand counts",
    ):  # fmt: skip
        assert said in text, said
    assert panel.motion.isVisibleTo(panel)
    assert panel.beats.isVisibleTo(panel)
    (curve, *_) = panel.found.turns.values()
    assert np.ptp(curve[1].axial) == pytest.approx(15, abs=3)
    panel.case_wanted.emit(taken)
    qtbot.waitUntil(lambda: not panel.beats.isVisibleTo(panel))
    assert window.session.case is taken


def test_an_artefact_that_is_answered_names_its_likely_reason_and_opens_it(
    window, study, qtbot, idle
):
    pair, _ = study
    odds = dict(zip(HEART_CLASSES, (0.1, 0.1, 0.1, 0.1, 0.6), strict=True))
    answer = Prediction(
        pair, "heart-net", odds, 0.5, device="CPU", seconds=0.1, weights=HEART_WEIGHTS
    )
    assert not window.predict.why.isVisibleTo(window.predict)
    window.session.set_prediction(answer)
    qtbot.waitUntil(lambda: "Likely reason" in window.predict.why.text(), timeout=30_000)
    assert "motion: projections moved by 1" in window.predict.why.text()
    window.predict.why.click()
    assert not window.docks["quality"].isHidden()
    window.session.set_prediction(None)
    assert not window.predict.why.text()
