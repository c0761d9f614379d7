"""A heart is read on its polar maps: by keys alone, blind or not, with one cursor."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QFileDialog, QLineEdit

from cubeview.cubes.answer import Overlay
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.scores import Scores, as_text
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.views.rows import RowsView
from cubeview.io import open_paths
from cubeview.io.export.dicom import write_nm
from cubeview.library.healthy import stated
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.scored import SUGGESTED, scored
from cubeview.measure.heart import disc
from cubeview.measure.heart.normal import Group, limits_of, write_limits
from cubeview.paths import data_dir
from tests.gui.fakes import make_sky
from tests.gui.keys import press
from tests.helpers.viewcases import heart_cube

PLACED = Ventricle(np.array([57.0, 62.0, 62.0]), np.eye(3), np.array([36.0, 33.0, 33.0]))
MID_LATERAL = (11, 12)


def shell(*, lateral=1.0):
    """A hollow ball of counts, less of them in its lateral wall."""
    whole = heart_cube()
    z, y, x = np.indices(whole.shape)
    values = whole.pixels.read().copy()
    values *= np.where(y * 4.0 > 72, 2.0, 1.0)  # without the darker wall it comes with
    beside = (x * 4.0 > 75) & (abs(y * 4.0 - 62) < 22) & (abs(z * 6.0 - 50) < 20)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0, 3], range(4)] = (*whole.spacing, 1.0)
    values = ArrayPixels(np.where(beside, lateral, 1.0) * values)
    return replace(whole, pixels=values, affine=affine)


@pytest.fixture
def heart(window, network, tmp_path, idle):
    """A pair of files in the window: stress has lost most of its lateral wall."""
    network.place = lambda case: dict.fromkeys(case.cubes, PLACED)
    for role, cube in (("rest", shell()), ("stress", shell(lateral=0.3))):
        write_nm(cube, tmp_path / f"{role}.dcm", role=role, case="Wren 1")
    (case,) = open_paths([tmp_path / "rest.dcm", tmp_path / "stress.dcm"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    return case


@pytest.fixture
def reading(window, heart, qtbot):
    press(window, "A")
    qtbot.waitUntil(lambda: window.reading.measured is not None)
    return window.reading


def kept(window):
    """Scores of each reader on disk, and what was seen before the last of them."""
    library = Library(window.records.library.path, window.records.reader)
    try:
        number = window.desk.subject.case_id
        return scored(library, number), library.history(number, SPECT_SET)[-1].opinion_seen
    finally:
        library.close()


def test_a_case_is_read_by_keys_alone_from_hanging_to_stored_scores(window, heart, qtbot):
    keys = Qt.Key

    def type_in(*typed):
        for key in typed:
            qtbot.keyClick(window.focusWidget(), key)

    press(window, "L")
    (rows,) = window.ortho.findChildren(RowsView)
    qtbot.waitUntil(lambda: bool(rows.strips))
    assert window.focusWidget() is rows
    before = window.session.cursor
    type_in(keys.Key_Right, keys.Key_Down, keys.Key_Right)
    assert window.session.cursor != before
    press(window, "A")
    panel = window.reading
    qtbot.waitUntil(lambda: panel.measured is not None)
    assert window.focusWidget() is panel.discs
    assert panel.scores.open == 34, "blind, nothing is suggested"
    panel.discs.choose("stress", 17)
    type_in(keys.Key_Right, keys.Key_2)  # apical lateral
    type_in(keys.Key_Right, keys.Key_4, keys.Key_Delete, keys.Key_3)
    second = panel.discs.segment
    assert second in MID_LATERAL
    type_in(keys.Key_Tab, keys.Key_D, keys.Key_0, keys.Key_D, keys.Key_1)
    third = panel.discs.segment
    assert third == second % 17 + 1
    own = {("stress", 16): 2, ("stress", second): 3, ("stress", third): 1, ("rest", third): 0}
    (said, seen) = kept(window)
    (mine,) = said.values()
    assert {(r, n + 1): s for r, all_ in mine.states.items() for n, s in enumerate(all_)
            if s is not None} == own  # fmt: skip
    assert seen == "", "read blind"
    type_in(keys.Key_Return)
    suggested = panel.measured.scores
    assert max(suggested.states["stress"][n - 1] for n in MID_LATERAL) >= 2
    assert panel.scores == Scores(own_over(suggested, own))
    assert kept(window) == (said, seen), "shown is not taken"
    type_in(keys.Key_Return)
    (said, seen) = kept(window)
    assert list(said.values()) == [Scores(own_over(suggested, own))]
    assert seen == SUGGESTED
    press(window, "Z")
    assert kept(window)[0] == {window.records.reader: mine}
    press(window, "Shift+Z")
    assert kept(window)[0] == said
    type_in(keys.Key_Escape)
    assert window.focusWidget() is rows
    press(window, "2")
    assert window.labels.state.text() == "✓ ischaemic · the suggested scores were seen"
    assert kept(window)[0] == said, "a class leaves the scores as they are"


def test_a_case_is_read_by_keys_alone_from_hanging_to_a_stored_report(
    window, heart, tmp_path, qtbot
):
    pytest.importorskip("highdicom")
    keys = Qt.Key
    window.memory.change(folder=str(tmp_path))
    press(window, "L")
    assert window.ortho.in_rows
    press(window, "A")
    qtbot.waitUntil(lambda: window.reading.measured is not None)
    for key in (keys.Key_2, keys.Key_Tab, keys.Key_3, keys.Key_D, keys.Key_1):
        qtbot.keyClick(window.focusWidget(), key)
    press(window, "Ctrl+R")
    dialog = window.findChild(QFileDialog)
    folder = tmp_path / f"{heart.name} report"
    field = dialog.findChild(QLineEdit)
    qtbot.keyClick(field, keys.Key_Return)
    qtbot.waitUntil(folder.is_dir, timeout=20_000)
    names = {path.name for path in folder.iterdir()}
    assert {"report.dcm", "page.dcm", "report.pdf", "stress_map.dcm", "rest_wall.dcm"} <= names
    said = str(pydicom.dcmread(folder / "report.dcm"))
    reader = window.records.reader
    for text in (f"{reader}^", "read blind", "Read blind", "Summed stress score by a reader"):
        assert text in said, text
    (mine,) = window.desk.reporting.readings()
    assert (mine.scores.sss, mine.scores.srs, mine.seen) == (5, 1, "")
    qtbot.waitUntil(lambda: window.desk.labelling.suggestion_seen)
    assert window.session.prediction is not None, "what the report shows is seen"
    assert any(str(folder) in one.text for one in window.messages.messages())


def test_a_blind_report_tells_of_others_only_when_the_case_is_read(window, reading, qtbot):
    qtbot.keyClick(reading.discs, Qt.Key.Key_1)
    other = Library(window.records.library.path, "Ben")
    text = as_text(Scores({"stress": (0,) * 17, "rest": (0,) * 17}))
    other.label(window.desk.subject.case_id, None, label_set=SPECT_SET, scores=text)
    other.close()
    window.records.look()
    whose = window.desk.reporting.readings
    assert [one.reader for one in whose()] == [window.records.reader]
    window.records.set_blind(False)
    assert [one.reader for one in whose()] == [window.records.reader, "Ben"]


def own_over(suggested, own):
    states = {role: list(scores) for role, scores in suggested.states.items()}
    for (role, segment), score in own.items():
        states[role][segment - 1] = score
    return {role: tuple(scores) for role, scores in states.items()}


def test_what_is_suggested_stands_in_brackets_where_one_does_not_read_blind(window, reading, qtbot):
    window.records.set_blind(False)
    assert reading.scores == reading.measured.scores
    qtbot.keyClick(reading.discs, Qt.Key.Key_4)
    stress, rest, between = reading.discs.discs
    assert [stress.texts[0], stress.sure[0]] == ["4", True]
    assert {text[0] + text[-1] for text in rest.texts} == {"()"}
    assert between.texts[0] == "4"
    assert not between.sure[0], "rest is not scored"
    whole = reading.scores
    assert f"SSS {whole.sss} ({100 * whole.sss / 68:.0f} %)" in reading.discs.words
    assert kept(window)[1] == SUGGESTED
    reading.low.setValue(60)
    for role, one in reading.measured.maps.items():
        share, ml, _ = one.below(60.0)
        assert f"{role}: {share:.0f} % of the wall, {ml:.0f} ml" in reading.extent.text()


def test_other_digits_label_nothing_and_tab_leaves_behind_the_last_segment(window, reading, qtbot):
    for key in (Qt.Key.Key_5, Qt.Key.Key_9):
        qtbot.keyClick(reading.discs, key)
    assert window.desk.subject.case_id is None, "nothing was written"
    assert any("0 to 4" in message.text for message in window.messages.messages())
    reading.discs.choose("rest", 16)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert (reading.discs.segment, window.focusWidget()) == (17, reading.discs)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert window.focusWidget() is not reading.discs


def test_a_click_on_any_disc_goes_to_that_place_of_the_wall(window, reading, qtbot):
    cube = window.session.case.main
    for number, segment, lateral, anterior in ((0, 12, 1, 1), (1, 9, -1, -1), (2, 11, 1, -1)):
        where, at = reading.discs.where(number), QPointF(*disc.middle(segment))
        spot = (where.center() + at * (where.width() / 2)).toPoint()
        qtbot.mouseClick(reading.discs, Qt.MouseButton.LeftButton, pos=spot)
        assert reading.discs.segment == segment
        _, y, x = (np.array(window.session.cursor) * cube.spacing - PLACED.centre) / PLACED.radii
        assert x * lateral > 0.4
        assert -y * anterior > 0.1
        assert np.hypot(*(np.array(reading.discs.cross) - (at.x(), at.y()))) < 0.15
    assert not reading.discs.grab().isNull()


def test_the_cursor_of_the_slices_is_that_of_the_discs(window, reading):
    cube = window.session.case.main
    inferior = (PLACED.centre + np.array([0.0, 27.0, 0.0])) / cube.spacing
    window.session.set_cursor(*inferior)
    right, down = reading.discs.cross
    assert abs(right) < 0.15
    assert down > 0.4
    assert reading.discs.segment in (4, 10)
    window.session.set_cursor(*(PLACED.centre / cube.spacing))
    assert reading.discs.cross is None, "not on the wall"


def test_a_map_of_a_network_lies_on_the_same_disc(window, reading, heart):
    values = {role: np.zeros(cube.shape, np.float32) for role, cube in heart.cubes.items()}
    values["stress"][:, :, 20:] = 1.0  # the lateral side
    boxes = {role: tuple(slice(0, n) for n in cube.shape) for role, cube in heart.cubes.items()}
    show(reading, "map")
    assert "no map" in reading.problem.text()
    assert len(reading.discs.discs) == 3, "segments can still be chosen"
    window.session.set_overlay(Overlay(heart, values, boxes, "CAM", "mixed", "m", "logit"))
    stress, rest = reading.discs.discs
    texts = [int(text) for text in stress.texts]
    assert min(texts[n - 1] for n in (11, 12, 16)) > max(texts[n - 1] for n in (2, 3, 8, 9, 14))
    assert set(rest.texts) == {"0"}
    assert not reading.problem.isVisibleTo(reading)


def test_a_heart_is_compared_with_healthy_ones_of_ones_own(window, reading, heart, qtbot):
    show(reading, "normal")
    assert "no normal limits yet" in reading.problem.text()
    rest = reading.measured.maps["rest"]
    jitter = 5.0 * np.array([-1.0, 1.0] * 6) * np.sqrt(11 / 12)  # of a standard deviation of 5
    even = [replace(rest, values=rest.values + one) for one in jitter]
    _, protocol = stated(heart, "stress")
    group = Group("stress", protocol=protocol)
    write_limits(limits_of((group, one) for one in even), data_dir() / "normals.json")
    window.session.set_case(None)
    window.session.set_case(heart)
    qtbot.waitUntil(lambda: reading.measured is not None)
    (stress,) = reading.discs.discs
    z = [float(text.replace("−", "-")) for text in stress.texts]
    lost = np.subtract(reading.measured.maps["stress"].means(), rest.means()) / 5.0
    np.testing.assert_allclose(z, lost, atol=0.06)
    assert np.argmin(z) + 1 in (*MID_LATERAL, 16)
    assert "of 12 healthy hearts" in reading.extent.text()
    assert "no limits of rest" in reading.problem.text()


def show(reading, key):
    reading.shown.setCurrentIndex(reading.shown.findData(key))
    reading.shown.activated.emit(reading.shown.currentIndex())


def test_what_others_gave_is_hidden_until_the_case_is_read(window, reading, qtbot):
    qtbot.keyClick(reading.discs, Qt.Key.Key_1)
    number = window.desk.subject.case_id
    other = Library(window.records.library.path, "Ben")
    text = as_text(Scores({"stress": (0,) * 17, "rest": (0,) * 17}))
    other.label(number, None, label_set=SPECT_SET, scores=text)
    other.close()
    window.records.look()
    assert not reading.others.text()
    for _ in range(2):
        qtbot.keyClick(reading.discs, Qt.Key.Key_Return)
    apart = sum(s != 0 for states in reading.scores.states.values() for s in states)
    assert reading.others.text().startswith("Ben: SSS 0, SRS 0, SDS 0; ")
    assert f"{apart} segments" in reading.others.text()


def test_scores_are_left_when_another_case_is_shown(window, reading, heart, qtbot, idle):
    qtbot.keyClick(reading.discs, Qt.Key.Key_3)
    sky = make_sky()
    window.session.add_cases((sky,))
    window.session.set_case(sky)
    qtbot.waitUntil(lambda: reading.measured is None)
    assert window.docks["reading"].isHidden()
    window.session.set_case(heart)
    qtbot.waitUntil(lambda: reading.measured is not None)
    assert reading.scores.states["stress"][0] == 3
