"""Axes of a view that are drawn in voxels and labelled in world units."""

from html import escape

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QFont, QFontMetrics

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube
from cubeview.cubes.plane import STRAIGHT, body_offset, sky_turn
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.units import display_scale, shown_axis

_CAPTION = 0.9
_FIGURES = 0.8
"""Sizes of letters beside a picture, as shares of the window's."""


class WorldAxis(pg.AxisItem):
    """Ticks at round world values along an axis whose view coordinates are voxel indices."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, showValues=True, maxTickLength=-4)
        self._axis: Axis | None = None
        self.caption = ""
        self._captioned = ""
        self._away = False
        font = QFont()
        font.setPointSizeF(font.pointSizeF() * _FIGURES)
        self.setStyle(tickFont=font, tickTextOffset=3, autoExpandTextSpace=False)
        self.enableAutoSIPrefix(False)
        self._line = QFontMetrics(font).height()
        self._digit = QFontMetrics(font).horizontalAdvance("0")
        self.set_caption("")

    def set_caption(self, text: str) -> None:
        """Write beside the ticks, or give the room to the picture; views of a row keep in line."""
        self._captioned = text
        text = self._fitting(text)
        colour = self.textPen().color().name()
        self.setLabel(escape(text), **caption_style(colour))
        self.showLabel(bool(text))
        if self.orientation == "bottom":
            self.setHeight(self._line * (2.2 if text else 1.0) + 5)
        else:
            self.setWidth(4.3 * self._digit + (self._line * 1.1 if text else 0) + 5)

    def give_way(self, narrow: bool) -> None:
        """Leave an axis without a caption out where there is little room."""
        away = narrow and not self._captioned
        if away != self._away:
            self._away = away
            self.setVisible(not away)
            if away and self.orientation == "bottom":
                self.setHeight(0)
            elif away:
                self.setWidth(0)
            else:
                self.set_caption(self._captioned)

    def resizeEvent(self, event: object = None) -> None:
        """Shorten a caption that has become too long."""
        super().resizeEvent(event)
        if getattr(self, "_captioned", "") and self.labelText != self._fitting(self._captioned):
            self.set_caption(self._captioned)
            super().resizeEvent(event)  # puts it into the middle

    def _fitting(self, text: str) -> str:
        """The caption, without where offsets count from if that is too long; else what fits."""
        room = self.width() if self.orientation == "bottom" else self.height()
        measures = captions()
        if measures.horizontalAdvance(text) > room:
            text = text.split(" from ")[0]
        return measures.elidedText(text, Qt.TextElideMode.ElideRight, int(room)) if room else text

    def set_colours(self, line: str, text: str) -> None:
        """Take colours for the line with its ticks, and for figures and caption."""
        self.setPen(line)
        self.setTextPen(text)

    def set_axis(self, axis: Axis, *, caption: str = "") -> None:
        """Label another cube axis."""
        self._axis = shown_axis(axis)
        self.caption = caption or caption_of(axis)
        self.picture = None
        self.update()

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        """Return round world values, as voxel indices."""
        if self._axis is None:
            return list(super().tickValues(minVal, maxVal, size))
        ends = [self._axis.world(v) for v in (minVal, maxVal)]
        if not np.all(np.isfinite(ends)) or ends[0] == ends[1]:
            return []
        levels = super().tickValues(min(ends), max(ends), size)
        # Two levels of ticks: more is noise beside a picture.
        return [(spacing, [self._axis.index(v) for v in values]) for spacing, values in levels[:2]]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the world values in words."""
        if self._axis is None:
            return list(super().tickStrings(values, scale, spacing))
        places = int(max(0, np.ceil(-np.log10(spacing) - 1e-9)))
        worlds = (self._axis.world(v) for v in values)
        # Adding 0 after rounding makes -0 a plain 0.
        return [f"{round(world, places) + 0.0:.{places}f}".replace("-", "−") for world in worlds]


def caption_style(colour: str = "") -> dict[str, str]:
    """Return the style of a caption, in letters that grow with the window's."""
    size = {"font-size": f"{QFont().pointSizeF() * _CAPTION:.1f}pt"}
    return size | ({"color": colour} if colour else {})


