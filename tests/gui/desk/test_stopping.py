"""Work is stopped where it is shown; what took long is asked about first."""

import threading

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox, QWidget

from cubeview.gui.desk import stopping
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.stopping import stop


@pytest.fixture
def working(qtbot):
    """A job that works until it is told to stop or to end, above a window."""
    jobs, parent, end = Jobs(), QWidget(), threading.Event()
    qtbot.addWidget(parent)

    def work(job):
        while not end.wait(0.01):
            job.report(0.5, "on")

    job = jobs.start("teach", "Fine-tuning", work, lane="train")
    yield job, parent, end
    end.set()
    assert jobs.close()


def question(parent):
    return parent.findChild(QMessageBox)


def answer(qtbot, parent, text):
    (found,) = [button for button in question(parent).buttons() if button.text() == text]
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def test_what_has_just_begun_stops_at_once(working):
    job, parent, _ = working
    stop([job], parent)
    assert job.cancelled
    assert question(parent) is None


def test_what_took_long_is_asked_about(working, qtbot, monkeypatch):
    job, parent, _ = working
    monkeypatch.setattr(stopping, "LONG_S", 0.0)
    stop([job], parent)
    assert not job.cancelled
    assert "Fine-tuning" in question(parent).text()
    answer(qtbot, parent, "Let it go on")
    assert not job.cancelled
    qtbot.waitUntil(lambda: question(parent) is None)
    stop([job], parent)
    answer(qtbot, parent, "Stop it")
    assert job.cancelled


def test_enter_and_escape_stop_nothing(working, qtbot, monkeypatch):
    job, parent, _ = working
    monkeypatch.setattr(stopping, "LONG_S", 0.0)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        stop([job], parent)
        qtbot.keyClick(question(parent), key)
        qtbot.waitUntil(lambda: question(parent) is None)
        assert not job.cancelled


def test_what_ends_meanwhile_is_asked_about_no_more(working, qtbot, monkeypatch):
    job, parent, end = working
    monkeypatch.setattr(stopping, "LONG_S", 0.0)
    stop([job], parent)
    end.set()
    qtbot.waitUntil(lambda: question(parent) is None)
