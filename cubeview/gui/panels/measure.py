"""The Measure panel: images of an interval, apertures and lines of a sky cube."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from cubeview.gui.desk.desk import Desk
from cubeview.gui.panels.interval import IntervalControl
from cubeview.gui.widgets.basic import PanelArea


class MeasurePanel(QWidget):
    """One page for each thing that is measured.

    Signals
    -------
    saved(object)
        The path something was written to.
    """

    saved = pyqtSignal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.interval = IntervalControl(desk.session, desk.jobs, desk.measuring, desk.memory)
        self.interval.saved.connect(self.saved)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.addTab(PanelArea(self.interval), "Interval")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
