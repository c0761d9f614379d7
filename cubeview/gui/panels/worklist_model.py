"""The table of the worklist: thousands of cases, sorted and filtered without a hitch."""

from collections import OrderedDict
from collections.abc import Callable, Container, Mapping, Sequence

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QPixmap

from cubeview.gui.desk.still import AtRest
from cubeview.gui.panels.worklist_columns import COLUMNS, FILTERS, HIDDEN, NOTHING, Column
from cubeview.gui.widgets.basic import plain_tip
from cubeview.gui.widgets.theme import colours
from cubeview.library.stored import THUMBNAIL_PX
from cubeview.library.values import Row

PICTURE = QSize(48, 24)
_PICTURES_KEPT = 400
_HIDDEN_TIP = "Hidden until you label this case (blind reading). Blind can be switched off."

Pictures = Callable[[list[int]], Mapping[int, tuple[int, bytes]]]


class WorklistModel(QAbstractTableModel):
    """Rows of the library as the user sorted and filtered them.

    It sorts and filters by itself: a proxy asks for every cell through Qt, which for ten thousand
    cases took seconds where this takes tens of milliseconds.

    Parameters
    ----------
    pictures : callable
        Given case numbers, returns their small pictures; asked only for rows that are seen.
    columns : tuple of Column
    """

    def __init__(self, pictures: Pictures, columns: tuple[Column, ...] = COLUMNS) -> None:
        super().__init__()
        self.columns = columns
        self._rows: dict[int, Row] = {}
        self._ranks: dict[int, int] = {}
        self.shown: list[int] = []
        self._places: dict[int, int] = {}
        self.blind = True
        self._filter, self._words = next(iter(FILTERS)), ""
        self._column, self._falling = -1, False
        self._pictures = pictures
        self._pixmaps: OrderedDict[int, QPixmap | None] = OrderedDict()
        self._wanted: list[int] = []
        self._soon = AtRest(self._load_pictures, self, 0)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Take all rows, in the order to show them in where no column is sorted by."""
        self._rows = {row.id: row for row in rows}
        self._ranks = {row.id: rank for rank, row in enumerate(rows)}
        self._arrange()

    def look_for_pictures(self) -> None:
        """Ask again for pictures that were not there."""
        self._pixmaps = OrderedDict((k, v) for k, v in self._pixmaps.items() if v is not None)
        self._tell(0, len(self.shown) - 1, 0)

    def set_row(self, row: Row) -> None:
        """Take one changed or new row; it stays in its place, so that no list jumps at a key."""
        new = row.id not in self._rows
        self._rows[row.id] = row
        if new:
            self._ranks[row.id] = len(self._ranks)
            self.beginInsertRows(QModelIndex(), len(self.shown), len(self.shown))
            self._places[row.id] = len(self.shown)
            self.shown.append(row.id)
            self.endInsertRows()
        elif row.id in self._places:
            self._tell(self._places[row.id], self._places[row.id])

    def set_blind(self, on: bool) -> None:
        """Hide or show opinions of unlabelled cases."""
        self.blind = on
        self._tell(0, len(self.shown) - 1)

    def set_filter(self, name: str, words: str) -> None:
        """Show only the rows of one of the `FILTERS` that hold all words."""
        self._filter, self._words = name, words.casefold()
        self._arrange()

    def row(self, place: int) -> Row:
        """Return the row shown at a place."""
        return self._rows[self.shown[place]]

    def rows(self) -> list[Row]:
        """Return all rows, shown or not."""
        return list(self._rows.values())

    def place_of(self, case_id: int | None) -> int:
        """Return where a case is shown, or -1."""
        return -1 if case_id is None else self._places.get(case_id, -1)

    @property
    def is_sorted(self) -> bool:
        """The rows are sorted by a column, and not as they came."""
        return self._column >= 0

    def next(self, after: int, skip: Container[int] = (), *, disputed: bool = False) -> int | None:
        """Return the first case without a label below a place, from the top again at the end.

        Parameters
        ----------
        after : int
            The place, as `place_of` counts; -1 for the top.
        skip : container of int
            Cases that are passed over.
        disputed : bool
            The first, instead, where label and prediction, or readers, disagree.
        """
        count = len(self.shown)
        for step in range(1, count + 1):
            row = self.row((after + step) % count)
            wanted = row.differs and not self._hidden(row) if disputed else row.is_open
            if wanted and row.id not in skip:
                return row.id
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 for the order the rows came in."""
        self._column, self._falling = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows shown."""
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> object:
        """Return the name of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.columns[section].name
        return None

    def data(self, index: QModelIndex, role: int = 0) -> object:
        """Return text, picture, colour or explanation of a cell."""
        row, column = self.row(index.row()), self.columns[index.column()]
        text = column.shown(row, self._hidden(row))
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return self._picture(row.id)
        if role == Qt.ItemDataRole.ForegroundRole:
            if column.dim or text in (NOTHING, HIDDEN):
                return QColor(colours().dim)
            if text == column.warns:
                return QColor(colours().warn)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HIDDEN_TIP if text == HIDDEN else plain_tip(column.tip(row))
        if role == Qt.ItemDataRole.TextAlignmentRole and column.number is not None:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _tell(self, first: int, last: int, column: int | None = None) -> None:
        """Tell that rows changed, in the columns up to one; not of a row that is not shown."""
        if first >= 0 and last >= 0:
            right = len(self.columns) - 1 if column is None else column
            self.dataChanged.emit(self.index(first, 0), self.index(last, right))

    def _hidden(self, row: Row) -> bool:
        return self.blind and row.label is None

    def _arrange(self) -> None:
        self.beginResetModel()
        passes, words = FILTERS[self._filter], self._words.split()
        kept = [
            row
            for row in self._rows.values()
            if passes(row, self._hidden(row)) and all(word in self._search(row) for word in words)
        ]
        kept.sort(key=lambda row: self._ranks[row.id])
        if self._column >= 0:
            kept.sort(key=self._key, reverse=self._falling)
        self.shown = [row.id for row in kept]
        self._places = {number: place for place, number in enumerate(self.shown)}
        self.endResetModel()

    def _search(self, row: Row) -> str:
        hidden = self._hidden(row)
        texts = (column.shown(row, hidden) for column in self.columns if column.number is None)
        return " ".join((*texts, row.note)).casefold()

    def _key(self, row: Row) -> tuple[bool, float | str]:
        nothing, value = self.columns[self._column].key(row, self._hidden(row))
        return nothing is not self._falling, value

    def _picture(self, number: int) -> QPixmap | None:
        if number in self._pixmaps:
            self._pixmaps.move_to_end(number)
            return self._pixmaps[number]
        if number not in self._wanted:
            self._wanted.append(number)
            self._soon.start()
        return None

    def _load_pictures(self) -> None:
        wanted, self._wanted = self._wanted[-100:], []
        found = self._pictures(wanted)
        for number in wanted:
            self._pixmaps[number] = _pixmap(*found[number]) if number in found else None
        while len(self._pixmaps) > _PICTURES_KEPT:
            self._pixmaps.popitem(last=False)
        for place in (self.place_of(number) for number in wanted if number in found):
            self._tell(place, place, 0)


def _pixmap(width: int, grey: bytes) -> QPixmap:
    image = QImage(grey, width, THUMBNAIL_PX, width, QImage.Format.Format_Grayscale8)
    return QPixmap.fromImage(image).scaled(
        PICTURE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
