"""Scans of two patients made one case: never by one click, never in silence, never for good."""

from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from cubeview.cubes.case import paired
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.panels import notes as module
from cubeview.gui.panels.notes import NotesPanel
from cubeview.gui.panels.pairing import PairStrip
from tests.gui.fakes import make_heart


def scan(role, name, number, **whose):
    case = make_heart(name, roles=(role,))
    known = {"patient number": number, **whose} if number else whose
    return replace(case, cubes={role: replace(case.main, whose=known)})


@pytest.fixture
def kept(monkeypatch):
    """What was remembered: the roles, and whether each stands alone."""
    kept = []
    monkeypatch.setattr(module, "keep_roles", lambda case, alone: kept.append((case.roles, alone)))
    return kept


@pytest.fixture
def panel(qtbot, tmp_path, kept):
    """The panel with the strip, over a stress scan and what else is open."""

    whole = QWidget()
    qtbot.addWidget(whole)
    layout = QVBoxLayout(whole)

    def make(*others):
        session = Session()
        panel, strip = NotesPanel(session, SettingsFile(tmp_path)), PairStrip(session)
        for widget in (strip, panel):
            layout.addWidget(widget)
        strip.unpair_wanted.connect(panel.unpair)
        whole.show()
        mine = scan("stress", "Wren", "a", **{"birth date": "1"})
        session.add_cases((mine, *others))
        session.set_case(mine)
        return session, panel, strip

    return make


def seen(panel):
    QApplication.processEvents()  # what a layout takes in while it is seen is shown a moment later
    return [button for button in panel.findChildren(QPushButton) if button.isVisible()]


def pressed(qtbot, panel, text):
    (found,) = [button for button in seen(panel) if button.text() == text]
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def test_only_scans_of_one_patient_are_offered_at_once(panel, qtbot):
    session, notes, strip = panel(scan("rest", "Finch", "a"), scan("rest", "Swift", "b"))
    offered = [button.text() for button in seen(notes)]
    assert "Pair with Finch (rest)" in offered
    assert not any("Swift" in text for text in offered)
    assert "Pair with another patient's scan…" in offered
    pressed(qtbot, notes, "Pair with Finch (rest)")
    assert session.case.roles == ("stress", "rest")
    assert session.case.name == "Wren"
    assert strip.isHidden()


@pytest.mark.parametrize(
    ("number", "whose", "said"),
    [
        ("b", {"birth date": "2"}, "patient number and birth date differ"),
        ("a", {"birth date": "2"}, "birth date differs"),
        ("", {"birth date": "1"}, "nothing in the files says that they are of one patient"),
    ],
)
def test_any_other_pair_is_asked_about(panel, qtbot, kept, number, whose, said):
    session, notes, strip = panel(scan("rest", "Swift", number, **whose))
    (entry,) = notes.partners.other_button.menu().actions()
    assert entry.text() == f"Swift: {said}"
    entry.trigger()
    assert session.case.roles == ("stress",), "nothing is done before the answer"
    assert said in notes.partners.warning.text()
    pressed(qtbot, notes, "Leave them apart")
    assert not notes.partners.sure_button.isVisible()
    entry.trigger()
    pressed(qtbot, notes, "Pair them all the same")
    assert session.case.roles == ("stress", "rest")
    assert kept == [(("stress", "rest"), False)]
    differs = "differ" in said
    assert strip.isVisible() == differs
    assert (said in strip.words.text()) == differs
    assert session.case.name.endswith("(two patients)") == differs


def test_a_scan_of_another_study_is_asked_about(panel, qtbot):
    session, notes, strip = panel(scan("rest", "Finch", "a"))
    mine, other = session.cases
    mine, other = (
        replace(case, cubes={role: replace(case.main, study=study)})
        for case, role, study in ((mine, "stress", "1"), (other, "rest", "2"))
    )
    session.replace_case(session.cases[1], other)
    session.replace_case(session.case, mine)
    assert not any(button.text().startswith("Pair with Finch") for button in seen(notes))
    assert notes.partners.other_button.text() == "Pair with another study's scan…"
    (entry,) = notes.partners.other_button.menu().actions()
    assert entry.text() == "Finch: of this patient, but of another study"
    entry.trigger()
    pressed(qtbot, notes, "Pair them all the same")
    assert session.case.cautions == ("Stress and rest are of two studies.",)
    assert strip.isHidden(), "one patient all the same"


def test_the_banner_lasts_and_the_pair_is_taken_apart(panel, qtbot, kept):
    session, _, strip = panel()
    mine = session.case
    pair = paired(scan("stress", "Heron", "c"), scan("rest", "Swift", "d"))
    session.add_cases((pair,))
    session.set_case(pair)
    assert strip.isVisible()
    session.set_case(mine)
    assert not strip.isVisible()
    session.set_case(pair)
    assert "patient number differs" in strip.words.text()
    pressed(qtbot, strip, "Unpair")
    assert strip.isHidden()
    assert [(case.name, case.roles) for case in session.cases] == [
        ("Wren", ("stress",)),
        ("Heron", ("stress",)),
        ("Swift", ("rest",)),
    ]
    assert session.case is session.cases[1]
    assert kept == [(("stress",), True), (("rest",), True)]
