"""Keys pressed as a user does."""

from PyQt6.QtGui import QKeySequence
from PyQt6.QtTest import QTest


def press(window, key):
    """Press a key on a window, whatever has the focus in it."""
    window.activateWindow()
    QTest.keySequence(window, QKeySequence(key))
