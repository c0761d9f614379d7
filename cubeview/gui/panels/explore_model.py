"""The list of the Explore panel: cases in the order they are to be looked at."""

import math
from typing import Any

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PyQt6.QtGui import QImage, QPixmap

from cubeview.gui.desk.exploring import Exploring
from cubeview.gui.desk.still import AtRest
from cubeview.gui.widgets.basic import plain_tip
from cubeview.library.stored import THUMBNAIL_PX

PICTURE = QSize(48, 24)
_FIGURES = {"": "", "alike": "alike", "odd": "odd", "group": "group"}
COLUMNS = ("case", "figure", "answer", "label", "mark", "name")
_NOTHING = "—"


class ExploreModel(QAbstractTableModel):
    """What `Exploring` lists; it reads all of it from there.

    Parameters
    ----------
    exploring : Exploring
    """

    def __init__(self, exploring: Exploring) -> None:
        super().__init__()
        self._exploring = exploring
        self.listed: list[int] = []
        self._rows: dict[int, int] = {}
        self._pixmaps: dict[int, QPixmap] = {}
        self._wanted: set[int] = set()
        self._soon = AtRest(self._load, self, 0)
        exploring.space_changed.connect(self._forget)
        exploring.order_changed.connect(self.refill)
        exploring.told_changed.connect(self._tell)
        exploring.pictures_changed.connect(self._show_pictures)

    def refill(self) -> None:
        """Take the list again."""
        self.beginResetModel()
        self.listed = self._exploring.listed.tolist()
        self._rows = {point: row for row, point in enumerate(self.listed)}
        self.endResetModel()

    def row_of(self, point: int) -> int:
        """Return where a point is listed, or -1."""
        return self._rows.get(point, -1)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Return how many are listed."""
        return 0 if parent.isValid() else len(self.listed)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Return how much is said of each."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        name = COLUMNS[section]
        return _FIGURES[self._exploring.order.by] if name == "figure" else name

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what stands in a cell."""
        point = self.listed[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._said(point, COLUMNS[index.column()])
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._said(point, COLUMNS[index.column()]))
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            if point not in self._pixmaps:
                self._wanted.add(point)
                self._soon.start()
            return self._pixmaps.get(point)
        if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[index.column()] == "figure":
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _said(self, point: int, column: str) -> str:
        exploring, about = self._exploring, self._exploring.points[point]
        if column == "case":
            return f"{about.name} {about.window}".strip()
        if column == "figure":
            figure = exploring.order.figure
            value = math.nan if figure is None else float(figure[point])
            whole = exploring.order.by == "group"
            return "" if math.isnan(value) else f"{value:.0f}" if whole else f"{value:.3f}"
        if column == "answer":
            return "hidden" if exploring.hidden(point) else about.answer or _NOTHING
        told = {"label": exploring.labels, "mark": exploring.marks, "name": exploring.names}
        said = told[column][point]
        if column == "name" and not said and exploring.like:
            said = f"like {exploring.like[point]}"
        return said or _NOTHING

    def _forget(self) -> None:
        self._pixmaps.clear()
        self._wanted.clear()
        self.refill()

    def _tell(self) -> None:
        if self.listed:
            last = self.index(len(self.listed) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _load(self) -> None:
        """Ask for the pictures of what is seen; those made in the background come later."""
        wanted, self._wanted = [point for point in self._wanted if point in self._rows], set()
        self._take(self._exploring.pictures(wanted))

    def _show_pictures(self) -> None:
        missing = [point for point in self.listed if point not in self._pixmaps]
        self._take(self._exploring.made(missing))

    def _take(self, found: Any) -> None:
        for point, (width, grey) in found.items():
            self._pixmaps[point] = _pixmap(width, grey)
            cell = self.index(self._rows[point], 0)
            self.dataChanged.emit(cell, cell)


def _pixmap(width: int, grey: bytes) -> QPixmap:
    image = QImage(grey, width, THUMBNAIL_PX, width, QImage.Format.Format_Grayscale8)
    ratio, way = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image).scaled(PICTURE, ratio, way)
