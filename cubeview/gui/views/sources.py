"""Rings around what a search found."""

from collections.abc import Sequence

import pyqtgraph as pg
from PyQt6.QtGui import QColor

from cubeview.cubes.catalogue import Detection
from cubeview.cubes.plane import PlaneFrame

COLOURS = {"emission line": "#4aa3ff", "absorption": "#f0b429", "continuum": "#d7dce3"}
SHAPES = {"emission line": "o", "absorption": "t", "continuum": "s"}
SIZE_PX = 15
FAINT = 60
"""Opacity, of 255, of what lies at other wavelengths."""


class Sources(pg.ScatterPlotItem):
    """Hollow marks: a ring for emission, a triangle for absorption, a square for continuum."""

    def __init__(self) -> None:
        super().__init__(size=SIZE_PX, brush=None, antialias=True)
        self.setZValue(9)

    def set_sources(
        self, found: Sequence[Detection], frame: PlaneFrame, channel: int | None, step: float
    ) -> None:
        """Mark these sources on a plane, faintly those that are at other wavelengths.

        Parameters
        ----------
        found : sequence of Detection
        frame : PlaneFrame
        channel : int or None
            Which is shown; None for a sum of all.
        step : float
            Between channels, in the unit of the spectral axis.
        """
        here = [channel is None or source.is_in(channel, step) for source in found]
        self.setData(
            x=[source.voxel[frame.across] for source in found],
            y=[source.voxel[frame.up] for source in found],
            pen=[_pen(source, seen) for source, seen in zip(found, here, strict=True)],
            symbol=[SHAPES.get(source.label, "o") for source in found],
        )
        self.setVisible(bool(found))  # painting none of them takes half a millisecond


def _pen(source: Detection, seen: bool) -> object:
    colour = QColor(COLOURS.get(source.label, "white"))
    colour.setAlpha(255 if seen else FAINT)
    return pg.mkPen(colour, width=1)
