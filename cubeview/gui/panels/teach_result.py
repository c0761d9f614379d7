"""What a fine-tune came to: figures beside the base, curves, confusion, the cases still wrong."""

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.widgets.basic import button, headline, label, plain_tip, rule, set_part, tick
from cubeview.gui.widgets.chart import Chart
from cubeview.gui.widgets.layout import empty, put, row
from cubeview.learn.teach.procedure import Taught

if TYPE_CHECKING:  # scipy would come with it, and slow the start of the window
    from cubeview.learn.teach.comparison import Figures

BINS = 8
_FEW_TITLE = "Score against labels: features alone, fine-tuned with all"
HEADS = (
    ("", ""),
    ("AUC (95 %)", "Area under the ROC curve, the mean of the folds; 1 is perfect, 0.5 is chance"),
    ("Balanced", "Balanced accuracy: the mean share right of the classes, at the chosen threshold"),
    ("ECE", "Expected calibration error: how far what it says is from how often it is right"),
)
_VERDICTS = {
    "better": ("Better than the base", "good"),
    "worse": ("Worse than the base", "bad"),
    "cannot be told": ("Cannot be told", "warn"),
    "new": ("New classes", ""),
}


class TeachResult(QWidget):
    """The result, with the choice to keep or to discard it.

    Signals
    -------
    open_wanted(str)
        Name of a case the user clicked.
    keep_wanted(str)
        Name for the model.
    discarded()
    """

    open_wanted = pyqtSignal(str)
    keep_wanted = pyqtSignal(str)
    discarded = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.verdict, self.text = headline(), label()
        self._figures, self._confusion = QGridLayout(), QGridLayout()
        self._figures.setHorizontalSpacing(12)
        self.roc = Chart("false alarm rate", "share found", 190)
        self.reliability_title, self.wrong_title = label(part="heading"), label(part="heading")
        self.reliability = Chart("probability said", "share right", 150)
        self.few, self.curve = label(), Chart("labels", "mean recall", 150)
        self.wrong = QListWidget()
        self.wrong.setAccessibleName("Cases still wrong")
        self.wrong.setMaximumHeight(140)
        self.wrong.itemClicked.connect(
            lambda item: self.open_wanted.emit(item.data(Qt.ItemDataRole.UserRole))
        )
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new model")
        self.name.setToolTip("Under which name the new model is kept")
        self.keep_button = button(
            "Keep", lambda: self.keep_wanted.emit(self.name.text().strip()), part="main"
        )
        self.discard_button = button("Discard", self.discarded.emit)
        self.name.returnPressed.connect(self.keep_button.click)
        tip = "Make it the default; the model manager rolls back"
        self.default_box = tick("Let it answer from now on", tip)
        put(layout, rule(), self.verdict, self.text, self._figures)
        put(layout, label("ROC: mean of the folds ± spread; base dashed", "heading"), self.roc)
        put(layout, self.reliability_title, self.reliability)
        put(layout, label(_FEW_TITLE, "heading"), self.curve, self.few)
        put(layout, label("Confusion: rows the label, columns the answer", "heading"))
        put(layout, self._confusion, self.wrong_title, self.wrong)
        put(layout, row((self.name, 1), self.keep_button, self.discard_button), self.default_box)

    def show_taught(self, taught: Taught, name: str) -> None:
        """Show a result, with a name to keep it under."""
        outcome = taught.outcome
        words, part = _VERDICTS[outcome.word]
        self.verdict.setText(words)
        set_part(self.verdict, part)
        self.text.setText(outcome.text)
        self._fill_figures(taught)
        self._draw(taught)
        self._fill_confusion(taught)
        self._draw_few(taught)
        self.wrong.clear()
        for case, truth, said, chance in taught.wrong:
            item = QListWidgetItem(f"{case}: {truth}, called {said} ({chance:.2f})")
            item.setData(Qt.ItemDataRole.UserRole, case)
            item.setToolTip("Click to open it")
            self.wrong.addItem(item)
        number = self.wrong.count()
        found = f"Still wrong: {number} of {len(taught.cases)}; click to look"
        self.wrong_title.setText(found if number else "No case is still wrong")
        self.wrong.setVisible(number > 0)
        self.name.setText(name)
        # The base stays the default unless the folds say better.
        self.default_box.setChecked(outcome.word == "better")
        self.keep_button.setEnabled(True)

    def _fill_figures(self, taught: Taught) -> None:
        empty(self._figures)
        outcome = taught.outcome
        for across, (text, tip) in enumerate(HEADS):
            head = label(text, "dim", wrap=False)
            head.setToolTip(plain_tip(tip))
            self._figures.addWidget(head, 0, across)
        base = outcome.base
        rows = (("Fine-tuned", outcome.tuned), ("Base", base), ("Plain baseline", outcome.baseline))
        for down, (text, found) in enumerate(rows, start=1):
            cells = [text, *_cells(found)]
            for across, cell in enumerate(cells):
                self._figures.addWidget(label(cell, wrap=False), down, across)
        self._figures.setColumnStretch(1, 1)

    def _draw(self, taught: Taught) -> None:
        from cubeview.learn.tasks.metrics import reliability, roc_band

        outcome, folds = taught.outcome, taught.tuned.folds
        self.roc.clear()
        self.roc.square()
        if outcome.base is not None:
            grid, mean, _ = roc_band(outcome.base.scores, taught.ill, folds)
            self.roc.curve(grid, mean, "dim", style="dashed")
        grid, mean, spread = roc_band(outcome.tuned.scores, taught.ill, folds)
        self.roc.band(grid, (mean - spread).clip(0, 1), (mean + spread).clip(0, 1), "accent")
        self.roc.curve(grid, mean, "accent")
        beside = "; base grey" if outcome.base else ""
        self.reliability_title.setText(f"Calibration (ECE {outcome.tuned.ece:.3f}){beside}")
        self.reliability.clear()
        self.reliability.square()
        for found, colour in ((outcome.base, "dim"), (outcome.tuned, "accent")):
            if found is not None:
                said, right, number = reliability(found.probabilities, taught.cases.truth, BINS)
                used = number > 0
                self.reliability.curve(said[used], right[used], colour, style="dots")

    def _draw_few(self, taught: Taught) -> None:
        """Draw the score against the number of labels, to the fine-tune with all of them."""
        rungs, tuned = taught.few.rungs, taught.outcome.tuned.balanced_accuracy
        labels = np.array([rung.labels for rung in rungs], float)
        low, high = np.array([(rung.low, rung.high) for rung in rungs], float).reshape(-1, 2).T
        self.curve.clear()
        self.curve.band(labels, low, high, "dim")
        self.curve.curve(labels, [rung.score for rung in rungs], "dim", style="dots")
        self.curve.curve([len(taught.cases)] * 2, [tuned] * 2, "accent", style="dots")
        self.few.setText(taught.few.words)

    def _fill_confusion(self, taught: Taught) -> None:
        empty(self._confusion)
        names = taught.cases.classes
        for place, name in enumerate(names):
            head = label(name, "dim", wrap=False)
            head.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._confusion.addWidget(head, 0, place + 1)
            self._confusion.addWidget(label(name, "dim", wrap=False), place + 1, 0)
        for down, counts in enumerate(taught.outcome.tuned.confusion):
            for across, count in enumerate(counts):
                cell = label(str(count), "good" if down == across else "", wrap=False)
                cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
                self._confusion.addWidget(cell, down + 1, across + 1)


def _cells(found: "Figures | None") -> tuple[str, str, str]:
    if found is None:
        return "knows other classes", "", ""
    auc = found.auc
    return (
        f"{auc.value:.3f} ({auc.low:.2f} to {auc.high:.2f})",
        f"{found.balanced_accuracy:.2f}",
        f"{found.ece:.3f}",
    )
