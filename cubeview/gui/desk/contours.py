"""Contours of one image that lie over every sky cube: lines on the sky, wherever they came from."""

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.contour import segments
from cubeview.cubes.cube import Cube

SIGMAS = (3.0, 6.0, 12.0, 24.0, 48.0)
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
_TO_SIGMA = 1.4826
_MOST = 200_000  # pieces of lines: noise itself would be nothing else


@dataclass(frozen=True, eq=False)
class SkyLines:
    """Lines on the sky.

    Parameters
    ----------
    name : str
        Of what they are contours.
    longitude, latitude : ndarray, shape (n, 2)
        ICRS, degrees: the ends of straight pieces.
    levels : tuple of float
    """

    name: str
    longitude: np.ndarray
    latitude: np.ndarray
    levels: tuple[float, ...]


class Contours(QObject):
    """What lies over the sky planes of a window.

    Signals
    -------
    changed()
        `lines`.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.lines: SkyLines | None = None

    def show(self, lines: SkyLines | None) -> None:
        """Lay lines over the sky, or take them away."""
        if lines is not self.lines:
            self.lines = lines
            self.changed.emit()


def lines_of(cube: Cube, plane: np.ndarray, name: str) -> SkyLines:
    """Return contours of an image at some standard deviations of its noise above its median.

    Parameters
    ----------
    cube : Cube
        With a sky, on whose spaxels the image lies.
    plane : ndarray, shape (y, x)
    name : str
    """
    from astropy.wcs.utils import pixel_to_skycoord

    middle = np.nanmedian(plane)
    sigma = float(_TO_SIGMA * np.nanmedian(np.abs(plane - middle)))
    most = float(np.nanmax(plane))
    if sigma > 0:
        levels = tuple(float(middle + n * sigma) for n in SIGMAS if middle + n * sigma < most)
    else:  # an image without noise: shares of its peak
        levels = tuple(float(middle + share * (most - middle)) for share in _SHARES)
    found = [segments(plane, level) for level in levels] or [np.zeros((0, 2, 2))]
    pieces = np.concatenate(found)[:_MOST]
    sky = pixel_to_skycoord(pieces[..., 1], pieces[..., 0], cube.wcs).icrs
    return SkyLines(name, sky.ra.deg, sky.dec.deg, levels)
