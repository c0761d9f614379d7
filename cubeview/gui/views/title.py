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
        self._signs = self._map = ""
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
        self.setToolTip("\n".join(filter(None, (" · ".join(words), self._map))))
        self._write()

    def set_map(self, name: str) -> None:
        """Name the map that lies over the view; empty for none."""
        if name != self._map:
            self._map = name
            self.set_words(*self.words, short=self._short, signs=self._signs)

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
        lies = self._map
        if self._wide(words, lies) > self.width():
            words = self._short or words
            # The model gives way, class and method never.
            lies = lies if self._wide(words, lies) <= self.width() else lies.rpartition(" · ")[0]
        head, *rest = (escape(word) for word in words)
        tail = "".join(f" · {word}" for word in rest)
        theme = colours()
        bold = theme.accent if self._active else theme.text
        self.setText(
            f'<b style="color:{bold}">{head}</b>'
            f'<span style="color:{theme.dim}">{tail}</span>{self._signs}'
            + (f' &nbsp; <span style="color:{theme.warn}">{escape(lies)}</span>' if lies else "")
        )

    def _wide(self, words: tuple[str, ...], lies: str) -> float:
        """Return the width of what stands in the line; bold letters are a little wider."""
        return self.fontMetrics().horizontalAdvance(" · ".join(words) + lies) * 1.05

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Tell the view."""
        self.double_clicked.emit()
