"""Drawings that are taken apart without a word.

WORKAROUND: while a scene is destroyed Qt goes on telling pyqtgraph's items of changes, also those
whose C++ side is gone already; `GraphicsObject.itemChange` then raises RuntimeError in Qt's event
loop. An item that is gone has nothing to do about a change.
"""

from typing import Any

from PyQt6 import sip
from pyqtgraph import GraphicsObject

_item_change = GraphicsObject.itemChange


def _item_change_unless_gone(item: GraphicsObject, change: Any, value: Any) -> Any:
    return value if sip.isdeleted(item) else _item_change(item, change, value)


def forgive_items_that_are_gone() -> None:
    """Make items whose C++ side is gone take no notice of changes; once for the program."""
    GraphicsObject.itemChange = _item_change_unless_gone
