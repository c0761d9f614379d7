"""The part of the Measure panel for apertures on the sky and their spectra."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

from cubeview.cubes.cube import Cube
from cubeview.cubes.shape import KINDS, SIZES, Kind, Shape
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measured import Trace, colour_of
from cubeview.gui.desk.measuring import Measuring
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.sky_places import centre_from, sizes_from, sizes_text
from cubeview.gui.desk.units import unit_text
from cubeview.gui.widgets.basic import (
    button,
    chooser,
    colour_icon,
    label,
    offer,
    say,
    steady,
    tick,
)
from cubeview.gui.widgets.files import ask_open, ask_save
from cubeview.gui.widgets.layout import column, put, row

_TABLES = "FITS table (*.fits);;ECSV (*.ecsv);;VOTable (*.vot);;CSV (*.csv)"
_REGIONS = "DS9 regions (*.reg);;CASA regions (*.crtf)"
_LINES = 5
_SIZES: dict[Kind, str] = {
    "circle": "Radius",
    "ellipse": "Half axes",
    "box": "Sides",
    "annulus": "Radii",
    "polygon": "Size",
}


class ApertureControl(QWidget):
    """Tools that draw apertures, the list of them, and their figures.

    Signals
    -------
    saved(object)
        The path spectra or regions were written to.
    """

    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, measuring: Measuring, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self._measuring = measuring
        self.tools: dict[Kind, QPushButton] = {}
        for kind in KINDS:
            made = button(kind.capitalize(), partial(self._take, kind), _TIPS[kind])
            made.setCheckable(True)
            self.tools[kind] = made
        self.list = QListWidget()
        self.list.setAccessibleName("Apertures")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setFixedHeight(_LINES * (self.list.fontMetrics().height() + 8))
        self.centre, self.sizes = QLineEdit(), QLineEdit()
        self.centre.setToolTip("x, y in pixels from 1, or a coordinate: 12:34:56.7 +1:02:03")
        self.unit = chooser("Unit of sizes")
        self.unit.setMinimumContentsLength(2)
        self.angle = steady(QDoubleSpinBox())
        self.angle.setRange(-360.0, 360.0)
        self.angle.setSuffix(" °")
        self.angle.setKeyboardTracking(False)
        self.angle.setToolTip("From the rows towards the columns")
        self._size_caption = label("Size", "dim", wrap=False)
        form = QFormLayout()
        form.addRow(label("Centre", "dim", wrap=False), self.centre)
        form.addRow(self._size_caption, row((self.sizes, 3), (self.unit, 2)))
        form.addRow(label("Angle", "dim", wrap=False), self.angle)
        for name, field in (("Centre", self.centre), ("Size", self.sizes), ("Angle", self.angle)):
            field.setAccessibleName(name)
        self.background = tick("Background of the others", "Its mean is taken off each voxel")
        self.how = chooser("Spectra are", "Shift+R")
        offer(self.how, {"sum": "Sum of the voxels", "mean": "Mean of the voxels"})
        self.remove_button = button("Remove", self._remove, "Ctrl+Z brings it back")
        self.save_button = button("Save spectra…", self.ask_spectra)
        self.open_button = button("Open regions…", self.ask_regions, "DS9 .reg or CASA .crtf")
        self.keep_button = button("Save regions…", self.ask_keep, "DS9 .reg or CASA .crtf")
        self.said, self.problem = label(part="dim"), label(part="bad")
        layout = column(self)
        tools = list(self.tools.values())
        put(layout, row(*tools[:3], None), row(*tools[3:], None), self.list, form)
        put(layout, row((self.background, 1), self.remove_button), self.how)
        put(layout, row(self.save_button, None), row(self.open_button, self.keep_button, None))
        put(layout, self.said, self.problem, None)
        self.list.currentRowChanged.connect(lambda n: session.set_measured(chosen=n))
        self.list.itemChanged.connect(self._renamed)
        self.centre.editingFinished.connect(self._typed)
        self.sizes.editingFinished.connect(self._typed)
        self.angle.valueChanged.connect(lambda _: self._typed())
        self.unit.activated.connect(lambda _: self._read())
        self.background.clicked.connect(self._make_background)
        self.how.activated.connect(
            lambda _: session.set_aperture(session.aperture, self.how.currentData())
        )
        measuring.refused.connect(partial(say, self.problem))
        session.case_changed.connect(self._case_changed)
        session.measured_changed.connect(self._read)
        session.aperture_changed.connect(self._read)
        self.problem.hide()
        self._case_changed()

    def ask_spectra(self) -> None:
        """Ask where to write the spectra."""
        case = self._session.case
        if case is not None:
            write = partial(
                self.save_spectra, case.main, self._session.measured.traces,
                self._session.hashes_of(case),
            )  # fmt: skip
            self._ask_save("Save spectra", write, _TABLES)

    def save_spectra(
        self, cube: Cube, traces: tuple[Trace, ...], hashes: dict[str, str] | None, path: Path
    ) -> None:
        """Write the spectra with errors, units and how they were made, in the background."""

        def work() -> None:
            from cubeview.io.export.spectrum import Trace as Written
            from cubeview.io.export.spectrum import write_spectrum

            found = [one.spectrum for one in traces]
            history = [f"source SHA-256 {one}" for one in sorted(set((hashes or {}).values()))]
            history += [f"{one.name}: {text}" for one in found for text in one.words]
            parts = [Written(one.values, one.sigma, one.unit) for one in found]
            write_spectrum(cube, parts, path, history)

        self._write("Saving the spectra", work, path)

    def ask_regions(self) -> None:
        """Ask for a file of regions."""
        names = "Regions (*.reg *.crtf);;All files (*)"
        folder = self._memory.settings.folder
        ask_open(self, "Open regions", folder, lambda paths: self.open(paths[0]), names=names)

    def open(self, path: Path) -> None:
        """Add the shapes of a file."""
        from cubeview.io.region_files import read_shapes

        case = self._session.case
        if case is None:
            return
        try:
            shapes = read_shapes(path, case.main)
        except CubeviewError as error:
            say(self.problem, str(error))
            return
        self.problem.hide()
        self._measuring.add(shapes)

    def ask_keep(self) -> None:
        """Ask where to write the shapes as regions."""
        case = self._session.case
        if case is not None:
            write = partial(self.keep, case.main, self._session.measured.shapes)
            self._ask_save("Save regions", write, _REGIONS)

    def keep(self, cube: Cube, shapes: tuple[Shape, ...], path: Path) -> None:
        """Write shapes as regions."""

        def work() -> None:
            from cubeview.io.region_files import write_shapes

            write_shapes(path, cube, shapes)

        self._write("Saving the regions", work, path)

    def _ask_save(self, title: str, write: Callable[[Path], None], names: str) -> None:
        ask_save(self, title, self._memory.settings.folder, write, names=names)

    def _write(self, title: str, write: Callable[[], None], path: Path) -> None:
        def work(job: Job) -> Path:
            write()
            return path

        failed = partial(say, self.problem)
        self._jobs.start(title, title, work, finished=self.saved.emit, failed=failed)

    def _take(self, kind: Kind) -> None:
        tool = self._session.measured.tool
        self._session.set_measured(tool="" if tool == kind else kind)
        self._read()

    def _make_background(self, on: bool) -> None:
        self._session.set_measured(
            note=True, background=self._session.measured.chosen if on else -1
        )

    def _remove(self) -> None:
        self._measuring.remove(self._session.measured.chosen)

    def _renamed(self, item: QListWidgetItem) -> None:
        number, shapes = self.list.row(item), list(self._session.measured.shapes)
        name = item.text().strip()
        if name and name != shapes[number].name:
            shapes[number] = replace(shapes[number], name=name)
            self._session.set_measured(note=True, shapes=tuple(shapes))
        else:
            self._read()

    @property
    def _chosen(self) -> Shape | None:
        asked = self._session.measured
        return asked.shapes[asked.chosen] if 0 <= asked.chosen < len(asked.shapes) else None

    def _typed(self) -> None:
        case, shape = self._session.case, self._chosen
        if case is None or shape is None:
            return
        cube, made, arcsec = case.main, shape, self._arcsec
        try:
            if self.centre.text() != _centre_text(shape):
                made = made.moved(*centre_from(cube, self.centre.text()))
            if SIZES[shape.kind] and self.sizes.text() != sizes_text(cube, shape, arcsec):
                made = replace(made, sizes=sizes_from(cube, shape, self.sizes.text(), arcsec))
        except CubeviewError as error:
            say(self.problem, str(error))
            return
        if abs(self.angle.value() - shape.angle) > 0.005:
            made = replace(made, angle=self.angle.value())
        self.problem.hide()
        shapes = list(self._session.measured.shapes)
        shapes[self._session.measured.chosen] = made
        self._session.set_measured(note=True, shapes=tuple(shapes))
        self._read()

    @property
    def _arcsec(self) -> bool:
        return bool(self.unit.currentData() == "arcsec")

    def _case_changed(self) -> None:
        case = self._session.case
        units = {"px": "px"}
        if case is not None and case.main.wcs is not None:
            units = {"arcsec": "″", "px": "px"}
        offer(self.unit, units)
        self.setEnabled(case is not None and case.main.axes[0].kind == "spectral")
        self._read()

    def _read(self) -> None:
        session, asked, shape = self._session, self._session.measured, self._chosen
        for kind, tool in self.tools.items():
            tool.setChecked(asked.tool == kind)
        self._fill_list()
        with QSignalBlocker(self.angle):
            self.angle.setValue(shape.angle if shape else 0.0)
        turns = shape is not None and shape.kind in ("ellipse", "box")
        self.angle.setEnabled(turns)
        sized = shape is not None and bool(SIZES[shape.kind])
        for field, on in ((self.centre, shape is not None), (self.sizes, sized)):
            field.setEnabled(on)
        cube = session.case.main if session.case is not None else None
        texts = ("", "")
        if shape is not None and cube is not None:
            texts = _centre_text(shape), sizes_text(cube, shape, self._arcsec)
            self._size_caption.setText(_SIZES[shape.kind])
        for field, text in zip((self.centre, self.sizes), texts, strict=True):
            if not (field.hasFocus() and field.isModified()):
                field.setText(text)
        self.background.setEnabled(shape is not None)
        self.background.setChecked(shape is not None and asked.background == asked.chosen)
        self.how.setCurrentIndex(self.how.findData(session.aperture_how))
        self.remove_button.setEnabled(shape is not None)
        self.keep_button.setEnabled(bool(asked.shapes))
        self.save_button.setEnabled(bool(asked.traces))
        say(self.said, "" if cube is None else "\n".join(_figures(cube, one, asked.chosen)
                                                         for one in asked.traces))  # fmt: skip

    def _fill_list(self) -> None:
        asked = self._session.measured
        with QSignalBlocker(self.list):
            while self.list.count() > len(asked.shapes):
                self.list.takeItem(self.list.count() - 1)
            while self.list.count() < len(asked.shapes):
                item = QListWidgetItem()
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                item.setIcon(colour_icon(colour_of(self.list.count())))
                self.list.addItem(item)
            for number, shape in enumerate(asked.shapes):
                item_ = self.list.item(number)
                assert item_ is not None
                item_.setText(shape.name)
            self.list.setCurrentRow(asked.chosen)


_TIPS: dict[Kind, str] = {
    "circle": "Drag on the sky from the centre",
    "ellipse": "Drag on the sky from corner to corner",
    "box": "Drag on the sky from corner to corner",
    "annulus": "Drag on the sky from the centre",
    "polygon": "Click corners on the sky; a double click ends it",
}


def _centre_text(shape: Shape) -> str:
    return f"{shape.x + 1:.2f}, {shape.y + 1:.2f}"


def _figures(cube: Cube, one: Trace, chosen: int) -> str:
    """Return what a spectrum is; of the chosen one how it was made too."""
    found = one.spectrum
    words = f"{found.name}: {found.voxels:.4g} voxels, {unit_text(cube, found.unit) or 'no unit'}"
    return words if one.number != chosen else f"{words}; {'; '.join(found.words[1:])}"
