from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QFileDialog, QWidget

from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.dialogs.guesses import GuessesDialog
from cubeview.gui.shell.window import Window
from tests.gui.fakes import GONE, make_heart, make_sky
from tests.gui.keys import press


def texts(window):
    return [message.text for message in window.messages.messages() if not message.asks]


def drop(window, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def test_an_empty_window_says_what_to_drop(window):
    assert window.pages.currentWidget() is window.start_page
    assert window.windowTitle() == "CubeView"


def test_a_drop_opens_shows_and_is_remembered(window, idle):
    drop(window, Path("/scans/wren.dcm"))
    idle(window)
    assert window.session.case.name == "Wren"
    assert window.pages.currentWidget() is window.ortho
    assert "Wren" in window.windowTitle()
    assert window.cases.list.count() == 1
    assert window.memory.settings.recent == (str(Path("/scans/wren.dcm").resolve()),)
    # A patient's file may be called after the patient, so the case's own name stands for it.
    assert next(a.text() for a in window.menus.recent.actions()) == "Wren"


def test_the_views_let_drops_through_to_the_window(window, with_case):
    with_case(make_heart())
    takers = [w for w in window.ortho.findChildren(QWidget) if w.acceptDrops()]
    assert takers == []
    assert window.acceptDrops()


def test_a_second_drop_does_not_cancel_the_first(window, idle):
    drop(window, Path("wren.dcm"))
    drop(window, Path("field.fits"))
    idle(window)
    assert [case.name for case in window.session.cases] == ["Wren", "field"]
    assert window.session.case.name == "field"


def test_a_bad_file_is_said_and_the_window_goes_on(window, idle):
    drop(window, Path("bad.dat"))
    idle(window)
    assert texts(window) == ["bad.dat: not a cube. Choose another."]
    assert window.pages.currentWidget() is window.start_page
    drop(window, Path("finch.dcm"), Path("worse.dat"))
    idle(window)
    assert window.session.case.name == "Finch"
    assert texts(window)[0].startswith("worse.dat")


def test_many_refusals_are_one_message_with_details(window, idle):
    drop(window, *(Path(f"{n}.dat") for n in range(7)))
    idle(window)
    message = window.messages.messages()[0]
    assert message.text.startswith("7 files")
    assert "3.dat: not a cube" in message.details


def test_opening_a_case_again_replaces_it(window, idle, files):
    drop(window, Path("wren.dcm"))
    idle(window)
    files["wren.dcm"] = make_heart()
    drop(window, Path("wren.dcm"))
    idle(window)
    assert window.session.cases == (files["wren.dcm"],)
    assert window.session.case is files["wren.dcm"]


def test_opening_can_be_cancelled(window, idle, qtbot, monkeypatch):
    from cubeview.gui.desk import opening

    def endless(paths, *, report, first):
        while True:
            report(0.1, "looking")

    monkeypatch.setattr(opening, "open_paths", endless)
    drop(window, Path("wren.dcm"))
    qtbot.waitUntil(lambda: window.status_line.progress.isVisible())
    assert "Opening wren.dcm" in window.status_line.job_text.text()
    qtbot.mouseClick(window.status_line.cancel_button, Qt.MouseButton.LeftButton)
    idle(window)
    assert window.session.case is None
    assert texts(window) == []
    assert not window.status_line.progress.isVisible()


def test_the_open_dialog_does_not_block(window, idle, qtbot):
    window.actions_table["open"].trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit(["/scans/wren.dcm"])
    dialog.close()
    idle(window)
    assert window.session.case.name == "Wren"


def test_closing_while_work_runs(new_window, network, qtbot):
    window = new_window
    window.session.add_cases((make_heart(),))
    window.session.set_case(window.session.cases[0])
    network.go.clear()
    window.predict.run_button.click()
    qtbot.waitUntil(lambda: network.asked != [])
    assert window.close()
    assert window.stopped
    assert window.session.prediction is None


def test_swap_and_question(window, with_case, qtbot):
    case = with_case(make_heart(question="Which is rest?"))
    assert window.status_line.chip.text() == "⚠ rest or stress?"
    qtbot.mouseClick(window.notes.swap_button, Qt.MouseButton.LeftButton)
    swapped = window.session.case
    assert swapped.cubes["rest"] is case.cubes["stress"]
    assert swapped.question == ""
    assert window.status_line.chip.text() == "⚠ guessed: rest or stress"
    window.actions_table["swap"].trigger()
    assert window.session.case.cubes["rest"] is case.cubes["rest"]


def test_confirming_the_roles_answers_the_question(window, with_case, qtbot):
    case = with_case(make_heart(question="Which is rest?"))
    qtbot.mouseClick(window.notes.confirm_button, Qt.MouseButton.LeftButton)
    assert window.session.case.question == ""
    assert window.session.case.cubes["rest"] is case.cubes["rest"]


def test_the_chip_asks_what_was_guessed(window, with_case, qtbot):
    with_case(make_heart())
    qtbot.mouseClick(window.status_line.chip, Qt.MouseButton.LeftButton)
    assert window.findChild(GuessesDialog) is not None


def test_the_cursor_line_follows(window, with_case, qtbot):
    with_case(make_heart())
    window.session.set_cursor(1, 2, 3)
    qtbot.waitUntil(lambda: "From the ventricle's centre" in window.status_line.cursor_text.text())
    assert "stress" in window.status_line.cursor_text.text()
    assert "counts" in window.status_line.cursor_text.text()


def test_cases_are_stepped_through_and_closed(window, with_case, qtbot):
    with_case(make_heart("A"))
    with_case(make_sky("B"))
    window.actions_table["previous_case"].trigger()
    assert window.session.case.name == "A"
    window.cases.list.setCurrentRow(1)
    assert window.session.case.name == "B"
    window.actions_table["close_case"].trigger()
    assert window.session.case.name == "A"
    window.actions_table["close_case"].trigger()
    assert window.session.case is None
    assert window.pages.currentWidget() is window.start_page
    assert "Nothing" in window.cases.none.text()


def test_layout_theme_and_notice_are_remembered(new_window, qtbot, network):
    window = new_window
    assert not any(m.asks for m in window.messages.messages()), "no medical word before a scan"
    window.session.add_cases((make_sky(),))
    window.session.set_case(window.session.cases[0])
    assert not any(m.asks for m in window.messages.messages()), "nor over a sky cube"
    window.session.add_cases((make_heart(),))
    window.session.set_case(window.session.cases[1])
    notice = next(m for m in window.messages.messages() if m.asks)
    notice.dismiss_button.click()
    window.docks["explain"].hide()
    window.menus.set_theme("light")
    window.close()
    again = Window()
    qtbot.addWidget(again)
    assert again.docks["explain"].isHidden()
    assert again.memory.settings.theme == "light"
    again.session.add_cases((make_heart(),))
    again.session.set_case(again.session.cases[0])
    assert not any(m.asks for m in again.messages.messages())
    again.docks.reset()
    assert not again.docks["explain"].isHidden()
    again.close()


def test_an_error_of_the_user_goes_to_the_bar_and_a_bug_to_its_dialog(window):
    window.show_error(GONE)
    assert texts(window) == [str(GONE)]
    for _ in range(3):
        try:
            raise ZeroDivisionError("by nothing")
        except ZeroDivisionError as error:
            window.show_error(error)
    dialog = window._bugs
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.report.toPlainText().count("Error: by nothing") == 1
    dialog.close()


def test_a_missing_ventricle_finder_is_no_dead_end(window, idle, network):
    def lost(case):
        raise GONE

    network.place = lost
    window.session.add_cases((make_heart(),))
    window.session.set_case(window.session.cases[0])
    idle(window)
    assert texts(window) == [str(GONE)]


@pytest.mark.parametrize("size", [(900, 600), (2200, 1300)])
def test_narrow_and_wide_windows_hold_everything(window, with_case, size):
    with_case(make_heart())
    window.resize(*size)
    assert window.width() <= max(size[0], 1100), "panels shrink before the window overflows"
    assert window.predict.run_button.mapTo(window, QPoint(0, 0)).x() < window.width()


def test_settings_are_read_from_the_users_folder(qapp, own_home):
    SettingsFile().change(theme="dark")
    assert (own_home / "data" / "settings.ini").is_file()


def test_keys_paint_and_size_the_brush(window, files, qtbot):
    window.opening.open([Path("wren.dcm")])
    qtbot.waitUntil(lambda: window.session.case is not None)
    painting = window.session.painting
    press(window, "L")
    assert window.ortho.in_rows
    press(window, "K")
    assert painting.brush.on
    assert not window.ortho.in_rows
    before = painting.brush.radius
    press(window, ".")
    assert painting.brush.radius == before + 1
    press(window, ",")
    press(window, "K")
    assert not painting.brush.on
    assert painting.brush.radius == before
