"""Small cases with planted values for the tests of the views."""

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle


def sky_case(shape=(40, 20, 30), values=None, noise=None, pixels=None):
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval, wcs.wcs.crpix = (150.0, 2.0), (15.0, 10.0)
    wcs.wcs.cdelt = -0.2 / 3600, 0.2 / 3600
    wcs.wcs.set()
    if values is None:
        values = np.random.default_rng(0).normal(0, 1, shape)
    z, y, x = shape
    axes = (
        Axis("Wavelength", "spectral", "Angstrom", 5000 + 1.25 * np.arange(z), medium="air"),
        Axis("Dec", "celestial", "deg", 2 + (np.arange(y) - y / 2) * 0.2 / 3600),
        Axis("RA", "celestial", "deg", 150 - (np.arange(x) - x / 2) * 0.2 / 3600),
    )
    sigma = None if noise is None else ArrayPixels(noise)
    pixels = pixels or ArrayPixels(values)
    return Case("sky", "sky", {"flux": Cube(axes, pixels, "sky", "Jy", uncertainty=sigma, wcs=wcs)})


def heart_cube(shape=(20, 32, 32), spacing=(6.0, 4.0, 4.0), peak=100.0):
    """A hollow ball of counts in the middle, 60 mm wide, darker at its inferior wall."""
    parts = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*parts, indexing="ij")
    radius = np.sqrt(z**2 + y**2 + x**2)
    values = peak * np.exp(-(((radius - 25) / 8) ** 2)) * np.where(y > 10, 0.5, 1.0)
    axes = tuple(
        Axis(name, "space", "mm", np.arange(n) * s)
        for name, n, s in zip(("Slice", "Row", "Column"), shape, spacing, strict=True)
    )
    affine = np.eye(4)
    for axis, direction in enumerate(((-0.62, 0.7, 0.35), (0.33, -0.17, -0.93), (0.71, 0.69, 0.1))):
        affine[:3, axis] = np.array(direction) * spacing[axis]
    return Cube(axes, ArrayPixels(values), "heart", "counts", affine=affine, view="short axis")


def heart_case():
    stress, rest = heart_cube(), heart_cube((24, 40, 40), (4.0, 3.0, 3.0), peak=300.0)
    return Case("heart", "heart", {"stress": stress, "rest": rest})


def ventricles(case):
    return {
        role: Ventricle(
            (np.array(cube.shape) - 1) / 2 * cube.spacing, np.eye(3), np.array([40.0, 36, 36])
        )
        for role, cube in case.cubes.items()
    }
