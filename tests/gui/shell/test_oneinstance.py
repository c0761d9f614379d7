import os
import socket as system
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

from cubeview.gui.shell import oneinstance
from cubeview.gui.shell.oneinstance import LARGEST, Listener, hand_over, server_name
from cubeview.paths import data_dir


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


def test_another_library_is_another_window(qtbot, listener, tmp_path):
    assert not hand_over([tmp_path / "a.fits"], tmp_path / "other.sqlite")
    assert server_name(data_dir() / "library.sqlite") == server_name()


@pytest.fixture
def private():
    """Return a folder of this user's with a path short enough for a socket."""
    with TemporaryDirectory(prefix="own") as folder:
        yield Path(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX systems")
def test_files_are_handed_over_only_where_nobody_else_can_listen(
    monkeypatch, tmp_path, caplog, private
):
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(open_to_all))
    assert Path(server_name()).parent == data_dir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(private))
    assert Path(server_name()).parent == private
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 120)))
    assert Path(server_name()).parent == data_dir()
    data_dir().chmod(0o755)
    assert server_name() == ""
    assert not hand_over([tmp_path / "a.fits"])
    assert not Listener().listen()
    assert "no folder is this user's alone" in caplog.text


def test_a_program_of_another_user_is_neither_told_nor_heard(
    qtbot, listener, monkeypatch, tmp_path
):
    monkeypatch.setattr(oneinstance, "_is_mine", lambda socket: False)
    assert not hand_over([tmp_path / "Doe^Jane.fits"])
    with qtbot.assertNotEmitted(listener.handed_over):
        assert talk(qtbot, b'["/a.fits"]\n') == b""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users of POSIX systems")
def test_whose_program_the_other_is_the_system_says(qtbot, listener, monkeypatch):
    socket = QLocalSocket()
    socket.connectToServer(server_name())
    assert socket.waitForConnected(1000)
    assert oneinstance._is_mine(socket)
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert oneinstance._is_mine(socket) is not hasattr(system, "SO_PEERCRED")
