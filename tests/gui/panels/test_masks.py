"""A mask is painted, grown, kept and saved as a user does it, with clicks and keys."""

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Source
from cubeview.gui.panels.masks import MasksPanel
from cubeview.gui.views.ortho import OrthoView
from cubeview.io.masks import read_mask
from cubeview.measure.masks.compare import dice

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


def truth():
    values = np.zeros((12, 20, 22), bool)
    values[4:9, 6:14, 7:15] = True
    return values


@pytest.fixture
def painting(desk, qtbot, tmp_path):
    """The panel beside the views of a volume with a bright block, and no window around them."""
    path = tmp_path / "scan"
    path.write_bytes(b"a scan")
    rng = np.random.default_rng(4)
    axes = tuple(
        Axis(name, "space", "mm", 3.0 * np.arange(n))
        for name, n in zip(("Slice", "Row", "Column"), truth().shape, strict=True)
    )
    values = 100.0 * truth() + 10.0 * rng.standard_normal(truth().shape)
    cube = Cube(axes, ArrayPixels(values), "volume", source=Source(path))
    ortho = OrthoView(desk.session)
    panel = MasksPanel(desk.session, desk.jobs, desk.records, desk.subject, desk.memory)
    for widget in (ortho, panel):
        qtbot.addWidget(widget)
    ortho.resize(900, 700)
    desk.session.add_cases((case := Case("block", "volume", {"flux": cube}),))
    desk.session.set_case(case)
    ortho.show()
    panel.show()
    qtbot.waitExposed(ortho)
    QApplication.processEvents()
    ortho.follow_now()
    views = {view.axis: view for view in ortho.slices}
    yield desk, panel, views
    ortho.stop()


def point(view, across, up):
    scene = view.canvas.box.mapViewToScene(QPointF(across, up))
    return view.canvas.mapFromScene(scene)


def drag(view, places, modifier=Qt.KeyboardModifier.NoModifier):
    """Draw through voxels with the left button."""
    port = view.canvas.viewport()
    QTest.mousePress(port, LEFT, modifier, point(view, *places[0]))
    for place in places[1:]:
        QTest.mouseMove(port, point(view, *place))
        QApplication.processEvents()
    QTest.mouseRelease(port, LEFT, modifier, point(view, *places[-1]))


def layer(desk):
    return desk.session.painting.layer("flux")


def test_clicks_paint_erase_and_undo_and_all_slices_show_it(painting):
    desk, panel, views = painting
    panel.paint.click()
    panel.radius.setValue(2)
    cursor = desk.session.cursor
    drag(views[0], [(8, 9), (13, 9)])
    z = views[0].index
    assert layer(desk).values[z, 9, 8:14].all()
    assert desk.session.cursor == cursor, "painting moves no cursor"
    assert set(np.unique(np.nonzero(layer(desk).values)[0])) == {z}
    for view in views.values():
        view.painted.draw(view.index)
    shown = views[1].painted.image  # across rows: the stroke passes through its plane or not
    assert shown is not None
    drag(views[0], [(8, 9), (9, 9)], CTRL)
    assert layer(desk).values[z, 9, 8] == 0
    panel.undo_button.click()
    assert layer(desk).values[z, 9, 8] == 1
    panel.undo_button.click()
    assert not layer(desk).values.any()
    panel.paint.click()
    drag(views[0], [(3, 3), (3, 4)])
    assert desk.session.cursor != cursor
    assert not layer(desk).values.any()


