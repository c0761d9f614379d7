"""A large cube that is looked at gets its copy by itself, and nobody waits for it."""

import threading

import numpy as np
import pytest
from astropy.io import fits

from cubeview.io import open_path
from cubeview.io.voxels import cache
from tests.helpers.viewcases import sky_case


@pytest.fixture
def big(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CACHED_FROM", 0)
    path = tmp_path / "big.fits"
    header = fits.Header({"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRVAL3": 5000.0, "CDELT3": 1.0})
    values = np.random.default_rng(0).normal(size=(40, 20, 30)).astype(">f4")
    fits.PrimaryHDU(values, header).writeto(path)
    return open_path(path)[0]


def test_a_big_cube_gets_its_copy(window, big, qtbot, idle):
    window.session.add_cases((big,))
    window.session.set_case(big)
    qtbot.waitUntil(lambda: big.main.pixels.ready, timeout=10_000)
    idle(window)
    window.session.set_cursor(3, 4, 5)
    assert window.session.case is big


def test_leaving_the_case_stops_the_copy_and_the_quick_lane_is_free(
    window, big, qtbot, idle, monkeypatch
):
    begun, go = threading.Event(), threading.Event()

    def build(self, budget, report):
        begun.set()
        while not go.wait(0.02):
            report(0.5, "copying")

    monkeypatch.setattr(cache.CachedPixels, "build", build)
    window.session.add_cases((big,))
    window.session.set_case(big)
    qtbot.waitUntil(begun.is_set, timeout=10_000)
    done = []
    window.jobs.start("other", "other work", lambda job: 1, finished=done.append)
    qtbot.waitUntil(lambda: done == [1], timeout=10_000)
    other = sky_case()
    window.session.add_cases((other,))
    window.session.set_case(other)
    idle(window)
    go.set()
    assert not big.main.pixels.ready


def test_no_room_is_a_word_and_no_alarm(window, big, qtbot, idle, monkeypatch):
    monkeypatch.setattr(cache, "_KEEP_FREE", 1 << 60)
    said = []
    monkeypatch.setattr(window.messages, "info", said.append)
    window.session.add_cases((big,))
    window.session.set_case(big)
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    assert "are free" in said[0]


def test_no_space_allowed_means_no_copies(window, big, qtbot, idle):
    window.desk.copying.ask_size()
    window.desk.copying.set_size(0)
    window.session.add_cases((big,))
    window.session.set_case(big)
    window.desk.copying.start()
    assert not window.jobs.running()
    window.desk.copying.set_size(5)
    qtbot.waitUntil(lambda: big.main.pixels.ready, timeout=10_000)
    assert window.memory.settings.cache_gb == 5
    idle(window)
