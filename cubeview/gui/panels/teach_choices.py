"""What is to be taught and how: the form of the Teach panel."""

from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cubeview.errors import CubeviewError
from cubeview.gui.desk.records import Records
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.still import AtRest
from cubeview.gui.widgets.basic import button, chooser, label, offer, plain_tip, steady, tick
from cubeview.gui.widgets.files import ask_open
from cubeview.gui.widgets.layout import empty, put, row
from cubeview.kinds import kind_of
from cubeview.learn.models.card import ModelRef, find_models
from cubeview.learn.teach.labelled import Entry, in_words, library_entries, table_entries
from cubeview.learn.teach.tuning import FinetuneConfig

LADDER = (
    (
        "threshold",
        "Threshold only",
        "The network stays as it is; only where it draws the line between the classes moves, and "
        "how sure it says it is. Safest; a handful of cases is enough.",
    ),
    (
        "head",
        "Head",
        "What the network sees stays as it is; how it weighs what it sees is computed, in seconds. "
        "For few cases or new classes.",
    ),
    (
        "last2",
        "Last two layers",
        "The head, then gently the last convolution with it, held to where they started. The usual "
        "choice from about thirty cases.",
    ),
    (
        "last3",
        "Last three layers",
        "One layer more may move. For data that look quite different, with many cases.",
    ),
    (
        "all",
        "All layers",
        "Everything may move, lower layers more slowly. Slow, and for hundreds of cases.",
    ),
)
_TABLE = "table"
_TABLES = {
    False: "case,class,rest,stress for hearts",
    True: "file,class,ra,dec,spectral for the sky",
}