def test_three_strokes_grow_into_the_block_and_are_kept_and_saved(painting, qtbot, tmp_path):
    desk, panel, views = painting
    desk.session.set_cursor(6, 10, 11)
    for view in views.values():
        view.follow_now()
    panel.paint.click()
    panel.radius.setValue(1)
    drag(views[0], [(8, 10), (13, 10)])
    panel.new_button.click()
    assert panel.name.text() == "outside"
    drag(views[0], [(4, 3), (18, 3), (18, 17), (4, 17), (4, 3)])
    drag(views[1], [(4, 1), (18, 1), (18, 11), (4, 11)])
    panel.methods.grow_button.click()
    qtbot.waitUntil(lambda: "Proposed" in panel.said.text(), timeout=5000)
    found = layer(desk).values.copy()
    assert dice(found == 1, truth()) >= 0.85
    panel.measure_button.click()
    qtbot.waitUntil(lambda: "ml" in panel.held.text(), timeout=5000)
    panel.labels.setCurrentIndex(0)
    panel.name.setText("block")
    panel.name.editingFinished.emit()
    qtbot.waitUntil(lambda: desk.subject.hashes is not None, timeout=5000)
    panel.keep_button.click()
    assert "Kept in the library" in panel.said.text()
    with qtbot.waitSignal(panel.saved):
        panel.save(tmp_path / "block.nii.gz")
    again = read_mask(tmp_path / "block.nii.gz")
    np.testing.assert_array_equal(again.values, found)
    assert again.labels[0].name == "block"
    panel.undo_button.click()  # the growth
    assert not (layer(desk).values == found).all()
    panel.recall_button.click()
    np.testing.assert_array_equal(layer(desk).values, found)
    desk.records.set_reader("Ben")
    panel.undo_button.click()
    panel.keep_button.click()  # as it was before it grew
    strokes = layer(desk).values == 1
    panel.recall_button.click()
    assert "Ben" in panel.said.text().split(",")[0]
    dices = f"block: Dice {dice(strokes, found == 1):.3f}"
    qtbot.waitUntil(lambda: dices in panel.held.text(), timeout=5000)
    panel.undo_button.click()
    with qtbot.waitSignal(desk.session.painting.changed):
        panel.open(tmp_path / "block.nii.gz")
    np.testing.assert_array_equal(layer(desk).values, found)


def test_a_label_is_changed_as_a_whole_and_undone(painting, qtbot):
    desk, panel, views = painting
    methods = panel.methods
    methods.edit_button.click()
    assert "Nothing is painted" in panel.said.text()
    panel.paint.click()
    panel.radius.setValue(3)
    changed = desk.session.painting.changed
    for z in (3, 9):
        desk.session.set_cursor(z, 10, 11)
        views[0].follow_now()
        drag(views[0], [(11, 10), (11, 10)])
    two = layer(desk).values.copy()
    methods.edit.setCurrentText("Fill between painted planes")
    with qtbot.waitSignal(changed):
        methods.edit_button.click()
    assert (layer(desk).values[3:10] == two[3]).all()
    panel.undo_button.click()
    np.testing.assert_array_equal(layer(desk).values, two)
    methods.edit.setCurrentText("Fill holes")
    methods.edit_button.click()
    qtbot.waitUntil(lambda: "changes nothing" in panel.said.text(), timeout=5000)
    assert not methods.propose_button.isVisible(), "no method finds anything in any volume"


def test_what_is_wrong_is_said_and_changes_nothing(painting, qtbot, tmp_path):
    desk, panel, views = painting
    panel.methods.grow_button.click()
    assert "Paint a stroke" in panel.said.text()
    panel.paint.click()
    drag(views[0], [(8, 9), (13, 9)])
    before = layer(desk).values.copy()
    panel.methods.grow_button.click()
    qtbot.waitUntil(lambda: "two kinds" in panel.said.text(), timeout=5000)
    panel.open(tmp_path / "none.nii")
    qtbot.waitUntil(lambda: "cannot be read" in panel.said.text(), timeout=5000)
    panel.save(tmp_path / "block.png")
    qtbot.waitUntil(lambda: "saved as" in panel.said.text(), timeout=5000)
    np.testing.assert_array_equal(layer(desk).values, before)


def test_layers_stay_with_their_case(painting):
    desk, panel, views = painting
    panel.paint.click()
    drag(views[0], [(8, 9), (13, 9)])
    first, before = desk.session.case, layer(desk).values.copy()
    other = Case("other", "volume", {"flux": first.main})
    desk.session.add_cases((other,))
    desk.session.set_case(other)
    assert layer(desk) is None
    desk.session.set_case(first)
    np.testing.assert_array_equal(layer(desk).values, before)
