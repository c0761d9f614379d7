"""The Library panel: every case of the record, in the order to work through it."""

from functools import partial
from typing import Any

import numpy as np
from PyQt6.QtCore import QItemSelectionModel, QPoint, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QLineEdit, QMenu, QTableView, QWidget

from cubeview.gui.desk.jobs import Job
from cubeview.gui.desk.library_cases import LibraryCases
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.still import AtRest
from cubeview.gui.desk.subject import Subject
from cubeview.gui.panels.worklist_columns import FILTERS
from cubeview.gui.panels.worklist_model import PICTURE, WorklistModel
from cubeview.gui.widgets.basic import add_action, button, chooser, label
from cubeview.gui.widgets.casetable import case_table
from cubeview.gui.widgets.layout import column, put, row
from cubeview.learn.models.preload import preload
from cubeview.library.answers import features, most_asked
from cubeview.library.stored import thumbnails
from cubeview.library.values import Row
from cubeview.library.worklist import ORDERS, FeatureSpace, by_distance, labelled, ordered


class WorklistPanel(QWidget):
    """Filter, order and table; opens a case by double click, Enter or the next key.

    Signals
    -------
    folder_wanted()
        The user wants a folder imported.
    """

    folder_wanted = pyqtSignal()

    def __init__(
        self, records: Records, subject: Subject, cases: LibraryCases, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._records, self._subject, self._cases = records, subject, cases
        self._memory = memory
        kept = memory.settings.worklist_order
        self._order = kept if kept in ORDERS else ORDERS[0]
        self._space: FeatureSpace | None = None
        self._passed: set[int] = set()
        self._done: list[int] = []
        self.filter = chooser("Which cases")
        self.filter.addItems(FILTERS)
        self.filter.activated.connect(self._filter_now)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search the library")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(AtRest(self._filter_now, self).start)
        self.search.returnPressed.connect(lambda: self.table.setFocus())
        self.order = chooser("Order", "In which order the next case comes")
        self.order.addItems(ORDERS)
        self.order.setCurrentText(self._order)
        self.order.activated.connect(self._order_chosen)
        self.next_button = button(
            "Next  N",
            self.next,
            "Open the next case of this order (N): the next without a label, or the next where "
            "label and prediction disagree",
        )
        self.model = WorklistModel(self._pictures)
        self.table = self._table()
        self.none, self.count = label(part="dim"), label(part="dim")
        self.none.setText(
            "Nothing is here yet. A case comes in when you label it, or import a folder of cases."
        )
        self.import_button = button("Import folder…", self.folder_wanted.emit)
        self.ask_button = button(
            "Classify all",
            self.classify,
            "Ask the model about the selected cases, or all, in the background. "
            "Blind keeps its opinion hidden until you label a case.",
        )
        layout = column(self)
        put(layout, row((self.filter, 1), (self.search, 1)), row((self.order, 1), self.next_button))
        put(layout, (self.table, 1), self.none, self.count)
        put(layout, row(self.import_button, self.ask_button))
        records.rows_changed.connect(self.refill)
        records.row_changed.connect(self._row_changed)
        records.pictures_changed.connect(self.model.look_for_pictures)
        records.blind_changed.connect(lambda: self.model.set_blind(records.blind))
        subject.changed.connect(self._show_current)
        self.model.blind = records.blind
        self.refill()

    def next(self) -> None:
        """Open the next case in the order shown: unlabelled, or in dispute where that is asked.

        As listed, it is the next one below the case on the screen; in the other orders the first
        that was not passed over. Cases that are open and in no library yet come first.
        """
        if self._order != "disagreement" and self._cases.next_open():
            return
        number = self._next()
        if number is not None:
            self._cases.open(number)
            return
        shown, missing = len(self.model.shown), len(self._cases.missing)
        text = f"All {shown} cases shown here are labelled"
        if self._order == "disagreement":
            text = "Label and prediction disagree in no other case shown here"
        text += f", but for {missing} that could not be opened." if missing else "."
        self._records.say(text if shown else "The list is empty.")

    def _next(self) -> int | None:
        here, missing = self._subject.case_id, self._cases.missing
        disputed = self._order == "disagreement"
        if self._order == ORDERS[0] or self.model.is_sorted:
            return self.model.next(self.model.place_of(here), missing, disputed=disputed)
        if self._space is not None:
            # The last label has changed what is most different from all that are labelled.
            rows = self.model.rows()
            self._space.follow(labelled(rows))
            self._show_rows(by_distance(rows, self._space.distances))
        own = set() if here is None else {here}
        self._passed |= own
        number = self.model.next(-1, missing | self._passed, disputed=disputed)
        if number is None and self._passed - own:
            self._passed = own
            number = self.model.next(-1, missing | own, disputed=disputed)
            if number is not None:
                self._records.say("All were looked at; from the first again.")
        return number

    def selected(self) -> list[int]:
        """Return the numbers of the selected cases."""
        chosen = self.table.selectionModel()
        assert chosen is not None
        return [self.model.row(index.row()).id for index in chosen.selectedRows()]

    def classify(self) -> Job | None:
        """Ask the models about the selected cases, where several are, else about all."""
        library = self._records.library
        chosen = self.selected()
        numbers = chosen if len(chosen) > 1 else list(self.model.shown)
        if library is None or not numbers:
            return None
        models = self._records.preferred_models
        done: list[int] = []

        def work(job: Job) -> object:
            preload()
            from cubeview.learn.ask.archive import predict_cases

            def tell(number: int) -> None:
                done.append(number)
                job.emit_partial(done)

            return predict_cases(library, numbers, defaults=models, done=tell, report=job.report)

        self._done = []
        title, finished, told = f"Classifying {len(numbers)} cases", self._asked, self._some_asked
        return self._records.start("batch", title, work, finished=finished, partial=told)

    def refill(self) -> None:
        """Read all cases again."""
        rows = self._records.rows()
        self._space = None
        if self._order == "most different":
            # Distances among thousands of cases take a second: not while the user waits.
            self._records.start(
                "order",
                "Comparing cases",
                lambda job: FeatureSpace(self._features(), labelled(rows)),
                finished=lambda space: self._show_space(rows, space),
            )
            return
        self._show_rows(ordered(rows, self._order))

    def _show_space(self, rows: list[Row], space: FeatureSpace) -> None:
        if self._order == "most different":
            self._space = space
            self._show_rows(by_distance(rows, space.distances))

    def _show_rows(self, rows: list[Row]) -> None:
        with QSignalBlocker(self.table.selectionModel()):
            kept = self.selected()
            top = self.table.verticalScrollBar().value()  # type: ignore[union-attr]
            self.model.set_rows(rows)
            self._select(kept)
            self.table.verticalScrollBar().setValue(top)  # type: ignore[union-attr]
        self._show_count()
        self._show_current()

    def _table(self) -> QTableView:
        table = case_table(self.model, "Cases of the library", PICTURE)
        top = table.horizontalHeader()
        assert top is not None
        top.setSortIndicatorClearable(True)
        top.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        names = self._names
        arrow = 2 * self.fontMetrics().horizontalAdvance("M")  # of the column that is sorted by
        for place, entry in enumerate(self.model.columns):
            named = top.fontMetrics().horizontalAdvance(entry.name) + arrow
            top.resizeSection(place, max(entry.width, named))
        sorted_by, falling = self._remembered_sort()
        ways = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
        top.setSortIndicator(sorted_by, ways[falling])
        table.setSortingEnabled(True)
        top.sortIndicatorChanged.connect(self._sorted)
        for name in set(self._memory.settings.worklist_hidden) & set(names[1:]):
            table.setColumnHidden(names.index(name), True)
        top.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        top.customContextMenuRequested.connect(lambda at: self._column_menu(top.mapToGlobal(at)))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(
            lambda at: self._case_menu(table.viewport().mapToGlobal(at))  # type: ignore[union-attr]
        )
        table.activated.connect(lambda index: self._open(index.row()))
        chosen = table.selectionModel()
        assert chosen is not None
        chosen.selectionChanged.connect(lambda *_: self._show_count())
        return table

    def _open(self, place: int) -> None:
        """Open the case of a row; the views that come with it get the keyboard."""
        self.table.clearFocus()
        self._cases.open(self.model.row(place).id)

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.model.columns]

    def _column_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, name in enumerate(self._names[1:], start=1):
            action = menu.addAction(name)
            assert action is not None
            action.setCheckable(True)
            action.setChecked(not self.table.isColumnHidden(place))
            action.toggled.connect(lambda on, place=place: self._show_column(place, on))
        menu.popup(at)

    def _show_column(self, place: int, on: bool) -> None:
        self.table.setColumnHidden(place, not on)
        hidden = [name for n, name in enumerate(self._names) if self.table.isColumnHidden(n)]
        self._memory.change(worklist_hidden=tuple(hidden))

    def _sorted(self, column: int, order: Qt.SortOrder) -> None:
        way = "falling" if order == Qt.SortOrder.DescendingOrder else "rising"
        self._memory.change(worklist_sorted=f"{self._names[column]} {way}" if column >= 0 else "")

    def _remembered_sort(self) -> tuple[int, bool]:
        name, _, way = self._memory.settings.worklist_sorted.rpartition(" ")
        return (self._names.index(name) if name in self._names else -1), way == "falling"

    def _case_menu(self, at: QPoint) -> None:
        chosen = self.selected()
        if not chosen:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_action(menu, "Open", partial(self._cases.open, chosen[0]))
        add_action(menu, self.ask_button.text(), self.classify)
        add_action(menu, "Remove from the library", partial(self._records.remove, chosen))
        menu.popup(at)

    def _pictures(self, numbers: list[int]) -> dict[int, tuple[int, bytes]]:
        library = self._records.library
        return {} if library is None else dict(thumbnails(library, numbers))

    def _features(self) -> dict[int, np.ndarray]:
        """Return features of the model that looked at most cases; others cannot be compared."""
        library = self._records.library
        return {} if library is None else features(library, most_asked(library))

    def _filter_now(self) -> None:
        self.model.set_filter(self.filter.currentText(), self.search.text())
        self._show_count()
        self._show_current()

    def _order_chosen(self, place: int) -> None:
        self._order = ORDERS[place]
        self._passed.clear()
        self._memory.change(worklist_order=self._order)
        if self._order == "most different" and not self._features():
            self._records.say("This order needs the model's eyes first: press Classify all.")
        top = self.table.horizontalHeader()
        assert top is not None
        top.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.refill()
        self.table.scrollToTop()

    def _row_changed(self, number: int) -> None:
        if (found := self._records.row(number)) is not None:
            self.model.set_row(found)
        self._show_count()

    def _some_asked(self, done: list[int]) -> None:
        for number in done[len(self._done) :]:
            self._done.append(number)
            self._row_changed(number)

    def _asked(self, batch: Any) -> None:
        self.refill()
        asked, before, failures = batch.asked, batch.before, batch.failures
        text = f"{asked} cases classified"
        text += f", {before} had been before" if before else ""
        text += f", {len(failures)} could not be: {failures[0][1]}" if failures else ""
        text += "" if failures else "."
        if asked and self._records.blind:
            text += " Blind: a case shows its opinion once you have labelled it."
        self._records.say(text)

    def _show_count(self) -> None:
        rows = [row for row in self.model.rows() if not row.is_whole_cube]
        labelled = sum(row.label is not None for row in rows)
        text = f"{labelled} of {len(rows)} labelled"
        if len(self.model.shown) != len(self.model.rows()):
            text += f" · {len(self.model.shown)} shown"
        chosen = len(self.table.selectionModel().selectedRows())  # type: ignore[union-attr]
        text += f" · {chosen} selected" if chosen > 1 else ""
        self.count.setText(text)
        self.ask_button.setText(f"Classify {chosen} cases" if chosen > 1 else "Classify all")
        some = bool(self.model.rows())
        self.none.setVisible(not some)
        for widget in (self.table, self.count):
            widget.setVisible(some)
        self.ask_button.setEnabled(some)
        self.next_button.setEnabled(some)
        self.import_button.setEnabled(self._records.library is not None)

    def _select(self, numbers: list[int]) -> None:
        chosen = self.table.selectionModel()
        assert chosen is not None
        flags = QItemSelectionModel.SelectionFlag
        for place in (self.model.place_of(number) for number in numbers):
            if place >= 0:
                chosen.select(self.model.index(place, 0), flags.Select | flags.Rows)

    def _show_current(self) -> None:
        """Mark the case on the screen, unless the user has selected several."""
        place = self.model.place_of(self._subject.case_id)
        chosen = self.selected()
        if place < 0 and len(chosen) == 1:
            self.table.clearSelection()  # what is on the screen is not in the list
        if place >= 0 and len(chosen) <= 1 and chosen != [self.model.row(place).id]:
            self.table.selectRow(place)
            self.table.scrollTo(self.model.index(place, 0))
