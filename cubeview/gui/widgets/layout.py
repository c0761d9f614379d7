"""Layouts in one line: a panel's column, items below or beside each other."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget


def put(layout: QBoxLayout, *items: QWidget | QLayout | tuple[QWidget, int] | None) -> None:
    """Add items to a layout; one with a number takes that share of what is left, None all of it."""
    for item in items:
        if isinstance(item, QLayout):
            layout.addLayout(item)
        elif isinstance(item, tuple):
            layout.addWidget(*item)
        elif item is None:
            layout.addStretch(1)
        else:
            layout.addWidget(item)


def row(*items: QWidget | QLayout | tuple[QWidget, int] | None) -> QHBoxLayout:
    """Return items side by side, as `put` takes them."""
    made = QHBoxLayout()
    put(made, *items)
    return made


def beside(main: QWidget, narrow: QWidget) -> QWidget:
    """Return a widget with a narrow one at its right."""
    both = QWidget()
    layout = row((main, 1), narrow)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    both.setLayout(layout)
    return both


def empty(layout: QLayout) -> None:
    """Take all widgets of a layout away."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def column(widget: QWidget) -> QVBoxLayout:
    """Return the layout of a panel, with the ground and the margins all panels share."""
    widget.setProperty("part", "panel")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(12, 8, 12, 12)
    layout.setSpacing(8)
    return layout
