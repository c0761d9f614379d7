import pytest
from PyQt6.QtWidgets import QApplication, QPlainTextEdit, QTreeWidget

from cubeview.gui.about import AboutDialog
from cubeview.gui.jobs import Jobs


@pytest.fixture
def dialog(qtbot, monkeypatch):
    from cubeview.gui import about

    monkeypatch.setattr(about, "_device", lambda job: "CPU (a test)")
    jobs = Jobs()
    dialog = AboutDialog(None, jobs)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "a test" in dialog.text.text())
    yield dialog
    jobs.close()


def test_versions_and_device_are_shown(dialog):
    shown = dialog.text.text()
    assert "torch" in shown
    assert "Networks run on" in shown


def test_every_part_has_its_licence_text_one_click_away(dialog):
    table = dialog.licences.findChild(QTreeWidget)
    text = dialog.licences.findChild(QPlainTextEdit)
    assert "GNU GENERAL PUBLIC LICENSE" in text.toPlainText()
    rows = [table.topLevelItem(row) for row in range(table.topLevelItemCount())]
    numpy = next(row for row in rows if row.text(0) == "numpy")
    table.setCurrentItem(numpy)
    assert "Redistribution" in text.toPlainText()


def test_the_support_report_is_copied_and_names_no_file(dialog, own_home):
    dialog.copy_button.click()
    report = QApplication.clipboard().text()
    assert "Networks run on: CPU (a test)" in report
    assert str(own_home) not in report
    assert "/" not in report