class TeachChoices(QWidget):
    """The form.

    Signals
    -------
    changed()
    """

    changed = pyqtSignal()

    def __init__(self, records: Records, memory: SettingsFile) -> None:
        super().__init__()
        self._records, self._memory = records, memory
        self._table: Path | None = None
        self._entries: list[Entry] = []
        self.problem = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.base = chooser("Base model", "The model a copy of which learns; it stays as it is")
        self.source = chooser("Labels", "Whose labels are learnt: the library's, or a table's")
        self.table_button = button("Table…", self._ask_table)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("all cases, or part of a name or class")
        tip = "Library labels marked unsure, and images flagged as poor"
        self.doubtful = tick("Unsure and poor ones too", tip)
        self.counts = label(part="dim")
        self.layers = chooser("What learns")
        for key, text, tip in LADDER:
            self.layers.addItem(text, key)
            self.layers.setItemData(self.layers.count() - 1, tip, 3)  # Qt.ToolTipRole
        usual = FinetuneConfig()
        self.layers.setCurrentIndex(self.layers.findData(usual.layers))
        self.layers_words = label(part="dim")
        self.positive = chooser("Positive", "The side of the ROC curve that counts as found")
        tip = "Each case is judged by a network that did not learn from it"
        self.folds = _whole(usual.folds, 2, 20, tip)
        tip = "Gradient steps a round; few steps cannot overlearn"
        self.steps = _whole(usual.steps, 1, 2000, tip)
        self.seed = _whole(usual.seed, 0, 10**6, "The same seed gives the same folds and numbers")
        self.rate = steady(QDoubleSpinBox())
        self.rate.setDecimals(5)
        self.rate.setRange(1e-5, 0.1)
        self.rate.setSingleStep(1e-4)
        self.rate.setValue(usual.rate)
        self.rate.setToolTip("How far a step of the head goes; the layers below go much less")
        self.balanced = tick(
            "Classes count the same", "A rare class weighs as much as a common one"
        )
        self.balanced.setChecked(usual.balanced)
        self._vary = QHBoxLayout()
        self._boxes: dict[str, QCheckBox] = {}
        put(layout, self._grid(), self.layers_words, label("Vary cases while learning", "dim"))
        put(layout, self._vary, self.balanced)
        self.kind = ""
        self.base.activated.connect(self._base_chosen)
        self.source.activated.connect(self.read)
        self.filter.textChanged.connect(self._show)
        self.doubtful.toggled.connect(self.read)
        self.layers.currentIndexChanged.connect(self._show)
        self.folds.valueChanged.connect(self.changed)
        # A label, an import or an undo while the form is open: it is not to learn from older ones.
        self._stale = False
        self._soon = AtRest(self._read_anew, self)
        for signal in (records.row_changed, records.rows_changed, records.sets_changed):
            signal.connect(self._soon.start)
        self.refresh()

    @property
    def model(self) -> ModelRef | None:
        """The base model, or None where there is none."""
        return next((m for m in find_models() if m.name == self.base.currentData()), None)

    @property
    def entries(self) -> list[Entry]:
        """The labelled cases that pass the filter."""
        wanted = self.filter.text().strip().casefold()
        return [e for e in self._entries if wanted in f"{e.name} {e.class_name}".casefold()]

    @property
    def asked(self) -> tuple[str, ...]:
        """The positive classes; empty for the model's own choice."""
        name = self.positive.currentData()
        return (name,) if name else ()

    def config(self) -> FinetuneConfig:
        """Return the choices."""
        return FinetuneConfig(
            layers=self.layers.currentData(),
            steps=self.steps.value(),
            rate=self.rate.value(),
            augment=tuple(name for name, box in self._boxes.items() if box.isChecked()),
            balanced=self.balanced.isChecked(),
            folds=self.folds.value(),
            seed=self.seed.value(),
        )

    def use_table(self, path: Path) -> None:
        """Take labels from a table."""
        self._table = path
        self._base_chosen()
        self.source.setCurrentIndex(self.source.findData(_TABLE))
        self.read()

    def refresh(self, kind: str = "", default: str = "") -> None:
        """Look again which models and label sets there are; choices stay where they can.

        Offered are the models for the kind of the case at hand; all, where there is none for it.

        Parameters
        ----------
        kind : str
            Of the case at hand; when it is another than before, the base becomes a model for it.
        default : str
            The model that answers for this kind.
        """
        fitting = [ref for ref in find_models() if ref.card.kind == kind]
        models = fitting or list(find_models())
        chosen = self.base.currentData()
        if kind and kind != self.kind:
            names = [ref.name for ref in fitting]
            chosen = default if default in names else next(iter(names), None)
        self.kind = kind or self.kind
        self.base.clear()
        for ref in models:
            self.base.addItem(ref.card.title, ref.name)
            self.base.setItemData(self.base.count() - 1, ref.name, 3)
        self.base.setCurrentIndex(max(0, self.base.findData(chosen)))
        self._base_chosen()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Read what has changed while the form was not seen."""
        super().showEvent(event)
        if self._stale:
            self._read_anew()

    def _read_anew(self) -> None:
        self._stale = not self.isVisible()
        if not self._stale:
            self._base_chosen()

    def read(self) -> None:
        """Read the labels of the source chosen."""
        self._entries, self.problem = [], ""
        source, library = self.source.currentData(), self._records.library
        try:
            if source == _TABLE and self._table is not None:
                self._entries = table_entries(self._table)
            elif source and library is not None:
                self._entries = library_entries(
                    library, source[len("set:") :], doubtful=self.doubtful.isChecked()
                )
        except CubeviewError as error:
            self.problem = str(error)
        with QSignalBlocker(self.positive):
            names = {entry.class_name: entry.class_name for entry in self._entries}
            offer(self.positive, {"": "by the model", **names}, self.positive.currentData())
        self._show()

    def _base_chosen(self) -> None:
        model, library = self.model, self._records.library
        sets = library.label_sets(model.card.kind) if model and library else ()
        sources = {f"set:{name}": f"Library: {name}" for name in sets}
        if self._table is not None:
            sources[_TABLE] = f"Table: {self._table.name}"
        offer(self.source, sources, self.source.currentData())
        empty(self._vary)
        self._boxes = {}
        told = [_TABLES[windows] for windows in (False, True)]
        if model is not None:
            told = [_TABLES[bool(kind_of(model.card).window_px)]]
        self.table_button.setToolTip(plain_tip(f"A CSV table: {'; '.join(told)}"))
        for name, tip in kind_of(model.card).variations if model else ():
            box = self._boxes[name] = tick(name, tip)
            self._vary.addWidget(box)
        self._vary.addStretch(1)
        self.read()

    def _show(self) -> None:
        self.counts.setText(self.problem or in_words(self.entries))
        self.layers_words.setText(LADDER[self.layers.currentIndex()][2])
        self.doubtful.setVisible(self.source.currentData() not in (None, _TABLE))
        self.changed.emit()

    def _ask_table(self) -> None:
        folder, names = self._memory.settings.folder, "Tables (*.csv);;All files (*)"
        ask_open(self, "Table of labels", folder, lambda p: self.use_table(p[0]), names=names)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        rows = (
            ("Base", row(self.base)),
            ("Labels", row((self.source, 1), self.table_button)),
            ("Cases", row(self.filter)),
            ("", row(self.doubtful)),
            ("", row(self.counts)),
            ("Learns", row(self.layers)),
            ("Positive", row(self.positive)),
        )
        for place, (text, what) in enumerate(rows):
            grid.addWidget(label(text, "dim", wrap=False), place, 0)
            grid.addLayout(what, place, 1, 1, 3)
        pairs = {"Folds": self.folds, "Steps": self.steps, "Rate": self.rate, "Seed": self.seed}
        for number, (text, box) in enumerate(pairs.items()):
            place, across = len(rows) + number // 2, 2 * (number % 2)
            grid.addWidget(label(text, "dim", wrap=False), place, across)
            grid.addWidget(box, place, across + 1)
            box.setAccessibleName(text)
        self.filter.setAccessibleName("Cases")
        return grid


def _whole(value: int, low: int, high: int, tip: str) -> QSpinBox:
    box = steady(QSpinBox())
    box.setRange(low, high)
    box.setValue(value)
    box.setToolTip(plain_tip(tip))
    return box
