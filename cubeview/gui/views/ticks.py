"""Axes of a view that are drawn in voxels and labelled in world units."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtGui import QFont

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube

UNITS = {
    "Angstrom": "Å",
    "AA": "Å",
    "0.1 nm": "Å",
    "um": "µm",
    "micron": "µm",
    "km / s": "km/s",
    "km s-1": "km/s",
    "deg": "°",
    "arcsec": "″",
    "arcmin": "′",
}
"""Units as a reader writes them."""


def shown_unit(unit: str) -> str:
    """Return a unit as a reader writes it."""
    return UNITS.get(unit, unit)


class WorldAxis(pg.AxisItem):
    """Ticks at round world values along an axis whose view coordinates are voxel indices."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, showValues=True, maxTickLength=-4)
        self._axis: Axis | None = None
        self._factor = 1.0
        self.caption = ""
        font = QFont()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        self.setStyle(tickFont=font, tickTextOffset=3, autoExpandTextSpace=True)
        self.enableAutoSIPrefix(False)

    def set_axis(self, axis: Axis, *, caption: str = "", factor: float = 1.0) -> None:
        """Label another cube axis; `factor` multiplies its values before they are shown."""
        self._axis = axis
        self._factor = factor
        self.caption = caption or caption_of(axis)
        self.picture = None
        self.update()

    def tickValues(self, minVal, maxVal, size):  # noqa: N802 - Qt's own name
        """Return round world values, as voxel indices."""
        if self._axis is None:
            return super().tickValues(minVal, maxVal, size)
        ends = [self._axis.world(v) * self._factor for v in (minVal, maxVal)]
        if not np.all(np.isfinite(ends)) or ends[0] == ends[1]:
            return []
        levels = super().tickValues(min(ends), max(ends), size)
        # Two levels of ticks: more is noise beside a picture.
        return [
            (spacing, [self._axis.index(v / self._factor) for v in values])
            for spacing, values in levels[:2]
        ]

    def tickStrings(self, values, scale, spacing):  # noqa: N802 - Qt's own name
        """Return the world values in words."""
        if self._axis is None:
            return super().tickStrings(values, scale, spacing)
        places = int(max(0, np.ceil(-np.log10(spacing) - 1e-9)))
        worlds = (self._axis.world(v) * self._factor for v in values)
        return [f"{world:.{places}f}".replace("-", "−") for world in worlds]


def caption_of(axis: Axis) -> str:
    """Return an axis' name and unit: ``"Wavelength (Å, air)"``."""
    words = [word for word in (shown_unit(axis.unit), axis.medium, axis.frame) if word]
    return f"{axis.name} ({', '.join(words)})" if words else axis.name


def sky_offsets(cube: Cube, number: int) -> tuple[Axis, str]:
    """Return an axis of offsets on the sky along cube axis 1 or 2, and its caption.

    Offsets count from the middle of the cube, in the unit that suits its size; along RA they
    grow to the east. Full coordinates of the cursor stand in the status line.
    """
    n = cube.shape[number]
    step = cube.spacing[number]  # arcsec
    unit, size = next(
        (u, s) for u, s in (("°", 3600.0), ("′", 60.0), ("″", 1.0)) if n * step > 3 * s or s == 1
    )
    name = cube.axes[number].name
    middle = (cube.shape[1] - 1) / 2, (cube.shape[2] - 1) / 2
    sign = offset_sign(cube, number)
    values = sign * (np.arange(n) - middle[number - 1]) * step / size
    if n > 1:
        caption = f"Δ{name} ({unit}) from {centre_words(cube, number)}"
    else:
        caption = name
    return Axis(name=name, kind="celestial", unit=unit, values=values), caption


def offset_sign(cube: Cube, number: int) -> float:
    """Return +1 where the sky coordinate grows with the voxel index, -1 where it falls."""
    z, y, x = ((n - 1) / 2 for n in cube.shape)
    shift = (0.5, 0.0) if number == 1 else (0.0, 0.5)
    here = cube.world(z, y - shift[0], x - shift[1])[number]
    there = cube.world(z, y + shift[0], x + shift[1])[number]
    turn = (there - here + 180.0) % 360.0 - 180.0  # over RA 0
    return -1.0 if turn < 0 else 1.0


def centre_words(cube: Cube, number: int) -> str:
    """Return the sky coordinate of the cube's middle: ``"04:13:25.3"`` or ``"+10:27:54"``."""
    from astropy.coordinates import Angle

    z, y, x = ((n - 1) / 2 for n in cube.shape)
    value = cube.world(z, y, x)[number]
    if not np.isfinite(value):
        return "the middle"
    angle = Angle(value, unit="deg")
    equatorial = cube.axes[2].name.upper().startswith("RA")
    if number == 2 and equatorial:
        return str(angle.to_string(unit="hourangle", sep=":", precision=1, pad=True))
    if equatorial:
        return str(angle.to_string(unit="deg", sep=":", precision=0, pad=True, alwayssign=True))
    return f"{value:.3f}°"
