"""A new panel and a new view are one file and one entry in a table."""

from PyQt6.QtWidgets import QLabel, QMainWindow

from cubeview.gui.desk.actions import ACTIONS
from cubeview.gui.desk.session import Session
from cubeview.gui.shell.docks import PANELS, Docks, Panel
from cubeview.gui.views.ortho import VIEWS, OrthoView, View
from cubeview.gui.views.view import CaseView
from tests.gui.fakes import make_heart, make_sky


class NamePanel(QLabel):
    """A toy: writes the name of the case."""

    def __init__(self, session):
        super().__init__("nothing")
        session.case_changed.connect(lambda: self.setText(session.case.name))


class NameView(CaseView):
    """A toy: writes where the cursor is."""

    def __init__(self, session):
        super().__init__(session)
        self.words = QLabel()
        self.card().addWidget(self.words)
        self.follow((session.cursor_changed, self._write))

    def _write(self):
        self.words.setText(f"{self.case.name} {self.session.cursor}")


def test_a_panel_is_an_entry(desk, qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    toy = Panel("name", "Name", lambda desk: NamePanel(desk.session), behind="explain")
    docks = Docks(window, desk, (*PANELS, toy))
    docks.show("name")
    desk.session.set_case(make_sky("Rook"))
    assert docks.panels["name"].text() == "Rook"
    assert window.tabifiedDockWidgets(docks["name"]) != []


def test_a_view_is_an_entry_and_comes_with_the_cases_it_suits(qtbot):
    session = Session()
    toy = View(lambda case: case.kind == "heart", lambda session, jobs: NameView(session))
    views = OrthoView(session, (*VIEWS, toy))
    qtbot.addWidget(views)
    session.set_case(make_sky())
    assert views.findChildren(NameView) == []
    session.set_case(make_heart("Wren"))
    (view,) = views.findChildren(NameView)
    session.set_cursor(1, 2, 3)
    assert view.words.text() == "Wren (1, 2, 3)"
    before = session.receivers(session.cursor_changed)
    session.set_case(make_sky())
    assert session.receivers(session.cursor_changed) < before, "it has left the session"
    views.stop()


def test_every_action_does_something(window):
    assert set(window._handlers()) == {action.key for action in ACTIONS}
