"""The message bar: where anything that went wrong is said, without stopping the user."""

from collections.abc import Callable
from typing import Literal

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

Level = Literal["error", "warn", "info"]

MOST_SHOWN = 3
INFO_MS = 8000
_MARKS = {"error": ("✕", "bad"), "warn": ("⚠", "warn"), "info": ("i", "dim")}


class MessageBar(QWidget):
    """Messages one below the other, the newest on top; each stays until it is dismissed.

    The same text is never shown twice, so something that fails at every mouse move says so once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.setVisible(False)

    def error(self, text: str, details: str = "") -> None:
        """Say that something failed."""
        self.show_message("error", text, details)

    def warn(self, text: str, details: str = "") -> None:
        """Say that something needs attention."""
        self.show_message("warn", text, details)

    def info(self, text: str, details: str = "") -> None:
        """Say something that goes away by itself."""
        message = self.show_message("info", text, details)
        timer = QTimer(message)  # gone with it when the user is faster
        timer.setSingleShot(True)
        timer.timeout.connect(message.dismiss)
        timer.start(INFO_MS)

    def show_message(
        self,
        level: Level,
        text: str,
        details: str = "",
        *,
        button: str = "",
        done: Callable[[], None] | None = None,
    ) -> "Message":
        """Show a message.

        Parameters
        ----------
        level : {"error", "warn", "info"}
        text : str
        details : str
            More, behind a button; can be copied.
        button : str
            Text of the button that dismisses it; empty for a small cross.
        done : callable, optional
            Called when the user dismissed it.
        """
        for message in self.messages():
            if (message.text, message.details) == (text, details):
                return message
        message = Message(level, text, details, button=button, done=done, parent=self)
        message.gone.connect(self._tidy)
        self._column.insertWidget(0, message)
        # A notice that asks for an answer is not pushed out by errors.
        for old in [m for m in self.messages() if not m.asks][MOST_SHOWN:]:
            old.dismiss()
        self.setVisible(True)
        return message

    def messages(self) -> list["Message"]:
        """Return the messages shown, the newest first."""
        items = (self._column.itemAt(i) for i in range(self._column.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, Message)]

    def _tidy(self) -> None:
        self.setVisible(bool(self.messages()))


class Message(QFrame):
    """One message, with its details and its way to be dismissed.

    Signals
    -------
    gone()
        It left the bar.
    """

    gone = pyqtSignal()

    def __init__(
        self,
        level: Level,
        text: str,
        details: str,
        *,
        button: str,
        done: Callable[[], None] | None,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.level, self.text, self.details = level, text, details
        self.asks = bool(button)
        self._done = done
        self.setProperty("part", "message")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 5, 6, 5)
        row = QHBoxLayout()
        column.addLayout(row)
        sign, part = _MARKS[level]
        mark = QLabel(sign)
        mark.setProperty("part", part)
        mark.setAccessibleName(level)
        label = QLabel(text)
        for part_of_text in (mark, label):  # on one line with the text of the buttons
            part_of_text.setContentsMargins(0, 4, 0, 4)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(label, 1)
        if details:
            row.addWidget(self._details_button(column), 0, Qt.AlignmentFlag.AlignTop)
        self.dismiss_button = QPushButton(button or "✕")
        self.dismiss_button.setProperty("part", "" if button else "quiet")
        self.dismiss_button.setToolTip("" if button else "Dismiss")
        self.dismiss_button.setAccessibleName(button or "Dismiss")
        self.dismiss_button.clicked.connect(self._answered)
        row.addWidget(self.dismiss_button, 0, Qt.AlignmentFlag.AlignTop)

    def dismiss(self) -> None:
        """Take the message off the bar."""
        bar = self.parentWidget()
        layout = None if bar is None else bar.layout()
        if layout is not None:
            layout.removeWidget(self)
        self.hide()
        self.gone.emit()
        self.deleteLater()

    def _answered(self) -> None:
        if self._done is not None:
            self._done()
        self.dismiss()

    def _details_button(self, column: QVBoxLayout) -> QPushButton:
        shown = QPlainTextEdit(self.details)
        shown.setReadOnly(True)
        shown.setMaximumHeight(120)
        copy = QPushButton("Copy")
        copy.clicked.connect(self._copy)
        shown.hide()
        copy.hide()
        column.addWidget(shown)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        button = QPushButton("Details")
        button.setProperty("part", "quiet")
        button.setCheckable(True)
        button.toggled.connect(shown.setVisible)
        button.toggled.connect(copy.setVisible)
        return button

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(f"{self.text}\n\n{self.details}")
