"""Rings around what a search found."""

from collections.abc import Sequence

import pyqtgraph as pg

from cubeview.cubes.catalogue import Detection
from cubeview.cubes.plane import PlaneFrame

COLOURS = {"emission line": "#4aa3ff", "absorption": "#f0b429", "continuum": "#d7dce3"}
SHAPES = {"emission line": "o", "absorption": "t", "continuum": "s"}
SIZE_PX = 15


class Sources(pg.ScatterPlotItem):
    """Hollow marks: a ring for emission, a triangle for absorption, a square for continuum."""

    def __init__(self) -> None:
        super().__init__(size=SIZE_PX, brush=None, antialias=True)
        self.setZValue(9)

    def set_sources(self, found: Sequence[Detection], frame: PlaneFrame) -> None:
        """Mark these sources on a plane."""
        self.setData(
            x=[source.voxel[frame.across] for source in found],
            y=[source.voxel[frame.up] for source in found],
            pen=[pg.mkPen(COLOURS.get(source.label, "w"), width=1) for source in found],
            symbol=[SHAPES.get(source.label, "o") for source in found],
        )
        self.setVisible(bool(found))  # painting none of them takes half a millisecond
