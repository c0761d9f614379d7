from pathlib import Path

import pytest
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

from cubeview.gui.shell.oneinstance import LARGEST, Listener, hand_over, server_name


@pytest.fixture
def listener(qapp):
    listener = Listener()
    assert listener.listen()
    yield listener
    listener.close()


def talk(qtbot, text):
    """Send bytes as another program would; returns what came back."""
    socket = QLocalSocket()
    socket.connectToServer(server_name())
    assert socket.waitForConnected(1000)
    socket.write(text)
    socket.waitForBytesWritten(1000)
    qtbot.wait(100)
    return bytes(socket.readAll().data())


def test_without_a_running_program_nothing_is_handed_over(qapp):
    assert not hand_over([Path("a.fits")])


def test_the_name_belongs_to_one_user_and_data_folder(monkeypatch, tmp_path):
    name = server_name()
    monkeypatch.setenv("CUBEVIEW_HOME", str(tmp_path))
    assert server_name() != name


def test_paths_arrive_absolute(qtbot, listener, tmp_path):
    path = tmp_path / "λ cube.fits"
    with qtbot.waitSignal(listener.handed_over) as seen:
        assert talk(qtbot, f'["{path}"]\n'.encode()) == b"taken\n"
    assert seen.args == [[path]]


def test_a_start_in_another_process_hands_over_and_ends(qtbot, listener, tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from PyQt6.QtCore import QCoreApplication;"
        "app = QCoreApplication([]); from cubeview.gui.shell.oneinstance import hand_over;"
        "sys.exit(0 if hand_over([Path('cube.fits')]) else 3)"
    )
    with qtbot.waitSignal(listener.handed_over, timeout=20000) as seen:
        other = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment())
    assert other.wait(20) == 0
    assert seen.args == [[tmp_path / "cube.fits"]]


def environment():
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}


@pytest.mark.parametrize(
    "text", [b"hello\n", b"{}\n", b"[1]\n", b'["relative.fits"]\n', b"x" * (LARGEST + 1)]
)
def test_what_is_no_list_of_paths_is_passed_over(qtbot, listener, text):
    with qtbot.assertNotEmitted(listener.handed_over):
        assert talk(qtbot, text) == b""


def test_a_second_window_does_not_take_the_name(listener):
    assert not Listener().listen()


def test_a_name_left_by_a_killed_program_is_taken_over(qapp, tmp_path):
    import socket

    probe = QLocalServer()
    assert probe.listen(server_name())
    where = probe.fullServerName()
    probe.close()
    left = socket.socket(socket.AF_UNIX)
    left.bind(where)
    left.close()
    listener = Listener()
    assert listener.listen()
    listener.close()
