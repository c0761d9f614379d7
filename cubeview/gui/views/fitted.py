"""A template over a spectrum, and the names of the lines where its redshift puts them."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.styles import Curve
from cubeview.gui.views.plot import Plot
from cubeview.gui.widgets.theme import colours
from cubeview.measure.sky.by_templates import vacuum_angstrom
from cubeview.measure.sky.lines import ANGSTROM

COLOUR = "#ef6f6c"
_HEIGHTS, _APART = (0.97, 0.92, 0.87), 0.07
"""Where names stand, as shares of the height; how far apart at least, as a share of the width."""


class Fitted:
    """The curve of a redshift on a plot; hidden while there is none."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self.curve = pg.PlotCurveItem(
            connect="finite", skipFiniteCheck=False, pen=pg.mkPen(COLOUR, width=1.5)
        )
        self.curve.setZValue(5)
        self.lines: list[pg.InfiniteLine] = []
        plot.box.addItem(self.curve, ignoreBounds=True)

    def show(self, cube: Cube, curve: Curve | None) -> None:
        """Draw a curve with its lines, or take both away."""
        for line in self.lines:
            self._plot.box.removeItem(line)
        self.lines = []
        self.curve.setVisible(curve is not None)
        if curve is None:
            return
        self.curve.setData(np.arange(len(curve.values)), curve.values)
        try:
            wave = vacuum_angstrom(cube)
        except CubeviewError:
            return
        numbers = np.arange(len(wave))
        order = np.argsort(wave)
        theme = colours()
        pen = pg.mkPen(theme.dim, width=1, style=Qt.PenStyle.DotLine)
        apart = (wave.max() - wave.min()) * _APART
        latest: dict[float, float] = {}
        for name, rest in sorted(ANGSTROM.items(), key=lambda line: line[1]):
            seen = rest * (1.0 + curve.z)
            if not wave.min() <= seen <= wave.max():
                continue
            place = float(np.interp(seen, wave[order], numbers[order]))
            # A name stands where it covers no other; of close lines one is named.
            free = [height for height in _HEIGHTS if seen - latest.get(height, 0.0) > apart]
            said = {}
            if free:
                latest[free[0]] = seen
                said = {"label": name, "labelOpts": {"position": free[0], "color": theme.dim}}
            line = pg.InfiniteLine(place, 90, pen, **said)
            self._plot.box.addItem(line, ignoreBounds=True)
            self.lines.append(line)
