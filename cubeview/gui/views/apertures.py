"""Apertures on the sky plane: their outlines, and how the mouse draws and changes them."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPolygonF

from cubeview.cubes.cube import Cube
from cubeview.cubes.shape import KINDS, Shape, dragged, drawn_shape, handles_of, outline, polygon
from cubeview.gui.desk.measured import colour_of, free_name
from cubeview.gui.desk.session import Session
from cubeview.gui.views.canvas import OUTLINE, PlaneCanvas

_CLICK_PX = 4.0
_LEAST_CORNERS = 3


class ApertureMarks:
    """Draws the shapes of the session on the sky plane, and takes what the mouse does there.

    With a tool a drag draws, a click chooses the shape it lies in; of a polygon each click is a
    corner and a double click the end. The chosen one has handles, but not under another tool.
    """

    def __init__(self, session: Session, cube: Cube, canvas: PlaneCanvas) -> None:
        self._session, self._cube, self._canvas = session, cube, canvas
        self._lines: list[pg.PlotCurveItem] = []
        self._start: tuple[float, float] | None = None
        self._begun = False
        self._corners: list[tuple[float, float]] = []
        self._handle, self._held = "", Shape("circle", 0, 0)
        self._path = self._line(OUTLINE)
        canvas.draw_began.connect(self._begin)
        canvas.drawn.connect(self._drag)
        canvas.draw_ended.connect(self._end)
        canvas.drawn_out.connect(self._close)
        canvas.grabbed.connect(self._grab)
        canvas.dragged.connect(self._move)

    def follow(self) -> None:
        """Draw what the session says."""
        asked = self._session.measured
        self._canvas.draws = asked.tool in (*KINDS, "path")
        if asked.tool != "polygon" and self._corners:
            self._corners = []
            self._path.clear()
        while len(self._lines) < len(asked.shapes):
            self._lines.append(self._line(colour_of(len(self._lines))))
        for number, line in enumerate(self._lines):
            line.setVisible(number < len(asked.shapes))
            if number < len(asked.shapes):
                y, x = outline(self._cube, asked.shapes[number]).T
                line.setData(x, y, connect="finite")
                style = Qt.PenStyle.DashLine if number == asked.background else (
                    Qt.PenStyle.SolidLine
                )  # fmt: skip
                width = 2 if number == asked.chosen else 1
                line.setPen(pg.mkPen(colour_of(number), width=width, style=style))
        places = {}
        shape = asked.shapes[asked.chosen] if 0 <= asked.chosen < len(asked.shapes) else None
        # A ring is drawn from the centre of its circle, whose handle is not to be in the way.
        if shape is not None and asked.tool in ("", "interval", "lines", shape.kind):
            found = handles_of(self._cube, shape)
            places = {name: QPointF(x, y) for name, (y, x) in found.items()}
        if places or self._canvas.handles.places:
            self._canvas.handles.set_places(places, None, QColor(colour_of(asked.chosen)))

    def _line(self, colour: str) -> pg.PlotCurveItem:
        halo = pg.mkPen((0, 0, 0, 130), width=3)  # seen on any colour map
        line = pg.PlotCurveItem(pen=pg.mkPen(colour, width=1), shadowPen=halo, antialias=True)
        line.setZValue(16)
        self._canvas.box.addItem(line, ignoreBounds=True)
        return line

    def _begin(self, x: float, y: float) -> None:
        tool = self._session.measured.tool
        if tool == "polygon":
            self._corners.append((y, x))
            self._draw_path()
            return
        self._start, self._begun = ((y, x) if tool in KINDS else None), False

    def _drag(self, x: float, y: float) -> None:
        kind = self._session.measured.tool
        if self._start is None or kind not in KINDS:
            return
        if not self._begun and not self._is_far(x, y):
            return
        shapes = self._session.measured.shapes
        name = shapes[-1].name if self._begun else free_name(shapes)
        made = drawn_shape(self._cube, kind, self._start, (y, x), name)
        kept = shapes[:-1] if self._begun else shapes
        self._session.set_measured(note=not self._begun, shapes=(*kept, made), chosen=len(kept))
        self._begun = True

    def _end(self, x: float, y: float) -> None:
        if self._start is None:
            return
        self._start = None
        if self._begun:
            return
        shapes = self._session.measured.shapes
        inside = [n for n, shape in enumerate(shapes) if self._holds(shape, y, x)]
        self._session.set_measured(chosen=inside[-1] if inside else -1)
        if not inside:
            self._canvas.picked.emit(x, y)

    def _close(self) -> None:
        corners = list(dict.fromkeys(self._corners))  # the second click of two lies on the first
        self._corners = []
        self._path.clear()
        if len(corners) >= _LEAST_CORNERS:
            shapes = self._session.measured.shapes
            made = polygon(tuple(corners), free_name(shapes))
            self._session.set_measured(note=True, shapes=(*shapes, made), chosen=len(shapes))

    def _draw_path(self) -> None:
        y, x = np.array(self._corners).T
        self._path.setData(x, y)

    def _grab(self, name: str) -> None:
        asked = self._session.measured
        self._handle, self._held, self._begun = name, asked.shapes[asked.chosen], False

    def _move(self, name: str, x: float, y: float) -> None:
        asked = self._session.measured
        moved = dragged(self._cube, self._held, name, y, x)
        shapes = list(asked.shapes)
        shapes[asked.chosen] = replace(moved, name=self._held.name)
        self._session.set_measured(note=not self._begun, shapes=tuple(shapes))
        self._begun = True

    def _is_far(self, x: float, y: float) -> bool:
        assert self._start is not None
        across, up = self._canvas.pixels_across()
        return np.hypot((x - self._start[1]) / across, (y - self._start[0]) / up) > _CLICK_PX

    def _holds(self, shape: Shape, y: float, x: float) -> bool:
        points = outline(self._cube, shape)
        if shape.kind == "annulus":
            points = points[len(points) // 2 + 1 :]
        around = QPolygonF([QPointF(b, a) for a, b in points])
        return around.containsPoint(QPointF(x, y), Qt.FillRule.OddEvenFill)
