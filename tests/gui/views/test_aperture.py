"""The aperture around the cursor: drawn, dragged, sized, its spectrum told while it is added up."""

import threading

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication

from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.views.ortho import OrthoView
from cubeview.gui.views.spectrum import SpectrumView
from tests.gui.views.test_slice import wheel
from tests.helpers.viewcases import heart_case, sky_case

SHAPE = (40, 20, 30)


class Slow:
    """Pixels of a file that is far away: they answer when they are let."""

    def __init__(self):
        self.array = ArrayPixels(np.ones(SHAPE))
        self.shape = SHAPE
        self.go = threading.Event()
        self.go.set()
        self.boxes = 0
        self.broken = False

    def plane(self, axis, index):
        return self.array.plane(axis, index)

    def spectrum(self, y, x):
        return self.array.spectrum(y, x)

    def box(self, box):
        self.boxes += 1
        assert self.go.wait(10)
        if self.broken:
            raise CubeviewError("the disk has gone")
        return self.array.box(box)


@pytest.fixture
def ortho(qtbot):
    view = OrthoView(Session())
    qtbot.addWidget(view)
    view.resize(900, 760)
    view.show()
    yield view
    view.stop()


def show(ortho, case):
    ortho.session.set_case(case)
    QApplication.processEvents()
    ortho.follow_now()
    return ortho.findChild(SpectrumView)


def drawn(spectrum):
    return spectrum.curve.getData()[1]


def test_the_spectrum_is_that_of_the_circle(ortho):
    noise = np.full(SHAPE, 0.5)
    spectrum = show(ortho, sky_case(SHAPE, np.full(SHAPE, 2.0), noise=noise))
    ring = next(v for v in ortho.slices if v.axis == 0).canvas.ring
    assert ring.getData()[0] is None
    ortho.toggle_aperture()
    ortho.follow_now()
    area = np.pi * 5.0**2
    assert float(spectrum.title.words[1].split()[2]) == pytest.approx(area, abs=0.01)
    np.testing.assert_allclose(drawn(spectrum), 2.0 * area, rtol=1e-6)
    # A voxel at the edge counts by a share, and its noise by as much.
    spread = spectrum.band._high - drawn(spectrum)
    assert (spread < 0.5 * np.sqrt(area)).all()
    assert (spread > 0.5 * np.sqrt(0.9 * area)).all()
    across, up = ring.getData()
    _, y, x = ortho.session.cursor
    np.testing.assert_allclose(np.hypot(across - x, up - y), 5.0)
    ortho.toggle_mean()
    ortho.follow_now()
    np.testing.assert_allclose(drawn(spectrum), 2.0)
    assert spectrum.title.words[1].startswith("mean of 78.54")
    ortho.toggle_aperture()
    ortho.follow_now()
    assert spectrum.title.words[1].startswith("voxel")
    assert ring.getData()[0] is None


def test_it_follows_the_cursor_and_the_wheel(ortho):
    values = np.zeros(SHAPE)
    values[:, 4, 7] = 100.0
    spectrum = show(ortho, sky_case(SHAPE, values))
    view = next(v for v in ortho.slices if v.axis == 0)
    ortho.toggle_aperture()
    ortho.follow_now()
    assert drawn(spectrum).max() == 0
    ortho.session.set_cursor(3, 6, 9)
    ortho.follow_now()
    assert drawn(spectrum).max() == 100
    channel = ortho.session.cursor[0]
    for _ in range(4):
        wheel(view, -120, Qt.KeyboardModifier.AltModifier)
    assert ortho.session.aperture == pytest.approx(5 / 1.1**4)
    for _ in range(30):
        wheel(view, -120, Qt.KeyboardModifier.AltModifier)
    assert ortho.session.aperture == 1.0
    wheel(view, 120, Qt.KeyboardModifier.AltModifier)
    assert ortho.session.aperture == 2.0
    assert ortho.session.cursor[0] == channel


def test_another_case_begins_without_one(ortho):
    show(ortho, sky_case())
    ortho.toggle_aperture()
    show(ortho, heart_case())
    ortho.toggle_aperture()
    assert ortho.session.aperture == 0


def test_a_drag_over_a_slow_cube_shows_the_newest_place_last(ortho, qtbot):
    pixels = Slow()
    spectrum = show(ortho, sky_case(SHAPE, pixels=pixels))
    qtbot.waitUntil(lambda: pixels.boxes > 0)  # the levels are read first
    pixels.boxes = 0
    pixels.go.clear()
    ortho.toggle_aperture()
    ortho.follow_now()
    qtbot.waitUntil(lambda: pixels.boxes > 0)
    before = pixels.boxes
    for x in range(12, 18):
        ortho.session.set_cursor(3, 10, x)
        ortho.follow_now()
    assert pixels.boxes == before  # the first is still at it
    ortho.session.set_aperture(2.0)
    ortho.follow_now()
    pixels.go.set()
    qtbot.waitUntil(lambda: spectrum.title.words[1] == "sum of 12.57 voxels")
    assert drawn(spectrum).max() == pytest.approx(np.pi * 4)


def test_a_file_that_goes_away_says_so(ortho, qtbot):
    pixels = Slow()
    spectrum = show(ortho, sky_case(SHAPE, pixels=pixels))
    pixels.broken = True
    ortho.toggle_aperture()
    ortho.follow_now()
    qtbot.waitUntil(lambda: "the disk has gone" in spectrum.title.words)
