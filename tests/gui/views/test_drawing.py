"""Windows of a sky cube drawn with the mouse, and labelled with a key."""

import json

import pytest
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtTest import QTest
from pyqtgraph import Point

from cubeview.cubes.region import drawn_box
from cubeview.io import open_paths
from cubeview.io.export.fits import write_cube
from cubeview.library.exchange import apply_import, export_labels, plan_import
from cubeview.library.schema import SKY_SET
from tests.gui.fakes import make_heart, make_sky
from tests.gui.keys import press

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def sky(window, tmp_path, qtbot):
    write_cube(make_sky().main, tmp_path / "field.fits")
    (case,) = open_paths([tmp_path / "field.fits"]).cases
    window.session.add_cases((case,))
    window.session.set_case(case)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.session.set_cursor(20, 17, 16)
    qtbot.wait(50)
    return case


def view_of(window, axis):
    return next(view for view in window.ortho.slices if view.axis == axis)


def point(canvas, across, up):
    scene = canvas.box.mapViewToScene(Point(across, up))
    return canvas.mapFromScene(scene)


def drag(canvas, start, stop, modifiers=CTRL):
    port, first, last = canvas.viewport(), point(canvas, *start), point(canvas, *stop)
    QTest.mousePress(port, LEFT, modifiers, first)
    for part in (0.3, 0.7, 1.0):
        QTest.mouseMove(port, first + (last - first) * part)
    QTest.mouseRelease(port, LEFT, modifiers, last)


def ends(box):
    return [(part.start, part.stop) for part in box]


def test_what_is_drawn_counts_every_voxel_touched_and_stays_inside():
    cube = make_sky().main
    spans = {1: (9.4, 3.6), 2: (-5, 80)}
    assert ends(drawn_box(cube, (20, 17, 16), spans)) == [(4, 36), (4, 10), (0, 34)]
    former = (slice(1, 3), slice(0, 2), slice(0, 2))
    assert ends(drawn_box(cube, (20, 17, 16), {1: (5, 5)}, former)) == [(1, 3), (5, 6), (0, 2)]


def test_a_window_drawn_on_the_sky_and_in_a_spectral_slice_is_labelled(window, sky):
    session, plane = window.session, view_of(window, 0)
    frame = plane.frame
    drag(plane.canvas, (8, 6), (14, 12))
    assert session.drawn
    box = ends(session.window)
    assert (box[frame.across], box[frame.up]) == ((8, 15), (6, 13))
    assert box[0] == (4, 36), "32 channels around the cursor"
    assert session.cursor[frame.across] == 11
    side = view_of(window, 1)
    ranges = {side.frame.across: (10, 17), side.frame.up: (9, 11)}
    drag(side.canvas, *zip(ranges[side.frame.across], ranges[side.frame.up], strict=True))
    box = ends(session.window)
    assert box[0] == (10, 18)
    assert box[1] == (6, 13), "what was not drawn stays"
    assert box[2] == (9, 12)
    window.ortho.follow_now()
    for view in window.ortho.slices:
        assert view.canvas.outline.getData()[0] is not None, "the window is drawn in all views"
    assert "you drew: 6012.5 to 6021.2 Å (air) · 3 × 7 voxels" in window.labels.what.text()
    press(window, "2")
    (mark,) = session.marks
    assert (ends(mark.box), mark.text) == (box, "continuum")
    assert "continuum · 6012.5 to 6021.2" in window.labels.windows.item(0).text()
    assert window.records.rows()[0].window == "10:18,6:13,9:12"
    for view in window.ortho.slices:
        assert not view.marks.boundingRect().isEmpty()


