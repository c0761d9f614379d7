"""The Explain panel on a bare session: its buttons are the table of explanations."""

from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import Settings, SettingsFile
from cubeview.gui.panels.explain import ExplainPanel
from cubeview.learn.explain.methods import EXPLAINERS, Explainer
from cubeview.learn.explain.question import GridMap, OcclusionSettings


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
