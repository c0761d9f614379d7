"""The Cases panel: what is open, what it is, and what it was judged to be."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.cubes.study import studies, tags
from cubeview.gui.desk.samples import Sample
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import button, keep_out, label, plain_tip
from cubeview.gui.widgets.layout import column, empty, put
from cubeview.kinds import kind_of
from cubeview.library.cases import after_a_file
from cubeview.plain import one_line_of

RECENT_SHOWN = 5


class CasesPanel(QWidget):
    """The opened cases; below them what may be opened with one click.

    Signals
    -------
    wanted(object)
        A list of paths the user chose to open; samples and recent files alike.
    """

    wanted = pyqtSignal(object)

    def __init__(
        self,
        session: Session,
        samples: tuple[Sample, ...],
        label_of: Callable[[Case], str] = lambda case: "",
    ) -> None:
        super().__init__()
        self._session, self._label_of = session, label_of
        self._order: list[Case] = []
        layout = self._layout = column(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Cases")
        # A click leaves the keyboard to the views: the next arrow is for them, not another case.
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._chosen)
        self.none = label("Nothing is open.", "dim")
        put(layout, self.none, (self.list, 1))
        layout.addStretch(0)
        if samples:
            openers = [self._opener(sample.title, list(sample.paths)) for sample in samples]
            put(layout, label("Samples", "heading"), *openers)
        self._recent_heading = label("Recent", "heading")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        put(layout, self._recent_heading, self._recent)
        session.cases_changed.connect(self.refill)
        session.case_changed.connect(self._select)
        self.set_recent(())
        self.refill()

    def set_recent(self, recent: tuple[tuple[str, list[Path]], ...]) -> None:
        """Offer files opened earlier: title and paths, the newest first.

        A file that is called otherwise than it is named may be called as a patient: no path then.
        """
        empty(self._recent)
        for title, paths in recent[:RECENT_SHOWN]:
            named = title.startswith(one_line_of(paths[0].name))
            tip = "\n".join(map(str, paths)) if named else "Open again"
            self._recent.addWidget(self._opener(title, paths, tip))
        self._recent_heading.setVisible(bool(recent))

    def step(self, step: int) -> None:
        """Show the case so many lines below the current one, if there is one."""
        row = self.list.currentRow() + step
        if 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def _opener(self, title: str, paths: list[Path], tip: str = "") -> QPushButton:
        made = button(title, lambda: self.wanted.emit(paths), tip, "quiet")
        made.setStyleSheet("text-align: left;")
        keep_out(made, bool(tip))  # a sample is nobody's
        return made

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self._order):
            self._session.set_case(self._order[row])

    def refill(self) -> None:
        """Read the list again."""
        names = Counter(case.name for case in self._session.cases)
        with QSignalBlocker(self.list):
            self.list.clear()
            self._order = []
            for case, part, scans in _grouped(self._session.cases):
                self._order.append(case)
                if part:  # of the study above
                    self.list.addItem(f"    ↳ {part}")
                    continue
                name = case.name
                # Cubes of one object are told apart by their files; scans never name theirs.
                if names[name] > 1 and not kind_of(case).patient and case.main.source:
                    name = f"{name} · {one_line_of(case.main.source.path.name)}"
                item = QListWidgetItem(f"{name}\n{self._about(case, scans)}")
                item.setToolTip(plain_tip(f"{name}: {self._about(case, scans)}"))
                self.list.addItem(item)
        keep_out(self.list, any(map(after_a_file, self._session.cases)))
        some = bool(self._session.cases)
        self.none.setVisible(not some)
        self._layout.setStretch(self._layout.indexOf(self.list) + 1, int(not some))
        self.list.setVisible(some)
        self._select()

    def _select(self) -> None:
        case = self._session.case
        row = next((i for i, other in enumerate(self._order) if other is case), -1)
        with QSignalBlocker(self.list):
            self.list.setCurrentRow(row)

    def _about(self, case: Case, scans: int) -> str:
        answer = self._session.answer_to(case)
        parts = [kind_of(case).name, " + ".join(role for role in case.roles)]
        if scans > 1:
            parts.append(f"study of {scans} scans")
        # The reader's own word first; a model's is never printed as if it were the finding.
        if label := self._label_of(case):
            parts.append(f"labelled {label}")
        if answer is not None and (answer.unlike or answer.answer):
            said = "unlike its training data" if answer.unlike else answer.answer
            parts.append(f"{answer.model}: {said}")
        return " · ".join(p for p in parts if p not in ("flux", "heart") or p == parts[0])


def _grouped(cases: Iterable[Case]) -> Iterator[tuple[Case, str, int]]:
    """Yield cases study by study, what each but the first is of its study, and how many it has."""
    for first, *others in studies(cases):
        yield first, "", 1 + len(others)
        for one in others:
            yield one, " · ".join(tags(one)) or one.name, 1 + len(others)
