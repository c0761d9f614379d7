"""Drawings that are taken apart without a word.

WORKAROUND: while a scene is destroyed Qt goes on telling pyqtgraph's items of changes and asking
for their bounds, also those whose C++ side, or whose view, is gone already; the exceptions come up
in Qt's event loop. An item that is gone has nothing to do about a change, and a line without a view
covers nothing, as pyqtgraph itself says of one that never had a view.
"""

from typing import Any

from PyQt6 import sip
from PyQt6.QtCore import QRectF
from pyqtgraph import GraphicsObject, InfiniteLine

_item_change, _bounds = GraphicsObject.itemChange, InfiniteLine.boundingRect


def _item_change_unless_gone(item: GraphicsObject, change: Any, value: Any) -> Any:
    return value if sip.isdeleted(item) else _item_change(item, change, value)


def _bounds_in_a_view(line: InfiniteLine) -> QRectF:
    view = line.getViewBox()
    return QRectF() if view is None or sip.isdeleted(view) else _bounds(line)


def forgive_items_that_are_gone() -> None:
    """Make items that are gone take no notice and no room; once for the program."""
    GraphicsObject.itemChange = _item_change_unless_gone
    InfiniteLine.boundingRect = _bounds_in_a_view
