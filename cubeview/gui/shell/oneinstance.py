"""One window for files: a second start hands its files to the program that runs already."""

import getpass
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

from cubeview.paths import data_dir

WAIT_MS = 1500
LARGEST = 1_000_000  # bytes; a list of paths longer than that is not taken
_TAKEN = b"taken\n"


def server_name() -> str:
    """Return the name the running program listens at: one for each user and data folder."""
    owner = f"{getpass.getuser()}\n{data_dir()}"
    return f"cubeview-{hashlib.sha256(owner.encode()).hexdigest()[:16]}"


def hand_over(paths: Sequence[Path]) -> bool:
    """Give files to the program that runs already; return whether it has taken them.

    It has not where there is none, or it does not answer: then this one opens them itself.
    """
    if not paths:
        return False
    socket = QLocalSocket()
    socket.connectToServer(server_name())
    if not socket.waitForConnected(WAIT_MS):
        return False
    # The other program has another current folder.
    text = json.dumps([str(path.absolute()) for path in paths])
    socket.write(text.encode() + b"\n")
    answered = socket.waitForBytesWritten(WAIT_MS) and socket.waitForReadyRead(WAIT_MS)
    taken = answered and bytes(socket.readAll().data()) == _TAKEN
    socket.disconnectFromServer()
    return bool(taken)


class Listener(QObject):
    """Takes files from later starts of the program.

    Signals
    -------
    handed_over(object)
        A list of absolute paths.
    """

    handed_over = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        self._heard: dict[QLocalSocket, bytes] = {}

    def listen(self) -> bool:
        """Begin to listen; False when another window of this user listens already."""
        name = server_name()
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
        values = json.loads(text)
    except ValueError:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    return [Path(value) for value in values if Path(value).is_absolute()]
