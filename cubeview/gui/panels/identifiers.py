"""Whom the open scan is about, as its file says: shown while it is open, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.basic import keep_out, label, tick
from cubeview.kinds import kind_of


class Identifiers(QWidget):
    """The patient's name, number and dates in the files of a case; nothing of it is kept."""

    def __init__(self, memory: SettingsFile) -> None:
        super().__init__()
        self._memory = memory
        self._case: Case | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.box = tick(
            "Show whose scan this is",
            "The name, number and dates in the file are read while it is open. They are never "
            "kept: the library, logs, exports and pictures of the window hold the pseudonym only.",
        )
        self.box.toggled.connect(self._toggled)
        self.text = label("", wrap=True)
        keep_out(self.text)
        layout.addWidget(self.box)
        layout.addWidget(self.text)
        self.hide()

    def show_case(self, case: Case | None) -> None:
        """Show what the files of a case say, where they are scans of a patient."""
        if case is self._case and case is not None:
            return
        self._case = case
        self.setVisible(case is not None and kind_of(case).patient)
        self._fill()

    @contextmanager
    def covered(self) -> Iterator[None]:
        """Show nothing meanwhile."""
        text = self.text.text()
        self.text.clear()
        try:
            yield
        finally:
            self.text.setText(text)

    def _toggled(self, on: bool) -> None:
        self._memory.change(identifiers_shown=on)
        self._fill()

    def _fill(self) -> None:
        shown = self._memory.settings.identifiers_shown
        with QSignalBlocker(self.box):
            self.box.setChecked(shown)
        self.text.setText(_words(self._case) if shown and not self.isHidden() else "")
        self.text.setVisible(shown)


def _words(case: Case | None) -> str:
    """Return what the files say; of a pair once what both say alike."""
    # pydicom takes 0.2 s to import, which a session of sky cubes need not wait for.
    from cubeview.io.dicom.identifiers import identifiers

    said: dict[str, dict[str, str]] = {}
    for role, cube in case.cubes.items() if case is not None else ():
        try:
            found = {} if cube.source is None else identifiers(cube.source.path)
        except CubeviewError:
            found = {}
        for name, text in found.items():
            said.setdefault(name, {})[role] = text
    lines = []
    for name, texts in said.items():
        if len(set(texts.values())) == 1:
            lines.append(f"{name}: {next(iter(texts.values()))}")
        else:
            lines += [f"{name} ({role}): {text}" for role, text in texts.items()]
    return "\n".join(lines) or "The file says nothing of its patient."
