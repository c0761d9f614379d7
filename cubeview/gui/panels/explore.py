"""The Explore panel: cases as points and as a list, what is alike, odd or grouped among them."""

from functools import partial

import numpy as np
from PyQt6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QObject, QSignalBlocker, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QLineEdit,
    QProgressBar,
    QSplitter,
    QTableView,
    QWidget,
)

from cubeview.gui.desk.exploring import Exploring
from cubeview.gui.desk.looking import Looking
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.stopping import stop
from cubeview.gui.panels.explore_colours import WAYS, inks
from cubeview.gui.panels.explore_model import COLUMNS, PICTURE, ExploreModel
from cubeview.gui.widgets.basic import button, chooser, label, offer, say
from cubeview.gui.widgets.casetable import case_table
from cubeview.gui.widgets.files import FOLDER, ask_open
from cubeview.gui.widgets.layout import column, put, row
from cubeview.gui.widgets.scatter import Scatter
from cubeview.library.marks import ARTEFACT, INTERESTING, ORDINARY

LIBRARY, OPEN, CUBE, FOLDER_OF = "the library", "open cases", "this cube", "a folder…"
PLACES = (LIBRARY, CUBE, OPEN, FOLDER_OF)
_AXES_OFFERED = 8
_WIDTHS = {"case": 190, "figure": 60, "answer": 90, "label": 90, "mark": 80, "name": 80}


