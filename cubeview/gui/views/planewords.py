"""What stands above a slice: which plane it is, where it lies, and what is shown in its place."""

import numpy as np
from PyQt6.QtCore import QPointF

from cubeview.cubes.cube import Cube
from cubeview.cubes.plane import SHORT_NAMES, PlaneFrame, compass_words
from cubeview.gui.desk.measured import SkyImage
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.desk.units import digits, display_scale
from cubeview.gui.desk.words import place_text, value_text
from cubeview.kinds import kind_of

Words = tuple[str, ...]


def plane_words(
    cube: Cube,
    frame: PlaneFrame,
    heading: str,
    index: int,
    shown: object,
    pooled: int,
    letters: bool,
) -> tuple[Words, Words]:
    """Return the words of a title, the heading first, and those where there is little room.

    Parameters
    ----------
    cube : Cube
    frame : PlaneFrame
    heading : str
    index : int
        The plane across the frame's axis.
    shown : SkyImage, WHITE or None
        What lies in the sky plane; None for the channel.
    pooled : int
        Channels that share a column of the screen.
    letters : bool
        Marks of directions stand in the margins.
    """
    axis = cube.axes[frame.axis]
    scale, unit = display_scale(axis)
    if isinstance(shown, SkyImage):
        low, high = (digits(v * scale, axis.step * scale) for v in shown.limits)
        words = (shown.name, f"{low} to {high} {unit}", *compass_words(cube))
        return ("Interval", *words), ("Interval", shown.name)
    if shown == WHITE:
        return ("White light", "mean of all channels", *compass_words(cube)), ("White light",)
    place = f"{index + 1}/{cube.shape[frame.axis]}"
    if kind_of(cube).ventricle:
        name = frame.name if heading != frame.name else ""
        brief = (heading, f"{SHORT_NAMES.get(name, name)} {place}".strip())
        return (heading, f"{name} {place}".strip()), brief
    value: list[str] = []
    if axis.kind == "spectral":
        value = [f"{digits(axis.world(index) * scale, axis.step * scale)} {unit}"]
        said = [f"{axis.name} {value[0]}", place]
    else:
        said = [f"{axis.name} {place}"]
    short = (heading, *(value or said))
    if frame.axis == 0 and not letters:
        said += compass_words(cube)
    if pooled > 1:
        said.append(f"peak of {pooled} channels")
    return (heading, *said), short


def words_under(
    session: Session,
    role: str,
    frame: PlaneFrame,
    plane: np.ndarray | None,
    at: QPointF | None,
    unit: str,
) -> str:
    """Return place and value under the mouse; empty beside the picture.

    Parameters
    ----------
    session : Session
    role : str
    frame : PlaneFrame
    plane : ndarray, shape (up, across), or None
        What is shown.
    at : QPointF or None
        Across and up, in voxels.
    unit : str
        Of the values.
    """
    if plane is None or at is None:
        return ""
    across, up = round(at.x()), round(at.y())
    if not (0 <= up < plane.shape[0] and 0 <= across < plane.shape[1]):
        return ""
    voxel = [float(v) for v in session.cursor_in(role)]
    voxel[frame.across], voxel[frame.up] = across, up
    place = place_text(session, session.from_role(role, voxel))
    return f"{place} · {value_text(float(plane[up, across]), unit)}"
