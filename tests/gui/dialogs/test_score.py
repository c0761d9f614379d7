"""Scoring an archive from the window: what is asked, how it goes, a pause, and what came out."""

import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt

from cubeview.errors import CubeviewError
from cubeview.gui.dialogs.score import ScoreDialog
from cubeview.learn.score import ask as ask_module
from cubeview.learn.score import run
from cubeview.learn.score.merge import Merged
from cubeview.learn.score.plan import Listed
from cubeview.learn.score.state import State

GOOD = {"file": "/in/a.fits", "window": "0:8,0:8,0:8", "class": "empty", "p_empty": 0.75}
BAD = {"file": "/in/b.fits", "reason": "/in/b.fits: the file is empty"}


class Fake:
    """Stands for the work: tells one state, then waits until it is let go or stopped."""

    def __init__(self):
        self.asked, self.runs, self.go = [], 0, threading.Event()
        self.wrong = None

    def ask_for(self, *asked):
        self.asked.append(asked)
        return asked

    def score(self, ask, out, *, processes, told, report):
        self.runs += 1
        if self.wrong:
            raise CubeviewError(self.wrong)
        listed = Listed(files=4, size=5_000_000, units=4, shards=1, done=1, ended=True)
        told(State(listed, 2, 1, 1, 100, (GOOD,), (BAD,), 1, 2.0))
        while not self.go.wait(0.01):
            report(0.75, "judging")
        Path(out).write_text("rows")
        return Merged(rows=4, failed=1, copies=1, head=[GOOD, BAD, GOOD])


@pytest.fixture
def fake(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(ask_module, "ask_for", fake.ask_for)
    monkeypatch.setattr(run, "score", fake.score)
    return fake


@pytest.fixture
def dialog(desk, fake, tmp_path):
    dialog = ScoreDialog(desk.jobs, desk.memory, desk.parent())
    dialog.open()
    dialog.place.setText(str(tmp_path / "night"))
    yield dialog
    fake.go.set()


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_catalogue_beside_the_place_is_proposed_until_the_user_names_another(dialog, tmp_path):
    assert dialog.out.text() == str(tmp_path / "night.ecsv")
    dialog.place.setText("s3://bucket/night")
    assert dialog.out.text() == ""
    dialog.out.setText("mine.csv")
    dialog.place.setText("/other")
    assert dialog.out.text() == "mine.csv"


def test_it_shows_how_far_it_is_pauses_and_goes_on_to_the_catalogue(dialog, fake, qtbot, tmp_path):
    click(qtbot, dialog.start_button)
    qtbot.waitUntil(lambda: dialog.answers.rowCount() == 1)
    assert dialog.answers.item(0, 2).text() == "empty 0.75"
    assert dialog.failures.item(0, 2).text() == "the file is empty"
    assert dialog.tabs.tabText(1) == "Without an answer (1)"
    assert dialog.said.text().startswith("4 files, 5 MB, 1 done before · 3 of 4")
    assert dialog.bar.value() == 750
    assert not dialog.start_button.isEnabled()
    click(qtbot, dialog.pause_button)
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert dialog.said.text() == "Paused. Start goes on from here."
    assert not dialog.open_button.isEnabled()
    fake.go.set()
    click(qtbot, dialog.start_button)
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert fake.runs == 2
    assert dialog.said.text().startswith("4 rows, 1 of them without an answer, are in ")
    assert dialog.open_button.isEnabled()
    assert dialog.answers.rowCount() == 2
    with qtbot.waitSignal(dialog.wanted) as wanted:
        dialog.answers.itemDoubleClicked.emit(dialog.answers.item(0, 0))
    assert wanted.args == [[Path("/in/a.fits")]]
    place, task, model = fake.asked[0]
    assert (place, task, model) == (str(tmp_path / "night"), "", dialog.model.currentData() or "")


def test_redshifts_ask_no_model_and_what_is_wrong_is_said(dialog, fake, qtbot):
    dialog.task.setCurrentIndex(dialog.task.findData("redshift"))
    assert not dialog.model.isEnabled()
    fake.wrong = "/night: there is no file. Check the place."
    click(qtbot, dialog.start_button)
    qtbot.waitUntil(dialog.start_button.isEnabled)
    assert dialog.said.text() == fake.wrong
    dialog.out.clear()
    click(qtbot, dialog.start_button)
    assert "Name the place" in dialog.said.text()
    assert fake.runs == 1


def test_leaving_it_loses_nothing_and_so_is_not_asked_about(dialog, desk, qtbot):
    from cubeview.gui.desk import stopping

    click(qtbot, dialog.start_button)
    qtbot.waitUntil(lambda: dialog.answers.rowCount() == 1)
    (job,) = desk.jobs.running()
    job._began -= 1000
    assert not stopping.is_long(job)
