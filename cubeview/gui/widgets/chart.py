"""A small chart without mouse: curves, a band around one, in the colours of the theme."""

from functools import cached_property
from html import escape

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QColor, QWheelEvent

from cubeview.gui.widgets.theme import colours, new_colours


class Chart(pg.GraphicsView):
    """One pair of axes; drawn anew by `clear` and the calls that follow it.

    The axes are made when something is drawn: most starts of the window never come to it.

    Parameters
    ----------
    across, up : str
        Titles of the axes.
    height : int
        Pixels.
    """

    def __init__(self, across: str, up: str, height: int = 150) -> None:
        self._built = False  # Qt's constructor already sends change events
        super().__init__()
        self._titles = {"bottom": across, "left": up}
        self.setFixedHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(f"{up} over {across}")

    @cached_property
    def plot(self) -> pg.PlotItem:
        """The axes."""
        plot = pg.PlotItem(enableMenu=False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.getViewBox().setDefaultPadding(0.02)
        self.setCentralItem(plot)
        self._dress(plot)
        self._built = True
        return plot

    def clear(self) -> None:
        """Take all curves away."""
        self.plot.clear()

    def square(self) -> None:
        """Show 0 to 1 on both axes, with the diagonal."""
        self.plot.setXRange(0, 1)
        self.plot.setYRange(0, 1)
        self.curve([0, 1], [0, 1], "line", width=1)

    def curve(
        self, x: ArrayLike, y: ArrayLike, colour: str, *, width: int = 2, style: str = "solid"
    ) -> None:
        """Add a curve.

        Parameters
        ----------
        x, y : array_like, shape (n,)
        colour : str
            A field of `Colours`.
        width : int, px
        style : {"solid", "dashed", "dots"}
            Dots lie on a solid line.
        """
        line = Qt.PenStyle.DashLine if style == "dashed" else Qt.PenStyle.SolidLine
        tint = getattr(colours(), colour)
        self.plot.plot(
            np.asarray(x, float),
            np.asarray(y, float),
            pen=pg.mkPen(tint, width=width, style=line),
            symbol="o" if style == "dots" else None,
            symbolSize=6,
            symbolBrush=tint,
            symbolPen=None,
            antialias=True,
        )

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> None:
        """Add a shaded band between two curves.

        Parameters
        ----------
        x, low, high : ndarray, shape (n,)
        colour : str
            A field of `Colours`.
        """
        tint = QColor(getattr(colours(), colour))
        tint.setAlpha(60)
        edges = [pg.PlotCurveItem(x, edge, pen=None) for edge in (low, high)]
        for edge in edges:
            self.plot.addItem(edge)
        self.plot.addItem(pg.FillBetweenItem(*edges, brush=tint))

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to the panel, which scrolls."""
        if event is not None:
            event.ignore()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if self._built and event is not None and new_colours(event, None):
            self._dress(self.plot)

    def _dress(self, plot: pg.PlotItem) -> None:
        theme = colours()
        self.setBackground(theme.card)
        for side, title in self._titles.items():
            axis = plot.getAxis(side)
            axis.setPen(theme.line)
            axis.setTextPen(theme.dim)
            axis.setLabel(escape(title), color=theme.dim)
            axis.enableAutoSIPrefix(False)
