from dataclasses import replace

import pytest
from PyQt6.QtWidgets import QApplication, QPlainTextEdit, QTreeWidget

from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.dialogs.about import AboutDialog, support_report
from cubeview.learn.models.card import ModelRef, find_models


@pytest.fixture
def dialog(qtbot, monkeypatch):
    from cubeview.gui.dialogs import about

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


def test_shipped_models_are_reported_by_name_the_users_own_by_hash_only(qapp, tmp_path):
    shipped = find_models()[0]
    own = replace(shipped.card, name="Jane Doe", title="Jane Doe", weights_sha256="0123abcd")
    report = support_report("CPU", (shipped, ModelRef("Jane Doe", tmp_path / "Jane Doe", own)))
    assert f"Model: {shipped.card.name} {shipped.card.weights_sha256}" in report
    assert "0123abcd" in report
    assert "Jane" not in report


def test_the_report_has_the_log_and_help_copies_it(window, qapp):
    from cubeview import crashlog

    crashlog._file("log").write_text("2026 WARNING cubeview.io: a file could not be read\n")
    window.actions_table["report"].trigger()
    copied = qapp.clipboard().text()
    assert "a file could not be read" in copied
    assert "CubeView" in copied
