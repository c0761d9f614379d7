"""The line above a view: what it shows in bold, where in dim letters."""

from html import escape

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy

from cubeview.gui.theme import colours


class Title(QLabel):
    """The heading of a view.

    Signals
    -------
    double_clicked()
    """

    double_clicked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)
        # A long title must not make its view wider than its neighbours.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.words: tuple[str, ...] = ()

    def set_words(self, *words: str, signs: str = "") -> None:
        """Write the heading and what follows it; `signs` is rich text at the end."""
        self.words = words
        head, *rest = (escape(word) for word in words)
        tail = "".join(f" · {word}" for word in rest)
        self.setText(f'<b>{head}</b><span style="color:{colours().dim}">{tail}</span>{signs}')
        self.setToolTip(" · ".join(words))

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Tell the view."""
        self.double_clicked.emit()
