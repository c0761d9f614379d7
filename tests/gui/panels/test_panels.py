from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QPushButton

from cubeview.cubes.answer import Prediction, Segmentation
from cubeview.cubes.cube import Source
from cubeview.errors import CubeviewError
from cubeview.gui.panels.cases import CasesPanel
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.predict import PredictPanel
from tests.gui.fakes import GONE, make_heart, make_sky
from tests.gui.keys import press


@pytest.fixture
def put(desk, idle):
    """Put a case into the session, its ventricles found."""

    def put(case):
        desk.session.add_cases((case,))
        desk.session.set_case(case)
        idle(desk)
        return case

    return put


def shown(qtbot, panel):
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def predict(desk, qtbot):
    return shown(qtbot, PredictPanel(desk.session, desk.jobs, desk.questions))


@pytest.fixture
def explain(desk, qtbot):
    return shown(qtbot, ExplainPanel(desk.session, desk.jobs, desk.memory, desk.questions))


@pytest.fixture
def notes(desk, qtbot):
    return shown(qtbot, NotesPanel(desk.session, desk.memory))


@pytest.fixture
def cases(desk, qtbot):
    return shown(qtbot, CasesPanel(desk.session, ()))


def test_run_shows_the_answer_in_words_and_bars(desk, put, predict, cases, idle, qtbot):
    put(make_heart())
    panel = predict
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    assert panel.answer.text() == "Classifying…"
    assert not panel.run_button.isEnabled()
    idle(desk)
    assert panel.answer.text() == "Ischaemic"
    assert panel.bars.rows[1] == ("ischaemic", 0.81, True)
    assert "0.93" in panel.abnormal.text()
    assert "not suspected" in panel.artefact.text()
    assert "doubtful" in panel.cautions.text()
    assert panel.footer.text() == "heart-net · CPU · 40 ms · calibrated"
    assert panel.run_button.isEnabled()
    assert "ischaemic" in cases.list.item(0).text()


def test_a_case_unlike_the_training_data_gets_no_class(desk, put, predict, cases):
    put(make_heart())
    case, panel = desk.session.case, predict
    odds = {"healthy": 0.02, "artefact": 0.98}
    answer = Prediction(case, "heart-net", odds, 0.9, device="CPU", seconds=0.1, distance=0.4)
    desk.session.set_prediction(answer)
    assert panel.answer.text() == "Artefact"
    assert "0.40" in panel.distance.text()
    assert not panel.distance.isHidden()
    desk.session.set_prediction(replace(answer, distance=3.2, unlike="it lies 3.2 times as far"))
    assert panel.answer.text() == "Unlike anything it was trained on"
    assert [row[1:] for row in panel.bars.rows] == [(0.02, False), (0.98, False)]
    assert panel.abnormal.isHidden()
    assert panel.artefact.isHidden()
    assert "No class is given: it lies 3.2 times" in panel.cautions.text()
    assert "artefact" not in cases.list.item(0).text()


def test_the_list_tells_a_label_from_what_a_model_says(desk, qtbot):
    labels = {}
    panel = shown(qtbot, CasesPanel(desk.session, (), lambda case: labels.get(case.name, "")))
    case = make_heart()
    desk.session.add_cases((case,))
    desk.session.set_case(case)
    assert panel.list.item(0).text() == "Wren\nheart · stress + rest"
    odds = {"healthy": 0.9, "ischaemic": 0.1}
    desk.session.set_prediction(Prediction(case, "heart-net", odds, 0.1))
    assert panel.list.item(0).text().endswith("stress + rest · heart-net: healthy")
    labels["Wren"] = "ischaemic"
    panel.refill()
    assert panel.list.item(0).text().endswith("· labelled ischaemic · heart-net: healthy")


