"""Profiles through the cursor of a heart or another volume, all states in one plot."""

from html import escape

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox

from cubeview.cubes.plane import axis_marks, heart_region
from cubeview.cubes.reduce import ventricle_maximum
from cubeview.errors import CubeviewError
from cubeview.gui.desk.display import whole_of
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import NO_UNIT, value_unit
from cubeview.gui.views.fetch import OnceAFrame
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.ticks import body_offsets, caption_of
from cubeview.gui.views.title import Title
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.basic import steady
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import kind_of

# Told apart by the line as well as by the colour.
PENS = (("#4aa3ff", Qt.PenStyle.SolidLine), ("#5ac58e", Qt.PenStyle.DashLine))


class ProfileView(CaseView):
    """Values through the cursor along one axis; hearts in % of each state's ventricle maximum."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.title = Title()
        self.along = steady(QComboBox())
        for number in (2, 1, 0):
            low, high = axis_marks(self.case.main)[number]
            name = self.case.main.axes[number].name
            self.along.addItem(f"{low} – {high}" if low and high else f"along {name}", number)
        self.along.setToolTip("Axis the profile runs along")
        self.along.setAccessibleName("Axis the profile runs along")
        self.plot = Plot("Profile")
        self.curves: dict[str, pg.PlotCurveItem] = {}
        for role, (colour, style) in zip(self.case.roles, PENS, strict=False):
            self.curves[role] = pg.PlotCurveItem(pen=pg.mkPen(colour, width=1, style=style))
            self.plot.plot.addItem(self.curves[role])
        self.plot.set_left("%" if self._is_heart else self._unit)
        dashes = {Qt.PenStyle.SolidLine: "━━", Qt.PenStyle.DashLine: "╍╍"}
        self._signs = "".join(
            f' &nbsp; <span style="color:{colour}">{dashes[style]}</span> {escape(role)}'
            for role, (colour, style) in zip(self.case.roles, PENS, strict=False)
        )
        put(self.card(), row((self.title, 1), self.along), (self.plot, 1))

        self._soon = OnceAFrame(self._draw, self)
        self.along.currentIndexChanged.connect(lambda _: self._turn())
        self.plot.picked.connect(self._put_cursor)
        self.plot.stepped.connect(lambda n: self._put_cursor(self.session.cursor[self.axis] + n))
        self.follow(
            (session.cursor_changed, self._soon.ask),
            (session.gate_changed, self._soon.ask),
            (session.ventricles_changed, self._soon.ask),
            (session.ventricles_changed, self._take_ventricles),
            (session.ventricle_placed, self._take_ventricles),
        )
        self._turn()

    @property
    def axis(self) -> int:
        """Cube axis the profile runs along."""
        return int(self.along.currentData())

    @property
    def _unit(self) -> str:
        return value_unit(self.case.main) or NO_UNIT

    @property
    def _is_heart(self) -> bool:
        return kind_of(self.case).ventricle

    def _take_ventricles(self) -> None:
        if not self.session.held:
            self._turn()

    def _turn(self) -> None:
        axis = self.case.main.axes[self.axis]
        caption = caption_of(axis)
        found = self.session.ventricles.get(self.case.roles[0])
        if axis.kind == "space":
            axis, caption = body_offsets(self.case.main, self.axis, False, found)
            low, high = axis_marks(self.case.main)[self.axis]
            if low and high:
                caption = f"{low} ← {caption} → {high}"
        self.plot.world.set_axis(axis)
        self.plot.world.set_caption(caption)
        whole = f"% of {whole_of(self.session, self.case.roles)}"
        unit, brief = whole if self._is_heart else self._unit, ("Profile",)
        self.title.set_words("Profile", unit, short=brief, signs=self._signs)
        self._fit()
        self._draw()

    def _fit(self) -> None:
        """Show the part of the axis that the slices show."""
        cube = self.case.main
        region = heart_region(self.case, self.session.ventricles).get(self.case.roles[0])
        low, high = -0.5, cube.shape[self.axis] - 0.5
        if region is not None:
            centre, half = region[0][self.axis], region[1]
            low = max(low, (centre - half) / cube.spacing[self.axis])
            high = min(high, (centre + half) / cube.spacing[self.axis])
        self.plot.set_whole(low, high)

    def _put_cursor(self, voxel: float) -> None:
        cursor: list[float] = list(self.session.cursor)
        cursor[self.axis] = voxel
        self.session.set_cursor(*cursor)

    def _draw(self) -> None:
        if self.session.case is not self.case:
            return
        self.plot.marker.setValue(self.session.cursor[self.axis])
        top = 0.0
        for role, curve in self.curves.items():
            cube = self.case.at_gate(role, self.session.gate)
            cursor = self.session.cursor_in(role)
            line: list[slice] = [slice(c, c + 1) for c in cursor]
            line[self.axis] = slice(0, cube.shape[self.axis])
            try:
                values = cube.box((line[0], line[1], line[2])).ravel()
            except CubeviewError as error:
                self.title.set_words("Profile", str(error))
                return
            if self._is_heart:
                whole = ventricle_maximum(self.case.cubes[role], self.session.ventricles.get(role))
                values = values * 100 * self.case.share(role, self.session.gate) / whole
            curve.setData(self._places(role, len(values)), values)
            top = max(top, float(np.nanmax(values, initial=0.0)))
        if self._is_heart:
            self.plot.plot.setYRange(0, max(105.0, top), padding=0)

    def _places(self, role: str, length: int) -> np.ndarray:
        """Return where a state's voxels lie along the main cube's axis, the cursors together."""
        ends = []
        for end in (0, length - 1):
            voxel: list[float] = list(self.session.cursor_in(role))
            voxel[self.axis] = end
            ends.append(self.session.from_role(role, voxel)[self.axis])
        return np.linspace(ends[0], ends[1], length)
