"""The Explain panel on a bare session: its buttons are the table of explanations."""

from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import Settings, SettingsFile
from cubeview.gui.panels import explain
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.learn.explain.methods import EXPLAINERS, Explainer
from cubeview.learn.explain.question import GridMap, OcclusionSettings
from tests.gui.fakes import make_heart


def test_a_new_explanation_gets_a_button(qtbot, tmp_path, monkeypatch):
    way = Explainer(
        key="toy",
        label="brightness",
        title="Bri&ghtness",
        help="What is bright",
        unit="counts",
        run=lambda asked: GridMap(asked.prepared.input),
    )
    monkeypatch.setitem(EXPLAINERS, way.key, way)
    panel = ExplainPanel(Session(), Jobs(), SettingsFile(tmp_path), Questions())
    qtbot.addWidget(panel)
    assert list(panel.buttons) == [one.label for one in EXPLAINERS.values()]
    assert panel.buttons["brightness"].text() == "Brightness"
    assert panel.buttons["brightness"].toolTip() == "What is bright"


def test_an_occlusion_begins_as_everywhere(qtbot, tmp_path):
    panel = ExplainPanel(Session(), Jobs(), SettingsFile(tmp_path), Questions())
    qtbot.addWidget(panel)
    assert panel.occlusion.settings == OcclusionSettings()
    assert Settings().occlusion_stride == OcclusionSettings.stride


def test_a_class_is_asked_about_one_case_only(desk, qtbot, idle):
    panel = ExplainPanel(desk.session, desk.jobs, desk.memory, desk.questions)
    qtbot.addWidget(panel)
    cases = (make_heart("Wren"), make_heart("Finch"))
    desk.session.add_cases(cases)
    desk.session.set_case(cases[0])
    panel.target.setCurrentIndex(panel.target.findData("mixed"))
    panel.run("cam")
    idle(desk)
    assert desk.session.overlay.target == "mixed"
    assert "⚠ CAM for mixed, not for the answer (ischaemic)" in panel.caption.text()
    desk.session.set_case(cases[1])
    assert panel.target.currentData() == ""
    panel.run("cam")
    idle(desk)
    assert desk.session.overlay.target == "ischaemic"
    assert panel.caption.text().startswith("CAM for ischaemic")
    panel.target.setCurrentIndex(panel.target.findData("mixed"))
    desk.session.model_changed.emit()  # the same case: the choice stays
    assert panel.target.currentData() == "mixed"


def test_a_saved_map_is_named_by_its_case(desk, qtbot, monkeypatch, idle):
    asked = []
    monkeypatch.setattr(explain, "ask_save", lambda *given, **more: asked.append(more["name"]))
    panel = ExplainPanel(desk.session, desk.jobs, desk.memory, desk.questions)
    qtbot.addWidget(panel)
    desk.session.add_cases((make_heart("Wren + Finch (two patients)"),))
    desk.session.set_case(desk.session.cases[0])
    panel.run("cam")
    idle(desk)
    panel.save()
    assert asked == ["wren-finch-two-patients-cam-ischaemic.npz"]
