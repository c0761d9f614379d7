import math

import numpy as np
import pytest

from cubeview.cubes.catalogue import Catalogue, Detection


@pytest.fixture
def searched(window, with_case, files, idle, network):

    case = with_case(files["field.fits"])
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
    window.actions_table["search"].trigger()
    idle(window)
    return case


def test_a_search_fills_the_table_and_marks_the_sky(window, searched):
    assert window.docks["sources"].isVisible()
    assert window.sources.table.rowCount() == 2
    assert [window.sources.table.item(row, 0).text() for row in (0, 1)] == ["1", "2"]
    assert "2 sources" in window.sources.said.text()
    (sky,) = [view for view in window.ortho.slices if view.axis == 0]
    assert sorted(point.pos().x() for point in sky.sources.points()) == [5.0, 11.0]
    assert not any(len(v.sources.points()) for v in window.ortho.slices if v.axis != 0)


def test_a_row_goes_there_also_when_sorted(window, searched):
    from PyQt6.QtCore import Qt

    window.sources.table.sortItems(3, Qt.SortOrder.AscendingOrder)
    window.sources.table.setCurrentCell(0, 0)
    assert window.session.cursor == (16, 20, 11)
    assert window.session.window[0] == slice(0, 32)
    window.sources.table.setCurrentCell(1, 0)
    assert window.session.cursor[1:] == (4, 5)


def test_the_catalogue_is_saved(window, searched, tmp_path):
    window.sources.save(tmp_path / "found.ecsv")
    assert "emission line" in (tmp_path / "found.ecsv").read_text()
    window.sources.save(tmp_path / "found.txt")
    assert ".ecsv" in window.sources.said.text()


def test_another_case_has_its_own_catalogue(window, searched, with_case, files):
    with_case(files["wren.dcm"])
    assert window.sources.table.rowCount() == 0
    assert not window.actions_table["search"].isEnabled()
    window.session.set_case(searched)
    assert window.sources.table.rowCount() == 2
