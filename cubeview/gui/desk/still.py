"""What keeps a moving cursor cheap: words that wait until it rests, a line that moves no layout."""

from collections.abc import Callable

from PyQt6.QtCore import QObject, QSize, Qt, QTimer
from PyQt6.QtGui import QPalette, QResizeEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget

REST_MS = 100


class AtRest(QTimer):
    """Runs a slot once `start` was not called again for a moment."""

    def __init__(self, slot: Callable[[], None], parent: QObject, ms: int = REST_MS) -> None:
        super().__init__(parent)
        self.setSingleShot(True)
        self.setInterval(ms)
        self.timeout.connect(slot)


class StillLine(QWidget):
    """A line of plain text that takes the width it is given, on the ground of a card.

    Parameters
    ----------
    left, above : int
        Pixels left free before, and above and below the text.

    A plain QLabel asks all layouts up to the window for a new arrangement with each text, and has
    what lies under it painted too: several milliseconds for a line that changes with each step.
    """

    def __init__(self, left: int = 0, above: int = 0) -> None:
        super().__init__()
        self._above = above
        self._label = QLabel(self)  # in no layout
        self.setTextFormat(Qt.TextFormat.PlainText)
        # No margins: only what lies within them is cleared before another text is written.
        self._label.setIndent(left)
        self._label.setBackgroundRole(QPalette.ColorRole.Base)
        self._label.setAutoFillBackground(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setTextFormat(self, text_format: Qt.TextFormat) -> None:
        """Say how the text is to be read."""
        self._label.setTextFormat(text_format)

    def setText(self, text: str) -> None:
        """Write another text."""
        if text != self._label.text():
            self._label.setText(text)

    def text(self) -> str:
        """Return what is written."""
        return self._label.text()

    def sizeHint(self) -> QSize:
        """Return the height of a line."""
        return QSize(0, self.fontMetrics().height() + 2 * self._above)

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fill the room."""
        super().resizeEvent(event)
        self._label.setGeometry(self.rect())
