import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QEvent, QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from cubeview.errors import CubeviewError
from cubeview.gui.shell import app
from cubeview.gui.shell.app import Faults
from cubeview.gui.widgets.basic import PanelArea


@pytest.fixture
def faults(qapp):
    faults = Faults()
    faults.install()
    yield faults
    faults.remove()


def test_exceptions_of_slots_and_threads_reach_the_window(faults, qtbot, caplog):
    seen = []
    main = threading.main_thread()
    faults.happened.connect(lambda e: seen.append((str(e), threading.current_thread() is main)))
    sys.excepthook(ValueError, ValueError("in a slot"), None)

    def bad():
        raise ValueError("in a thread")

    thread = threading.Thread(target=bad)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [("in a slot", True), ("in a thread", True)]
    assert [r.levelno for r in caplog.records] == [logging.ERROR] * 2
    caplog.clear()


def test_what_the_user_can_act_on_is_no_error_in_the_log(faults, qtbot, caplog):
    sys.excepthook(CubeviewError, CubeviewError("the file has gone"), None)
    assert not caplog.records


def test_hooks_are_put_back(qapp):
    faults = Faults()
    faults.install()
    faults.remove()
    assert sys.excepthook is sys.__excepthook__
    assert threading.excepthook is threading.__excepthook__


def test_run_opens_the_files_it_is_given_and_ends_with_the_window(
    qtbot, network, files, monkeypatch
):
    seen = []

    def look():
        # One of another test may wait to be collected; it is closed.
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
        window = next(w for w in shown if w.objectName() == "window")
        if window.session.case is None or window.jobs.running():
            QTimer.singleShot(20, look)
            return
        seen.append(window.session.case.name)
        window.close()

    QTimer.singleShot(0, look)
    monkeypatch.setattr("os._exit", sys.exit)
    try:
        with pytest.raises(SystemExit) as left:
            app.run([Path("/scans/wren.dcm")])
        assert left.value.code == 0
    finally:
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
    assert seen == ["Wren"]


def test_pyqtgraph_does_not_take_the_hook_back(faults):
    import cubeview.gui.shell.window  # noqa: F401

    assert sys.excepthook == faults._in_main


def test_on_windows_torch_comes_before_qt():
    code = (
        "import sys, importlib; sys.platform = 'win32'; seen = []\n"
        "importlib.import_module = lambda name: seen.append((name, 'PyQt6' in sys.modules))\n"
        "import cubeview.gui; print(seen)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[('cubeview.learn.models.network', False)]"


def test_the_window_starts_without_torch():
    code = "import sys, cubeview.gui.shell.window; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_what_is_going_while_an_event_reaches_it_does_not_end_the_program(qtbot):
    panel, gone, event = QWidget(), QWidget(), QEvent(QEvent.Type.Paint)
    area = PanelArea(panel)
    qtbot.addWidget(area)
    sip.delete(gone)
    assert not app.FileEvents().eventFilter(gone, event)
    assert not area.eventFilter(gone, event)
