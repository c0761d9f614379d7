"""The patient's name is shown while a scan is open, can be hidden, and is kept nowhere."""

import pydicom
import pytest

from cubeview.gui.shell.window import Window
from cubeview.io import open_paths
from cubeview.io.dicom.identifiers import identifiers
from tests.gui.fakes import make_sky
from tests.gui.keys import press
from tests.helpers.nmfolder import write_hearts

NAME, NUMBER = "Doe^Jane", "H-77031"


@pytest.fixture
def scans(tmp_path):
    folder = write_hearts(tmp_path / "scans", 1, ("stress", "rest"))
    for path in folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = NAME, NUMBER
        dataset.Manufacturer = "Some camera"
        dataset.PatientBirthDate = "19510203"
        dataset.save_as(path)
    return folder


def test_they_are_shown_while_the_case_is_open_and_can_be_hidden(
    window, scans, idle, qtbot, tmp_path, monkeypatch
):
    (case,) = open_paths([scans]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    window.docks.show("notes")
    shown = window.notes.identifiers
    assert "Name: Doe Jane\nNumber: H-77031\nBorn: 1951-02-03" in shown.text.text()
    seen = []
    monkeypatch.setattr(
        window, "grab", lambda: seen.append(shown.text.text()) or Window.grab(window)
    )
    window.save_picture(tmp_path / "window.png")
    assert seen == [""]
    assert "Doe Jane" in shown.text.text()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    press(window, "1")
    assert window.records.rows()[0].label == "healthy"
    shown.box.click()
    assert shown.text.text() == ""
    other = Window()
    qtbot.addWidget(other)
    assert not other.memory.settings.identifiers_shown, "hidden stays hidden"
    other.close()
    shown.box.click()
    window.session.close_case()
    assert not shown.isVisible()
    assert shown.text.text() == ""
    path = window.records.library.path
    window.records.library.backup(tmp_path / "copy.sqlite")
    for file in (tmp_path / "copy.sqlite", path, path.with_name(path.name + "-wal")):
        content = file.read_bytes()
        assert b"Jane" not in content
        assert NUMBER.encode() not in content


def test_a_mismatched_pair_shows_both_names(scans, window, idle):
    path = next(scans.rglob("rest.dcm"))
    dataset = pydicom.dcmread(path)
    dataset.PatientName = "Roe^Rita"
    dataset.save_as(path)
    (case,) = open_paths([scans]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    text = window.notes.identifiers.text.text()
    assert "Name (stress): Doe Jane\nName (rest): Roe Rita\nNumber: H-77031" in text


def test_sky_cubes_have_none(window, with_case, shared_data):
    with_case(make_sky())
    assert window.notes.identifiers.isHidden()
    assert identifiers(shared_data / "MANIFEST.tsv") == {}
