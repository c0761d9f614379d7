"""Where one line of text leads, what lies under the mouse, and the header of the file."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.cube import Source
from cubeview.errors import CubeviewError
from cubeview.gui.desk.destinations import destination
from cubeview.gui.desk.styles import Mark
from cubeview.gui.dialogs.header import HeaderDialog
from cubeview.gui.views.spectrum import SpectrumView
from tests.helpers.viewcases import sky_case

SHAPE = (40, 20, 30)  # air wavelengths from 5000 Å by 1.25 Å; RA 10h, Dec +2 in voxel (9, 14)
MARKS = (Mark((slice(4, 9), slice(2, 5), slice(20, 25)), "emission line", "#fff"),)


@pytest.mark.parametrize(
    ("text", "voxel"),
    [
        ("channel 12", (11, None, None)),
        ("ch 1", (0, None, None)),
        ("5025", (20, None, None)),
        ("5025 Å", (20, None, None)),
        ("502.5 nm", (20, None, None)),
        ("0.5025 um", (20, None, None)),
        # Hβ at rest 4862.68 Å in vacuum: at z = 0.035 it is at 5031.47 in air (Morton 1991).
        ("Hb z=0.035", ((5032.8738 / 1.00027897 - 5000) / 1.25, None, None)),
        ("hb 0.035", ((5032.8738 / 1.00027897 - 5000) / 1.25, None, None)),
        ("10:00:00 +2:00:00", (None, 9, 14)),
        ("10h00m00s +2d00m00s", (None, 9, 14)),
        ("150.0 2.0", (None, 9, 14)),
        ("15, 10", (None, 9, 14)),
        ("emis", (6, 3, 22)),
    ],
)
def test_what_is_typed_leads_somewhere(text, voxel):
    found = destination(sky_case(SHAPE).main, text, marks=MARKS)
    for there, truth in zip((found.z, found.y, found.x), voxel, strict=True):
        assert (there is None) == (truth is None)
        if truth is not None:
            assert there == pytest.approx(truth, abs=2e-3)


def test_a_galactic_coordinate_is_turned_into_the_frame_of_the_cube():
    from astropy.coordinates import SkyCoord

    place = SkyCoord(150.0, 2.0, unit="deg").galactic
    text = f"galactic {place.l.deg:.7f} {place.b.deg:.7f}"
    found = destination(sky_case(SHAPE).main, text)
    assert (found.y, found.x) == pytest.approx((9, 14), abs=0.01)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Write where to go"),
        ("somewhere", "leads nowhere"),
        ("channel 41", "outside the cube, along Wavelength"),
        ("Ha", "outside the cube"),
        ("500 km/s", "rest value"),
        ("11:00:00 +2:00:00", "outside the cube|not in the projection"),
        ("Hb -2", "above -1"),
    ],
)
def test_what_leads_nowhere_is_said(text, why):
    with pytest.raises(CubeviewError, match=why):
        destination(sky_case(SHAPE).main, text)


def test_a_key_a_line_and_the_cursor_is_there(window, with_case, qtbot):
    with_case(sky_case(SHAPE))
    session, asked = window.session, window.bench.goto
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(asked.isVisible)
    qtbot.keyClicks(asked.field, "5025")
    assert "5025.0" in asked.said.text()
    qtbot.keyClick(asked.field, Qt.Key.Key_Return)
    assert session.cursor == (20, 10, 15)
    assert not asked.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    asked.field.clear()
    qtbot.keyClicks(asked.field, "10:00:00.0 +2:00:00")
    qtbot.keyClick(asked.field, Qt.Key.Key_Return)
    assert session.cursor == (20, 9, 14)
    qtbot.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    asked.field.setText("beyond")
    qtbot.keyClick(asked.field, Qt.Key.Key_Return)
    assert asked.isVisible()
    assert "leads nowhere" in asked.said.text()
    asked.close()


def test_what_lies_under_the_mouse_is_said_and_the_cursor_again(window, with_case, qtbot):
    values = np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE)
    with_case(sky_case(SHAPE, values))
    session, line = window.session, window.status_line.cursor_text
    view = next(view for view in window.ortho.slices if view.axis == 0)

    def over(canvas, across, up):
        scene = canvas.box.mapViewToScene(QPointF(across, up))
        QTest.mouseMove(canvas.viewport(), QPoint(round(scene.x()), round(scene.y())))

    over(view.canvas, 14, 9)
    qtbot.waitUntil(lambda: line.text().startswith("Mouse: 10ʰ00ᵐ00.00ˢ +02°00′00.0″"))
    assert line.text().endswith("1.228×10⁴ Jy")  # 20 · 600 + 9 · 30 + 14
    side = next(view for view in window.ortho.slices if view.axis == 2)
    over(side.canvas, 20, 4)
    qtbot.waitUntil(lambda: "Wavelength 5025.0" in line.text())
    plot = window.ortho.findChild(SpectrumView).plot
    over(plot, 8, np.mean(plot.box.viewRange()[1]))
    qtbot.waitUntil(lambda: "Mouse: Wavelength 5010.0" in line.text())
    assert "channel 9" in line.text()
    QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not line.text().startswith("Mouse"))
    over(view.canvas, 14, 9)
    qtbot.waitUntil(lambda: line.text().startswith("Mouse"))
    session.set_cursor(3, 4, 5)  # as by a key
    qtbot.waitUntil(lambda: not line.text().startswith("Mouse"))


def test_the_header_is_searched(window, with_case, qtbot, idle, tmp_path):
    path = tmp_path / "cube.fits"
    header = fits.Header({"OBJECT": "M 51", "CRVAL3": 5000.0})
    header.add_history("flux calibrated by hand")
    fits.HDUList(
        [fits.PrimaryHDU(header=header), fits.ImageHDU(np.zeros((2, 2)), name="STAT")]
    ).writeto(path)
    case = sky_case(SHAPE)
    with_case(replace(case, cubes={"flux": replace(case.main, source=Source(path))}))
    window.actions_table["header"].trigger()
    dialog = window.findChild(HeaderDialog)
    idle(window)
    assert "OBJECT  = 'M 51" in dialog.text.toPlainText()
    assert "— 1 STAT —" in dialog.text.toPlainText()
    qtbot.keyClicks(dialog.search, "hand flux")
    shown = dialog.text.toPlainText()
    assert "HISTORY flux calibrated by hand" in shown
    assert "M 51" not in shown
    assert dialog.said.text().startswith("1 of ")
    dialog.close()


def test_a_file_without_a_header_is_said(tmp_path):
    from cubeview.io.fits.cards import header_parts

    (tmp_path / "text.fits").write_text("not a header")
    with pytest.raises(CubeviewError, match=r"text\.fits"):
        header_parts(tmp_path / "text.fits")
