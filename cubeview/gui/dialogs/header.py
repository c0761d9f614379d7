"""The header of the open file, with a search."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtGui import QFontDatabase
from PyQt6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from cubeview.cubes.cube import Source
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.widgets.basic import label
from cubeview.gui.widgets.layout import put

if TYPE_CHECKING:
    from cubeview.io.fits.cards import Part

_COLUMNS = 84


class HeaderDialog(QDialog):
    """Cards of all parts of a file; only those that hold all words searched for, where any are."""

    def __init__(self, source: Source, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Header of {source.path.name}")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search: words that a card must hold")
        self.search.setAccessibleName("Search the header")
        self.search.setClearButtonEnabled(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Header")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.said = label("Reading…", "dim")
        self._parts: Sequence[Part] = ()
        put(QVBoxLayout(self), self.search, (self.text, 1), self.said)
        self.resize(_COLUMNS * self.text.fontMetrics().horizontalAdvance("0") + 40, 620)
        self.search.textChanged.connect(self._fill)

        def work(job: Job) -> "list[Part]":
            from cubeview.io.fits.cards import header_parts

            found: list[Part] = []
            for path in source.paths:
                found += header_parts(path, job.report)
            return found

        title = "Reading the header"
        jobs.start("header", title, work, finished=self._take, failed=self.said.setText)
        self.search.setFocus()

    def _take(self, parts: "Sequence[Part]") -> None:
        self._parts = parts
        self._fill()

    def _fill(self) -> None:
        words = self.search.text().lower().split()
        lines, cards, seen = [], 0, 0
        for part in self._parts:
            held = [card for card in part.cards if all(word in card.lower() for word in words)]
            cards, seen = cards + len(part.cards), seen + len(held)
            if held:
                lines += [f"— {part.name} —", *held, ""]
        self.text.setPlainText("\n".join(lines))
        self.said.setText(f"{seen} of {cards} cards" if words else f"{cards} cards")
