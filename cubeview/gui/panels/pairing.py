"""Scans made one case, and taken apart again: what a single scan is offered, and the lasting banner
over a case of two patients.
"""

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from cubeview.cubes.case import Case, agreeing, differing, of_two_studies, words_of
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import add_action, button, label
from cubeview.gui.widgets.layout import put

_TELLING = {"patient number", "patient name"}
"""What must agree for two scans to be offered as those of one patient: many share sex and day."""

_TWO_STUDIES = "of this patient, but of another study"


class Partners(QWidget):
    """What a single scan can be paired with: the other state of the same patient, by one click.

    Any other scan is behind a second click, which says what differs.

    Parameters
    ----------
    case : Case
        Of one scan, which is rest or stress.
    others : tuple of Case
        All that are open.
    pair_with : callable
        Called with the partner.
    """

    def __init__(
        self, case: Case, others: tuple[Case, ...], pair_with: Callable[[Case], None]
    ) -> None:
        super().__init__()
        self._pair_with = pair_with
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        (role,) = case.roles
        wanted = {"stress": "rest", "rest": "stress"}.get(role)
        strangers = {}
        for other in others:
            if other.kind == case.kind and other.roles == (wanted,):
                if objection := _objection(case, other):
                    strangers[other] = objection
                else:
                    text = f"Pair with {other.name} ({wanted})"
                    put(layout, button(text, partial(pair_with, other)))
        whose = {
            "study's" if objection == _TWO_STUDIES else "patient's"
            for objection in strangers.values()
        }
        text = f"Pair with another {' or '.join(sorted(whose))} scan…"
        self.other_button = button(text, lambda: None)
        self.other_button.setVisible(bool(strangers))
        menu = QMenu(self.other_button)
        for other, objection in strangers.items():
            add_action(menu, f"{other.name}: {objection}", partial(self._ask, other, objection))
        self.other_button.setMenu(menu)
        self.warning = label(part="warn")
        self.sure_button = button("Pair them all the same", lambda: None)
        self.leave_button = button("Leave them apart", partial(self._show_question, False))
        put(layout, self.other_button, self.warning, self.sure_button, self.leave_button)
        self._show_question(False)

    def _ask(self, other: Case, objection: str) -> None:
        self.warning.setText(f"⚠ {other.name}: {objection}. Make them one case?")
        self.sure_button.clicked.disconnect()
        self.sure_button.clicked.connect(lambda: self._pair_with(other))
        self._show_question(True)
        self.leave_button.setFocus()

    def _show_question(self, asked: bool) -> None:
        for widget in (self.warning, self.sure_button, self.leave_button):
            widget.setVisible(asked)


class PairStrip(QFrame):
    """Says over the slices that the case is of two patients, as long as it is one.

    Signals
    -------
    unpair_wanted()
    """

    unpair_wanted = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setProperty("part", "message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        self.words = label(part="bad")
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        tip = "Make two cases of the two scans again"
        self.unpair_button = button("Unpair", self.unpair_wanted.emit, tip)
        put(layout, (self.words, 1), self.unpair_button)
        session.case_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        case = self._session.case
        apart = "" if case is None else case.apart
        self.words.setText(f"⚠ {apart} What is said of the two together is about nobody.")
        self.setVisible(bool(apart))


def _objection(case: Case, other: Case) -> str:
    """Return why two scans are not offered as those of one patient; empty where they are."""
    if differ := differing(case.main, other.main):
        return words_of(differ)
    if not _TELLING & set(agreeing(case.main, other.main)):
        return "nothing in the files says that they are of one patient"
    return _TWO_STUDIES if of_two_studies(case.main, other.main) else ""
