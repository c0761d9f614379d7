"""What the user measures in a sky cube: an interval, apertures, lines; and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from cubeview.cubes.shape import Kind, Shape

if TYPE_CHECKING:  # what makes these loads scipy and more, which the window can do without at first
    from cubeview.io.places import Places
    from cubeview.measure.sky.continuum import How as Through
    from cubeview.measure.sky.one import SpectrumFit
    from cubeview.measure.sky.pv import PositionVelocity
    from cubeview.measure.sky.spectrum import Spectrum

Tool = Literal["", "interval", "lines", "path"] | Kind
HOWS = {
    "moment 0": "Moment 0, the flux",
    "moment 1": "Moment 1, the mean place",
    "moment 2": "Moment 2, the variance",
    "sum": "Sum of the channels",
    "mean": "Mean",
    "max": "Maximum",
    "median": "Median",
    "ew": "Equivalent width",
}
"""What can be made of an interval, and how the window calls it."""
COLOURS = (
    "#f59e0b", "#22b8cf", "#e64980", "#74b816", "#845ef7", "#ff6b6b", "#4c8df6", "#b8860b",
)  # fmt: skip
"""Of apertures in their order; told apart on dark pictures and on both grounds of a spectrum."""
IMAGE = "interval image"
"""Stands for a role where the levels of the image of an interval are meant."""


@dataclass(frozen=True, eq=False)
class SkyImage:
    """An image of an interval of the spectrum.

    Parameters
    ----------
    name : str
        What it is: ``"moment 1"``.
    values, sigma : ndarray, shape (y, x)
        Standard deviations are NaN where they are not known.
    unit : str
    limits : tuple of float
        Of the interval, in the unit of the spectral axis.
    words : tuple of str
        How it was made.
    """

    name: str
    values: np.ndarray
    sigma: np.ndarray
    unit: str
    limits: tuple[float, float]
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Trace:
    """The spectrum of an aperture, and the number of that among the shapes."""

    number: int
    spectrum: "Spectrum"

    @property
    def colour(self) -> str:
        """What the aperture and its spectrum are drawn in."""
        return colour_of(self.number)


def colour_of(number: int) -> str:
    """Return the colour of an aperture."""
    return COLOURS[number % len(COLOURS)]


def free_name(shapes: Sequence[Shape]) -> str:
    """Return a name that no aperture has yet."""
    taken = {shape.name for shape in shapes}
    return next(name for n in range(1, len(shapes) + 2) if (name := f"A{n}") not in taken)


@dataclass(frozen=True)
class Measured:
    """What is measured in one case; intervals are in the unit of its spectral axis.

    Parameters
    ----------
    tool : str
        What a drag with the left button draws or moves; empty for the cursor.
    interval : (low, high), optional
    continuum : tuple of (low, high)
        Windows through which a continuum is laid.
    through : str
        How it is laid: a straight line, one that leaves out what stands out, or the median.
    how : str
        What is made of the interval, one of `HOWS`.
    least_sn : float
        Voxels below it are left out of moments.
    image : SkyImage, optional
        What was made of the interval.
    image_shown : bool
        The sky plane shows it, where there is one, and not a channel.
    shapes : tuple of Shape
        Apertures on the sky.
    chosen : int
        The one with handles, whose errors are drawn; -1 for none.
    background : int
        The one that is taken off the others; -1 for none.
    traces : tuple of Trace
        What the others hold.
    redshift : float
        Of the lines that are named or shown.
    lines_shown : bool
    fit : SpectrumFit, optional
        Of a line to the spectrum shown, while it is shown.
    fit_of : str
        What that is a spectrum of.
    fit_key : tuple
        What tells that spectrum from others.
    path : tuple of (y, x)
        Points, in voxels, of the path along which position and velocity are shown.
    path_width : float
        Over which is averaged across it, in arcsec (voxels without a sky).
    pv : PositionVelocity, optional
        What lies along the path.
    places : tuple of Places
        Catalogues laid over the sky.
    places_shown : bool
    """

    tool: Tool = ""
    interval: tuple[float, float] | None = None
    continuum: tuple[tuple[float, float], ...] = ()
    through: "Through" = "polynomial"
    how: str = "moment 0"
    least_sn: float = 0.0
    image: SkyImage | None = None
    image_shown: bool = True
    shapes: tuple[Shape, ...] = ()
    chosen: int = -1
    background: int = -1
    traces: tuple[Trace, ...] = ()
    redshift: float = 0.0
    lines_shown: bool = False
    fit: "SpectrumFit | None" = None
    fit_of: str = ""
    fit_key: tuple[object, ...] = ()
    path: tuple[tuple[float, float], ...] = ()
    path_width: float = 0.0
    pv: "PositionVelocity | None" = None
    places: "tuple[Places, ...]" = ()
    places_shown: bool = True

    @property
    def seen(self) -> SkyImage | None:
        """The image that the sky plane shows, if it shows one."""
        return self.image if self.image_shown else None

    def at(self, before: "Measured") -> "Measured":
        """Return this with all that the user placed as it was before."""
        return replace(self, **{name: getattr(before, name) for name in _PLACED})


_PLACED = (
    "interval",
    "continuum",
    "through",
    "how",
    "least_sn",
    "shapes",
    "chosen",
    "background",
    "redshift",
    "path",
    "path_width",
)
