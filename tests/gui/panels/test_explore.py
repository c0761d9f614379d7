"""The Explore panel driven by keys and mouse: a hunt for odd ones, names, labels, undo."""

import json

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from cubeview.gui.panels.explore_colours import HIDDEN, inks
from cubeview.io.identity import file_hashes
from cubeview.library.answers import Packed, keep
from cubeview.library.marks import said
from cubeview.library.schema import SPECT_SET
from tests.gui.fakes import HEART_WEIGHTS
from tests.gui.keys import press
from tests.helpers.cases import case_of

KEYS = {"interesting": Qt.Key.Key_I, "artefact": Qt.Key.Key_A, "ordinary": Qt.Key.Key_O}
FEATURES = 12


@pytest.fixture
def panel(window):
    window.desk.exploring._forget()
    window.desk.exploring.space_changed.emit()
    return window.docks.panels["explore"]


@pytest.fixture
def wait(window, qtbot):
    def ended():
        lanes = (window.jobs, window.records.jobs)
        soon = window.desk.exploring._marks_soon.isActive()
        return not soon and not any(jobs.running() for jobs in lanes)

    def until():
        qtbot.waitUntil(ended, timeout=20_000)

    return until


@pytest.fixture
def filled(window, tmp_path):
    """Fill the library with cases of given features, and what a model said of them."""

    def fill(values):
        library, numbers = window.records.library, []
        odds = json.dumps({"probabilities": {"healthy": 0.7, "mixed": 0.3}})
        with library.transaction():
            for place, row in enumerate(values):
                case = case_of(tmp_path, place)
                numbers.append(library.add_case(case, file_hashes(case)))
                packed = Packed("classify", HEART_WEIGHTS, "heart-net", odds,
                                features=row.astype("<f4").tobytes())  # fmt: skip
                keep(library, numbers[-1], packed)
        window.records.rows_changed.emit()
        return numbers

    return fill


def clouds(counts, apart, seed=1):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(counts)), counts)
    middles = apart * np.eye(FEATURES)[: len(counts)]
    return middles[truth] + rng.normal(size=(len(truth), FEATURES)), truth


def key(panel, which):
    QTest.keyClick(panel.table, which)


def test_a_hunt_for_odd_ones_with_marks(window, panel, filled, wait):
    values, truth = clouds([120, 18, 12], 1.0)
    values[truth == 1, 1] += 7.0  # artefacts lie farther out than what is sought
    values[truth == 2, 2] += 2.5
    numbers = filled(values)
    press(window, "E")
    wait()
    exploring = window.desk.exploring
    assert len(exploring.points) == 150
    assert panel.model.rowCount() == 150
    key(panel, Qt.Key.Key_D)
    wait()
    by_distance = (truth[exploring.order.places[:16]] == 2).sum()
    looked = []
    for _ in range(16):
        point = exploring.current
        looked.append(point)
        key(panel, KEYS[("ordinary", "artefact", "interesting")[truth[point]]])
        wait()
    assert len(set(looked)) == 16, "none comes twice"
    found = (truth[looked] == 2).sum()
    assert found >= 9
    assert by_distance <= 6
    kept = said(window.records.library, "interest")
    assert {numbers[p]: kept[numbers[p]] for p in looked} == kept
    last = exploring.marks[looked[-1]]
    press(window, "Z")
    wait()
    assert exploring.marks[looked[-1]] == ""
    assert looked[-1] in exploring.order.places, "it is to be looked at again"
    press(window, "Shift+Z")
    wait()
    assert exploring.marks[looked[-1]] == last


