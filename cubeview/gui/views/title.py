"""The line above a view: what it shows in bold, where in dim letters."""

from html import escape

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QResizeEvent

from cubeview.gui.desk.still import StillLine
from cubeview.gui.widgets.theme import colours


class Title(StillLine):
    """The heading of a view."""

    double_clicked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.words: tuple[str, ...] = ()
        self._short: tuple[str, ...] = ()
        self._signs = ""
        self._active = False

    def set_words(self, *words: str, short: tuple[str, ...] = (), signs: str = "") -> None:
        """Write the heading and what follows it.

        Parameters
        ----------
        words : str
            The first in bold.
        short : tuple of str
            The same in fewer letters, for a narrow view.
        signs : str
            Rich text at the end.
        """
        self.words, self._short, self._signs = words, short, signs
        self.setToolTip(" · ".join(words))
        self._write()

    def set_active(self, active: bool) -> None:
        """Show that keys and cine go to this view."""
        self._active = active
        self._write()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Choose the words that fit."""
        super().resizeEvent(event)
        self._write()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._write()

    def _write(self) -> None:
        words = getattr(self, "words", ())  # Qt's constructor already sends change events
        if not words:
            return
        wide = self.fontMetrics().horizontalAdvance(" · ".join(words)) * 1.05
        if self._short and wide > self.width():
            words = self._short
        head, *rest = (escape(word) for word in words)
        tail = "".join(f" · {word}" for word in rest)
        theme = colours()
        bold = theme.accent if self._active else theme.text
        self.setText(
            f'<b style="color:{bold}">{head}</b>'
            f'<span style="color:{theme.dim}">{tail}</span>{self._signs}'
        )

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Tell the view."""
        self.double_clicked.emit()
