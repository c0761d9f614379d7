"""The Redshift panel: fitted by itself, drawn, taken by keys, kept in the library."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Source
from cubeview.gui.panels import redshift
from cubeview.gui.panels.labels import LabelPanel
from cubeview.gui.panels.redshift import RedshiftPanel
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.views.spectrum import SpectrumView
from cubeview.measure.sky.by_templates import Candidate, Redshift

WAVE = 4000.0 + np.arange(3000)


@pytest.fixture
def spectrum(tmp_path):
    path = tmp_path / "one.fits"
    path.write_bytes(b"any bytes")
    axis = Axis("Wavelength", "spectral", "Angstrom", WAVE, medium="vacuum")
    cube = Cube(
        (axis, plain_axis(1, "y"), plain_axis(1, "x")),
        ArrayPixels(np.linspace(1, 2, 3000)[:, None, None]),
        "spectrum",
        source=Source(path),
    )
    return Case("one", "spectrum", {"flux": cube})


@pytest.fixture
def shown(desk, qtbot, idle, spectrum, monkeypatch):
    """The panel beside the views and the label panel, whose digits it shares."""
    pairs = ((0.1, "galaxy", 0.0), (0.5, "quasar", 12.5), (0.0, "star K", 30.0))
    drawn = tuple(np.full(3000, 1.0 + number) for number in range(3))
    found = Redshift(tuple(Candidate(*one) for one in pairs), 0.0998, 0.1002, 1.0, ("doubtful",),
                     drawn=drawn)  # fmt: skip
    monkeypatch.setattr(redshift, "redshift_at", lambda cube, y, x, report: found)
    around, views = QWidget(), OrthoView(desk.session)
    panel = RedshiftPanel(desk.session, desk.jobs, desk.records, desk.labelling)
    labels = LabelPanel(desk.session, desk.records, desk.subject, desk.labelling)
    layout = QVBoxLayout(around)
    for widget in (views, panel, labels):
        layout.addWidget(widget)
    qtbot.addWidget(around)
    around.show()
    around.activateWindow()
    desk.session.add_cases((spectrum,))
    desk.session.set_case(spectrum)
    idle(desk)
    qtbot.waitUntil(lambda: panel.found is not None)
    qtbot.waitUntil(lambda: desk.subject.hashes is not None)
    views.follow_now()
    yield panel, views
    views.stop()


def test_a_spectrum_is_fitted_and_drawn_by_itself(desk, shown):
    panel, views = shown
    assert not views.slices
    (view,) = views.findChildren(SpectrumView)
    assert [panel.best.item(row).text() for row in range(3)] == [
        "1   z = 0.10000   galaxy   best",
        "2   z = 0.50000   quasar   Δχ² 12.5",
        "3   z = 0.00000   star K   Δχ² 30.0",
    ]
    assert "doubtful" in panel.cautions.text()
    assert view.template.curve.isVisible()
    assert view.template.curve.getData()[1][0] == 1.0
    halpha = 6564.61 * 1.1 - 4000  # beyond the end: no line; H beta is within
    places = [line.value() for line in view.template.lines]
    assert not any(abs(place - halpha) < 1 for place in places)
    assert any(place == pytest.approx(4862.68 * 1.1 - 4000, abs=0.01) for place in places)
    panel.best.setCurrentRow(1)
    assert view.template.curve.getData()[1][0] == 2.0


def test_a_key_takes_a_redshift_and_keeps_it(desk, shown, qtbot):
    panel, views = shown
    plot = views.findChildren(SpectrumView)[0].plot
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_2)
    assert panel.best.currentRow() == 1
    assert desk.records.label_set == redshift.LABEL_SET
    assert desk.labelling.placed.class_name == "quasar"
    assert desk.labelling.placed.note == "z = 0.50000, quasar"
    QTest.keyClick(plot, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert desk.labelling.placed.note == "z = 0.50000, quasar, quality 2 (a guess)"
    assert not desk.labelling.placed.sure
    assert panel.qualities[2].isChecked()
    desk.labelling.undo()
    assert desk.labelling.placed.note == "z = 0.50000, quasar"
    QTest.keyClick(plot, Qt.Key.Key_5)  # there are three
    assert desk.labelling.placed.class_name == "quasar"


def test_smoothing_and_zoom(shown):
    _, views = shown
    (view,) = views.findChildren(SpectrumView)
    raw = view.curve.getData()[1]
    view.smooth.setCurrentIndex(view.smooth.findData(5))
    assert view.curve.getData()[1][100] == pytest.approx(np.mean(raw[98:103]))
    wide = np.diff(view.plot.box.viewRange()[0])[0]
    QTest.keyClick(view.plot, Qt.Key.Key_Plus)
    assert np.diff(view.plot.box.viewRange()[0])[0] == pytest.approx(0.8 * wide)
    QTest.keyClick(view.plot, Qt.Key.Key_Minus)
    assert np.diff(view.plot.box.viewRange()[0])[0] == pytest.approx(wide)
