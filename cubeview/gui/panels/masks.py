"""The Mask panel: paint, measure, keep and save what was painted."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QLineEdit, QSlider, QSpinBox, QWidget

from cubeview.cubes.mask import Mask
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.records import Changes, Records
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.subject import Subject
from cubeview.gui.panels.maskmethods import OUTSIDE, MaskMethods
from cubeview.gui.widgets.basic import button, label, say, steady, tick
from cubeview.gui.widgets.files import ask_open, ask_save
from cubeview.gui.widgets.layout import column, put, row
from cubeview.library import masks as store
from cubeview.library.library import Library
from cubeview.measure.masks.layer import MOST_PAINTED, Layer

if TYPE_CHECKING:
    from cubeview.measure.masks.measured import LabelHeld

_FILTERS = "NIfTI (*.nii.gz);;FITS (*.fits);;DICOM Segmentation (*.dcm)"


class MasksPanel(QWidget):
    """Paints the current case; one mask for each of its cubes.

    Signals
    -------
    saved(object)
        The path a mask was saved under.
    """

    saved = pyqtSignal(object)

    def __init__(
        self,
        session: Session,
        jobs: Jobs,
        records: Records,
        subject: Subject,
        memory: SettingsFile,
    ) -> None:
        super().__init__()
        self._session, self._painting, self._jobs = session, session.painting, jobs
        self._records, self._subject, self._memory = records, subject, memory
        self.paint = tick("Paint (K)", "The left button paints; Ctrl erases, Shift pans.")
        self.tool = steady(QComboBox())
        self.tool.addItems(["brush", "fill"])
        self.tool.setAccessibleName("Brush or fill")
        self.labels = steady(QComboBox())
        self.labels.setAccessibleName("Label that is painted")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the label")
        self.radius = steady(QSpinBox())
        self.radius.setRange(1, 64)
        self.radius.setSuffix(" voxels")
        self.radius.setAccessibleName("Radius of the brush")
        self.opacity = steady(QSlider(Qt.Orientation.Horizontal))
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("Opacity of masks")
        self.role = steady(QComboBox())
        self.role.setAccessibleName("Which cube")
        self.said = label()
        self.held = label()
        self.new_button = button("New label", self._new)
        self.methods = MaskMethods(session, jobs, self._role, self._say)
        self.undo_button = button("Undo", self._painting.undo, "Ctrl+Shift+Z")
        self.measure_button = button("Measure", self.measure)
        self.keep_button = button("Keep", self.keep, "In the library, under your name")
        self.recall_button = button("Kept", self.recall, "Show what was kept of this case last")
        self.open_button = button("Open…", self._ask_open)
        self.save_button = button("Save…", self._ask_save)
        put(
            column(self),
            row(self.paint, self.tool, (self.role, 1)),
            row((self.labels, 1), self.new_button),
            row((self.name, 1), self.undo_button),
            row(label("Brush", wrap=False), self.radius, label("Opacity", wrap=False),
                (self.opacity, 1)),
            self.methods,
            row(self.measure_button, self.keep_button, self.recall_button),
            row(self.open_button, self.save_button),
            self.said,
            self.held,
            None,
        )  # fmt: skip
        brush = self._painting.set_brush
        self.paint.toggled.connect(lambda on: brush(on=on))
        self.tool.currentTextChanged.connect(lambda text: brush(tool=text))
        self.radius.valueChanged.connect(lambda value: brush(radius=float(value)))
        self.opacity.valueChanged.connect(lambda value: brush(opacity=value / 100))
        self.labels.currentIndexChanged.connect(self._choose)
        self.name.editingFinished.connect(self._rename)
        self._painting.brush_changed.connect(self._show_brush)
        self._painting.changed.connect(self._fill)
        session.case_changed.connect(self._case_changed)
        self._show_brush()
        self._case_changed()

    # What the user does

    def measure(self) -> None:
        """Say what each label holds."""
        layer = self._layer()
        if layer is None:
            return
        mask = layer.mask()

        def work(job: Job) -> "tuple[LabelHeld, ...]":
            from cubeview.measure.masks.measured import measured

            return measured(mask, report=job.report)

        self.methods.start(
            "Measuring a mask", work, lambda found: say(self.held, "\n".join(map(_words, found)))
        )

    def keep(self) -> None:
        """Keep the mask in the library under the reader's name."""
        layer, case, hashes = self._layer(), self._session.case, self._subject.hashes
        if layer is None or case is None:
            self._say("Nothing is painted.", "bad")
            return
        if hashes is None:
            self._say("The case is still being read: try again in a moment.", "bad")
            return
        role, mask = self._role(), layer.mask()

        def work(library: Library) -> Changes:
            number = library.add_case(case, hashes)
            store.keep(library, number, role, mask)
            return Changes(all=True)

        if self._records.do(work):
            self._say(f"Kept in the library as painted by {self._records.reader}.")

    def recall(self) -> None:
        """Show what was kept of this case last, whoever painted it."""
        library, case = self._records.library, self._session.case
        number = self._subject.case_id
        if library is None or case is None or number is None:
            self._say("Nothing was kept of this case.", "bad")
            return
        try:
            found = store.kept(library, number, self._role(), case.cubes[self._role()])
        except CubeviewError as error:
            self._say(str(error), "bad")
            return
        if found:
            self._painting.take(self._role(), found[0].mask)
            readers = ", ".join(f"{one.reader} ({one.at[:16]})" for one in found)
            self._say(f"Kept: {readers}. The first is shown.")
        else:
            self._say("Nothing was kept of this case.", "bad")
        if found[1:]:
            self._compare(found)

    def _compare(self, found: list[store.Painted]) -> None:
        """Say how alike the readers painted: the newest against each other."""

        def work(job: Job) -> list[str]:
            from cubeview.measure.masks.compare import compare

            said = []
            for other in found[1:]:
                alike = compare(found[0].mask, other.mask, report=job.report)
                figures = "; ".join(
                    f"{one.label.name}: Dice " + ("–" if one.dice is None else f"{one.dice:.3f}")
                    for one in alike.labels
                )
                said.append(f"{found[0].reader} and {other.reader}: {figures}")
            return said

        self.methods.start("Comparing masks", work, lambda said: say(self.held, "\n".join(said)))

    def open(self, path: Path) -> None:
        """Show a mask of a file, or say why not."""
        case, role = self._session.case, self._role()
        if case is None:
            return
        cube = case.cubes[role]

        def taken(mask: Mask) -> None:
            if case is not self._session.case:
                return
            try:
                self._painting.take(role, mask)
            except CubeviewError as error:
                self._say(f"{path}: {error}", "bad")
            else:
                self._say("; ".join(mask.notes), "bad" if mask.notes else "")

        def work(job: Job) -> Mask:
            from cubeview.io.masks import read_mask

            return read_mask(path, cube, report=job.report)

        self.methods.start("Opening a mask", work, taken)

    def save(self, path: Path) -> None:
        """Save the mask, or say why not."""
        layer, case = self._layer(), self._session.case
        if layer is None or case is None:
            self._say("Nothing is painted.", "bad")
            return
        mask, source = layer.mask(), layer.cube.source

        def work(job: Job) -> None:
            from cubeview.io.export.masks import write_mask
            from cubeview.io.export.told import referred_header
            from cubeview.io.masks import is_dicom

            header = None
            if path.suffix.lower() == ".dcm" and source is not None and not source.beside:
                header = referred_header(source.path) if is_dicom(source.path) else None
            write_mask(mask, path, ("painted in the window",), header)

        self.methods.start("Saving a mask", work, lambda _: self.saved.emit(path))

    def toggle(self) -> None:
        """Let the left button paint, or not."""
        self._painting.set_brush(on=not self._painting.brush.on)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the actions of painting do, by their keys."""
        return {
            "undo_mask": self._painting.undo,
            "smaller_brush": lambda: self.change_radius(-1.0),
            "larger_brush": lambda: self.change_radius(1.0),
        }

    def change_radius(self, step: float) -> None:
        """Make the brush larger or smaller."""
        self._painting.set_brush(radius=self._painting.brush.radius + step)

    # How it is shown

    def _role(self) -> str:
        return self.role.currentText()

    def _layer(self) -> Layer | None:
        return self._painting.layer(self._role())

    def _new(self) -> None:
        if self._session.case is None:
            return
        layer = self._painting.begun(self._role())
        number = max((one.number for one in layer.labels), default=0) + 1
        if number > MOST_PAINTED:
            return
        there = {one.name for one in layer.labels}
        layer.name(number, f"label {number}" if OUTSIDE in there else OUTSIDE)
        self._painting.set_brush(number=number)
        self._painting.tell(self._role())

    def _rename(self) -> None:
        layer, number = self._layer(), self._painting.brush.number
        if layer is not None and number and self.name.text().strip():
            layer.name(number, self.name.text().strip()[:64])
            self._painting.tell(self._role())

    def _choose(self) -> None:
        number = self.labels.currentData()
        if number is not None:
            self._painting.set_brush(number=int(number))

    def _case_changed(self) -> None:
        case = self._session.case
        with QSignalBlocker(self.role):
            self.role.clear()
            self.role.addItems([] if case is None else list(case.roles))
        self.role.setVisible(self.role.count() > 1)
        self._say("")
        say(self.held, "")
        self._fill()

    def _fill(self) -> None:
        layer, brush = self._layer(), self._painting.brush
        numbers = [(1, "label 1")] if layer is None else [
            (one.number, one.name) for one in layer.labels
        ]  # fmt: skip
        shown = [self.labels.itemText(n) for n in range(self.labels.count())]
        wanted = {f"{number}  {name}": number for number, name in numbers}
        with QSignalBlocker(self.labels):
            if shown != list(wanted):  # not at every dab of the brush
                self.labels.clear()
                for text, number in wanted.items():
                    self.labels.addItem(text, number)
            self.labels.setCurrentIndex(self.labels.findData(brush.number))
        names = dict(numbers)
        self.name.setText(names.get(brush.number, ""))
        self.undo_button.setEnabled(layer is not None and layer.changed)

    def _show_brush(self) -> None:
        brush = self._painting.brush
        for widget, set_to in (
            (self.paint, lambda: self.paint.setChecked(brush.on)),
            (self.tool, lambda: self.tool.setCurrentText(brush.tool)),
            (self.radius, lambda: self.radius.setValue(round(brush.radius))),
            (self.opacity, lambda: self.opacity.setValue(round(100 * brush.opacity))),
        ):
            with QSignalBlocker(widget):
                set_to()
        self._fill()

    def _say(self, text: str, part: str = "") -> None:
        say(self.said, text, part)

    def _ask_open(self) -> None:
        names = "Masks and contours (*.nii *.nii.gz *.fits *.dcm);;All files (*)"
        folder = self._memory.settings.folder
        ask_open(self, "Open mask", folder, lambda paths: self.open(paths[0]), names=names)

    def _ask_save(self) -> None:
        ask_save(self, "Save mask", self._memory.settings.folder, self.save, names=_FILTERS)


def _words(one: "LabelHeld") -> str:
    """Return what a label holds, in a line."""
    if one.whole is None:
        return f"{one.label.name}: empty"
    held = one.whole
    parts = [f"{held.voxels:,} voxels in {one.count} pieces"]
    if held.volume is not None:
        parts.append(f"{held.volume:.1f} ml")
    elif held.total is not None:
        error = "" if held.error is None else f" ± {held.error:.2g}"
        parts.append(f"sum {held.total:.5g}{error} {held.unit}".rstrip())
    if held.mean is not None:
        parts.append(f"mean {held.mean:.4g}")
    return f"{one.label.name}: {', '.join(parts)}"
