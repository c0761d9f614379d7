"""The line above a view: what it shows in bold, where in dim letters."""

import re
from html import escape

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QMouseEvent, QResizeEvent

from cubeview.gui.desk.still import StillLine
from cubeview.gui.widgets.basic import plain_tip
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
        self.setToolTip(plain_tip("\n".join(filter(None, (" · ".join(words), self._map)))))
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
        words, lies = self._fitting(words)
        head, *rest = (escape(word) for word in words)
        tail = "".join(f" · {word}" for word in rest)
        theme = colours()
        bold = theme.accent if self._active else theme.text
        self.setText(
            f'<b style="color:{bold}">{head}</b>'
            f'<span style="color:{theme.dim}">{tail}</span>{self._signs}'
            + (f' &nbsp; <span style="color:{theme.warn}">{escape(lies)}</span>' if lies else "")
        )

    def _fitting(self, words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Return the words and the name of the map that there is room for.

        The model gives way first, then where the plane lies; what map it is for which class stays.
        """
        short, brief = self._short or words, self._map.rpartition(" · ")[0]
        choices = [(words, self._map), (short, self._map), (short, brief)]
        choices += [(short[:1], brief)] if brief else []
        signs = re.sub("<[^>]*>|&nbsp;", " ", self._signs)
        for said, lies in choices:
            line = " · ".join(said) + signs + ("   " + lies if lies else "")
            # Bold letters are a little wider.
            if self.fontMetrics().horizontalAdvance(line) * 1.05 <= self.width():
                return said, lies
        said, lies = choices[-1]
        # Cut off without a sign, a part of a name passes for the whole.
        *first, last = (*said, lies) if lies else said
        line = " · ".join((*first, "")) + signs + ("   " if lies else "")
        room = int(self.width() / 1.05) - self.fontMetrics().horizontalAdvance(line)
        last = self.fontMetrics().elidedText(last, Qt.TextElideMode.ElideRight, room) or "…"
        return (tuple(first), last) if lies else ((*first, last), "")

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Tell the view."""
        self.double_clicked.emit()
