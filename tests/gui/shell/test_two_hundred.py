"""Two hundred simulated patients, imported from a loose folder and labelled key by key."""

import csv

import pytest
from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest

from cubeview.commands.simulated import write_pairs
from cubeview.gui.dialogs.plan import PlanDialog
from cubeview.gui.shell.window import Window
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.table_import import plan_any
from tests.gui.desk.test_labelling import NAMES, texts

CASES = 200


@pytest.mark.slow
def test_two_hundred_simulated_cases_are_labelled_by_keys(qtbot, tmp_path):
    folder = tmp_path / "scans"
    write_pairs(folder, CASES, 7)
    with (folder / "cases.csv").open() as stream:
        truth = {row["case"]: row["class"] for row in csv.DictReader(stream)}
    window = Window()
    qtbot.addWidget(window)
    window.show()

    def wait():
        def done():
            return not window.records.jobs.running() and not window.desk.subject.busy

        qtbot.waitUntil(done, timeout=600_000)

    window.library_dialogs.scan(folder)
    wait()
    (box,) = window.findChildren(PlanDialog)
    assert box.lines == [f"{CASES} hearts with rest and stress"]
    box.do_button.click()
    wait()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for _ in range(CASES):
        QTest.keySequence(window, QKeySequence("N"))
        wait()
        key = NAMES.index(truth[window.session.case.name]) + 1
        QTest.keySequence(window, QKeySequence(str(key)))
    QTest.keySequence(window, QKeySequence("N"))
    assert any(f"All {CASES} cases" in text for text in texts(window))
    assert window.worklist.count.text() == f"{CASES} of {CASES} labelled"
    assert len(window.session.cases) == 1, "cases opened from the library do not pile up"
    path, reader = window.records.library.path, window.records.reader
    window.close()
    library = Library(path, reader)
    kept = library.current(SPECT_SET)
    names = dict(library.read("SELECT id, name FROM cases", ()))
    assert {names[number]: label.class_name for (number, _), label in kept.items()} == truth
    assert all(label.opinion_seen == "" for label in kept.values())
    assert library.read("SELECT COUNT(*) FROM labels", ()) == [(CASES,)]
    assert library.read("SELECT COUNT(*) FROM thumbnails", ()) == [(CASES,)]
    assert plan_any(library, folder / "cases.csv").known == CASES
    library.close()
