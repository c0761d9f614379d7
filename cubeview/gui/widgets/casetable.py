"""A table of cases, a row each with its picture."""

from PyQt6.QtCore import QAbstractItemModel, QSize
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def case_table(model: QAbstractItemModel, name: str, picture: QSize) -> QTableView:
    """Return a table whose rows are chosen and opened, and not edited.

    Parameters
    ----------
    model : QAbstractItemModel
    name : str
        Said by screen readers.
    picture : QSize
        Of the icon in a row.
    """
    table = QTableView()
    table.setModel(model)
    table.setAccessibleName(name)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setIconSize(picture)
    table.setTabKeyNavigation(False)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    side = table.verticalHeader()
    assert side is not None
    side.hide()
    side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    side.setDefaultSectionSize(picture.height() + 8)
    return table