def test_cubes_of_one_object_are_told_apart_and_scans_name_no_file(desk, qtbot, tmp_path):
    panel = CasesPanel(desk.session, (), lambda case: "")
    qtbot.addWidget(panel)

    def of_files(case, *names):
        made = []
        for name in names:
            cubes = {
                role: replace(cube, source=Source(tmp_path / name))
                for role, cube in case.cubes.items()
            }
            made.append(replace(case, cubes=cubes))
        return tuple(made)

    desk.session.add_cases(of_files(make_sky("NGC 1"), "deep.fits", "fast.fits"))
    desk.session.add_cases(of_files(make_sky("NGC 2"), "lone.fits"))
    desk.session.add_cases(of_files(make_heart("SPECT"), "wren.dcm", "finch.dcm"))
    lines = [panel.list.item(row).text().split("\n")[0] for row in range(panel.list.count())]
    assert lines == ["NGC 1 · deep.fits", "NGC 1 · fast.fits", "NGC 2", "SPECT", "SPECT"]


def test_a_mask_is_said_in_words_and_drawn(desk, put, predict, explain):
    case = put(make_heart())
    masks, boxes = {}, {}
    for role, cube in case.cubes.items():
        masks[role] = np.zeros(cube.shape, np.uint8)
        masks[role][2:4, 3, 3] = 1
        boxes[role] = tuple(slice(0, n) for n in cube.shape)
    classes = ("background", "ventricle")
    answer = Segmentation(case, "masks", masks=masks, boxes=boxes, classes=classes)
    desk.session.set_prediction(answer)
    assert predict.answer.text() == "ventricle in 2 voxels"
    assert predict.bars.isHidden()
    assert predict.abnormal.isHidden()
    assert np.isfinite(desk.session.overlay.values["rest"]).sum() == 2
    assert explain.off_button.isChecked()
    assert "mask for ventricle" in explain.caption.text()


def test_a_stale_answer_is_dropped(desk, put, predict, idle, network, qtbot):
    put(make_heart("A"))
    network.go.clear()
    predict.run()
    qtbot.waitUntil(lambda: network.asked != [])
    other = make_heart("B")
    desk.session.add_cases((other,))
    desk.session.set_case(other)
    network.go.set()
    idle(desk)
    assert desk.session.prediction is None
    assert predict.answer.text() == "Not asked"


def test_a_failed_run_is_said_in_the_panel(desk, put, predict, idle, network):
    put(make_heart())
    network.error = CubeviewError("heart-net: the weights are damaged. Copy them again.")
    predict.run()
    idle(desk)
    assert "damaged" in predict.reason.text()
    assert not predict.reason.isHidden()
    assert predict.run_button.isEnabled()


def test_a_bug_in_a_run_is_reported(window, with_case, idle, network, caplog):
    with_case(make_heart())
    network.error = ZeroDivisionError("by nothing")
    press(window, "P")
    idle(window)
    assert "unexpectedly" in window.predict.reason.text()
    assert "by nothing" in window._bugs.report.toPlainText()
    window._bugs.close()
    caplog.clear()


def test_what_the_model_cannot_judge_says_why(desk, put, predict, network):
    put(make_heart(roles=("rest",)))
    assert predict.answer.text() == "Cannot judge"
    assert "stress is missing" in predict.reason.text()
    assert not predict.run_button.isEnabled()
    network.known = network.known[:1]
    put(make_sky())
    assert "this is a sky cube" in predict.reason.text()
    network.known = []
    put(make_sky())
    assert "No model is installed" in predict.reason.text()
    predict.run()
    assert desk.session.prediction is None


def test_a_sky_cube_is_asked_at_the_cursor(desk, put, predict, idle, network, qtbot):
    case = put(make_sky())
    desk.session.set_cursor(20, 17, 16)
    assert "cursor" in predict.where.text()
    predict.run()
    idle(desk)
    asked = network.asked[0]
    assert asked.main is case.main
    assert [(s.start, s.stop) for s in asked.window] == [(4, 36), (1, 33), (0, 32)]
    assert desk.session.prediction.case is asked
    assert predict.answer.text() == "Emission line"
    assert predict.abnormal.isHidden()
    desk.session.set_cursor(0, 0, 0)
    qtbot.waitUntil(lambda: "left" in predict.where.text())
    predict.run()
    assert desk.session.prediction is None, "the answer for the old window has gone"
    idle(desk)
    assert desk.session.prediction.case.window[0] == slice(0, 16)


