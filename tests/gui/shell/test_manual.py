"""F1: the manual at the page of what is in use."""

import os
import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QDesktopServices

from cubeview.gui.shell import manual
from cubeview.gui.shell.docks import PANELS
from cubeview.gui.shell.support import as_started
from tests.gui.fakes import make_heart
from tests.gui.keys import press

PAGES = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(
    "page", [manual.FIRST, manual.VIEWS, *(f"panels/{p.name}" for p in PANELS)]
)
def test_every_page_that_f1_opens_is_in_the_manual(page):
    text = (PAGES / f"{page}.md").read_text()
    assert text.startswith("# ")
    assert page == manual.FIRST or f"\n{page}\n" in (PAGES / "index.md").read_text()


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """A manual of two pages, and what the browser was asked for."""
    asked = []

    def open_url(url):
        asked.append(Path(url.toLocalFile()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    monkeypatch.setattr(manual, "resource", lambda *parts: tmp_path.joinpath(*parts))
    for page in ("index", "panels/views", "panels/classify"):
        path = tmp_path / "manual" / f"{page}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return asked


def test_f1_opens_the_page_of_the_panel_in_use(window, with_case, opened, tmp_path):
    press(window, "F1")
    with_case(make_heart())
    window.ortho.take_keys()
    press(window, "F1")
    window.predict.run_button.setFocus()
    press(window, "F1")
    pages = [path.relative_to(tmp_path / "manual").as_posix() for path in opened]
    assert pages == ["index.html", "panels/views.html", "panels/classify.html"]


def test_what_lies_under_the_mouse_counts_where_no_panel_has_the_keyboard(window):
    views, button = window.ortho, window.predict.run_button
    assert manual.page_for(window.docks, views, button, True) == "panels/classify"
    assert manual.page_for(window.docks, window.labels.quality, button, True) == "panels/labels"
    assert manual.page_for(window.docks, None, None, False) == "index"


def test_a_manual_that_was_not_built_is_said(window, monkeypatch, tmp_path):
    monkeypatch.setattr(manual, "resource", lambda *parts: tmp_path.joinpath(*parts))
    press(window, "F1")
    assert manual.NOT_BUILT in [message.text for message in window.messages.messages()]


def test_no_browser_is_said_with_the_place(window, opened, monkeypatch, tmp_path):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    press(window, "F1")
    place = str(tmp_path / "manual" / "index.html")
    assert [m for m in window.messages.messages() if place in m.text]


@pytest.mark.parametrize("before", ["/usr/lib/own", None])
def test_a_frozen_program_lends_its_libraries_to_nobody(monkeypatch, before):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/bundle")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    if before:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    with as_started():
        assert os.environ.get("LD_LIBRARY_PATH") == before
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/bundle"
