"""What a press of the mouse begins, and whether it became a drag."""

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication


def draws_box(event: QMouseEvent) -> bool:
    """Tell whether a press with the left button begins a box, and does not move the cursor."""
    return bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)


def is_drag(one: QPointF, other: QPointF) -> bool:
    """Tell a drag from a click by a shaky hand."""
    return (other - one).manhattanLength() >= QApplication.startDragDistance()
