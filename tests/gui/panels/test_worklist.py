"""The table of the worklist on bare rows: columns are entries, opinions may be hidden."""

from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt

from cubeview.gui.panels.worklist_columns import COLUMNS, FILTERS, Column
from cubeview.gui.panels.worklist_model import WorklistModel
from cubeview.library.values import Row

ROLE = Qt.ItemDataRole
BARE = Row(
    1, "id", "heart", "Wren", "", "2026-11-29T10:00", "rest + stress", None, True, "", "", "",
    False, (), 0,
)  # fmt: skip
SAID = {"probabilities": {"healthy": 0.25, "mixed": 0.75}}
ASKED = replace(BARE, id=2, name="Finch", model="net", weights="w", said=SAID)
LABELLED = replace(ASKED, id=3, name="Swift", label="healthy", others=(("Ben", "mixed"),))
FORMER = replace(ASKED, id=4, name="Heron", weights="", label="mixed")


@pytest.fixture
def table(qapp):
    model = WorklistModel(lambda numbers: {})
    model.set_rows([BARE, ASKED, LABELLED, FORMER])
    return model


def cell(model, number, name, role=ROLE.DisplayRole):
    names = [column.name for column in model.columns]
    return model.data(model.index(model.place_of(number), names.index(name)), role)


def line(model, number):
    return [cell(model, number, column.name) for column in model.columns[:6]]


def test_what_stands_in_each_cell(table):
    assert line(table, 1) == ["Wren", "—", "—", "—", "—", "—"]
    assert line(table, 2) == ["Finch", "—", "0.81", "hidden", "hidden", "hidden"]
    assert line(table, 3) == ["Swift", "healthy (Ben: mixed)", "0.81", "mixed", "0.75", "differs"]
    assert line(table, 4) == ["Heron", "mixed", "—", "old: mixed", "—", "—"]
    assert cell(table, 4, "model") == "net, of an unknown state"
    assert "Blind" in cell(table, 2, "prediction", ROLE.ToolTipRole)
    assert cell(table, 3, "prediction", ROLE.ToolTipRole) == "net\nhealthy 0.25\nmixed 0.75"
    table.set_blind(False)
    assert line(table, 2)[3:] == ["mixed", "0.75", "—"]


def test_what_has_nothing_to_sort_by_comes_last_both_ways(table):
    names = [column.name for column in COLUMNS]
    for order in Qt.SortOrder:
        table.sort(names.index("probability"), order)
        assert table.shown[0] == 3
        table.sort(names.index("doubt"), order)
        assert set(table.shown[:2]) == {2, 3}


@pytest.mark.parametrize(
    ("name", "found"),
    [("all", [1, 2, 3, 4]), ("unlabelled", [1, 2]), ("labelled", [3, 4]), ("unsure", []),
     ("poor quality", []), ("disagreement", [3]), ("asked", [2, 3, 4])],
)  # fmt: skip
def test_each_filter(table, name, found):
    table.set_filter(name, "")
    assert table.shown == found
    assert name in FILTERS


def test_a_new_column_is_one_entry(qapp):
    toy = Column("length", 60, number=lambda row: float(len(row.name)), tip=lambda row: row.name)
    words = Column("initial", 60, lambda row: row.name[0] + "!", warns="S!")
    model = WorklistModel(lambda numbers: {}, (*COLUMNS, toy, words))
    model.set_rows([BARE, ASKED, LABELLED])
    assert model.headerData(10, Qt.Orientation.Horizontal, ROLE.DisplayRole) == "length"
    assert cell(model, 1, "length") == "4.00"
    assert cell(model, 1, "length", ROLE.TextAlignmentRole)
    assert cell(model, 1, "length", ROLE.ToolTipRole) == "Wren"
    model.sort(10, Qt.SortOrder.DescendingOrder)
    assert model.shown == [2, 3, 1]
    assert cell(model, 3, "initial", ROLE.ForegroundRole) is not None
    model.set_filter("all", "w!")
    assert model.shown == [1], "its words are searched"
