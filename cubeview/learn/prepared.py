"""What a network is shown of a case, and the way back from its grid to the cubes' voxels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from scipy.ndimage import map_coordinates

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box
from cubeview.cubes.ventricle import Ventricle


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case as network input.

    Parameters
    ----------
    case : Case
    input : ndarray, shape (channel, d, h, w), float32
        Channels in the order of the model card's roles.
    grids : mapping of role to ndarray, shape (4, 4)
        Input voxel (d, h, w, 1) to voxel (z, y, x, 1) of that role's cube, both 0-based centres.
    ventricles : mapping of role to Ventricle
        Hearts only: the geometry that was used.
    cautions : tuple of str
        What makes the preparation doubtful, in words for the user.
    """

    case: Case
    input: np.ndarray
    grids: Mapping[str, np.ndarray]
    ventricles: Mapping[str, Ventricle] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("grids", "ventricles"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


def to_cube(values: np.ndarray, prepared: Prepared, role: str) -> tuple[np.ndarray, Box]:
    """Carry a map on the network's input grid onto the voxels of one role's cube.

    Parameters
    ----------
    values : ndarray, shape (d, h, w)
        The map, one value per input voxel.
    prepared : Prepared
    role : str

    Returns
    -------
    values : ndarray, float32
        Linear interpolation at each cube voxel that lies inside the input grid, NaN outside it.
    box : Box
        The cube voxels covered: the bounding box of the input grid, cut at the cube's edges.
    """
    grid = prepared.grids[role]
    shape = prepared.case.cubes[role].shape
    size = np.array(values.shape)
    ends = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in size], indexing="ij")).reshape(3, -1)
    corners = grid[:3, :3] @ ends + grid[:3, 3:]
    low = np.clip(np.ceil(corners.min(axis=1)).astype(int), 0, shape)
    high = np.clip(np.floor(corners.max(axis=1)).astype(int) + 1, low, shape)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    voxels = np.indices(tuple(high - low)).reshape(3, -1) + low[:, None]
    back = np.linalg.inv(grid)
    places = back[:3, :3] @ voxels + back[:3, 3:]
    found = map_coordinates(values.astype(np.float64), places, order=1, mode="nearest")
    outside = ((places < -0.5) | (places > size[:, None] - 0.5)).any(axis=0)
    found[outside] = np.nan
    return found.reshape(tuple(high - low)).astype(np.float32), box
