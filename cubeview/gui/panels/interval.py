"""The part of the Measure panel that makes images of an interval of the spectrum."""

from functools import partial
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QDoubleSpinBox, QFormLayout, QLineEdit, QWidget

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measured import HOWS, SkyImage
from cubeview.gui.desk.measuring import Measuring
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.spectral_places import interval_from, place_figures, windows_from
from cubeview.gui.desk.units import display_scale
from cubeview.gui.widgets.basic import button, chooser, label, offer, say, steady, tick
from cubeview.gui.widgets.files import ask_save
from cubeview.gui.widgets.layout import column, put, row

_MOST_SN = 1000.0
_THROUGH = {
    "polynomial": "a straight line",
    "robust": "a line without what stands out",
    "median": "the median",
}


class IntervalControl(QWidget):
    """Fields and buttons of the interval.

    Signals
    -------
    saved(object)
        The path an image was written to.
    """

    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, measuring: Measuring, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self.draw = tick("Draw in the spectrum (M)", "Drag in the spectrum; with Shift a window "
                         "of continuum. Edges and insides can be dragged on")  # fmt: skip
        self.low, self.high, self.windows = QLineEdit(), QLineEdit(), QLineEdit()
        self.windows.setPlaceholderText("none; a:b, c:d")
        self.how = chooser("Make", "What the image is made of the channels")
        offer(self.how, HOWS, "moment 0")
        self.through = chooser("Continuum is", "What is laid through the windows")
        offer(self.through, _THROUGH)
        self.least_sn = steady(QDoubleSpinBox())
        self.least_sn.setRange(0.0, _MOST_SN)
        self.least_sn.setSpecialValueText("all voxels")
        self.least_sn.setSuffix(" σ at least")
        self.least_sn.setSingleStep(0.5)
        self.least_sn.setKeyboardTracking(False)
        form = QFormLayout()
        self._captions = {}
        for name, field in (
            ("From", self.low),
            ("To", self.high),
            ("Continuum", self.windows),
            ("", self.through),
            ("Make", self.how),
            ("Take", self.least_sn),
        ):
            if name:
                field.setAccessibleName(name)
            self._captions[name] = label(name, "dim", wrap=False)
            form.addRow(self._captions[name], field)
        self.shown = tick("Show in the sky plane", "Shift+M")
        self.save_button = button("Save image…", self.ask_file, "As FITS, with its errors")
        self.clear_button = button("Clear", measuring.clear_interval, "Ctrl+Z brings it back")
        self.said, self.problem = label(part="dim"), label(part="bad")
        layout = column(self)
        put(layout, self.draw, form, self.shown)
        put(layout, row(self.save_button, self.clear_button, None), self.said, self.problem, None)
        self.draw.clicked.connect(lambda on: session.set_measured(tool="interval" if on else ""))
        self.shown.clicked.connect(lambda on: session.set_measured(image_shown=on))
        self.low.editingFinished.connect(self._typed)
        self.high.editingFinished.connect(self._typed)
        self.windows.editingFinished.connect(self._typed)
        self.how.activated.connect(
            lambda _: session.set_measured(note=True, how=self.how.currentData())
        )
        self.through.activated.connect(
            lambda _: session.set_measured(note=True, through=self.through.currentData())
        )
        self.least_sn.valueChanged.connect(lambda n: session.set_measured(note=True, least_sn=n))
        measuring.said.connect(partial(say, self.problem))
        session.case_changed.connect(self._read)
        session.measured_changed.connect(self._read)
        self.problem.hide()
        self._read()

    def ask_file(self) -> None:
        """Ask where to write the image, and write it in the background."""
        case, image = self._session.case, self._session.measured.image
        if case is not None and image is not None:
            name = f"{image.name.replace(' ', '')}-{image.limits[0]:g}-{image.limits[1]:g}.fits"
            write = partial(self.save, case.main, image, self._session.hashes_of(case))
            folder = self._memory.settings.folder
            ask_save(self, "Save image", folder, write, names="FITS (*.fits)", name=name)

    def save(self, cube: Cube, image: SkyImage, hashes: dict[str, str] | None, path: Path) -> None:
        """Write an image with its errors in the background."""

        def work(job: Job) -> Path:
            from cubeview.io.export.images import Image, write_images

            name = image.name.replace(" ", "").upper()
            parts = [Image(name, image.values, image.unit)]
            parts += [Image(f"{name}_ERR", image.sigma, image.unit)]
            source = [f"source SHA-256 {digest}" for digest in sorted(set((hashes or {}).values()))]
            write_images(cube, parts, path, (*source, *image.words))
            return path

        self._jobs.start(
            "save image", "Saving the image", work, finished=self.saved.emit,
            failed=partial(say, self.problem),
        )  # fmt: skip

    def _typed(self) -> None:
        session, case = self._session, self._session.case
        low, high = self.low.text().strip(), self.high.text().strip()
        if case is None:
            return
        asked = session.measured
        try:
            interval = asked.interval
            if (low, high) != self._texts()[:2]:
                interval = interval_from(case.main, low, high) if low and high else None
            continuum = asked.continuum
            if self.windows.text() != self._texts()[2]:
                continuum = windows_from(case.main, self.windows.text())
        except CubeviewError as error:
            say(self.problem, str(error))
            return
        if interval is None and (low or high):
            return  # the other end is still to come
        self.problem.hide()
        session.set_measured(note=True, interval=interval, continuum=continuum)

    def _texts(self) -> tuple[str, str, str]:
        """What the fields say of what is measured now."""
        case, asked = self._session.case, self._session.measured
        if case is None:
            return "", "", ""
        axis = case.main.axes[0]
        ends = [place_figures(axis, end) for end in asked.interval or ()] or ["", ""]
        windows = ", ".join(
            ":".join(place_figures(axis, end) for end in window) for window in asked.continuum
        )
        return ends[0], ends[1], windows

    def _read(self) -> None:
        case, asked = self._session.case, self._session.measured
        spectral = case is not None and case.main.axes[0].kind == "spectral"
        self.setEnabled(spectral)
        unit = display_scale(case.main.axes[0])[1] if case is not None and spectral else ""
        for name in ("From", "To"):
            self._captions[name].setText(f"{name} ({unit})" if unit else name)
        for field, text in zip((self.low, self.high, self.windows), self._texts(), strict=True):
            if not (field.hasFocus() and field.isModified()):
                field.setText(text)
        self.draw.setChecked(asked.tool == "interval")
        self.how.setCurrentIndex(self.how.findData(asked.how))
        with QSignalBlocker(self.least_sn):
            self.least_sn.setValue(asked.least_sn)
        self.least_sn.setEnabled(asked.how.startswith("moment"))
        self.through.setCurrentIndex(self.through.findData(asked.through))
        self.through.setEnabled(bool(asked.continuum))
        self.shown.setChecked(asked.image_shown)
        image = asked.image
        for widget in (self.shown, self.save_button):
            widget.setEnabled(image is not None)
        self.clear_button.setEnabled(asked.interval is not None)
        say(self.said, "" if image is None else ". ".join(image.words))
