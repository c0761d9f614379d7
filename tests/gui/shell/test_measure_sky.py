"""What is measured on the sky: apertures, regions, catalogues; and SAMP with astropy's own hub."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.samp import SAMPHubServer, SAMPIntegratedClient, conf
from astropy.table import Table
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtTest import QTest

from cubeview.cubes.shape import Shape
from cubeview.errors import CubeviewError
from cubeview.gui.desk.actions import ACTIONS, suits
from cubeview.gui.desk.measured import colour_of
from cubeview.gui.desk.samp import fetch
from cubeview.gui.views.spectrum import SpectrumView
from tests.helpers.viewcases import heart_case, sky_case

SHAPE = (40, 20, 30)
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def case():
    """A source of 100 in voxel (10, 8) with a line, over a ground of 1 everywhere."""
    values = np.ones(SHAPE)
    values[:, 10, 8] += 100.0
    values[20, 10, 8] += 50.0
    return sky_case(SHAPE, values, noise=np.full(SHAPE, 0.1))


@pytest.fixture
def canvas(window, with_case, case, qtbot):
    with_case(case)
    qtbot.keyClick(window, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    return next(view for view in window.ortho.slices if view.axis == 0).canvas


def point(canvas, x, y):
    scene = canvas.box.mapViewToScene(QPointF(x, y))
    return QPoint(round(scene.x()), round(scene.y()))


def drag(canvas, start, stop):
    view = canvas.viewport()
    QTest.mousePress(view, LEFT, NONE, point(canvas, *start))
    for share in (0.3, 0.6, 1.0):
        place = np.add(start, np.multiply(share, np.subtract(stop, start)))
        QTest.mouseMove(view, point(canvas, *place))
    QTest.mouseRelease(view, LEFT, NONE, point(canvas, *stop))


def choose(window, kind):
    button = window.bench.panel.apertures.tools[kind]
    if not button.isChecked():
        button.click()


def traces(window):
    return {one.spectrum.name: one.spectrum for one in window.session.measured.traces}


def test_a_circle_less_an_annulus_is_the_source_alone(window, canvas, idle, case, tmp_path):
    session, panel = window.session, window.bench.panel.apertures
    drag(canvas, (8, 10), (11, 10))  # the key took the first tool: a circle
    idle(window)
    (circle,) = session.measured.shapes
    assert circle.kind == "circle"
    assert circle.sizes[0] == pytest.approx(3.0, abs=0.1)
    area = np.pi * circle.sizes[0] ** 2
    np.testing.assert_allclose(traces(window)["A1"].values[0], area + 100, rtol=1e-4)
    choose(window, "annulus")
    drag(canvas, (8, 10), (15, 10))
    panel.background.click()
    idle(window)
    found = traces(window)
    assert list(found) == ["A1"], "the background has no spectrum of its own"
    assert found["A1"].values[0] == pytest.approx(100.0, abs=1e-3)
    assert found["A1"].values[20] == pytest.approx(150.0, abs=1e-3)
    assert found["A1"].sigma[0] > 0.1 * np.sqrt(area) * 0.9
    # both are drawn in their colours, the spectrum too
    spectrum = window.ortho.findChild(SpectrumView)
    curve = spectrum.traces._curves[0]
    np.testing.assert_allclose(curve.getData()[1], found["A1"].values)
    assert curve.opts["pen"].color().name() == colour_of(0)
    assert colour_of(0) in spectrum.title.text()
    assert spectrum.curve.isVisible(), "of one unit with the cursor's"
    written = tmp_path / "spectra.ecsv"
    panel.save_spectra(case.main, session.measured.traces, None, written)
    idle(window)
    table = Table.read(written)
    np.testing.assert_allclose(table["flux"], found["A1"].values)
    assert table["flux"].unit == "Jy"
    assert any("background" in line for line in table.meta["HISTORY"])


def test_several_are_drawn_moved_typed_named_removed_and_undone(window, canvas, idle, qtbot):
    session, panel = window.session, window.bench.panel.apertures
    for kind, start, stop in (
        ("ellipse", (3, 3), (9, 7)), ("box", (14, 3), (20, 7)), ("circle", (20, 14), (22, 14))
    ):  # fmt: skip
        choose(window, kind)
        drag(canvas, start, stop)
    idle(window)
    kinds = [shape.kind for shape in session.measured.shapes]
    assert kinds == ["ellipse", "box", "circle"]
    assert sorted(traces(window)) == ["A1", "A2", "A3"]
    assert traces(window)["A2"].voxels == pytest.approx(6 * 4, abs=1.0)
    assert traces(window)["A1"].voxels == pytest.approx(np.pi * 3 * 2, abs=1.0)
    # a click inside chooses; a handle moves
    QTest.mouseClick(canvas.viewport(), LEFT, NONE, point(canvas, 15, 4))
    assert session.measured.chosen == 1
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    drag(canvas, (17, 5), (23, 8))
    assert session.measured.shapes[1].x == pytest.approx(23, abs=0.2)
    assert session.measured.shapes[1].y == pytest.approx(8, abs=0.2)
    # typed in arcsec: a voxel is 0.2"
    panel.sizes.selectAll()
    qtbot.keyClicks(panel.sizes, "1.0, 0.4")
    qtbot.keyClick(panel.sizes, Qt.Key.Key_Return)
    assert session.measured.shapes[1].sizes == pytest.approx((5.0, 2.0), rel=1e-4)
    panel.centre.setText("11, 6")
    qtbot.keyClick(panel.centre, Qt.Key.Key_Return)
    assert (session.measured.shapes[1].x, session.measured.shapes[1].y) == (10.0, 5.0)
    panel.angle.setValue(90.0)
    idle(window)
    assert session.measured.shapes[1].angle == 90.0
    assert traces(window)["A2"].voxels == pytest.approx(10.0)
    panel.list.item(1).setText("knot")
    idle(window)
    assert "knot" in traces(window)
    panel.remove_button.click()
    idle(window)
    assert [shape.name for shape in session.measured.shapes] == ["A1", "A3"]
    window.actions_table["undo_placed"].trigger()
    idle(window)
    assert [shape.name for shape in session.measured.shapes] == ["A1", "knot", "A3"]


def test_a_polygon_is_clicked_and_a_coordinate_typed(window, canvas, idle, qtbot):
    session, panel = window.session, window.bench.panel.apertures
    choose(window, "polygon")
    for corner in ((4, 4), (12, 4), (12, 10)):
        QTest.mouseClick(canvas.viewport(), LEFT, NONE, point(canvas, *corner))
    QTest.mouseClick(canvas.viewport(), LEFT, NONE, point(canvas, 4, 10))
    QTest.mouseDClick(canvas.viewport(), LEFT, NONE, point(canvas, 4, 10))
    (shape,) = session.measured.shapes
    assert len(shape.corners) == 4
    idle(window)
    assert traces(window)["A1"].voxels == pytest.approx(48, abs=1.0)
    panel.centre.setText("10:00:00.0 +2:00:00")  # the reference pixel of the cube
    qtbot.keyClick(panel.centre, Qt.Key.Key_Return)
    moved = session.measured.shapes[0]
    assert (moved.x, moved.y) == pytest.approx((14.0, 9.0), abs=1e-6)
    panel.centre.setText("nowhere")
    qtbot.keyClick(panel.centre, Qt.Key.Key_Return)
    assert "is no coordinate" in panel.problem.text()


def test_regions_go_out_and_come_back(window, canvas, idle, case, tmp_path):
    panel, session = window.bench.panel.apertures, window.session
    shapes = (
        Shape("circle", 10, 8, (3.0,), name="core"),
        Shape("annulus", 10, 8, (4.0, 6.5), name="ring"),
        Shape("ellipse", 12, 18, (5.0, 2.0), 30.0, name="arm"),
        Shape("box", 5, 20, (6.0, 3.0), -20.0, name="slit"),
        Shape("polygon", 6.0, 6.0, corners=((4.0, 4.0), (4.0, 8.0), (10.0, 6.0)), name="wedge"),
    )
    session.set_measured(shapes=shapes, chosen=0)
    for name in ("all.reg", "all.crtf"):
        panel.keep(case.main, shapes[:4] if name.endswith("crtf") else shapes, tmp_path / name)
        idle(window)
        assert not panel.problem.text()
    session.set_measured(shapes=(), chosen=-1)
    panel.open(tmp_path / "all.reg")
    for ours, theirs in zip(shapes, session.measured.shapes, strict=True):
        assert (ours.kind, ours.name) == (theirs.kind, theirs.name)
        assert (theirs.y, theirs.x) == pytest.approx((ours.y, ours.x), abs=1e-3)
        assert theirs.sizes == pytest.approx(ours.sizes, abs=2e-3)
        assert np.sin(np.radians(theirs.angle - ours.angle)) == pytest.approx(0, abs=1e-3)
    panel.open(tmp_path / "none.reg")
    assert "none.reg" in panel.problem.text()


def test_an_ellipse_where_voxels_are_not_square_is_refused_in_words():
    from dataclasses import replace

    from cubeview.errors import CubeviewError
    from cubeview.io.region_files import aperture_of

    cube = sky_case(SHAPE).main
    wcs = cube.wcs.deepcopy()
    wcs.wcs.cdelt = -0.2 / 3600, 0.4 / 3600
    slitlets = replace(cube, wcs=wcs)
    with pytest.raises(CubeviewError, match="not square"):
        aperture_of(slitlets, Shape("ellipse", 10, 8, (3.0, 2.0)))
    share = aperture_of(slitlets, Shape("circle", 10, 14, (4.0,))).cover(SHAPE)[2]
    assert share.sum() == pytest.approx(np.pi * 4.0 * 2.0), "round on the sky"


def test_hearts_know_nothing_of_it():
    heart = heart_case()
    for action in ACTIONS:
        if action.key in ("apertures", "measure_interval", "drag_lines", "header", "samp_send"):
            assert not suits(action.needs, heart)


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


@pytest.fixture
def hub(tmp_path):
    with conf.set_temp("use_internet", False):
        server = SAMPHubServer(
            web_profile=False, addr="127.0.0.1", lockfile=str(tmp_path / "samp"), mode="multiple"
        )
        server.start()
        yield server
        server.stop()


@pytest.fixture
def other(hub):
    """Another program: what it heard, by message."""
    client = SAMPIntegratedClient(name="other", addr="127.0.0.1")
    client.connect(hub=hub)
    client.heard = {}
    for mtype in ("image.load.fits", "spectrum.load.ssa-generic", "coord.pointAt.sky"):
        client.bind_receive_notification(
            mtype, lambda key, sender, mtype, params, extra: client.heard.update({mtype: params})
        )
    yield client
    client.disconnect()


@pytest.fixture
def samp(window, with_case, hub, qtbot):
    with_case(sky_case())
    samp = window.desk.samp
    assert not samp.on, "off until asked"
    samp._hub = hub
    window.actions_table["samp"].trigger()
    qtbot.waitUntil(lambda: samp.on)
    yield samp
    if samp.on:
        window.actions_table["samp"].trigger()
    samp._hub = None
    assert not samp.on


def test_what_we_send_is_heard(window, idle, samp, other, qtbot):
    session, case = window.session, window.session.case
    session.set_cursor(3, 9, 14)
    session.set_measured(
        interval=(5010.0, 5020.0), shapes=(Shape("circle", 9, 14, (3.0,), name="core"),)
    )
    idle(window)
    window.actions_table["samp_send"].trigger()
    qtbot.waitUntil(lambda: len(other.heard) == 3)
    place = other.heard["coord.pointAt.sky"]
    assert (float(place["ra"]), float(place["dec"])) == pytest.approx((150.0, 2.0))
    url = other.heard["image.load.fits"]["url"]
    with fits.open(url.removeprefix("file://")) as parts:
        np.testing.assert_array_equal(parts["MOMENT0"].data, session.measured.image.values)
    spectrum = Table.read(
        other.heard["spectrum.load.ssa-generic"]["url"].removeprefix("file://"), format="fits"
    )
    np.testing.assert_allclose(spectrum["flux"], session.measured.traces[0].spectrum.values)
    assert spectrum["wavelength"][0] == case.main.axes[0].values[0]
    idle(window)
    folder = Path(url.removeprefix("file://")).parent.parent
    window.actions_table["samp"].trigger()
    assert not folder.exists(), "what was written for others goes with the connection"


def test_what_comes_is_taken(window, samp, other, qtbot, tmp_path):
    session = window.session
    point = {"ra": "150.0", "dec": "2.0"}
    other.notify_all({"samp.mtype": "coord.pointAt.sky", "samp.params": point})
    qtbot.waitUntil(lambda: session.cursor[1:] == (9, 14))
    path = tmp_path / "theirs.anything"
    Table({"ra": [150.0], "dec": [2.0], "name": ["core"]}).write(path, format="votable")
    params = {"url": path.as_uri(), "name": "theirs"}
    other.call_all("a table", {"samp.mtype": "table.load.votable", "samp.params": params})
    qtbot.waitUntil(lambda: bool(session.measured.places))
    assert session.measured.places[0].names == ("core",)
    away = {"url": "http://example.org/table.vot"}
    other.notify_all({"samp.mtype": "table.load.votable", "samp.params": away})
    qtbot.waitUntil(lambda: "not lie on this computer" in _said(window))


def _said(window):
    return " ".join(message.text for message in window.messages.messages())


def test_without_a_hub_it_is_said(window, qtbot, monkeypatch, tmp_path):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'none').as_uri()}")
    window.desk.samp.turn(True)
    qtbot.waitUntil(lambda: "No SAMP hub" in _said(window))
    assert not window.desk.samp.on
    assert not window.actions_table["samp"].isChecked()


@pytest.mark.parametrize("url", ["ftp://localhost/a", "http://example.org/a", "file:///none/a", ""])
def test_only_files_of_this_computer_are_fetched(url, tmp_path):
    with pytest.raises(CubeviewError):
        fetch(url, tmp_path / "copy")


def test_a_path_drawn_on_the_sky_shows_position_and_velocity(
    window, canvas, idle, qtbot, case, tmp_path
):
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    session, page = window.session, window.bench.panel.path
    assert session.measured.tool == "path"
    assert page.isVisible()
    drag(canvas, (2.0, 10.0), (25.0, 10.0))
    idle(window)
    assert session.measured.path == pytest.approx(np.array([(10, 2), (10, 25)]), abs=0.2)
    made = session.measured.pv
    brightest = int(np.argmax(made.values[20]))
    assert made.places[brightest] == pytest.approx((10, 8), abs=0.5)
    assert not session.measured.shapes  # the path is no aperture
    # a click in it goes there
    session.set_cursor(0, 0, 0)
    page.image.picked.emit(made.offsets[brightest], case.main.axes[0].values[20])
    assert session.cursor == (20, 10, 8)
    page.width_field.setValue(1.0)
    idle(window)
    assert session.measured.pv.values[20].max() < made.values[20].max()
    page.save(case.main, session.measured.pv, {"flux": "ab12"}, tmp_path / "pv.fits")
    idle(window)
    with fits.open(tmp_path / "pv.fits") as parts:
        np.testing.assert_allclose(parts["PV"].data, session.measured.pv.values, rtol=1e-6)
    # point by point, and undone
    for x, y in ((4, 4), (12, 8), (20, 15)):
        QTest.mouseClick(canvas.viewport(), LEFT, NONE, point(canvas, x, y))
    QTest.mouseDClick(canvas.viewport(), LEFT, NONE, point(canvas, 20, 15))
    idle(window)
    assert len(session.measured.path) == 3
    window.actions_table["undo_placed"].trigger()
    assert len(session.measured.path) == 2
    page.clear_button.click()
    idle(window)
    assert session.measured.pv is None


def test_contours_of_the_image_are_drawn_and_channel_maps_saved(
    window, canvas, idle, qtbot, case, tmp_path
):
    ctrl_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    window.session.set_cursor(20, 10, 8)
    qtbot.keyClick(window, Qt.Key.Key_C, ctrl_shift)
    idle(window)
    view = next(view for view in window.ortho.slices if view.axis == 0)
    x, y = view.contours.curve.getData()
    assert np.median(x) == pytest.approx(8, abs=0.5)
    assert np.median(y) == pytest.approx(10, abs=0.5)
    qtbot.keyClick(window, Qt.Key.Key_C, ctrl_shift)
    assert window.session.contours.lines is None
    window.bench.save_channels(tmp_path / "maps.png")
    idle(window)
    from PyQt6.QtGui import QImage

    assert QImage(str(tmp_path / "maps.png")).dotsPerMeterX() == round(300 / 0.0254)
