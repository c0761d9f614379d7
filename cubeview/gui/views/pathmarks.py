"""The path of position and velocity on the sky plane: how it is shown, and drawn by the mouse."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt

from cubeview.cubes.cube import Cube
from cubeview.gui.desk.session import Session
from cubeview.gui.views.canvas import OUTLINE, PlaneCanvas

_CLICK_PX = 4.0
_COLOUR = "#ffd43b"


class PathMarks:
    """Draws the path, its points and its width; with the tool it is drawn.

    A drag draws a straight one. Clicks set its points, and a double click ends it.
    """

    def __init__(self, session: Session, cube: Cube, canvas: PlaneCanvas) -> None:
        self._session, self._canvas = session, canvas
        self._size = np.array(cube.spacing[1:]) if cube.wcs is not None else np.ones(2)
        halo = pg.mkPen((0, 0, 0, 130), width=3)
        self.line = pg.PlotCurveItem(pen=pg.mkPen(_COLOUR, width=2), shadowPen=halo, antialias=True)
        self.edges = pg.PlotCurveItem(
            pen=pg.mkPen(_COLOUR, width=1, style=Qt.PenStyle.DashLine), antialias=True
        )
        self._new = pg.PlotCurveItem(pen=pg.mkPen(OUTLINE, width=1), antialias=True)
        # What begins the offsets is told by a ring.
        self.begin = pg.ScatterPlotItem(
            size=10, symbol="o", pen=pg.mkPen(_COLOUR, width=2), brush=None
        )
        for item in (self.edges, self.line, self._new, self.begin):
            item.setZValue(17)
            canvas.box.addItem(item, ignoreBounds=True)
        self._points: list[tuple[float, float]] = []
        self._start: tuple[float, float] | None = None
        self._begun = False
        canvas.draw_began.connect(self._begin)
        canvas.drawn.connect(self._drag)
        canvas.draw_ended.connect(self._end)
        canvas.drawn_out.connect(self._close)

    def follow(self) -> None:
        """Draw what the session says."""
        asked = self._session.measured
        if asked.tool != "path" and self._points:
            self._points = []
            self._new.clear()
        if not asked.path:
            for item in (self.line, self.edges):
                item.clear()
            self.begin.setData([], [])
            return
        points = np.array(asked.path)
        self.line.setData(points[:, 1], points[:, 0])
        self.begin.setData(points[:1, 1], points[:1, 0])
        edges = self._edges(points, asked.path_width)
        self.edges.setData(edges[:, 1], edges[:, 0], connect="finite")

    def _edges(self, points: np.ndarray, width: float) -> np.ndarray:
        """Return the two sides of each leg, (y, x), NaN between them."""
        sides = [np.full((1, 2), np.nan)]
        legs = np.diff(points, axis=0) * self._size
        for start, stop, leg in zip(points[:-1], points[1:], legs, strict=True):
            length = np.hypot(*leg)
            if not (width and length):
                continue
            aside = np.array([leg[1], -leg[0]]) / length * width / 2 / self._size
            for turn in (aside, -aside):
                sides += [np.array([start + turn, stop + turn]), np.full((1, 2), np.nan)]
        return np.concatenate(sides)

    @property
    def _draws(self) -> bool:
        return self._session.measured.tool == "path"

    def _begin(self, x: float, y: float) -> None:
        if self._draws:
            self._start, self._begun = (y, x), False

    def _drag(self, x: float, y: float) -> None:
        if self._start is None or not self._draws or self._points:
            return
        across, up = self._canvas.pixels_across()
        far = np.hypot((x - self._start[1]) / across, (y - self._start[0]) / up) > _CLICK_PX
        if self._begun or far:
            self._session.set_measured(note=not self._begun, path=(self._start, (y, x)))
            self._begun = True

    def _end(self, x: float, y: float) -> None:
        if self._start is None:
            return
        self._start = None
        if not self._begun:
            self._points.append((y, x))
            down, right = np.array(self._points).T
            self._new.setData(right, down)

    def _close(self) -> None:
        if not self._draws:
            return
        points = tuple(dict.fromkeys(self._points))  # the second click of two lies on the first
        self._points = []
        self._new.clear()
        if len(points) > 1:
            self._session.set_measured(note=True, path=points)
