"""Contours of an image on the sky plane of any cube, by its WCS."""

import numpy as np
import pyqtgraph as pg

from cubeview.cubes.cube import Cube
from cubeview.gui.desk.session import Session
from cubeview.gui.views.canvas import PlaneCanvas


class ContourMarks:
    """Draws the lines of the session on the sky plane of a cube."""

    def __init__(self, session: Session, cube: Cube, canvas: PlaneCanvas) -> None:
        self._session, self._cube = session, cube
        halo = pg.mkPen((0, 0, 0, 110), width=3)
        self.curve = pg.PlotCurveItem(
            pen=pg.mkPen("#ffffff", width=1), shadowPen=halo, antialias=True
        )
        self.curve.setZValue(14)
        canvas.box.addItem(self.curve, ignoreBounds=True)

    def follow(self) -> None:
        """Draw what the session says."""
        lines = self._session.contours.lines
        if lines is None or self._cube.wcs is None:
            self.curve.clear()
            return
        from astropy.coordinates import SkyCoord

        sky = SkyCoord(lines.longitude, lines.latitude, unit="deg", frame="icrs")
        x, y = sky.to_pixel(self._cube.wcs, origin=0)
        seen = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
        self.curve.setData(x[seen].ravel(), y[seen].ravel(), connect="pairs")
