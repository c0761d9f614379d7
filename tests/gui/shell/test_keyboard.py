"""What the keyboard and the wheel act on, whatever was clicked before and whatever has gone."""

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QMessageBox,
    QSlider,
    QTabBar,
    QWidget,
)

from cubeview.gui.desk import stopping
from cubeview.gui.views.canvas import PlaneCanvas
from tests.gui.fakes import make_heart, make_sky
from tests.gui.keys import press


@pytest.fixture
def two(window, idle):
    """Two hearts, the first on the screen and its first view in use."""
    window.session.add_cases((make_heart("Wren"), make_heart("Finch")))
    window.session.set_case(window.session.cases[0])
    idle(window)
    window.ortho.slices[0].canvas.setFocus()
    return window


def page_up(window):
    """Press Page Up where the keyboard is; return how far that went in the slices."""
    before = window.session.cursor[0]
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_PageUp)
    window.ortho.follow_now()
    return window.session.cursor[0] - before


def test_keys_step_slices_after_another_case(two, idle):
    press(two, "Ctrl+Down")
    idle(two)
    assert two.session.case.name == "Finch"
    assert isinstance(two.focusWidget(), PlaneCanvas)
    assert page_up(two) == 1
    assert two.session.case.name == "Finch"
    press(two, "Space")
    assert two.ortho.playing


def test_keys_step_slices_after_a_click_in_a_panel(two, idle, qtbot):
    place = two.cases.list.visualItemRect(two.cases.list.item(1)).center()
    qtbot.mouseClick(two.cases.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    idle(two)
    assert two.session.case.name == "Finch"
    assert page_up(two) == 1
    qtbot.mouseClick(two.predict.run_button, Qt.MouseButton.LeftButton)
    idle(two)
    qtbot.mouseClick(two.labels.blind, Qt.MouseButton.LeftButton)
    asked = len(two.desk.questions.asked)
    press(two, "Space")
    idle(two)
    assert two.ortho.playing
    assert len(two.desk.questions.asked) == asked


def test_a_button_that_goes_leaves_the_keyboard_to_the_views(two, idle):
    two.labels.buttons["healthy"].setFocus()
    press(two, "Ctrl+Down")  # the buttons of another case are others
    idle(two)
    QApplication.processEvents()
    assert page_up(two) == 1
    two.predict.run_button.setFocus()
    QTest.keyClick(two.predict.run_button, Qt.Key.Key_Space)  # greys while it works
    assert isinstance(two.focusWidget(), PlaneCanvas)
    idle(two)
    two.session.set_case(None)
    assert not isinstance(two.focusWidget(), QAbstractButton)


def test_one_view_alone_has_the_keyboard(two):
    one = two.ortho.slices[1]
    two.cases.list.setFocus()
    one.title.double_clicked.emit()
    assert two.focusWidget() is one.canvas
    assert two.ortho.focused is one


def test_escape_closes_what_is_on_top_and_no_work(two, idle, qtbot):
    network = two.desk.questions
    network.go.clear()
    press(two, "P")
    press(two, "V")
    two.messages.warn("Something is odd.")
    press(two, "Escape")
    assert not two.session.adjusting
    assert [m for m in two.messages.messages() if not m.asks]
    press(two, "Space")
    press(two, "Escape")
    assert not two.ortho.playing
    press(two, "Escape")
    assert not [m for m in two.messages.messages() if not m.asks]
    press(two, "Escape")
    network.go.set()
    idle(two)
    assert two.session.prediction is not None


def test_home_and_end_go_to_the_first_and_the_last_plane(two):
    depth = two.session.case.main.shape[0]
    for key, plane in ((Qt.Key.Key_End, depth - 1), (Qt.Key.Key_Home, 0)):
        QTest.keyClick(two.focusWidget(), key)
        assert two.session.cursor[0] == plane


def test_leaving_asks_before_long_work_is_lost(new_window, qtbot, monkeypatch, network):
    window = new_window
    window.session.add_cases((make_heart(),))
    window.session.set_case(window.session.cases[0])
    network.go.clear()
    window.predict.run()
    qtbot.waitUntil(lambda: network.asked != [])
    monkeypatch.setattr(stopping, "LONG_S", 0.0)
    assert not window.close()
    assert window.isVisible()
    box = window.findChild(QMessageBox)
    assert "Classifying" in box.informativeText()
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert window.isVisible()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None)
    assert not window.close()
    box = window.findChild(QMessageBox)
    (yes,) = [button for button in box.buttons() if button.text() == "Stop it"]
    qtbot.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert not window.isVisible()
    assert window.stopped


