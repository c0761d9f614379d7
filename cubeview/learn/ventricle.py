"""Finding the left ventricle in a heart scan."""

import numpy as np
from scipy.ndimage import gaussian_filter, label

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import Report, nothing


def find_ventricle(cube: Cube, *, report: Report = nothing) -> Ventricle:
    """Find the left ventricle of a short-axis scan.

    Parameters
    ----------
    cube : Cube
    report : Report

    Returns
    -------
    Ventricle
    """
    spacing = np.array(cube.spacing)
    z, y, x = cube.shape
    values = np.nan_to_num(cube.box((slice(0, z), slice(0, y), slice(0, x))))
    smooth = gaussian_filter(values, 5.0 / spacing)
    parts, count = label(smooth > 0.45 * smooth.max())
    if not count:
        return Ventricle(
            (np.array(cube.shape) - 1) / 2 * spacing,
            np.eye(3),
            np.array([45.0, 36, 36]),
            1.0,
            "there are no counts",
        )
    sizes = np.bincount(parts.ravel())[1:]
    places = np.stack(np.nonzero(parts == 1 + sizes.argmax())) * spacing[:, None]
    low, high = np.percentile(places, [1, 99], axis=1)
    report(1.0, "Left ventricle found")
    return Ventricle((low + high) / 2, np.eye(3), np.clip((high - low) / 2, 30, 55))


def find_pair(stress: Cube, rest: Cube, *, report: Report = nothing) -> tuple[Ventricle, Ventricle]:
    """Find the left ventricle of both states of one patient."""
    return find_ventricle(stress, report=report), find_ventricle(rest, report=report)
