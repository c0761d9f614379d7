"""The eight real pairs go the whole way in the window: labels, teaching, keeping, asking."""

import pytest
from PyQt6.QtCore import Qt

from cubeview.learn.models.card import find_models
from cubeview.paths import data_dir
from tests.helpers.realhearts import FOLDS, two_classes

pytestmark = pytest.mark.slow

BASE = "spect-mpi"


@pytest.fixture
def window(qtbot):
    """A window with the shipped models, not the small network of the other tests."""
    from cubeview.gui.shell.window import Window
    from cubeview.gui.widgets.theme import theme

    theme("dark")
    window = Window()
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()
    assert window.stopped


def test_from_real_labels_to_the_answer_of_a_kept_model(window, qtbot, shared_data, tmp_path):
    if BASE not in {ref.name for ref in find_models()}:
        pytest.skip(f"the model {BASE} is not in resources/models")
    scans = shared_data / "spect_rest_stress"

    def finish():
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=600_000)

    window.opening.open([scans / "P021_stress.dcm", scans / "P021_rest.dcm"])
    finish()
    window.actions_table["teach"].trigger()
    panel = window.teach
    assert panel.choices.model.name == BASE, "the base fits the case at hand"
    panel.choices.use_table(two_classes(scans, tmp_path / "labels.csv"))
    assert panel.choices.counts.text() == "8 cases: 5 abnormal, 3 healthy"
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    finish()
    assert "at most 3 folds" in panel.problem.text(), "five folds are too many, and it says so"
    panel.choices.folds.setValue(FOLDS)
    qtbot.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
    finish()
    assert not panel.problem.text()
    assert "Only 3 cases of healthy" in panel.told.text()
    assert panel.result.verdict.text()
    panel.result.name.setText("real")
    panel.result.default_box.setChecked(True)
    qtbot.mouseClick(panel.result.keep_button, Qt.MouseButton.LeftButton)
    finish()
    (kept,) = [ref for ref in find_models() if ref.name == "real"]
    assert kept.folder == data_dir() / "models" / "real"
    window.predict.run()
    finish()
    assert window.session.prediction.model == "real"
    assert window.session.prediction.abnormal > 0.5
