"""Playing through the slices of a cube."""

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from cubeview.gui.session import Session

STEP_MS = 90
MOST_STEPS = 120


class Player(QObject):
    """Steps the cursor along the first axis, round and round.

    A long axis is passed in at most `MOST_STEPS` steps, so that a spectral cube of thousands of
    channels takes some ten seconds and not minutes.

    Signals
    -------
    stopped()
        It stopped by itself: there is no case any more, or another one.
    """

    stopped = pyqtSignal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self, interval=STEP_MS)
        self._timer.timeout.connect(self._step)
        session.case_changed.connect(self._stop)

    def set_playing(self, playing: bool) -> None:
        """Start or stop."""
        if playing and self._session.case is not None:
            self._timer.start()
        else:
            self._timer.stop()

    def _step(self) -> None:
        case = self._session.case
        if case is None:
            return
        z, y, x = self._session.cursor
        length = case.main.shape[0]
        step = max(1, length // MOST_STEPS)
        self._session.set_cursor((z + step) % length, y, x)

    def _stop(self) -> None:
        self._timer.stop()
        self.stopped.emit()
