"""What the views of a case share: the session they read, and that they leave it in time."""

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import Qt, pyqtBoundSignal, pyqtSignal
from PyQt6.QtWidgets import QFrame, QVBoxLayout

from cubeview.gui.desk.session import Session
from cubeview.gui.views.fetch import OnceAFrame, Reading

_DIRECT = Qt.FindChildOption.FindDirectChildrenOnly


class CaseView(QFrame):
    """A view of the current case. It lives as long as its case is shown: another gets new views.

    Signals
    -------
    pointed(str)
        What lies under the mouse, in words; empty once it has left.
    """

    pointed = pyqtSignal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        assert session.case is not None
        self.session, self.case = session, session.case
        self._links: list[tuple[pyqtBoundSignal, Callable[[], object]]] = []

    def follow(self, *links: tuple[pyqtBoundSignal, Callable[[], object]]) -> None:
        """Connect signals of the session to slots, as long as the view lives."""
        for signal, slot in links:
            signal.connect(slot)
        self._links += links

    def follow_now(self) -> None:
        """Draw what the session says without waiting for the next frame."""
        for soon in self.findChildren(OnceAFrame, options=_DIRECT):
            if soon.isActive():
                soon.run()

    def stop(self) -> None:
        """Leave the session: this view is about to go."""
        workers: list[Any] = self.findChildren((Reading, OnceAFrame), options=_DIRECT)
        for worker in workers:
            worker.stop()
        for signal, slot in self._links:
            signal.disconnect(slot)

    def card(self) -> QVBoxLayout:
        """Return the layout of a view on the ground of a card."""
        self.setProperty("part", "card")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 4, 2)
        layout.setSpacing(2)
        return layout
