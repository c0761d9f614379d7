"""The Measure panel: images of an interval, apertures and lines of a sky cube."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from cubeview.gui.desk.desk import Desk
from cubeview.gui.panels.apertures import ApertureControl
from cubeview.gui.panels.interval import IntervalControl
from cubeview.gui.panels.lines import LineControl
from cubeview.gui.panels.path import PathControl
from cubeview.gui.panels.places import PlacesControl
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
        self.apertures = ApertureControl(desk.session, desk.jobs, desk.measuring, desk.memory)
        self.path = PathControl(desk.session, desk.jobs, desk.measuring, desk.memory)
        for page in (self.interval, self.apertures, self.path):
            page.saved.connect(self.saved)
        self.lines = LineControl(desk.session, desk.measuring)
        self.places = PlacesControl(desk.session, desk.jobs, desk.memory)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.addTab(PanelArea(self.interval), "Interval")
        self.pages.addTab(PanelArea(self.apertures), "Apertures")
        self.pages.addTab(PanelArea(self.lines), "Lines")
        self.pages.addTab(PanelArea(self.path), "Path")
        self.pages.addTab(self.places, "Catalogue")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    def turn_to(self, page: QWidget) -> None:
        """Bring a page to the front."""
        place = next(n for n in range(self.pages.count()) if _shows(self.pages.widget(n), page))
        self.pages.setCurrentIndex(place)


def _shows(area: QWidget | None, page: QWidget) -> bool:
    return area is page or (isinstance(area, PanelArea) and area.widget() is page)
