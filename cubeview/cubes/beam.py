"""Beams of radio cubes: Gaussians on the sky, what lies between two of them, and their noise."""

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError

Beam = tuple[float, float, float]
"""Full widths at half maximum of both axes (arcsec), position angle from north to east (deg)."""

_FWHM = float(np.sqrt(8 * np.log(2)))
_REACH = 4.0
"""Standard deviations to which a kernel goes."""
_LEAST = 1e-6
"""Share of the area of a beam that rounding may leave over."""


def beam_correlation(cube: Cube, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return how far the noise of two voxels is one: a Gaussian of the beam's size and direction.

    Parameters
    ----------
    cube : Cube
        With a beam and a sky.
    y, x : ndarray
        Rows and columns between them.
    """
    assert cube.beam is not None
    return _gaussian(cube, covariance(cube.beam), y, x)


def covariance(beam: Beam) -> np.ndarray:
    """Return the covariance of a beam as (east, north), shape (2, 2), arcsec²."""
    major, minor, angle = beam
    turn = np.radians(angle)
    along = np.array([np.sin(turn), np.cos(turn)])
    across = np.array([np.cos(turn), -np.sin(turn)])
    squares = (major / _FWHM) ** 2, (minor / _FWHM) ** 2
    found: np.ndarray = squares[0] * np.outer(along, along) + squares[1] * np.outer(across, across)
    return found


def beam_of(spread: np.ndarray) -> Beam:
    """Return the beam of a covariance as (east, north); the other way of `covariance`."""
    squares, ways = np.linalg.eigh(spread)
    minor, major = np.sqrt(np.maximum(squares, 0.0)) * _FWHM
    angle = np.degrees(np.arctan2(ways[0, 1], ways[1, 1])) % 180.0
    return float(major), float(minor), float(angle)


def between(own: Beam, wanted: Beam) -> np.ndarray:
    """Return the covariance of what a beam must be smoothed by to be another, shape (2, 2).

    Raises CubeviewError if the one wanted is not wider in every direction.
    """
    found: np.ndarray = covariance(wanted) - covariance(own)
    least = np.linalg.eigvalsh(found)[0]
    if least < -_LEAST * np.trace(covariance(wanted)):
        told = "{:.4g} × {:.4g} arcsec at {:.4g} °"
        raise CubeviewError(
            f"the beam of {told.format(*own)} is not within {told.format(*wanted)}: a cube can be "
            "smoothed only to a beam that is wider in every direction."
        )
    return found


def kernel_of(cube: Cube, spread: np.ndarray) -> np.ndarray:
    """Return a Gaussian on the spaxels of a cube, its sum 1, shape (rows, columns), odd.

    Parameters
    ----------
    cube : Cube
        With a sky.
    spread : ndarray, shape (2, 2)
        Its covariance as (east, north), arcsec².
    """
    widest = float(np.sqrt(np.linalg.eigvalsh(spread)[1]))
    rows, columns = (int(np.ceil(_REACH * widest / size)) for size in cube.spacing[1:])
    if max(rows - cube.shape[1], columns - cube.shape[2]) > 0:
        raise CubeviewError(
            f"a kernel of {widest * _FWHM:.4g} arcsec is wider than the cube: smooth by less."
        )
    y, x = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    # Against division by nothing where it has no width: a thousandth of a spaxel.
    spread = spread + np.eye(2) * (min(cube.spacing[1:]) * 1e-3) ** 2
    made = _gaussian(cube, spread, y, x)
    return np.asarray(made / made.sum())


def _gaussian(cube: Cube, spread: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a Gaussian of a covariance as (east, north) at rows and columns, 1 in its middle."""
    scale = cube.wcs.pixel_scale_matrix * 3600.0
    east, north = (row[0] * x + row[1] * y for row in scale)
    (a, b), (_, d) = np.linalg.inv(spread)
    found: np.ndarray = np.exp(-0.5 * (a * east**2 + 2 * b * east * north + d * north**2))
    return found
