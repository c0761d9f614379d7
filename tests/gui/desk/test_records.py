"""What the window does for its library while it is open."""

import pytest

from cubeview.gui.desk import records as room
from cubeview.gui.desk.messages import MessageBar
from cubeview.gui.desk.questions import Questions
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.library.repair import backups


@pytest.fixture
def records(qtbot, tmp_path):
    bar = MessageBar()
    qtbot.addWidget(bar)
    path = tmp_path / "library.sqlite"
    made = Records(Session(), SettingsFile(), bar, Questions(), path)
    yield made, bar, path
    made.close()


def test_what_a_session_writes_is_backed_up_while_it_lasts(qtbot, records, monkeypatch):
    made, _, path = records
    monkeypatch.setattr(room, "BACK_UP_EVERY", 3)
    for _ in range(2):
        made.library.log("opened")
    made.look()
    assert backups(path) == []
    made.library.log("opened")
    made.look()
    qtbot.waitUntil(lambda: len(backups(path)) == 1 and not made.jobs.running())
    made.look()
    assert not made.jobs.running()


def test_a_library_that_was_moved_is_said_once_before_anything_is_labelled(records):
    made, bar, path = records
    path.rename(path.with_name("elsewhere.sqlite"))
    made.look()
    (message,) = bar.messages()
    assert "moved, removed or replaced" in message.text
    assert not made._look.isActive()
