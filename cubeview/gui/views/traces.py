"""The spectra of apertures over each other, in their colours."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from PyQt6.QtGui import QColor

from cubeview.gui.desk.measured import Trace
from cubeview.gui.views.marks import Band
from cubeview.gui.views.plot import Plot


class TraceCurves:
    """A curve for each spectrum, with the errors of the chosen one."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._curves: list[pg.PlotCurveItem] = []
        self._band = Band()
        self._band.hide()
        plot.box.addItem(self._band, ignoreBounds=True)
        self._traces: Sequence[Trace] = ()
        self._chosen = -1

    @property
    def unit(self) -> str | None:
        """The unit they have; None where there is none."""
        return self._traces[0].spectrum.unit if self._traces else None

    @property
    def signs(self) -> str:
        """Their names in their colours, as rich text."""
        return "".join(
            f' &nbsp;<span style="color:{one.colour}">{escape(one.spectrum.name)}</span>'
            for one in self._traces
        )

    def set_traces(self, traces: Sequence[Trace], chosen: int) -> bool:
        """Draw these; False where they are drawn already."""
        if traces is self._traces and chosen == self._chosen:
            return False
        self._traces, self._chosen = traces, chosen
        while len(self._curves) < len(traces):
            curve = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
            self._plot.box.addItem(curve, ignoreBounds=True)
            self._curves.append(curve)
        for curve in self._curves[len(traces) :]:
            curve.hide()
        self._band.hide()
        for curve, one in zip(self._curves, traces, strict=False):
            values, sigma = one.spectrum.values, one.spectrum.sigma
            curve.setPen(pg.mkPen(one.colour, width=1))
            curve.setData(np.arange(len(values)), values)
            curve.show()
            if one.number == chosen and np.isfinite(sigma).any():
                colour = QColor(one.colour)
                colour.setAlpha(70)
                self._band.set_colour(colour)
                self._band.set_range(values - sigma, values + sigma)
                self._band.show()
        return True

    def ends(self) -> tuple[float, float]:
        """Return their lowest and highest value, NaN where there is none."""
        known = [one.spectrum.values for one in self._traces]
        if not known:
            return np.nan, np.nan
        return float(np.fmin.reduce(known, axis=None)), float(np.fmax.reduce(known, axis=None))
