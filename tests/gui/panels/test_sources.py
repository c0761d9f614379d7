import math
import threading

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from cubeview.cubes.catalogue import Catalogue, Detection
from cubeview.gui.panels.sources import COLUMNS, SourcesPanel
from cubeview.gui.views.ortho import OrthoView


@pytest.fixture
def searched(desk, qtbot, files, idle, network):
    """A panel that has searched a cube."""

    case = files["field.fits"]
    desk.session.add_cases((case,))
    desk.session.set_case(case)
    line = Detection(
        1, "emission line", 0.98, 9.5, 9.5, 0.95, 10.5, -20.25, 6020.0, (16.0, 20.0, 11.0), 1.2, 3.9
    )
    star = Detection(
        2, "continuum", 0.7, 18.0, 18.0, 1.0, 10.6, -20.2, math.nan, (19.5, 4.0, 5.0), 0.8, math.nan
    )

    def found_in(folder, case, *, report):
        report(0.5, "filtering")
        return Catalogue(case, "sky-net", (line, star), 4.5, np.array([4.5]), np.array([0.9]))

    network.found_in = found_in
    panel = SourcesPanel(desk.session, desk.jobs, desk.memory, network)
    qtbot.addWidget(panel)
    panel.run()
    idle(desk)
    return panel


@pytest.fixture
def ortho(desk, qtbot):
    view = OrthoView(desk.session)
    qtbot.addWidget(view)
    view.show()
    yield view
    view.stop()


def test_a_search_fills_the_table_and_marks_the_sky(desk, ortho, searched):
    assert searched.table.rowCount() == 2
    assert [searched.table.item(row, 0).text() for row in (0, 1)] == ["1", "2"]
    assert "2 sources" in searched.said.text()
    step = abs(desk.session.case.main.axes[0].step)
    for heading in ("Spectral", "Width"):
        place = list(COLUMNS).index(heading)
        figures = searched.table.item(0, place).text()
        assert 0.01 * step < 10.0 ** -len(figures.partition(".")[2]) <= 0.1 * step
    (sky,) = [view for view in ortho.slices if view.axis == 0]
    assert sorted(point.pos().x() for point in sky.sources.points()) == [5.0, 11.0]
    assert not any(len(v.sources.points()) for v in ortho.slices if v.axis != 0)


def test_what_lies_at_other_wavelengths_is_marked_faintly(desk, ortho, searched):
    (sky,) = [view for view in ortho.slices if view.axis == 0]
    step = abs(sky.cube.axes[0].step)
    reach = max(1, math.floor(3.9 / step))

    def faint():
        ortho.follow_now()
        return {
            point.pos().x(): point.pen().color().alpha() < 100 for point in sky.sources.points()
        }

    for channel, hidden in ((16, False), (16 + reach, False), (17 + reach, True), (2, True)):
        desk.session.set_cursor(channel, 3, 3)
        assert faint() == {11.0: hidden, 5.0: False}, "a continuum is at all of them"
    desk.session.set_white(True)
    assert faint() == {11.0: False, 5.0: False}


def test_a_row_goes_there_also_when_sorted(desk, searched):
    from PyQt6.QtCore import Qt

    searched.table.sortItems(3, Qt.SortOrder.AscendingOrder)
    searched.table.setCurrentCell(0, 0)
    assert desk.session.cursor == (16, 20, 11)
    assert desk.session.window[0] == slice(0, 32)
    searched.table.setCurrentCell(1, 0)
    assert desk.session.cursor[1:] == (4, 5)


def test_the_catalogue_is_saved(desk, searched, tmp_path):
    searched.save(tmp_path / "found.ecsv")
    assert "emission line" in (tmp_path / "found.ecsv").read_text()
    searched.save(tmp_path / "found.txt")
    assert ".ecsv" in searched.said.text()


def test_another_case_has_its_own_catalogue(desk, searched, files):
    sky = desk.session.case
    desk.session.set_case(files["wren.dcm"])
    assert searched.table.rowCount() == 0
    assert not searched.run_button.isEnabled()
    desk.session.set_case(sky)
    assert searched.table.rowCount() == 2


def test_a_search_goes_on_while_another_cube_is_shown(desk, searched, files, idle, network, qtbot):
    sky, heart, go = desk.session.case, files["wren.dcm"], threading.Event()

    def found_in(folder, case, *, report):
        while not go.wait(0.01):
            report(0.5, "filtering")
        return Catalogue(case, "sky-net", (), 4.5, np.array([4.5]), np.array([0.9]))

    network.found_in = found_in
    searched.show()
    searched.run()
    desk.session.add_cases((heart,))
    desk.session.set_case(heart)
    assert not searched.cancel_button.isVisible(), "it is of another cube"
    desk.session.set_case(sky)
    assert searched.cancel_button.isVisible()
    assert not searched.run_button.isEnabled()
    desk.session.set_case(heart)
    go.set()
    idle(desk)
    desk.session.set_case(sky)
    assert searched.table.rowCount() == 0
    assert "0 sources" in searched.said.text()
    assert searched.run_button.isEnabled()


def test_a_search_ends_with_its_cube_and_by_its_button(desk, searched, idle, network, qtbot):
    def found_in(folder, case, *, report):
        while True:
            report(0.5, "filtering")

    network.found_in = found_in
    searched.show()
    searched.run()
    qtbot.mouseClick(searched.cancel_button, Qt.MouseButton.LeftButton)
    idle(desk)
    assert searched.table.rowCount() == 2, "what was found before stays"
    searched.run()
    desk.session.close_case()
    idle(desk)


def test_the_search_key_shows_the_panel(window, with_case, files, network, idle):
    with_case(files["field.fits"])
    network.found_in = lambda folder, case, *, report: Catalogue(
        case, "sky-net", (), 4.5, np.array([4.5]), np.array([0.9])
    )
    window.actions_table["search"].trigger()
    idle(window)
    assert window.docks["sources"].isVisible()
    assert "0 sources" in window.sources.said.text()
    with_case(files["wren.dcm"])
    assert not window.actions_table["search"].isEnabled()
