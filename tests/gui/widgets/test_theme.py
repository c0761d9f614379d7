from dataclasses import fields

import pytest
from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QWidget

from cubeview.gui.widgets.theme import DARK, LIGHT, colours, theme


def luminance(text):
    def linear(v):
        return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4

    r, g, b, _ = QColor(text).getRgbF()
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)


def contrast(one, other):
    """Contrast ratio after WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("name", ["text", "dim", "accent", "good", "warn", "bad"])
def test_texts_stand_out_from_every_ground(palette, name):
    for ground in ("ground", "card", "raised"):
        assert contrast(getattr(palette, name), getattr(palette, ground)) >= 4.5, ground
    assert contrast(palette.text, palette.select) >= 4.5
    assert contrast(palette.on_accent, palette.accent) >= 4.5
    assert contrast(palette.accent, palette.card) >= 3


def test_themes_dress_the_application(qapp):
    theme("light")
    assert colours() is LIGHT
    assert LIGHT.card in qapp.styleSheet()
    theme("dark")
    assert colours() is DARK
    assert "$" not in qapp.styleSheet()
    assert all(QColor(getattr(DARK, f.name)).isValid() for f in fields(DARK))
    theme("system")


def test_a_theme_that_stays_dresses_nothing_anew(qtbot):
    class Counting(QWidget):
        dressed = 0

        def changeEvent(self, event):
            self.dressed += event.type() == QEvent.Type.StyleChange

    theme("dark")
    widget = Counting()
    qtbot.addWidget(widget)
    widget.show()
    widget.dressed = 0
    theme("dark")
    assert widget.dressed == 0
    theme("light")
    assert widget.dressed > 0
    assert colours() is LIGHT
    theme("system")