def test_cam_classifies_first_where_nobody_did(desk, put, explain, idle, network):
    put(make_heart())
    explain.run("cam")
    idle(desk)
    assert desk.session.prediction.answer == "ischaemic"
    assert network.asked[1][:2] == ("CAM", "ischaemic")
    assert desk.session.overlay.method == "CAM"
    assert explain.buttons["CAM"].isChecked()
    assert "CAM for ischaemic" in explain.caption.text()
    assert explain.target.itemText(0) == "the answer (ischaemic)"


def test_the_class_can_be_chosen(desk, put, explain, idle, network):
    put(make_heart())
    explain.run("cam")
    idle(desk)
    place = explain.target.findData("healthy")
    explain.target.setCurrentIndex(place)
    explain.target.activated.emit(place)
    idle(desk)
    assert desk.session.overlay.target == "healthy"


def test_occlusion_shows_a_coarse_map_and_keeps_it_when_stopped(
    desk, put, predict, explain, idle, network, qtbot
):
    put(make_heart())
    predict.run()
    idle(desk)
    network.go.clear()
    explain.run("occlusion")
    qtbot.waitUntil(lambda: desk.session.overlay is not None)
    assert not desk.session.overlay.complete
    assert "coarse" in explain.caption.text()
    assert explain.buttons["occlusion"].isChecked()
    assert explain.progress.isVisible()
    qtbot.mouseClick(explain.cancel_button, Qt.MouseButton.LeftButton)
    idle(desk)
    assert not explain.progress.isVisible()
    assert not desk.session.overlay.complete


def test_occlusion_takes_the_users_choices_and_remembers_them(desk, put, explain, idle, network):
    put(make_heart())
    panel = explain.occlusion
    panel.patch.setValue(6)
    panel.stride.setValue(2)
    panel.fill.setCurrentIndex(panel.fill.findData("wall"))
    panel.fill.activated.emit(panel.fill.currentIndex())
    panel.channel.setCurrentIndex(panel.channel.findData("stress"))
    panel.precision.setCurrentIndex(panel.precision.findData("bfloat16"))
    panel.precision.activated.emit(panel.precision.currentIndex())
    explain.run("occlusion")
    idle(desk)
    chosen = {
        "patch": 6,
        "stride": 2,
        "fill": "wall",
        "channel": "stress",
        "precision": "bfloat16",
    }
    assert network.asked[-1][2] == chosen
    assert desk.memory.settings.occlusion_patch == 6
    assert desk.memory.settings.occlusion_fill == "wall"
    assert desk.memory.settings.occlusion_precision == "bfloat16"


@pytest.mark.parametrize(
    ("key", "method"),
    [
        ("C", "CAM"),
        ("O", "occlusion"),
        ("Shift+C", "Grad-CAM++"),
        ("Shift+O", "integrated gradients"),
    ],
)
def test_maps_have_keys_and_buttons(window, with_case, idle, network, key, method):
    with_case(make_heart())
    press(window, key)
    idle(window)
    assert network.asked[-1][0] == method
    assert window.session.overlay.method == method
    assert window.explain.buttons[method].isChecked()
    assert window.explain.caption.text().startswith(method)


def test_keys_and_sliders_restyle_the_map(window, with_case, idle):
    with_case(make_heart())
    press(window, "C")
    idle(window)
    before = window.session.overlay_style.opacity
    press(window, "]")
    assert window.session.overlay_style.opacity == pytest.approx(before + 0.1)
    assert window.explain.opacity.value() == round(100 * (before + 0.1))
    for _ in range(20):
        press(window, "[")
    assert window.session.overlay_style.opacity == 0
    window.explain.threshold.setValue(40)
    assert window.session.overlay_style.threshold == 0.4
    press(window, "H")
    assert not window.session.overlay_style.visible
    window.explain.off_button.click()
    assert window.session.overlay is None
    assert window.explain.off_button.isChecked()


