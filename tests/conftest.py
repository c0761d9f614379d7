"""Fixtures for all tests: the real files, and isolation from the user's own settings and data."""

import gc
import itertools
import logging
import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Tests run side by side: threads of several that wait for each other on busy cores take ten times
# as long, and tiny networks gain nothing from more than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What is imported and collected stays to the end: looking through it for garbage, again and again,
# while it grows and then after each so many objects of the tests, is in vain.
gc.disable()

ROOT = Path(__file__).resolve().parent.parent


# Made by pytest, each would be numbered after a look at all folders that are there.
_HOMES = itertools.count()


def pytest_collection_modifyitems(config, items):
    chosen = config.getoption("markexpr", "")
    for item in items:
        if "qtbot" in getattr(item, "fixturenames", ()):
            item.add_marker("gui")
        for marker in ("slow", "screenshot"):
            if item.get_closest_marker(marker) and marker not in chosen:
                item.add_marker(pytest.mark.skip(reason=f"{marker}: run with -m {marker}"))


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real files, or skip with the reason."""
    places = [os.environ.get("CUBEVIEW_TEST_DATA"), ROOT.parent / "shared" / "data"]
    for place in places:
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip("no real files: set CUBEVIEW_TEST_DATA to a folder that holds them")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Give each test its own data, cache and settings folder."""
    home = tmp_path_factory.getbasetemp() / "homes" / str(next(_HOMES))
    home.mkdir(parents=True)
    monkeypatch.setenv("CUBEVIEW_HOME", str(home))
    return home


@pytest.fixture(scope="module")
def hearts_once(tmp_path_factory):
    """Look for the ventricle of a scan once in a whole run of the tests."""
    from tests.helpers.hearts_once import remember

    mine = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        remember(patch, (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "hearts")
        yield


@pytest.fixture(autouse=True)
def no_unexpected_errors(caplog):
    """Fail a test that logged an error; expected ones are cleared with ``caplog.clear()``."""
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, f"unexpected log: {errors[0].getMessage()}"


@pytest.fixture(autouse=True)
def no_modal_boxes(request, monkeypatch):
    """Make a modal box raise: a test must never wait for a click."""
    if "qtbot" not in request.fixturenames:
        return
    from PyQt6.QtWidgets import QDialog, QMessageBox

    def refuse(self, *args):
        raise AssertionError(f"a modal box was opened: {self.windowTitle()}")

    monkeypatch.setattr(QDialog, "exec", refuse)
    monkeypatch.setattr(QMessageBox, "exec", refuse)