def test_a_lasso_is_listed_named_labelled_and_all_of_it_undone(window, panel, filled, wait, qtbot):
    values, truth = clouds([30, 20], 9.0)
    numbers = filled(values)
    press(window, "E")
    wait()
    exploring, library = window.desk.exploring, window.records.library
    ends = [panel.scatter.where(point) for point in np.flatnonzero(truth == 1)]
    x, y = [p.x() for p in ends], [p.y() for p in ends]
    box = [(min(x) - 4, min(y) - 4), (max(x) + 4, min(y) - 4), (max(x) + 4, max(y) + 4),
           (min(x) - 4, max(y) + 4)]  # fmt: skip
    corners = [QPoint(round(a), round(b)) for a, b in box]
    qtbot.mousePress(panel.scatter, Qt.MouseButton.LeftButton, pos=corners[0])
    for corner in corners[1:]:
        qtbot.mouseMove(panel.scatter, corner)
    qtbot.mouseRelease(panel.scatter, Qt.MouseButton.LeftButton, pos=corners[-1])
    assert sorted(panel.model.listed) == np.flatnonzero(truth == 1).tolist()
    panel.name.setText("far")
    QTest.keyClick(panel.name, Qt.Key.Key_Return)
    wait()
    inside = {number for number, kind in zip(numbers, truth, strict=True) if kind == 1}
    assert said(library, "group") == dict.fromkeys(inside, "far")
    key(panel, Qt.Key.Key_2)
    wait()
    labels = library.current(SPECT_SET)
    assert {case for case, _ in labels} == inside
    assert {label.class_name for label in labels.values()} == {"ischaemic"}
    assert {label.opinion_seen for label in labels.values()} == {"heart-net"}
    assert exploring.labels.count("ischaemic") == 20
    press(window, "Z")
    assert library.current(SPECT_SET) == {}
    press(window, "Z")
    assert said(library, "group") == {}
    press(window, "Shift+Z")
    wait()
    assert exploring.names.count("far") == 20
    panel.take_keys()
    key(panel, Qt.Key.Key_Escape)
    assert panel.model.rowCount() == 50


def test_more_like_this_comes_from_the_list_and_the_screen(window, panel, filled, wait):
    values, truth = clouds([30, 20], 9.0)
    numbers = filled(values)
    press(window, "E")
    wait()
    window.desk.exploring.choose(np.array([40]))
    key(panel, Qt.Key.Key_M)
    wait()
    listed = panel.model.listed
    assert 40 not in listed
    assert truth[listed[:19]].all()
    assert "Most like Case 40" in panel.said.text()
    window.desk.library_cases.open(numbers[3])  # no real file: the case is not shown
    wait()
    press(window, "Shift+E")
    wait()


def test_groups_are_found_or_there_are_none(window, panel, filled, wait):
    values, truth = clouds([40, 30], 0.0)
    values += 5.0 * truth[:, None]
    filled(values)
    press(window, "E")
    wait()
    key(panel, Qt.Key.Key_G)
    wait()
    assert panel.said.text().startswith("2 groups")
    groups = window.desk.exploring.groups.of
    assert (groups == truth).all()
    exploring = window.desk.exploring
    for name, members in (("one", [0, 1, 2]), ("two", [60, 61, 62])):
        exploring.choose(np.array(members))
        exploring.name(name)
    wait()
    panel.carry_button.click()
    wait()
    assert exploring.like == ("one",) * 40 + ("two",) * 30
    rng = np.random.default_rng(5)
    exploring.space.values[:] = rng.normal(size=exploring.space.values.shape)
    panel.take_keys()
    key(panel, Qt.Key.Key_G)
    wait()
    assert panel.said.text().startswith("No clear groups")


def test_what_is_said_blind_and_why_nothing_comes(window, panel, filled, wait):
    press(window, "E")
    wait()
    assert "Ask it about all cases first" in panel.problem.text()
    filled(clouds([6], 0.0)[0])
    press(window, "E")
    wait()
    exploring = window.desk.exploring
    window.records.set_blind(True)
    assert [word for word, _ in inks(exploring, "answer")[1]] == [f"{HIDDEN} (6)"]
    window.records.set_blind(False)
    assert [word for word, _ in inks(exploring, "answer")[1]] == ["healthy (6)"]
    for way in ("doubt", "date", "order", "mark", "group found", "name, carried"):
        assert inks(exploring, way)[0].shape == (6, 3)
    key(panel, Qt.Key.Key_D)
    wait()
    assert "at least 20 are needed" in panel.problem.text()
    panel.carry_button.setEnabled(True)
    panel.carry_button.click()
    wait()
    assert "name more" in panel.problem.text()
