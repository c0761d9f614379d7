import pytest
from PyQt6.QtWidgets import QPlainTextEdit, QPushButton

from cubeview.gui.desk import messages
from cubeview.gui.desk.messages import MOST_SHOWN, MessageBar


@pytest.fixture
def bar(qtbot):
    bar = MessageBar()
    qtbot.addWidget(bar)
    return bar


def texts(bar):
    return [message.text for message in bar.messages()]


def test_the_bar_shows_only_while_there_is_something_to_say(bar, qtbot):
    assert bar.isHidden()
    bar.error("bad file")
    assert not bar.isHidden()
    bar.messages()[0].dismiss_button.click()
    assert bar.isHidden()


def test_the_same_text_is_said_once(bar):
    for _ in range(50):
        bar.error("the file has gone")
    assert texts(bar) == ["the file has gone"]


def test_old_messages_make_room_but_not_those_that_ask(bar):
    answered = []
    bar.show_message("warn", "research", button="Understood", done=lambda: answered.append(1))
    for number in range(MOST_SHOWN + 2):
        bar.error(str(number))
    assert texts(bar) == ["4", "3", "2", "research"]
    bar.messages()[-1].dismiss_button.click()
    assert answered == [1]


def test_information_goes_by_itself(bar, qtbot, monkeypatch):
    monkeypatch.setattr(messages, "INFO_MS", 30)
    bar.info("saved")
    assert texts(bar) == ["saved"]
    qtbot.waitUntil(lambda: not bar.messages())


def test_details_open_and_can_be_copied(bar, qapp):
    bar.error("3 files were not opened", "a: empty\nb: not a cube")
    bar.show()
    message = bar.messages()[0]
    details = message.findChild(QPlainTextEdit)
    assert details.isHidden()
    buttons = {b.text(): b for b in message.findChildren(QPushButton)}
    buttons["Details"].click()
    assert not details.isHidden()
    buttons["Copy"].click()
    assert "b: not a cube" in qapp.clipboard().text()


def test_a_long_name_does_not_widen_the_window(qtbot):
    bar = MessageBar()
    qtbot.addWidget(bar)
    message = bar.show_message("error", f"/scans/{'x' * 240}.fits: the file is empty")
    assert bar.minimumSizeHint().width() < 900
    assert message.text == f"/scans/{'x' * 240}.fits: the file is empty"
