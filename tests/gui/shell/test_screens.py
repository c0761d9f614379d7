"""The window on screens of several sizes, with letters of several sizes."""

from dataclasses import replace

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QTabBar

from cubeview.cubes.cube import Source
from cubeview.gui.shell.window import Window
from cubeview.gui.widgets.theme import theme
from tests.gui.fakes import make_heart

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