def test_windows_hide_nothing_of_a_field_and_are_named_at_the_cursor(window, sky):
    """Of many windows over each other whole outlines and names would be all there is to see."""
    from cubeview.gui.views.windows import _corners

    session, plane = window.session, view_of(window, 0)
    for place in range(3):
        session.set_window(None)
        drag(plane.canvas, (4 + 9 * place, 6), (10 + 9 * place, 12))
        press(window, str(1 + place))
    window.ortho.follow_now()
    area = QRectF(2, 3, 10, 20)
    assert sum(line.length() for line in _corners(area)) < 30  # of 60 around it
    assert all(area.contains(line.p1()) and area.contains(line.p2()) for line in _corners(area))
    frame = plane.frame
    for place, name in enumerate(("empty", "continuum", "emission line")):
        voxel = list(session.cursor)
        voxel[frame.across], voxel[frame.up] = 6 + 9 * place, 8
        session.set_cursor(*voxel)
        window.ortho.follow_now()
        assert plane.marks.named == [name]
    voxel[frame.up] = 25
    session.set_cursor(*voxel)
    window.ortho.follow_now()
    assert plane.marks.named == []


def test_an_interval_drawn_in_the_spectrum_is_shown_there(window, sky):
    from cubeview.gui.views.spectrum import SpectrumView

    spectrum = window.findChild(SpectrumView)
    drag(spectrum.plot, (12, 0), (15, 0))
    assert ends(window.session.window) == [(12, 16), (1, 33), (0, 32)]
    press(window, "3")
    assert [(i.start, i.stop) for i, _ in spectrum.intervals.shown] == [(12, 16), (12, 16)]
    window.session.set_cursor(14, 34, 33)
    assert not window.session.drawn, "the cursor has left it"
    assert window.session.window is None
    window.ortho.follow_now()
    assert spectrum.intervals.shown == []


def test_within_a_drawn_window_the_cursor_moves_freely_and_a_click_draws_nothing(
    window, sky, qtbot
):
    plane = view_of(window, 0)
    drag(plane.canvas, (8, 6), (14, 12))
    box = window.session.window
    QTest.mouseClick(plane.canvas.viewport(), LEFT, pos=point(plane.canvas, 9, 7))
    assert window.session.window == box
    press(window, "1")
    press(window, "P")
    assert window.session.window == box, "asking keeps what was drawn"
    qtbot.waitUntil(lambda: window.session.prediction is not None)
    drag(plane.canvas, (20, 20), (20, 20))
    assert not window.session.drawn
    assert window.session.window == box, "its answer stays, and says that the cursor has left"
    assert "the cursor has left" in window.predict.where.text()
    assert "at the cursor" in window.labels.what.text()
    window.labels.windows.setCurrentRow(0)
    window.labels.windows.itemClicked.emit(window.labels.windows.item(0))
    assert (window.session.window, window.session.drawn) == (box, True)
    press(window, "2")
    (row,) = window.records.rows()
    assert row.label == "continuum", "the same window, said anew"


def test_a_drag_with_ctrl_draws_nothing_over_a_heart(window, with_case):
    with_case(make_heart())
    drag(view_of(window, 0).canvas, (2, 2), (6, 6))
    assert (window.session.window, window.session.drawn) == (None, False)


def test_a_label_from_elsewhere_whose_window_leaves_the_cube_does_no_harm(
    window, sky, tmp_path, qtbot
):
    drag(view_of(window, 0).canvas, (8, 6), (14, 12))
    press(window, "3")
    path = tmp_path / "labels.json"
    export_labels(window.records.library, SKY_SET, path)
    document = json.loads(path.read_text())
    (entry,) = document["labels"]
    entry |= {"identity": "f" * 64, "window": "4:360,0:9,0:9"}
    path.write_text(json.dumps(document))
    apply_import(window.records.library, plan_import(window.records.library, path))
    window.records.rows_changed.emit()
    assert window.labels.windows.count() == 1
    (far,) = (row.id for row in window.records.rows() if row.window.startswith("4:360"))
    with window.records.library.transaction() as run:
        run.execute("UPDATE files SET path = ?", (str(sky.main.source.path),))
    window.desk.library_cases.open(far)
    qtbot.waitUntil(lambda: not window.records.jobs.running(), timeout=10_000)
    said = [message.text for message in window.messages.messages()]
    assert any("outside the cube" in text for text in said)
