"""The closed line on a slice: a ventricle with its handles, or the window to be judged."""

import numpy as np
from PyQt6.QtCore import QLineF, QPointF
from PyQt6.QtGui import QColor

from cubeview.cubes.cube import Cube
from cubeview.cubes.handles import handles
from cubeview.cubes.plane import PlaneFrame
from cubeview.cubes.ventricle import cut
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import DOUBTFUL
from cubeview.gui.views.canvas import OUTLINE, PlaneCanvas
from cubeview.gui.widgets.theme import DARK
from cubeview.kinds import kind_of


def draw_outline(
    session: Session, role: str, cube: Cube, canvas: PlaneCanvas, frame: PlaneFrame, index: int
) -> None:
    """Draw what one plane cuts: the ventricle of a role, else the window.

    While the user adjusts the ellipsoid it has handles.

    Parameters
    ----------
    session : Session
    role, cube : str, Cube
    canvas : PlaneCanvas
    frame : PlaneFrame
        Of the plane, which lies at `index` along its axis.
    index : int
    """
    axis, x, y = frame.axis, frame.across, frame.up
    ventricle, window = session.ventricles.get(role), session.window
    if ventricle is not None:
        outline = cut(ventricle, cube.spacing, axis, index)
        if outline is not None and x > y:  # points come in the order of the cube's axes
            outline = outline[:, ::-1]
        colour = DARK.warn if ventricle.doubt > DOUBTFUL else OUTLINE
        canvas.set_outline(outline, colour=colour, solid=ventricle.by == "user")
        found = handles(ventricle, cube.spacing, axis, index)
        places = {
            name: QPointF(*(at if x < y else at[::-1]).tolist()) for name, at in found.items()
        }
        line, adjusting = None, session.adjusting
        if "axis 0 +" in places:
            line = QLineF(places["axis 0 -"], places["turn" if adjusting else "axis 0 +"])
        canvas.handles.set_places(places if adjusting else {}, line, QColor(colour))
        return
    if kind_of(cube).ventricle:
        canvas.handles.set_places({}, None)
    corners = None
    if window is not None and window[axis].start <= index < window[axis].stop:
        left, right = window[x].start - 0.5, window[x].stop - 0.5
        low, high = window[y].start - 0.5, window[y].stop - 0.5
        corners = np.array([(left, low), (right, low), (right, high), (left, high)])
    canvas.set_outline(corners)
