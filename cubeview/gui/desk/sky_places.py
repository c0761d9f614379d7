"""Places and sizes on the sky as the user types them."""

import re
import warnings

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.shape import SIZES, Shape
from cubeview.errors import CubeviewError

_PAIR = re.compile(r"\s*([-+]?\d+(?:\.\d*)?)\s*,\s*([-+]?\d+(?:\.\d*)?)\s*")
_DEGREES = re.compile(r"\s*[-+]?\d+(?:\.\d*)?\s*[\s,]\s*[-+]?\d+(?:\.\d*)?\s*")


def sky_place(cube: Cube, text: str) -> tuple[float, float]:
    """Return the voxel index (y, x) of a coordinate, as astropy's SkyCoord reads it.

    Right ascension in hours where it is written so (``12:34:56 +1:02:03``, ``12h34m …``), else both
    in degrees, in the cube's own frame unless a frame is named first: ``galactic 120.5 -3.2``.

    Raises
    ------
    CubeviewError
        If it is none, or lies where the projection has no sky.
    """
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.wcs.utils import wcs_to_celestial_frame

    if cube.wcs is None:
        raise CubeviewError("The cube has no sky coordinates.")
    text = text.strip().replace("−", "-")
    word, _, rest = text.partition(" ")
    named = word.lower() in _FRAMES
    frame = _FRAMES[word.lower()] if named else wcs_to_celestial_frame(cube.wcs)
    text = rest if named else text
    unit = units.deg if _DEGREES.fullmatch(text) else (units.hourangle, units.deg)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            place = SkyCoord(text.replace(",", " "), frame=frame, unit=unit)
            x, y = place.to_pixel(cube.wcs, origin=0)
    except Exception as error:  # astropy has many errors for a text that is none
        raise CubeviewError(
            f"“{text[:40]}” is no coordinate. Write it as 12:34:56.7 +1:02:03, 12h34m56s +1d2m3s "
            "or in degrees, with galactic, icrs or fk5 before it for another frame."
        ) from error
    if not np.isfinite((float(y), float(x))).all():
        raise CubeviewError("This place is not in the projection of the cube.")
    return float(y), float(x)


_FRAMES = {"galactic": "galactic", "icrs": "icrs", "fk5": "fk5", "fk4": "fk4", "j2000": "fk5"}


def centre_from(cube: Cube, text: str) -> tuple[float, float]:
    """Return the voxel index (y, x) of ``x, y`` in pixels from 1, or of a coordinate."""
    if found := _PAIR.fullmatch(text):
        return float(found[2]) - 1, float(found[1]) - 1
    return sky_place(cube, text)


def sizes_from(cube: Cube, shape: Shape, text: str, arcsec: bool) -> tuple[float, ...]:
    """Return the sizes of a shape from what was typed, in voxels of the shorter side.

    Raises CubeviewError where they are not as many as the shape has, or not positive.
    """
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    names = SIZES[shape.kind]
    if len(found) != len(names) or not all(np.isfinite(v) and v > 0 for v in found):
        raise CubeviewError(f"“{text[:40]}”: write {', '.join(names)}, above 0.")
    if shape.kind == "annulus" and found[0] >= found[1]:
        raise CubeviewError("The inner radius must be smaller than the outer one.")
    scale = min(cube.spacing[1:]) if arcsec else 1.0
    return tuple(value / scale for value in found)


def sizes_text(cube: Cube, shape: Shape, arcsec: bool) -> str:
    """Return the sizes of a shape in arcsec, or in voxels."""
    scale = min(cube.spacing[1:]) if arcsec else 1.0
    return ", ".join(f"{size * scale:.4g}" for size in shape.sizes)
