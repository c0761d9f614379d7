"""Where to go, from one line of text: a channel, a place in the spectrum or on the sky, a label."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cubeview.cubes.cube import Cube
from cubeview.cubes.region import middle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.sky_places import centre_from
from cubeview.gui.desk.spectral_places import index_of_frequency, spectral_value
from cubeview.gui.desk.styles import Mark
from cubeview.measure.sky.lines import NAMES, rest_frequency_hz

_CHANNEL = re.compile(r"\s*ch(?:annel)?\.?\s*(\d+)\s*", re.I)
_LINE = re.compile(r"\s*(\S+)(?:\s+(?:z\s*=?\s*)?([-+]?\d*\.?\d+(?:e[-+]?\d+)?))?\s*", re.I)
WAYS = (
    "channel 120 · 6563.2 · 656.3 nm · 115.2 GHz · 500 km/s · Ha z=0.02 · "
    "12:34:56.7 +1:02:03 · 36, 45 (pixels from 1) · a label"
)


@dataclass(frozen=True)
class Destination:
    """A voxel index along each axis, None where the text says nothing of it, and what it is."""

    z: float | None
    y: float | None
    x: float | None
    words: str


def destination(
    cube: Cube, text: str, *, redshift: float = 0.0, marks: Sequence[Mark] = ()
) -> Destination:
    """Return where a text leads.

    Parameters
    ----------
    cube : Cube
    text : str
        One of `WAYS`; a bare number is in the unit that the spectral axis is shown in.
    redshift : float
        Of lines that are named without one.
    marks : sequence of Mark
        Labelled windows, found by the first letters of what they were called.

    Raises
    ------
    CubeviewError
        If it is none of these, or lies outside the cube.
    """
    text = text.strip().replace("−", "-")
    if not text:
        raise CubeviewError(f"Write where to go: {WAYS}.")
    found = _found(cube, text, redshift, marks)
    for place, length, axis in zip((found.z, found.y, found.x), cube.shape, cube.axes, strict=True):
        if place is not None and not -0.5 <= place <= length - 0.5:
            raise CubeviewError(f"{found.words} lies outside the cube, along {axis.name}.")
    return found


def _found(cube: Cube, text: str, redshift: float, marks: Sequence[Mark]) -> Destination:
    if channel := _CHANNEL.fullmatch(text):
        return Destination(int(channel[1]) - 1, None, None, f"Channel {channel[1]}")
    for mark in marks:
        if mark.text.lower().startswith(text.lower()):
            z, y, x = middle(mark.box)
            return Destination(z, y, x, mark.text)
    if cube.axes[0].kind == "spectral":
        named = _LINE.fullmatch(text)
        if named and (name := _name_of(named[1])):
            shift = float(named[2]) if named[2] else redshift
            if shift <= -1:
                raise CubeviewError("A redshift lies above -1.")
            index = index_of_frequency(cube, rest_frequency_hz(name) / (1 + shift))
            return Destination(index, None, None, f"{name} at z = {shift:g}")
        try:
            value = spectral_value(cube, text)
        except CubeviewError as error:
            why: CubeviewError | None = error
        else:
            return Destination(cube.axes[0].index(value), None, None, text)
    else:
        why = None
    try:
        y_, x_ = centre_from(cube, text)
    except CubeviewError as error:
        # Of a velocity without a rest value the reason is worth more than a list of ways.
        said = str(why) if why is not None and "rest value" in str(why) else f"Write {WAYS}."
        raise CubeviewError(f"“{text[:40]}” leads nowhere. {said}") from error
    return Destination(None, y_, x_, text)


def _name_of(text: str) -> str:
    return next((name for name in NAMES if name.lower() == text.lower()), "")
