"""The part of the Measure panel for position and velocity along a path."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QDoubleSpinBox, QFormLayout, QWidget

from cubeview.cubes.cube import Cube
from cubeview.cubes.reduce import plane_levels, to_steps
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measuring import Measuring
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.settings import SettingsFile
from cubeview.gui.desk.units import display_scale
from cubeview.gui.widgets.basic import button, label, say, steady, tick
from cubeview.gui.widgets.files import ask_save
from cubeview.gui.widgets.layout import column, put, row
from cubeview.gui.widgets.pvimage import PathImage

if TYPE_CHECKING:
    from cubeview.measure.sky.pv import PositionVelocity

_WIDEST = 100_000.0


class PathControl(QWidget):
    """The tool that draws the path, its width, and the image of what lies along it.

    Signals
    -------
    saved(object)
        The path the image was written to.
    """

    saved = pyqtSignal(object)

    def __init__(
        self, session: Session, jobs: Jobs, measuring: Measuring, memory: SettingsFile
    ) -> None:
        super().__init__()
        self._session, self._jobs, self._memory = session, jobs, memory
        self._drawn: object = None
        self.draw = tick("Draw on the sky (Shift+P)", "Drag for a straight path; or click its "
                         "points, and double-click to end it")  # fmt: skip
        self.width_field = steady(QDoubleSpinBox())
        self.width_field.setRange(0.0, _WIDEST)
        self.width_field.setDecimals(2)
        self.width_field.setSpecialValueText("the line alone")
        self.width_field.setKeyboardTracking(False)
        self.width_field.setAccessibleName("Width")
        form = QFormLayout()
        form.addRow(label("Width", "dim", wrap=False), self.width_field)
        self.image = PathImage("Position and velocity")
        self.save_button = button("Save…", self.ask_file, "As FITS, with its errors and the path")
        self.clear_button = button(
            "Clear", lambda: session.set_measured(note=True, path=()), "Ctrl+Z brings it back"
        )
        self.said, self.problem = label(part="dim"), label(part="bad")
        layout = column(self)
        put(layout, self.draw, form, (self.image, 1))
        put(layout, row(self.save_button, self.clear_button, None), self.problem, self.said)
        self.draw.clicked.connect(lambda on: session.set_measured(tool="path" if on else ""))
        self.width_field.valueChanged.connect(
            lambda width: session.set_measured(note=True, path_width=width)
        )
        self.image.picked.connect(self._go)
        measuring.pathless.connect(partial(say, self.problem))
        for signal in (session.case_changed, session.measured_changed, session.display_changed):
            signal.connect(self._read)
        session.cursor_changed.connect(self._point)
        self.problem.hide()
        self._read()

    def ask_file(self) -> None:
        """Ask where to write the image, and write it in the background."""
        case, made = self._session.case, self._session.measured.pv
        if case is not None and made is not None:
            write = partial(self.save, case.main, made, self._session.hashes_of(case))
            folder = self._memory.settings.folder
            ask_save(self, "Save image", folder, write, names="FITS (*.fits)", name="pv.fits")

    def save(
        self, cube: Cube, made: "PositionVelocity", hashes: dict[str, str] | None, path: Path
    ) -> None:
        """Write an image with its errors in the background."""

        def work(job: Job) -> Path:
            from cubeview.io.export.pv import Path2d, write_pv

            drawn = Path2d(
                made.offsets, made.offset_unit, made.places, made.values, made.sigma, made.unit,
                made.channels[0],
            )  # fmt: skip
            source = [f"source SHA-256 {digest}" for digest in sorted(set((hashes or {}).values()))]
            write_pv(cube, drawn, path, (*source, *made.words))
            return path

        self._jobs.start(
            "save image", "Saving the image", work, finished=self.saved.emit,
            failed=partial(say, self.problem),
        )  # fmt: skip

    def _read(self) -> None:
        case, asked = self._session.case, self._session.measured
        self.setEnabled(case is not None and case.main.axes[0].kind == "spectral")
        self.draw.setChecked(asked.tool == "path")
        unit = "″" if case is not None and case.main.wcs is not None else " spaxels"
        with QSignalBlocker(self.width_field):
            self.width_field.setSuffix(f"{unit} across")
            self.width_field.setValue(asked.path_width)
        self.save_button.setEnabled(asked.pv is not None)
        self.clear_button.setEnabled(bool(asked.path))
        self._draw(case.main if case is not None else None, asked.pv)

    def _draw(self, cube: Cube | None, made: "PositionVelocity | None") -> None:
        display = self._session.display
        if (made, display.colormap, display.stretch) == self._drawn:
            return
        self._drawn = (made, display.colormap, display.stretch)
        if cube is None or made is None:
            self.image.clear()
            say(self.said, "")
            return
        axis = cube.axes[0]
        scale, unit = display_scale(axis)
        along = axis.values[slice(*made.channels)] * scale
        half = (along[-1] - along[0]) / max(len(along) - 1, 1) / 2 or 0.5
        step = (made.offsets[1] - made.offsets[0]) / 2
        steps = to_steps(made.values, *plane_levels(made.values), display.stretch)
        rect = (made.offsets[0] - step, made.offsets[-1] + step, along[0] - half, along[-1] + half)
        titles = f"Offset ({made.offset_unit})", f"{axis.name} ({unit})" if unit else axis.name
        self.image.draw(steps, rect, titles, display.colormap)
        say(self.said, ". ".join(made.words))
        self._point()

    def _point(self) -> None:
        """Mark the place of the path that is nearest to the cursor."""
        case, made = self._session.case, self._session.measured.pv
        if case is None or made is None:
            return
        z, y, x = self._session.cursor
        nearest = int(np.argmin(np.hypot(*(made.places - (y, x)).T)))
        scale, _ = display_scale(case.main.axes[0])
        self.image.point(float(made.offsets[nearest]), float(case.main.axes[0].values[z]) * scale)

    def _go(self, across: float, up: float) -> None:
        case, made = self._session.case, self._session.measured.pv
        if case is None or made is None:
            return
        place = int(np.argmin(np.abs(made.offsets - across)))
        scale, _ = display_scale(case.main.axes[0])
        z = case.main.axes[0].index(up / scale)
        y, x = made.places[place]
        self._session.set_cursor(z, float(y), float(x))
