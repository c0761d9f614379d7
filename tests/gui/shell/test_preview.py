"""A compressed cube shows one plane while it is unpacked, and no longer."""

import gzip
from threading import Event

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import Qt

from cubeview.gui.desk import opening
from cubeview.io import open_paths
from cubeview.io.fits import unpack as fits_unpack
from tests.gui.fakes import make_heart


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A packed cube whose first plane is dark below and bright above."""
    monkeypatch.setattr(fits_unpack, "_BLOCK", 4096)
    data = np.random.default_rng(3).normal(size=(20, 30, 40)).astype(np.float32)
    data[0, :15], data[0, 15:] = -1, 1
    plain = tmp_path / "cube.fits"
    fits.PrimaryHDU(data, fits.Header({"OBJECT": "Rook"})).writeto(plain)
    path = tmp_path / "cube.fits.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.fixture
def go(monkeypatch):
    """Hold the opening of files right behind the first plane until this is set."""
    event = Event()
    event.reached = Event()

    def held(paths, *, report, first):
        def show(preview):
            first(preview)
            event.reached.set()
            assert event.wait(10)

        return open_paths(paths, report=report, first=show)

    monkeypatch.setattr(opening, "open_paths", held)
    yield event
    event.set()


def shown(window):
    return window.pages.currentWidget() is window.pages.preview_page


def test_the_picture_is_there_until_the_case_is(window, idle, qtbot, packed, go):
    window.opening.open([packed])
    qtbot.waitUntil(lambda: shown(window))
    page = window.pages.preview_page
    assert page.words.text() == "unpacking cube.fits.gz … first channel shown"
    picture = page.picture.grab().toImage()
    middle = picture.width() // 2
    above, below = (picture.pixelColor(middle, picture.height() * n // 8) for n in (3, 5))
    assert above.lightness() > 240
    assert below.lightness() < 15
    assert window.session.case is None
    assert window.session.cases == ()
    assert not window.actions_table["close_case"].isEnabled()
    go.set()
    idle(window)
    assert window.session.case.name == "Rook"
    assert window.pages.currentWidget() is window.ortho
    assert window.opening.preview is None


def test_cancelling_takes_the_picture_away(window, idle, qtbot, packed, go):
    window.opening.open([packed])
    qtbot.waitUntil(lambda: shown(window) and window.status_line.cancel_button.isVisible())
    qtbot.mouseClick(window.status_line.cancel_button, Qt.MouseButton.LeftButton)
    go.set()
    idle(window)
    assert window.pages.currentWidget() is window.start_page
    assert window.opening.preview is None


def test_a_damaged_file_takes_its_picture_away(window, idle, qtbot, packed, go):
    packed.write_bytes(packed.read_bytes()[:-20])
    window.opening.open([packed])
    qtbot.waitUntil(lambda: shown(window))
    go.set()
    idle(window)
    assert window.pages.currentWidget() is window.start_page
    assert "damaged or cut short" in window.messages.messages()[0].text


def test_an_open_case_keeps_its_place(window, with_case, idle, qtbot, packed, go):
    with_case(make_heart())
    window.opening.open([packed])
    qtbot.waitUntil(lambda: window.opening.preview is not None)
    assert window.pages.currentWidget() is window.ortho
    window.session.close_case()
    assert shown(window)
    go.set()
    idle(window)
    assert window.session.case.name == "Rook"


def test_a_picture_that_comes_late_is_dropped(window, idle, packed, go):
    """The plane is on its way to the window when the user cancels."""
    changes = []
    window.opening.preview_changed.connect(lambda: changes.append(window.opening.preview))
    job = window.opening.open([packed])
    assert go.reached.wait(10)  # no event is handled meanwhile
    job.cancel()
    go.set()
    idle(window)
    assert changes == []
    assert window.pages.currentWidget() is window.start_page
