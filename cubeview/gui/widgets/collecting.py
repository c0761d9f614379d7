"""Garbage is collected between events, in the thread of the window.

Python collects wherever it stands. In another thread, or while Qt is inside a method of the very
view that goes, what is collected takes its C++ side along, and the program ends without a word.
"""

import gc

from PyQt6.QtCore import QObject, QTimer

_EVERY_MS = 200
_NEW = 700  # objects from which a look is worth it; Python's own threshold of many years
_OLDER = 10  # so many looks at the young are one at those a generation older


class Collector(QObject):
    """Collects while the program waits; until it is stopped Python does not by itself."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._looks = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(_EVERY_MS)
        gc.disable()

    def look(self) -> None:
        """Collect if enough objects came into being, now and then the old ones too."""
        if gc.get_count()[0] <= _NEW:
            return
        self._looks += 1
        older, oldest = self._looks % _OLDER == 0, self._looks % _OLDER**2 == 0
        gc.collect(2 if oldest else 1 if older else 0)

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        gc.enable()