def captions() -> QFontMetrics:
    """Return the measures of captions."""
    font = QFont()
    font.setPointSizeF(font.pointSizeF() * _CAPTION)
    return QFontMetrics(font)


def caption_of(axis: Axis) -> str:
    """Return an axis' name, unit and what its values mean: ``"Velocity (km/s, radio, LSRK)"``."""
    moved = f"rest frame of z = {axis.redshift:g}" if axis.redshift else axis.frame
    said = (display_scale(axis)[1], axis.medium, axis.convention, moved)
    words = [word for word in said if word]
    return f"{axis.name} ({', '.join(words)})" if words else axis.name


def sky_offsets(cube: Cube, number: int) -> tuple[Axis, str]:
    """Return an axis of offsets on the sky along cube axis 1 or 2, and its caption.

    Offsets count from the middle of the cube, in the unit that suits its size; along RA they
    grow to the east. A cube that is turned on the sky has plain offsets along its own axes. Full
    coordinates of the cursor stand in the status line.
    """
    n = cube.shape[number]
    step = cube.spacing[number]  # arcsec
    unit, size = next(
        (u, s) for u, s in (("°", 3600.0), ("′", 60.0), ("″", 1.0)) if n * step > 3 * s or s == 1
    )
    name = cube.axes[number].name
    north, east = sky_turn(cube)
    straight = abs((north + 45) % 180 - 135) < STRAIGHT and abs((east + 45) % 180 - 45) < STRAIGHT
    if straight:
        falls = abs(east) > 90 if number == 2 else north < 0
        frame = cube.axes[number].frame
        caption = f"Δ{name} ({unit}) from {centre_words(cube, number)} {frame}".rstrip()
    else:
        falls = False
        caption = f"{unit} along the {'columns' if number == 1 else 'rows'}"
    values = (np.arange(n) - (n - 1) / 2) * step / size
    return Axis(
        name=name, kind="celestial", unit=unit, values=-values if falls else values
    ), caption


def body_offsets(
    cube: Cube, number: int, falls: bool, ventricle: Ventricle | None
) -> tuple[Axis, str]:
    """Return an axis of mm from the ventricle, or else the middle of a body cube; its caption.

    Patient coordinates count from somewhere on the table and say little to a reader.

    Parameters
    ----------
    cube : Cube
    number : int
        Which axis of it, of (z, y, x).
    falls : bool
        Its values fall with the voxel index.
    ventricle : Ventricle or None
    """
    zero = body_offset(cube, ventricle, (0.0, 0.0, 0.0))[number]
    values = np.arange(cube.shape[number]) * cube.spacing[number] + zero
    axis = cube.axes[number]
    return Axis(axis.name, "space", axis.unit, -values if falls else values), f"{axis.name} (mm)"


def centre_words(cube: Cube, number: int) -> str:
    """Return the sky coordinate of the cube's middle: ``"04:13:25.3"`` or ``"+10:27:54"``."""
    from astropy.coordinates import Angle

    z, y, x = ((n - 1) / 2 for n in cube.shape)
    value = cube.world(z, y, x)[number]
    if not np.isfinite(value):
        return "the middle"
    angle = Angle(value, unit="deg")
    equatorial = cube.axes[2].name.upper().startswith("RA")
    step = cube.spacing[number]  # arcsec

    def places(arcsec: float) -> int:
        """Return as many as leave an error of a quarter of a voxel, of so many arcsec a unit."""
        return int(np.clip(np.ceil(np.log10(2 * arcsec / step)), 0, 4)) if step > 0 else 1

    if number == 2 and equatorial:
        return str(angle.to_string(unit="hourangle", sep=":", precision=places(15.0), pad=True))
    if equatorial:
        return str(
            angle.to_string(unit="deg", sep=":", precision=places(1.0), pad=True, alwayssign=True)
        ).replace("-", "−")
    scale, unit = display_scale(cube.axes[number])
    return f"{value * scale:.{places(3600.0 / scale)}f}{unit}".replace("-", "−")
