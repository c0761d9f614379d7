"""Text of a file is shown and never acts: nothing it names is fetched, drawn or run."""

import ast
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel

import cubeview.gui
from cubeview.gui.desk.still import StillLine
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.ticks import WorldAxis
from cubeview.gui.views.title import Title
from cubeview.gui.widgets.basic import plain_tip
from cubeview.gui.widgets.chart import Chart

ROOT = Path(cubeview.gui.__file__).parent


@pytest.fixture
def evil(tmp_path):
    """Return text that would draw a picture 300 pixels wide were it taken for HTML."""
    (tmp_path / "p.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="300"/>')
    return f"<i>u</i><img src='{tmp_path / 'p.svg'}' width=300 height=300>"


def calls(name):
    """Yield file, line and arguments of each call of a method or function in the window's code."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                called = node.func.id if isinstance(node.func, ast.Name) else called
                if called == name:
                    yield f"{path.name}:{node.lineno}", node.args


def test_every_tooltip_is_a_plain_one():
    found = list(calls("setToolTip"))
    assert len(found) > 20
    for where, arguments in found:
        last = arguments[-1]
        plain = isinstance(last, ast.Call) and getattr(last.func, "id", "") == "plain_tip"
        assert plain or isinstance(last, ast.Constant), where


@pytest.mark.parametrize("name", ["setLabel", "setHtml", "setDetailedText", "showText"])
def test_what_takes_html_is_given_escaped_text(name):
    for where, arguments in calls(name):
        texts = [a for a in arguments if not isinstance(a, ast.Constant)]
        for text in texts:
            assert getattr(getattr(text, "func", None), "id", "") == "escape" or (
                isinstance(text, ast.Name) and text.id == "side"
            ), where


def test_every_label_says_how_its_text_is_read():
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            made = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "QLabel",
                "QMessageBox",
            )
            if made and not all(isinstance(a, ast.Constant) for a in node.args):
                assert "setTextFormat" in text, f"{path.name}:{node.lineno}"


def test_a_line_shows_its_text_as_it_is(qtbot, evil):
    line = StillLine()
    qtbot.addWidget(line)
    line.setText(evil)
    assert line._label.textFormat() == Qt.TextFormat.PlainText
    assert line._label.sizeHint().height() < 50


def test_a_tooltip_shows_its_text_as_it_is(qtbot, evil):
    tip = plain_tip(evil)
    shown = QLabel(tip)
    qtbot.addWidget(shown)
    assert shown.sizeHint().height() < 60
    assert "&lt;img" in tip
    assert plain_tip("a < b") != "a < b"
    assert plain_tip("Dismiss & go\non") == "Dismiss & go\non"


def test_titles_axes_and_charts_show_their_text_as_it_is(qtbot, evil):
    title, plot, chart = Title(), Plot("Spectrum"), Chart(evil, evil)
    for widget in (title, plot, chart):
        qtbot.addWidget(widget)
    title.set_words("Spectrum", evil)
    assert "<img" not in title.text()
    plot.set_left(evil)
    assert "<img" not in plot.plot.getAxis("left").labelString()
    assert plot.plot.getAxis("left").label.boundingRect().height() < 60
    assert "<img" not in chart.plot.getAxis("left").labelString()
    axis = WorldAxis("left")
    axis._fitting = lambda text: text
    axis.set_caption(evil)
    assert "<img" not in axis.labelString()
