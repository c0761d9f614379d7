from collections import Counter

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QLabel

from cubeview.gui.desk.actions import ACTIONS, MENUS, VIEW_KEYS


def test_keys_and_shortcuts_are_unique():
    assert max(Counter(a.key for a in ACTIONS).values()) == 1
    shortcuts = [QKeySequence(a.shortcut).toString() for a in ACTIONS if a.shortcut]
    assert max(Counter(shortcuts).values()) == 1
    assert all(shortcuts), "every shortcut is one Qt knows"


def test_every_action_has_a_menu_and_unique_mnemonics():
    assert {a.menu for a in ACTIONS} == set(MENUS)
    for menu in MENUS:
        letters = [a.text[a.text.index("&") + 1].lower() for a in ACTIONS if a.menu == menu]
        assert max(Counter(letters).values()) == 1, menu


def test_menus_hold_every_action(window):
    for entry, action in window.actions_table:
        texts = [a.text() for a in window.menuBar().actions() if action in a.menu().actions()]
        assert texts == [f"&{entry.menu}"]


def test_what_is_not_possible_is_disabled(window, with_case, files):
    table = window.actions_table
    assert not table["predict"].isEnabled()
    assert not table["swap"].isEnabled()
    with_case(files["field.fits"])
    assert table["predict"].isEnabled()
    assert not table["swap"].isEnabled()
    with_case(files["wren.dcm"])
    assert table["swap"].isEnabled()
    assert not table["save_map"].isEnabled()


def test_the_key_list_names_every_shortcut(window):
    from cubeview.gui.dialogs.sheets import keys_sheet

    sheet = keys_sheet(window, None)
    text = sheet.findChild(QLabel).text()
    for action in ACTIONS:
        if action.shortcut:
            assert action.text.replace("&", "").rstrip("…") in text
    for key, *_ in VIEW_KEYS:
        assert key in text


def test_shift_f1_opens_the_key_list(window, qtbot):
    from PyQt6.QtWidgets import QDialog

    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: any(d.windowTitle() == "Keys" for d in window.findChildren(QDialog)))
