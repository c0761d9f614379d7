import pyqtgraph as pg
from PyQt6 import sip
from PyQt6.QtWidgets import QGraphicsItem

from cubeview.gui.widgets.teardown import forgive_items_that_are_gone


def test_an_item_that_is_gone_takes_no_notice_of_a_change(qtbot):
    forgive_items_that_are_gone()
    item = pg.PlotCurveItem()
    sip.delete(item)
    change = QGraphicsItem.GraphicsItemChange.ItemSceneHasChanged
    assert item.itemChange(change, None) is None


def test_a_line_whose_view_is_gone_covers_nothing(qtbot):
    forgive_items_that_are_gone()
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    line = plot.addLine(x=1)
    assert not line.boundingRect().isEmpty()
    plot.scene().removeItem(line)
    line.setPen(width=3)
    assert line.boundingRect().isEmpty()
