"""Pictures of a running and a finished fine-tune, for people to look at."""

from pathlib import Path

import pytest

from cubeview.learn.models.card import find_models
from cubeview.paths import data_dir
from tests.helpers.hospitals import CZT

pytestmark = pytest.mark.screenshot

PICTURES = Path(__file__).resolve().parents[3] / "screenshots" / "teach"
BASE = "spect-mpi"


@pytest.fixture
def teaching(qtbot, tmp_path):
    """A window that teaches the shipped heart model scans of another hospital."""
    from cubeview.gui.shell.window import Window
    from cubeview.gui.widgets.theme import theme

    if BASE not in {ref.name for ref in find_models()}:
        pytest.skip(f"the model {BASE} is not in resources/models")
    theme("dark")
    table = CZT.write(tmp_path, 29, seed=7)
    window = Window()
    qtbot.addWidget(window)
    window.resize(1440, 1000)
    window.show()
    window.opening.open([tmp_path / "h7-001_rest.dcm", tmp_path / "h7-001_stress.dcm"])
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=120_000)
    window.actions_table["teach"].trigger()
    choices = window.teach.choices
    choices.base.setCurrentIndex(choices.base.findData(BASE))
    choices.use_table(table)
    yield window
    window.close()
    assert window.stopped


def take(window, qtbot, name):
    qtbot.wait(400)  # the views paint on timers
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert window.grab().save(str(PICTURES / name))


def test_a_fine_tune_running_and_finished(teaching, qtbot):
    window, panel = teaching, teaching.teach
    panel.run()
    qtbot.waitUntil(lambda: "fold 3" in panel.progress_text.text(), timeout=600_000)
    take(window, qtbot, "teach-running.png")
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=600_000)
    assert panel.result.isVisible(), panel.problem.text()
    take(window, qtbot, "teach-done.png")
    area = window.docks["teach"].widget()
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    take(window, qtbot, "teach-done-below.png")
    assert not any((data_dir() / "models").glob("*")), "nothing is kept unasked"
