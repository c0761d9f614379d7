"""The gates of a scan: which is shown, the beat as a film, and a curve over them."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QSignalBlocker, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QSlider

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.gated import about_beats, count_curve, volume_curve
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.still import AtRest
from cubeview.gui.desk.units import value_unit
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.profile import PENS
from cubeview.gui.views.title import Title
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.basic import button, label, plain_tip, steady
from cubeview.gui.widgets.layout import put, row
from cubeview.kinds import kind_of
from cubeview.measure.heart.ejection import PHANTOMS_ONLY, ejection

_BEAT_MS = 80
_REST_MS = 400  # after the last change of a ventricle, before volumes are fitted
_JOB = "ejection"
_Told = tuple[list[str], list[str], list[str]]


class GateView(CaseView):
    """A slider over the gates and a curve: mid-wall volume for hearts, counts for others.

    Below it stand volumes and ejection fraction of hearts, which are no reading of that curve.
    """

    playing_changed = pyqtSignal(bool)  # the film of the beat started or stopped

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__(session)
        case, self._jobs = self.case, jobs
        self.title = Title()
        self.sum_button = button(
            "Sum", lambda: self._go(None), "Show the sum of all gates", "quiet"
        )
        tip = "Run through the gates, again and again (B)"
        self.play_button = button("Beat  B", lambda: self.play(not self.playing), tip, "quiet")
        self.play_button.setCheckable(True)
        self.slider = steady(QSlider(Qt.Orientation.Horizontal))
        self.slider.setRange(0, case.gates - 1)
        self.slider.setAccessibleName("Gate")
        self.plot = Plot("Curve over the gates")
        self.plot.world.set_axis(Axis("Gate", "index", "", np.arange(case.gates) + 1))
        self.plot.world.set_caption("Gate")
        self.plot.set_whole(-0.5, case.gates - 0.5)
        self.curves: dict[str, pg.PlotDataItem] = {}
        for role, (colour, style) in zip(self.case.roles, PENS, strict=False):
            pen = pg.mkPen(colour, width=1, style=style)
            self.curves[role] = pg.PlotDataItem(pen=pen, symbol="o", symbolSize=4, symbolPen=pen)
            self.plot.box.addItem(self.curves[role])
        below = row(self.play_button, self.sum_button, (self.slider, 1))
        self.numbers = label("", "dim")
        self.numbers.hide()
        put(self.card(), self.title, (self.plot, 1), self.numbers, below)
        self._soon = AtRest(self._start, self, _REST_MS)
        self._beat = QTimer(self)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self._next)
        self.slider.valueChanged.connect(self._go)
        self.plot.picked.connect(lambda place: self._go(round(place)))
        self.plot.stepped.connect(lambda n: self._go((session.gate or 0) + n))
        self.follow(
            (session.gate_changed, self._follow),
            (session.ventricles_changed, self._measure),
            (session.ventricle_placed, self._measure),
        )
        self._measure()
        self._follow()

    @property
    def playing(self) -> bool:
        """True while the beat runs."""
        return self._beat.isActive()

    def play(self, on: bool) -> None:
        """Run through the gates as a film, or stop and show the sum again."""
        if on == self.playing:
            return
        if on:
            self._beat.start()
        else:
            self._beat.stop()
            self.session.set_gate(None)
        with QSignalBlocker(self.play_button):
            self.play_button.setChecked(on)
        self.playing_changed.emit(on)

    def stop(self) -> None:
        """Leave the session, the film with it."""
        self.play(False)  # or the case would come back in whichever gate it was left in
        self._soon.stop()
        self._jobs.cancel(_JOB)
        super().stop()

    def _next(self) -> None:
        gate = -1 if self.session.gate is None else self.session.gate
        self.session.set_gate((gate + 1) % self.case.gates)

    def _go(self, gate: int | None) -> None:
        if self.playing:
            self.play(False)
        self.session.set_gate(gate)

    def _follow(self) -> None:
        gate, count = self.session.gate, self.case.gates
        most = max(self.case.cubes.values(), key=lambda cube: len(cube.gates))
        text = f"sum of {count}" if gate is None else f"{most.gates[gate].name} of {count}"
        self.title.set_words(self._what, text, self._unit, short=(self._what, text))
        self.plot.marker.setVisible(gate is not None)
        if gate is not None:
            self.plot.marker.setValue(gate)
        with QSignalBlocker(self.slider):
            self.slider.setValue(gate or 0)

    def _measure(self) -> None:
        """Draw the curves: volumes once the ventricle is known."""
        if self.session.held:
            return
        heart = kind_of(self.case).ventricle
        self._what = "Mid-wall volume" if heart else "Counts"
        self._unit = "ml, estimated" if heart else value_unit(self.case.main)
        self.plot.set_left("ml" if heart else self._unit)
        top = 0.0
        for role, curve in self.curves.items():
            cube, ventricle = self.case.cubes[role], self.session.ventricles.get(role)
            if not cube.gates or (heart and ventricle is None):
                curve.clear()
                continue
            try:
                values = volume_curve(cube, ventricle) if ventricle else count_curve(cube)
            except CubeviewError:  # the slices say so
                curve.clear()
                continue
            curve.setData(np.linspace(0, self.case.gates - 1, len(values)), values)
            top = max(top, float(np.nanmax(values, initial=0.0)))
        self.plot.box.setYRange(0, top * 1.1 or 1.0, padding=0)
        self._follow()
        if heart:
            self._soon.start()

    def _start(self) -> None:
        """Fit the beating wall in a lane of its own: the slices must not wait for it."""
        found = {
            role: ventricle
            for role, ventricle in self.session.ventricles.items()
            if role in self.case.cubes and self.case.cubes[role].gates
        }
        self.numbers.setVisible(bool(found))
        if not found:
            return
        self.numbers.setText("Fitting volumes and ejection fraction …")
        case = self.case
        self._jobs.start(
            _JOB,
            "Fitting the beat",
            lambda job: _told(case, found, job.report),
            finished=self._say,
            failed=lambda why: self._say(([why], [], [])),
            lane="train",
        )

    def _say(self, told: _Told) -> None:
        lines, beats, cautions = told
        marked = f" ⚠ {len(cautions)} more to know: point here." if cautions else ""
        said = [*lines, f"{PHANTOMS_ONLY}.{marked}", *beats]  # what is last may be cut off
        self.numbers.setText("\n".join(said))
        self.numbers.setToolTip(plain_tip("\n".join([*said, *cautions])))


def _told(case: Case, ventricles: dict[str, Ventricle], report: Report) -> _Told:
    """Return a line on each gated state, what is known of its beats, and every caution."""
    lines, beats, cautions = [], [], []
    for role, ventricle in ventricles.items():
        cube = case.cubes[role]
        name = f"{role}: " if len(ventricles) > 1 else ""
        try:
            found = ejection(cube, ventricle, report=report)
            lines.append(f"{name}{found}")
            beats.append(f"{name}{about_beats(cube)}")
            cautions += [name + one for one in found.cautions]
        except CubeviewError as error:
            lines.append(f"{name}EDV, ESV and EF cannot be told: {error}")
    return lines, beats, cautions