def test_a_failed_map_is_said_in_the_panel(desk, put, predict, explain, idle, network):
    put(make_heart())
    predict.run()
    idle(desk)
    network.error = GONE
    explain.run("cam")
    idle(desk)
    assert explain.problem.text() == str(GONE)
    assert explain.off_button.isChecked()


def test_a_map_of_another_case_is_dropped(desk, put, predict, explain, idle, network, qtbot):
    put(make_heart("A"))
    predict.run()
    idle(desk)
    network.go.clear()
    explain.run("cam")
    qtbot.waitUntil(lambda: len(network.asked) == 2)
    other = make_heart("B")
    desk.session.add_cases((other,))
    desk.session.set_case(other)
    network.go.set()
    idle(desk)
    assert desk.session.overlay is None


def test_notes_show_facts_axes_and_guesses(desk, put, notes):
    from PyQt6.QtWidgets import QLabel

    put(make_heart())
    said = " | ".join(label.text() for label in notes.findChildren(QLabel))
    for text in ("guessed: stress from", "8 × 12 × 12", "−20.0 to 8.0 mm", "Matrix", "short axis"):
        assert text in said


def of_one_patient(case):
    whose = {"patient number": "1"}
    return replace(case, cubes={r: replace(c, whose=whose) for r, c in case.cubes.items()})


def test_a_single_scan_gets_its_state_and_its_partner(desk, put, predict, notes, qtbot):
    def button(text):
        def found():
            buttons = notes.findChildren(QPushButton)
            return [b for b in buttons if b.text() == text and b.isVisibleTo(notes)]

        qtbot.waitUntil(lambda: len(found()) == 1)
        return found()[0]

    rest = put(of_one_patient(make_heart("Rest", roles=("rest",))))
    single = put(of_one_patient(make_heart("Unknown", roles=("heart",))))
    qtbot.mouseClick(button("This is stress"), Qt.MouseButton.LeftButton)
    assert desk.session.case.roles == ("stress",)
    qtbot.mouseClick(button("Pair with Rest (rest)"), Qt.MouseButton.LeftButton)
    pair = desk.session.case
    assert pair.cubes["rest"] is rest.main
    assert pair.cubes["stress"] is single.main
    assert desk.session.cases == (pair,)
    assert "paired by the user" in pair.evidence
    assert predict.run_button.isEnabled()


def test_an_answer_below_one_half_is_no_statement(desk, put, predict):
    case = put(make_heart())
    odds = {"healthy": 0.3, "ischaemic": 0.4, "artefact": 0.3}
    desk.session.set_prediction(
        Prediction(case, "heart-net", odds, 0.57, device="CPU", seconds=1.0)
    )
    assert predict.answer.text() == "Unsure: ischaemic?"


def test_choosing_a_model_forgets_the_others_answer(desk, put, predict, idle, network):
    first = network.known[0]
    network.known.insert(1, replace(first, name="other", card=replace(first.card, name="other")))
    case = put(make_heart())
    desk.session.set_prediction(
        Prediction(case, first.name, {"healthy": 1.0}, 0.0, device="CPU", seconds=1.0)
    )
    assert predict.models.count() == 2
    predict.models.setCurrentIndex(1)
    predict.models.activated.emit(1)
    assert desk.session.model == "other"
    assert desk.session.prediction is None


def test_space_plays_in_the_views_and_presses_buttons_elsewhere(window, with_case, idle, qtbot):
    with_case(make_heart())
    play = window.actions_table["play"]
    window.activateWindow()
    window.ortho.slices[0].canvas.setFocus()
    qtbot.keyClick(window.ortho.slices[0].canvas, Qt.Key.Key_Space)
    assert window.ortho.playing
    assert play.isChecked()
    before = window.session.cursor
    qtbot.waitUntil(lambda: window.session.cursor != before)
    play.trigger()
    assert not window.ortho.playing
    window.predict.run_button.setFocus()
    qtbot.keyClick(window.predict.run_button, Qt.Key.Key_Space)
    assert not window.ortho.playing
    idle(window)
    assert window.session.prediction is not None
