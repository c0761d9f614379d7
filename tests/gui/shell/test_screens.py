"""The window on screens of several sizes, with letters of several sizes."""

from dataclasses import replace

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QTabBar

from cubeview.cubes.cube import Source
from cubeview.gui.shell.window import Window
from cubeview.gui.widgets.theme import theme
from tests.gui.fakes import make_heart, make_sky

DIRECT = Qt.FindChildOption.FindDirectChildrenOnly


def bars(window):
    """Titles on each bar of tabs that is seen."""
    found = [bar for bar in window.findChildren(QTabBar, options=DIRECT) if bar.isVisible()]
    return [[bar.tabText(place) for place in range(bar.count())] for bar in found]


@pytest.fixture
def make_window(qtbot, network, files, own_home):
    """Make windows for a screen of a size."""
    made = []

    def make(width, height):
        theme("dark")
        window = Window(room=QSize(width, height))
        made.append(window)
        qtbot.addWidget(window)
        window.show()
        return window

    yield make
    for window in made:
        window.close()
        assert window.stopped


def with_files(case, folder):
    """Let a case be of files that are there, so that it can be labelled."""
    cubes = {}
    for role, cube in case.cubes.items():
        (folder / role).write_text(role)
        cubes[role] = replace(cube, source=Source(folder / role))
    return replace(case, cubes=cubes)


def test_each_panel_has_one_tab_and_all_classes_are_seen_at_900(make_window, idle, qtbot, tmp_path):
    window = make_window(1440, 900)
    case = with_files(make_heart(), tmp_path)
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    panel = window.labels

    def seen():
        return panel.visibleRegion().boundingRect().height() >= panel.minimumSizeHint().height()

    for _ in range(2):
        qtbot.waitUntil(lambda: len(bars(window)) == 2)
        titles = [title for bar in bars(window) for title in bar]
        assert sorted(titles) == ["About this cube", "Cases", "Explain", "Library", "Teach"]
        qtbot.waitUntil(seen)
        window.docks.reset()


def test_a_layout_of_a_large_screen_fits_on_a_small_one(make_window):
    large = make_window(2400, 1300)
    large.resize(2400, 1300)
    assert large.minimumSizeHint().width() > 950
    large.close()
    window = make_window(900, 660)
    assert window.width() <= 900
    assert window.height() <= 660
    assert window.minimumSizeHint().width() <= 900


def test_large_letters_make_a_screen_a_small_one(qapp, make_window):
    assert not make_window(1440, 900).docks["display"].isHidden()
    font, large = qapp.font(), qapp.font()
    large.setPointSizeF(1.8 * font.pointSizeF())
    qapp.setFont(large)
    try:
        window = make_window(1440, 900)
        assert window.docks["display"].isHidden()
        assert window.minimumSizeHint().width() <= 1440
    finally:
        qapp.setFont(font)


def bottom_of(widget, dock):
    return widget.mapTo(dock, widget.rect().bottomLeft()).y()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_the_answer_is_seen_while_something_is_taught(width, height, make_window, idle, qtbot):
    window = make_window(width, height)
    case = make_heart()
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    window.actions_table["predict"].trigger()
    idle(window)
    window.predict.bars.set_values({f"class {number}": 0.1 for number in range(8)}, "")
    qtbot.wait(20)
    window.actions_table["teach"].trigger()
    dock, teach = window.docks["classify"], window.docks["teach"]
    qtbot.waitUntil(lambda: not teach.visibleRegion().isEmpty())
    assert window.predict.answer.text()
    for part in (window.predict.answer, window.predict.abnormal, window.predict.bars):
        qtbot.waitUntil(lambda part=part: part.visibleRegion().boundingRect() == part.rect())
    qtbot.waitUntil(lambda: teach.height() >= dock.height() - 20)


def test_a_pair_fits_on_a_screen_of_1024_whatever_was_left(make_window, idle):
    wide = make_window(1440, 900)
    wide.close()
    window = make_window(1024, 768)
    case = make_heart()
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    for name in ("teach", "explain", "notes"):
        window.docks.show(name)
        assert window.minimumSizeHint().width() <= 1024
        assert window.width() <= 1024


def test_blind_and_reader_are_seen_beside_labelled_windows_at_900(
    make_window, idle, qtbot, tmp_path
):
    window = make_window(1440, 900)
    case = with_files(make_sky(), tmp_path)
    window.session.add_cases((case,))
    window.session.set_case(case)
    idle(window)
    for key in "123":
        window.session.set_cursor(12 + int(key), 12, 12)
        window.desk.labelling.place_key(key)
    qtbot.waitUntil(lambda: window.labels.windows.count() > 0)
    assert window.labels.blind.y() < window.labels.windows.y()
    for part in (window.labels.blind, window.labels.reader):
        qtbot.waitUntil(lambda part=part: part.visibleRegion().boundingRect() == part.rect())


def test_captions_grow_with_the_letters_and_fit(qapp, make_window, idle):
    font, large = qapp.font(), qapp.font()
    sizes = []
    try:
        for times in (1.0, 1.7):
            large.setPointSizeF(times * font.pointSizeF())
            qapp.setFont(large)
            window = make_window(1280, 800)
            case = make_sky()
            window.session.add_cases((case,))
            window.session.set_case(case)
            idle(window)
            axes = [axis for view in window.ortho.slices
                    for axis in (view.canvas.up, view.canvas.across)]  # fmt: skip
            sizes.append(axes[0].label.boundingRect().height())
            for axis in axes:
                words, upright = axis.label.boundingRect(), axis.orientation == "left"
                assert words.width() <= (axis.height() if upright else axis.width()) + 8
                corner = axis.label.mapRectToParent(words)
                assert corner.top() >= -6
                assert corner.left() >= -6
    finally:
        qapp.setFont(font)
    assert sizes[1] > 1.3 * sizes[0]
