"""The message bar: where anything that went wrong is said, without stopping the user."""

from collections.abc import Callable
from typing import Literal

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.widgets.basic import button as make_button
from cubeview.gui.widgets.basic import copy_text, steady
from cubeview.plain import breakable

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
        top, line = Qt.AlignmentFlag.AlignTop, QHBoxLayout()
        column.addLayout(line)
        sign, part = _MARKS[level]
        mark, words = QLabel(sign), QLabel(breakable(text))
        mark.setProperty("part", part)
        mark.setAccessibleName(level)
        for part_of_text in (mark, words):  # on one line with the text of the buttons
            part_of_text.setContentsMargins(0, 4, 0, 4)
        line.addWidget(mark, 0, top)
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line.addWidget(words, 1)
        if details:
            line.addWidget(self._details_button(column), 0, top)
        tip, quiet = ("", "") if button else ("Dismiss", "quiet")
        self.dismiss_button = make_button(
            button or "✕", self._answered, tip, quiet, name=button or tip
        )
        line.addWidget(self.dismiss_button, 0, top)

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
        copy = make_button("Copy", lambda: copy_text(f"{self.text}\n\n{self.details}"))
        shown.hide()
        copy.hide()
        column.addWidget(shown)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        button = steady(QPushButton("Details"))
        button.setProperty("part", "quiet")
        button.setCheckable(True)
        button.toggled.connect(shown.setVisible)
        button.toggled.connect(copy.setVisible)
        return button
