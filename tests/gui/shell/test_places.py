"""A catalogue over the sky plane: crosses, names under the mouse, and going to an entry."""

import numpy as np
from astropy.table import Table

from tests.helpers.viewcases import sky_case


def test_a_catalogue_lies_over_the_sky_and_its_entries_are_gone_to(
    window, with_case, idle, qtbot, tmp_path
):
    with_case(sky_case())
    session, panel = window.session, window.bench.panel.places
    ra = 150.0 - np.array([0, 4]) * 0.2 / 3600
    Table({"ra": ra, "dec": [2.0, 2.0], "name": ["core", "knot"]}).write(tmp_path / "t.ecsv")
    panel.open(tmp_path / "t.ecsv")
    idle(window)
    view = next(view for view in window.ortho.slices if view.axis == 0)
    np.testing.assert_allclose(view.places.getData()[0], [14, 18], atol=0.01)
    assert panel.names.stringList() == ["core", "knot"]
    panel.list.clicked.emit(panel.names.index(1))
    assert session.cursor[1:] == (9, 18)
    assert view.places.name_at(14.2, 9) == "core"
    assert view.places.name_at(2, 2) == ""
    panel.shown.click()
    assert not view.places.isVisible()
    panel.clear_button.click()
    assert session.measured.places == ()
    panel.open(tmp_path / "none.ecsv")
    idle(window)
    assert "none.ecsv" in panel.problem.text()
