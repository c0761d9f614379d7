"""The size of all letters, by key."""

import pytest
from PyQt6.QtWidgets import QApplication

from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.widgets.theme import LEAST, MOST, text_size
from tests.gui.fakes import make_sky
from tests.gui.keys import press


@pytest.fixture(autouse=True)
def usual(qapp):
    yield
    text_size(100)


def test_letters_grow_everywhere_and_are_remembered(window, with_case, idle):
    with_case(make_sky())
    usual, headline = QApplication.font().pointSizeF(), window.predict.answer.font().pointSizeF()
    axis = window.ortho.slices[0].canvas
    for _ in range(5):
        press(window, "Ctrl++")
    idle(window)
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * usual)
    assert window.predict.run_button.font().pointSizeF() == pytest.approx(1.5 * usual)
    assert window.predict.answer.font().pointSizeF() == pytest.approx(1.5 * headline)
    assert window.ortho.slices[0].canvas is not axis, "views measure letters when they are made"
    assert SettingsFile().settings.text_percent == 150
    badge = window.menuBar().cornerWidget()
    assert badge.width() >= badge.sizeHint().width()
    press(window, "Ctrl+-")
    assert QApplication.font().pointSizeF() == pytest.approx(1.4 * usual)
    press(window, "Ctrl+0")
    assert QApplication.font().pointSizeF() == pytest.approx(usual)
    assert window.predict.answer.font().pointSizeF() == pytest.approx(headline)
    assert SettingsFile().settings.text_percent == 100


def test_a_size_out_of_a_broken_file_stays_readable(qapp):
    usual = QApplication.font().pointSizeF()
    assert text_size(-5) == LEAST
    assert QApplication.font().pointSizeF() == pytest.approx(usual * LEAST / 100)
    assert text_size(10**6) == MOST
