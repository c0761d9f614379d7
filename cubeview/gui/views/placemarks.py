"""Entries of catalogues over the sky plane."""

import numpy as np
import pyqtgraph as pg

from cubeview.gui.desk.measured import colour_of
from cubeview.gui.desk.session import Session
from cubeview.gui.views.canvas import PlaneCanvas

_SIZE_PX = 11
_REACH_PX = 8
_FROM_THE_END = -1


class PlaceMarks(pg.ScatterPlotItem):
    """A cross for each entry; a colour for each table."""

    def __init__(self, session: Session, canvas: PlaneCanvas) -> None:
        super().__init__(size=_SIZE_PX, symbol="+", antialias=False)
        self._session, self._canvas = session, canvas
        self._drawn: object = None
        self.setZValue(8)
        canvas.box.addItem(self, ignoreBounds=True)

    def follow(self) -> None:
        """Draw what the session says."""
        asked = self._session.measured
        wanted = asked.places if asked.places_shown else ()
        if wanted is self._drawn:
            return
        self._drawn = wanted
        parts = [
            {"pos": (x, y), "pen": pg.mkPen(colour_of(_FROM_THE_END - number), width=2)}
            for number, one in enumerate(wanted)
            for y, x in zip(one.y, one.x, strict=True)
        ]
        self.setData(parts)
        self.setVisible(bool(parts))

    def name_at(self, across: float, up: float) -> str:
        """Return the name of the entry at a place in voxels; empty where there is none."""
        asked = self._session.measured
        wide, high = self._canvas.pixels_across()
        best, name = float(_REACH_PX), ""
        for one in asked.places if asked.places_shown else ():
            if not len(one.x):
                continue
            far = np.hypot((one.x - across) / wide, (one.y - up) / high)
            nearest = int(far.argmin())
            if far[nearest] <= best:
                best, name = float(far[nearest]), one.names[nearest]
        return name