def around(window):
    """Return what Tab goes through, from the first view and round again."""
    stops: list[QWidget] = []
    QApplication.processEvents()  # the views are seen
    while True:
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        if window.focusWidget() in stops:
            return stops
        stops.append(window.focusWidget())
        assert len(stops) < 150


def named(stop):
    """What a screen reader calls a stop."""
    if isinstance(stop, QTabBar):
        return stop.tabText(stop.currentIndex())
    return stop.accessibleName() or getattr(stop, "text", str)()


@pytest.mark.parametrize("make", [make_heart, make_sky])
def test_tab_goes_to_what_is_seen_and_has_a_name(two, idle, make):
    case = make("Swift")
    two.session.add_cases((case,))
    two.session.set_case(case)
    idle(two)
    stops = around(two)
    assert two.ortho.slices[0].canvas in stops
    assert not [stop for stop in stops if two.docks.is_behind(stop)]
    nameless = [type(stop).__name__ for stop in stops if not named(stop)]
    assert nameless == []


@pytest.mark.parametrize("make", [make_heart, make_sky])
def test_all_that_can_have_the_keyboard_has_a_name(two, idle, make):
    """Behind other panels, in pages and strips not seen now: what a screen reader may come to."""
    case = make("Swift")
    two.session.add_cases((case,))
    two.session.set_case(case)
    idle(two)
    takes = Qt.FocusPolicy.TabFocus.value
    stops = [w for w in two.findChildren(QWidget) if w.focusPolicy().value & takes]
    # Not lists that drop down, nor a button that is away because it has nothing to say.
    stops = [s for s in stops if s.focusProxy() is None and s.window() is two and not s.isHidden()]
    assert len(stops) > 100
    buddies = {label.buddy() for label in two.findChildren(QLabel)}
    # Of a field the text is what was typed, and says nothing of what it is for.
    words = [s for s in stops if isinstance(s, QAbstractButton | QTabBar) and named(s)]
    nameless = {s for s in stops if not s.accessibleName()} - buddies - set(words)
    assert [(type(s.parent()), type(s), s.toolTip()) for s in nameless] == []


def test_tab_goes_through_the_classes_in_their_panel(two):
    panel, chain = two.labels, [two.labels.edit_button]
    while chain[-1] is not panel.quality:
        chain.append(chain[-1].nextInFocusChain())
        assert panel.isAncestorOf(chain[-1])
    assert chain[1:-1] == list(panel.buttons.values())
    assert len(chain) > 5


def turned(widget):
    """Turn the wheel over a widget; return what it says before and after."""

    def said():
        return widget.currentIndex() if isinstance(widget, QComboBox) else widget.value()

    before = said()
    turn, none = QPoint(0, -120), Qt.KeyboardModifier.NoModifier
    at = QPointF(widget.rect().center())
    for _ in range(3):
        wheel = QWheelEvent(
            at, widget.mapToGlobal(at), QPoint(), turn, Qt.MouseButton.NoButton, none,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, wheel)
    return before, said()


def test_the_wheel_over_a_panel_changes_no_setting(two):
    kinds = (QComboBox, QAbstractSpinBox, QSlider)
    fields = [field for dock in two.docks for field in dock.findChildren(kinds)]
    assert len(fields) > 20
    two.docks.show("teach")
    for field in fields:
        field.setFocus()
        before, after = turned(field)
        assert before == after, field.accessibleName() or field.toolTip()


def test_no_button_takes_the_keyboard_by_a_click(two):
    for dock in two.docks:
        for made in (m for kind in (QAbstractButton, QComboBox) for m in dock.findChildren(kind)):
            clicked = made.focusPolicy() & Qt.FocusPolicy.ClickFocus
            assert clicked != Qt.FocusPolicy.ClickFocus, made.text() or made.toolTip()
