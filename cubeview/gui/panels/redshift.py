"""The Redshift panel: the five best redshifts of a spectrum, each drawn, one taken by its key."""

from functools import partial

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QListWidget, QWidget

from cubeview.cubes.case import Case
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.labelling import Labelling
from cubeview.gui.desk.records import Changes, Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import Curve
from cubeview.gui.widgets.basic import button, label, say
from cubeview.gui.widgets.layout import column, put, row
from cubeview.kinds import SPECTRUM
from cubeview.library.library import Library
from cubeview.library.values import LabelClass
from cubeview.measure.sky.by_templates import MOST, Redshift, redshift_at

QUALITIES = {1: "unknown", 2: "a guess", 3: "probable", 4: "certain"}
"""What readers of surveys say of a redshift; as Marz and 2dF have it."""

LABEL_SET = "redshifts"
_CLASSES = {"galaxy": "#5ac58e", "quasar": "#4aa3ff", "star": "#f0b429"}


class RedshiftPanel(QWidget):
    """Fits the spectrum on the screen; of a cube the one at the cursor."""

    def __init__(
        self, session: Session, jobs: Jobs, records: Records, labelling: Labelling
    ) -> None:
        super().__init__()
        self._session, self._jobs = session, jobs
        self._records, self._labelling = records, labelling
        self.found: Redshift | None = None
        self._case: Case | None = None
        self._place = (0, 0)
        self.quality = 0
        self.run_button = button("Find the redshift", self.run, part="main")
        self.best = QListWidget()
        self.best.setAccessibleName("The best redshifts")
        self.best.setToolTip("A click draws the template; keys 1 to 5 take it")
        self.best.setMinimumHeight(110)
        self.best.currentRowChanged.connect(self._draw)
        self.qualities = {
            number: button(
                str(number), partial(self.judge, number), f"{words.capitalize()} (Ctrl+{number})"
            )
            for number, words in QUALITIES.items()
        }
        for made in self.qualities.values():
            made.setCheckable(True)
        self.said = label(part="dim")
        self.cautions = label(part="warn")
        put(
            column(self),
            self.run_button,
            self.best,
            row(label("Quality", "dim", wrap=False), *self.qualities.values(), None),
            self.said,
            self.cautions,
            None,
        )
        for number in QUALITIES:
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(partial(self.judge, number))
        labelling.spared.connect(self._key)
        session.case_changed.connect(self._case_changed)
        self._case_changed()

    def run(self) -> None:
        """Fit the spectrum, in the background."""
        case = self._session.case
        if case is None or case.main.axes[0].kind != "spectral":
            return
        _, y, x = self._session.cursor
        say(self.said, "Fitting…", "dim")
        self._jobs.start(
            "redshift",
            f"Redshift of {case.name}",
            lambda job: redshift_at(case.main, y, x, report=job.report),
            finished=lambda found: self._show(case, (y, x), found),
            failed=lambda why: self._failed(case, why),
        )

    def take(self, number: int) -> None:
        """Take one of the redshifts, counted from 1, as that of the spectrum."""
        if self.found is None or not 0 < number <= len(self.found.candidates):
            return
        self.best.setCurrentRow(number - 1)
        self._write()

    def judge(self, quality: int) -> None:
        """Say how sure the redshift is."""
        if self.found is None or self.best.currentRow() < 0:
            self._tick()
            return
        self.quality = quality
        self._write()

    def _key(self, key: str) -> None:
        if key.isdecimal() and int(key) <= MOST:
            self.take(int(key))

    def _case_changed(self) -> None:
        case = self._session.case
        spectral = case is not None and case.main.axes[0].kind == "spectral"
        self.run_button.setEnabled(spectral)
        self._forget()
        say(
            self.said, "" if spectral else "Open a spectrum, or a cube with a spectral axis.", "dim"
        )
        if case is not None and spectral and case.main.shape[1:] == (1, 1):
            self.run()

    def _forget(self) -> None:
        self.found, self.quality = None, 0
        with QSignalBlocker(self.best):
            self.best.clear()
        say(self.cautions, "")
        self._tick()

    def _failed(self, case: Case, why: str) -> None:
        if case is self._session.case:
            self._forget()
            say(self.said, why, "bad")

    def _show(self, case: Case, place: tuple[int, int], found: Redshift) -> None:
        if case is not self._session.case:
            return
        self._forget()
        self.found, self._case, self._place = found, case, place
        for number, one in enumerate(found.candidates, start=1):
            worse = f"Δχ² {one.delta_chi2:.1f}" if number > 1 else "best"
            self.best.addItem(f"{number}   z = {one.z:.5f}   {one.type}   {worse}")
        where = "" if case.main.shape[1:] == (1, 1) else f" at voxel {place[1] + 1}, {place[0] + 1}"
        text = f"z = {found.z:.5f} ({found.low:.5f} to {found.high:.5f}){where}. 1 to 5 take one."
        say(self.said, text, "dim")
        say(self.cautions, "\n".join(f"⚠ {text}" for text in found.cautions))
        self.best.setCurrentRow(0)

    def _draw(self, number: int) -> None:
        if self.found is None or self._case is None or number < 0:
            return
        one = self.found.candidates[number]
        name = f"{one.type}, z = {one.z:.5f}"
        curve = Curve(name, self.found.drawn[number], one.z, self._place)
        self._session.set_curve(self._case, curve)

    def _write(self) -> None:
        """Keep the redshift that is taken as the note of the case."""
        assert self.found is not None
        one = self.found.candidates[self.best.currentRow()]
        text = f"z = {one.z:.5f}, {one.type}"
        if self.quality:
            text += f", quality {self.quality} ({QUALITIES[self.quality]})"
        self._tick()
        say(self.said, f"✓ {text}", "good")
        case = self._session.case
        if case is None or case.kind != SPECTRUM.key:
            self._labelling.set_note(text)
            return
        if not self._records.label_set and not self._records.do(_with_set):
            return
        if self._records.label_set == LABEL_SET:
            kind, sure = one.type.split()[0], self.quality not in (1, 2)
            self._labelling.place_with_note(kind, text, sure=sure)
        else:
            self._labelling.set_note(text)

    def _tick(self) -> None:
        for number, made in self.qualities.items():
            made.setChecked(number == self.quality)


def _with_set(library: Library) -> Changes:
    """Make the label set that redshifts are kept in; without keys, which take a redshift."""
    classes = [LabelClass(name, "", colour, "", False) for name, colour in _CLASSES.items()]
    library.save_label_set(LABEL_SET, SPECTRUM.key, classes)
    return Changes(sets=True)
