"""Saved sessions: what was open comes back as it was, and nothing is lost where it cannot."""

import numpy as np
import pytest

from cubeview.cubes.catalogue import Catalogue, Detection
from cubeview.cubes.shape import Shape
from cubeview.gui.desk.display import BY_HAND
from cubeview.gui.desk.measured import IMAGE
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.io.places import Places
from tests.helpers.viewcases import sky_case

SHAPE = (30, 12, 14)


@pytest.fixture
def cubes(tmp_path):
    """Two cubes in a folder of their own; the second has a line in one spaxel."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, peak in (("one.fits", 0.0), ("two.fits", 40.0)):
        values = np.random.default_rng(3).normal(0, 0.1, SHAPE)
        values[:, 6, 5] += peak * np.exp(-0.5 * ((np.arange(30) - 15) / 2.0) ** 2)
        write_cube(sky_case(SHAPE, values, np.full(SHAPE, 0.1)).main, folder / name)
    return folder


@pytest.fixture
def opened(window, idle, cubes):
    window.session.add_cases((*open_path(cubes / "one.fits"), *open_path(cubes / "two.fits")))
    window.session.set_case(window.session.cases[1])
    idle(window)
    return window.session


def test_all_that_was_done_comes_back(window, opened, idle, cubes, tmp_path, qtbot):
    session, case = opened, opened.case
    view = next(view for view in window.ortho.slices if view.axis == 0)
    spectrum = window.ortho.findChild(SpectrumView)
    session.set_cursor(15, 6, 5)
    shapes = (Shape("circle", 6.0, 5.0, (2.0,), name="A1"),
              Shape("annulus", 6.0, 5.0, (3.0, 5.0), name="A2"))  # fmt: skip
    where = session.case.main.axes[0].values
    session.set_measured(
        note=True, shapes=shapes, chosen=0, background=1, interval=(where[13], where[17]),
        continuum=((where[2], where[8]),), redshift=0.25, lines_shown=True,
        places=(Places("stars.csv", ("Vega",), np.array([2.5]), np.array([3.5]), "ra, dec"),),
    )  # fmt: skip
    idle(window)
    session.set_display(
        stretch="asinh", levels={"flux": (-1.0, 7.0), IMAGE: (0.0, 33.0)}, levels_from=BY_HAND
    )
    window.desk.measuring.fit("4015 Angstrom", window_kms=900.0, resolution=0.0, sign=1)
    idle(window)
    one = Detection(1, "emission line", 0.9, 12.0, 11.0, 0.99, 150.0, 2.0, where[15], (15, 6, 5),
                    0.5, np.nan)  # fmt: skip
    session.set_catalogue(Catalogue(case, "sky-net", (one,), 5.0, np.ones(2), np.ones(2)))
    session.painting.begun("flux").put(np.uint8(2), (slice(3, 5), slice(1, 2), slice(0, 14)))
    view.canvas.show_part(2, 9, 3, 10)
    spectrum.plot.show_across(4.5, 21.5)
    fitted, image = session.measured.fit, session.measured.image.values
    shown = view.canvas.box.viewRange()
    path = tmp_path / "night.cubeview"
    window.docks.show("sources")
    window.sessions.save(path)
    idle(window)
    text = path.read_text()
    assert '"data/two.fits"' in text
    assert str(tmp_path) not in text

    window.docks["sources"].hide()
    for each in session.cases:
        session.remove_case(each)
    window.opening.open([path])
    idle(window)
    assert [c.main.source.path.name for c in session.cases] == ["one.fits", "two.fits"]
    assert session.case is session.cases[1]
    assert session.cursor == (15, 6, 5)
    asked = session.measured
    assert (asked.shapes, asked.chosen, asked.background) == (shapes, 0, 1)
    assert (asked.redshift, asked.lines_shown) == (0.25, True)
    assert asked.places[0].names == ("Vega",)
    assert asked.places[0].x[0] == 3.5
    # made again from what is saved
    np.testing.assert_array_equal(asked.image.values, image)
    assert [trace.number for trace in asked.traces] == [0]
    assert session.display.stretch == "asinh"
    assert session.display.levels["flux"] == (-1.0, 7.0)
    assert session.display.levels[IMAGE] == (0.0, 33.0)
    assert asked.fit.figures == fitted.figures
    assert asked.fit_of == "A1"
    found = session.catalogue
    assert found.case is session.case
    assert found.detections[0].sn == 12.0
    assert np.isnan(found.detections[0].spectral_extent)
    layer = session.painting.layer("flux")
    assert (layer.values == 2).sum() == 28
    assert layer.values[4, 1, 13] == 2
    view = next(view for view in window.ortho.slices if view.axis == 0)
    # the same middle, and as much of it as the shape of the view leaves
    now = np.array(view.canvas.box.viewRange())
    np.testing.assert_allclose(now.mean(axis=1), np.mean(shown, axis=1), atol=0.01)
    assert np.ptp(now, axis=1).min() == pytest.approx(np.ptp(shown, axis=1).min(), abs=0.01)
    plot = window.ortho.findChild(SpectrumView).plot
    np.testing.assert_allclose(plot.box.viewRange()[0], (4.5, 21.5), atol=1e-6)
    assert not window.docks["sources"].isHidden()
    # and the fit goes with its spectrum, as ever
    session.set_measured(chosen=-1)
    assert session.measured.fit is None