class ExplorePanel(QWidget):
    """Shows a space of cases and lets the user look, mark, name and label in it.

    With the keyboard in it: I, A, O mark, Delete takes a mark back, 1 to 9 label, M looks for more
    like this, D for odd ones, G for groups, Return opens, Esc shows all again.
    """

    def __init__(
        self, exploring: Exploring, looking: Looking, session: Session, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._exploring, self._looking = exploring, looking
        self._session, self._memory = session, memory
        self.place = chooser("Where to look", "Whose cases are laid out")
        self.place.addItems(PLACES)
        self.look_button = button("Look", self.look, "Lay these cases out", "main")
        self.across, self.up = chooser("Axis across"), chooser("Axis up")
        self.colour = chooser("Coloured by")
        self.colour.addItems(WAYS)
        for box in (self.across, self.up):
            box.activated.connect(self._lay_out)
        self.colour.activated.connect(self._colour)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        tip = "Stop asking"
        self.cancel_button = button("✕", self._stop, tip, "quiet", name=tip)
        self.said, self.problem = label(part="dim"), label(part="bad")
        self.scatter = Scatter()
        self.model = ExploreModel(exploring)
        self.table = self._table()
        self.alike_button = button(
            "More like this  M", looking.more_like_this, "Rank by how alike cases are (M)"
        )
        self.odd_button = button("Odd ones  D", looking.odd_ones, "Rank by how odd cases are (D)")
        self.groups_button = button(
            "Groups  G", looking.find_groups, "Find what belongs together, if anything does (G)"
        )
        self.all_button = button("All  Esc", self._all, "Show all cases again (Esc)", "quiet")
        self.mark_buttons = {
            word: button(f"{word.capitalize()}  {key}", partial(exploring.mark, word), tip)
            for key, word, tip in (
                ("I", INTERESTING, "Worth a look: more of this kind come first (I)"),
                ("A", ARTEFACT, "Odd for no good reason: its kind falls back (A)"),
                ("O", ORDINARY, "Nothing odd about it: its kind falls back (O)"),
            )
        }
        self.classes = chooser("Class", "The class to label what is chosen with")
        tip = "Label what is chosen with this class (its key, 1 to 9)"
        self.label_button = button("Label", self._label, tip)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the group")
        self.name.setAccessibleName("Name of the group that is chosen")
        self.name.returnPressed.connect(self._name)
        self.carry_button = button(
            "Carry names", looking.carry_names, "Call the other cases after those you have named"
        )
        self._build()
        for widget in (self.table, self.scatter):
            widget.installEventFilter(self)
        self.scatter.picked.connect(self._picked)
        self.scatter.opened.connect(exploring.open)
        self.scatter.lassoed.connect(lambda found, added: exploring.narrow(found, added=added))
        exploring.space_changed.connect(self._space_changed)
        exploring.order_changed.connect(self._order_changed)
        exploring.chosen_changed.connect(self._show_chosen)
        exploring.told_changed.connect(self._told_changed)
        looking.changed.connect(self._show_state)
        self._show_state()

    def look(self) -> None:
        """Lay out the cases of the chosen place."""
        place, session = self.place.currentText(), self._session
        if place == FOLDER_OF:
            folder = self._memory.settings.folder
            ask_open(self, "Explore a folder", folder, lambda paths: self._looking.look_at_folder(
                paths[0]), mode=FOLDER)  # fmt: skip
        elif place == LIBRARY:
            self._looking.look_at_library()
        elif place == OPEN:
            here = session.case
            self._looking.look_at_cases(
                sorted(session.cases, key=lambda case: here is None or case.kind != here.kind)
            )
        else:
            self._looking.look_at_cases([session.case] if session.case is not None else [])

    def take_keys(self) -> None:
        """Give the list the keyboard."""
        self.table.setFocus()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take keys that mean something here and something else in the window."""
        if isinstance(event, QKeyEvent) and event.modifiers() in _PLAIN:
            act = self._keys().get(Qt.Key(event.key()))
            if act is not None and event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if act is not None and event.type() == QEvent.Type.KeyPress:
                act()
                return True
        return super().eventFilter(watched, event)

    def _keys(self) -> dict[Qt.Key, partial[None]]:
        exploring, looking, key = self._exploring, self._looking, Qt.Key
        keys = {
            key.Key_I: partial(exploring.mark, INTERESTING),
            key.Key_A: partial(exploring.mark, ARTEFACT),
            key.Key_O: partial(exploring.mark, ORDINARY),
            key.Key_Delete: partial(exploring.mark, ""),
            key.Key_M: partial(looking.more_like_this),
            key.Key_D: partial(looking.odd_ones),
            key.Key_G: partial(looking.find_groups),
            key.Key_Return: partial(self._open),
            key.Key_Enter: partial(self._open),
        }
        if exploring.shown is not None or len(exploring.chosen):
            keys[key.Key_Escape] = partial(self._all)
        for name, digit in exploring.classes().items():
            if digit in _DIGITS:
                keys[Qt.Key(ord(digit))] = partial(exploring.label, name)
        return keys

    def _build(self) -> None:
        left, right = QWidget(), QWidget()
        axes = row((self.across, 1), (self.up, 1), (self.colour, 1))
        ask = row(self.alike_button, self.odd_button, self.groups_button, None, self.all_button)
        marks = row(*self.mark_buttons.values(), None, (self.classes, 1), self.label_button)
        names = row((self.name, 1), self.carry_button)
        put(column(left), axes, (self.scatter, 1))
        put(column(right), ask, (self.table, 1), marks, names)
        for half in (left, right):
            if (layout := half.layout()) is not None:
                layout.setContentsMargins(0, 0, 0, 0)
        self.halves = QSplitter(Qt.Orientation.Horizontal)
        self.halves.addWidget(left)
        self.halves.addWidget(right)
        top = row(self.place, self.look_button, (self.said, 1), self.progress, self.cancel_button)
        put(column(self), top, self.problem, (self.halves, 1))

    def _table(self) -> QTableView:
        table = case_table(self.model, "Cases explored", PICTURE)
        top = table.horizontalHeader()
        assert top is not None
        for place, name in enumerate(COLUMNS):
            top.resizeSection(place, _WIDTHS[name])
        table.activated.connect(lambda index: self._exploring.open(self.model.listed[index.row()]))
        chosen = table.selectionModel()
        assert chosen is not None
        chosen.selectionChanged.connect(self._rows_chosen)
        return table

    def _open(self) -> None:
        self._exploring.open(self._exploring.current)

    def _all(self) -> None:
        self._exploring.show_all()

    def _stop(self) -> None:
        if self._looking.job is not None:
            stop([self._looking.job], self.window() or self)
        self._show_state()

    def _picked(self, point: int) -> None:
        self._exploring.choose(np.array([point] if point >= 0 else [], int))

    def _rows_chosen(self) -> None:
        chosen = self.table.selectionModel()
        assert chosen is not None
        rows = [index.row() for index in chosen.selectedRows()]
        points = np.array([self.model.listed[place] for place in rows], int)
        here = self.model.listed[chosen.currentIndex().row()] if len(rows) else -1
        self._exploring.choose(points if len(points) > 1 else np.arange(0), here)

    def _label(self) -> None:
        if self.classes.currentText():
            self._exploring.label(self.classes.currentData())

    def _name(self) -> None:
        self._exploring.name(self.name.text().strip())
        self.name.clearFocus()

    def _space_changed(self) -> None:
        count = min(self._exploring.axes.shape[1], _AXES_OFFERED)
        axes = {place: f"axis {place + 1}" for place in range(count)}
        offer(self.across, axes, 0)
        offer(self.up, axes, 1)
        given = self._exploring.classes()
        offer(self.classes, {name: f"{key}  {name}".strip() for name, key in given.items()})
        self._lay_out()
        self._show_chosen()
        self._show_state()

    def _order_changed(self) -> None:
        if self.colour.currentText() == "order":
            self._colour()
        self._show_chosen()
        self._show_state()

    def _told_changed(self) -> None:
        self._colour()
        self._show_state()

    def _lay_out(self) -> None:
        chosen = [self.across.currentData() or 0, self.up.currentData() or 0]
        titles = self.across.currentText(), self.up.currentText()
        self.scatter.set_points(self._exploring.axes[:, chosen], titles)
        self._colour()
        self._show_chosen()

    def _colour(self) -> None:
        self.scatter.set_inks(*inks(self._exploring, self.colour.currentText()))

    def _show_chosen(self) -> None:
        exploring, chosen = self._exploring, self.table.selectionModel()
        assert chosen is not None
        self.scatter.set_chosen(exploring.chosen, exploring.current)
        place, flags = self.model.row_of(exploring.current), QItemSelectionModel.SelectionFlag
        rows = [self.model.row_of(point) for point in exploring.chosen.tolist()]
        # What a lasso holds is listed alone: there is no need to colour each row.
        rows = [] if exploring.shown is not None and len(rows) > 1 else rows
        with QSignalBlocker(chosen):
            chosen.clearSelection()
            for shown in {at for at in (place, *rows) if at >= 0}:
                cell = self.model.index(shown, 0)
                chosen.select(QItemSelection(cell, cell), flags.Select | flags.Rows)
            if place >= 0:
                chosen.setCurrentIndex(self.model.index(place, 0), flags.NoUpdate)
                self.table.scrollTo(self.model.index(place, 0))
        if (port := self.table.viewport()) is not None:
            port.update()
        self._show_state()

    def _show_state(self) -> None:
        exploring, looking = self._exploring, self._looking
        job = looking.job
        working = job is not None and job.running and not job.cancelled
        count = len(exploring.chosen)
        told = [exploring.said, f"{count} chosen" if count > 1 else ""]
        if working and job is not None:
            told = [f"{job.title}…"]
        self.said.setText(" · ".join(filter(None, told)))
        say(self.problem, looking.problem)
        self.progress.setVisible(working)
        self.cancel_button.setVisible(working)
        if working and job is not None and job is not self._followed:
            self._followed = job
            job.progressed.connect(lambda done, _: self.progress.setValue(round(100 * done)))
        there, some = exploring.space is not None, len(exploring.acted_on) > 0
        for widget in (self.alike_button, self.odd_button, self.groups_button, self.all_button):
            widget.setEnabled(there)
        for made in (*self.mark_buttons.values(), self.label_button, self.name):
            made.setEnabled(there and some)
        self.carry_button.setEnabled(any(exploring.names))

    _followed: object = None


_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_DIGITS = tuple("123456789")
