"""A sky session shows no medical word, and a heart session none of the sky."""

import re

import pytest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QTableView,
    QTableWidget,
    QTreeView,
    QWidget,
)

from cubeview.gui.desk.samples import samples
from cubeview.gui.desk.still import StillLine
from cubeview.gui.dialogs.sheets import RESEARCH_USE, keys_sheet
from cubeview.gui.panels.occlusion_choices import OcclusionChoices
from cubeview.io import open_paths

MEDICAL = re.compile(
    r"(?i:heart|ventric|stress|patient|scan|perfusion|isch|infarct|myocard|clinic|medical"
    r"|\bgates?\b|\bgated\b|\bbeat\b|\bwall\b)|SPECT|DICOM"
)
SKY = re.compile(
    r"(?i:\bsky\b|spectr|aperture|white light|wavelength|galax|redshift|continuum|emission|survey"
    r"|\bsources?\b)|\bRA\b|\bDec\b"
)
OFFERED = {sample.title for sample in samples()}
"""What opens a case of another kind names that kind; so does the notice of the whole program."""


def texts_of(widget):
    yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
    if isinstance(widget, QLabel | QAbstractButton | StillLine | QLineEdit):
        yield widget.text()
    if isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    if isinstance(widget, QComboBox):
        for place in range(widget.count()):
            yield widget.itemText(place)
            yield str(widget.itemData(place, 3) or "")
    if isinstance(widget, QTabBar):
        yield from (widget.tabText(place) for place in range(widget.count()))
    if isinstance(widget, QDockWidget):
        yield widget.windowTitle()
    if isinstance(widget, QTableView | QTableWidget | QTreeView):
        model = widget.model()
        for column in range(model.columnCount()):
            yield str(model.headerData(column, widget.horizontalHeader().orientation()))


def texts_in(menu):
    for action in menu.actions():
        if action.isVisible():
            yield from (action.text().replace("&", ""), action.toolTip())
            if action.menu() is not None:
                yield from texts_in(action.menu())


def shown(window):
    """Return all that can be read in a window, and in its list of keys."""
    found = set()
    for widget in window.findChildren(QWidget):
        if widget.isVisibleTo(window) and not isinstance(widget, QMenu):
            found.update(texts_of(widget))
    found.update(texts_in(window.menuBar()))
    sheet = keys_sheet(window, window.session.case)
    found.add(sheet.findChild(QLabel).text())
    sheet.deleteLater()
    return {text for text in found if text and text not in OFFERED and text != RESEARCH_USE}


@pytest.mark.parametrize(("number", "foreign"), [(0, SKY), (1, MEDICAL)])
def test_a_session_speaks_of_its_own_field(window, with_case, idle, number, foreign):
    (case,) = open_paths(list(samples()[number].paths)).cases
    with_case(case)
    window.docks.show_large("teach")
    window.teach.refresh()
    for method in ("cam", "occlusion"):
        window.explain.run(method)
        idle(window)
    assert window.session.prediction is not None
    found = shown(window)
    assert len(found) > 150
    assert sorted(text for text in found if foreign.search(text)) == []


def test_what_one_kind_never_has_comes_back_with_the_other(window, with_case, files):
    table, sources = window.actions_table, window.docks["sources"]
    hidden = lambda: {e.key for e, action in table if not action.isVisible()}  # noqa: E731
    assert hidden() == set()
    with_case(files["field.fits"])
    assert {"adjust", "swap", "beat"} <= hidden()
    assert table["cache_size"].isEnabled()
    window.docks.show("sources")
    with_case(files["wren.dcm"])
    assert {"aperture", "white", "search", "cache_size"} <= hidden()
    assert "adjust" not in hidden()
    assert sources.isHidden()
    assert not sources.toggleViewAction().isVisible()
    window.session.set_case(files["field.fits"])
    assert not sources.isHidden()


def test_a_wall_that_is_not_there_is_not_offered_and_not_forgotten(desk, qtbot):
    desk.memory.change(occlusion_fill="wall")
    choices = OcclusionChoices(desk.memory)
    qtbot.addWidget(choices)
    assert choices.settings.fill == "wall"
    choices.offer(("flux",), wall=False)
    assert choices.settings.fill == "zero"
    choices.patch.setValue(4)
    choices.offer(("rest", "stress"), wall=True)
    assert choices.settings.fill == "wall"
