"""The wall of the left ventricle as a mask: the floor every network has to beat."""

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.mask import Mask, named
from cubeview.cubes.ventricle import Ventricle, wall_mask

NAME = "left ventricular wall"


def wall(cube: Cube, ventricle: Ventricle) -> Mask:
    """Return the wall by its counts near a fitted ventricle; see `wall_mask`."""
    inside = wall_mask(ventricle, cube.pixels.read(), cube.spacing)
    return Mask(inside.astype(np.uint8), named([NAME]), cube)
