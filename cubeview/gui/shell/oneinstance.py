"""One window for files: a second start hands its files to the program that runs already.

Paths may hold patients' names, so nobody else may listen: on Unix the two meet in a folder that
only this user may enter, and each asks the system whose program the other is.
"""

import getpass
import hashlib
import json
import logging
import os
import socket as system
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

from cubeview.paths import data_dir
from cubeview.plain import from_json

log = logging.getLogger(__name__)

WAIT_MS = 1500
_LONGEST_PLACE = 100  # bytes; a Unix socket's address holds no more on every system
LARGEST = 1_000_000  # bytes; a list of paths longer than that is not taken
_TAKEN = b"taken\n"


def server_name(library: Path | None = None) -> str:
    """Return where the running program listens: one place for each user, data folder and library.

    Empty where there is no folder that is this user's alone: then every start is its own window.
    """
    file = (library or data_dir() / "library.sqlite").resolve()
    owner = f"{getpass.getuser()}\n{data_dir()}\n{file}"
    name = f"cubeview-{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
    if sys.platform == "win32":
        return name
    folders = (os.environ.get("XDG_RUNTIME_DIR", ""), str(data_dir()))
    for folder in filter(None, folders):
        place = os.path.join(folder, name)
        if _is_private(folder) and len(os.fsencode(place)) <= _LONGEST_PLACE:
            return place
    log.warning("no folder is this user's alone: files are not handed to a window that runs")
    return ""


def _is_private(folder: str) -> bool:
    """Tell whether nobody but this user may put anything into a folder."""
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return found.st_uid == os.getuid() and not found.st_mode & 0o077


def _is_mine(socket: QLocalSocket) -> bool:
    """Tell whether the program at the other end is this user's, as far as the system says."""
    if not hasattr(system, "SO_PEERCRED"):
        return True  # the folder is private, or Windows has checked
    end = system.socket(fileno=os.dup(int(socket.socketDescriptor())))
    with end:
        told = end.getsockopt(system.SOL_SOCKET, system.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", told)[1] == os.getuid())


def hand_over(paths: Sequence[Path], library: Path | None = None) -> bool:
    """Give files to the program that runs already; return whether it has taken them.

    It has not where there is none with this library, or it does not answer, or is somebody
    else's: then this one opens them itself.
    """
    name = server_name(library)
    if not paths or not name:
        return False
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(WAIT_MS) or not _is_mine(socket):
        return False
    # The other program has another current folder.
    text = json.dumps([str(path.absolute()) for path in paths])
    socket.write(text.encode() + b"\n")
    answered = socket.waitForBytesWritten(WAIT_MS) and socket.waitForReadyRead(WAIT_MS)
    taken = answered and bytes(socket.readAll().data()) == _TAKEN
    socket.disconnectFromServer()
    return bool(taken)


class Listener(QObject):
    """Takes files from later starts of the program with the same library.

    Signals
    -------
    handed_over(object)
        A list of absolute paths.
    """

    handed_over = pyqtSignal(object)

    def __init__(self, library: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = server_name(library)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        self._heard: dict[QLocalSocket, bytes] = {}

    def listen(self) -> bool:
        """Begin to listen; False when another window of this user listens already."""
        name = self._name
        if not name:
            return False
        # Asked first: on Unix a server with access rights of its own replaces one that listens.
        probe = QLocalSocket()
        probe.connectToServer(name)
        if probe.waitForConnected(WAIT_MS):
            probe.disconnectFromServer()
            return False
        # May be left behind by a program that was killed.
        QLocalServer.removeServer(name)
        return self._server.listen(name)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            if not _is_mine(socket):
                socket.abort()
                continue
            self._heard[socket] = b""
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(lambda socket=socket: self._gone(socket))
            # What came with the connection was announced before anybody listened.
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket not in self._heard:
            return
        self._heard[socket] += bytes(socket.readAll().data())
        text = self._heard[socket]
        if len(text) > LARGEST:
            socket.abort()
        elif text.endswith(b"\n"):
            self._heard[socket] = b""
            paths = _paths(text)
            if paths:
                socket.write(_TAKEN)
                socket.flush()
                self.handed_over.emit(paths)

    def _gone(self, socket: QLocalSocket) -> None:
        self._heard.pop(socket, None)
        socket.deleteLater()


def _paths(text: bytes) -> list[Path]:
    """Return the paths of a message; none when it is not one."""
    try:
        values = from_json(text)
    except ValueError:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    return [Path(value) for value in values if Path(value).is_absolute()]
