"""What a network is shown of a case, and the way back from its grid to the cubes' voxels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from scipy.sparse import csr_array

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

    Attributes
    ----------
    ways, unseen : dict of role to what `to_cube` and the overlays need
        Worked out once, kept as long as the preparation is: one map after another goes the same
        way.
    """

    case: Case
    input: np.ndarray
    grids: Mapping[str, np.ndarray]
    ventricles: Mapping[str, Ventricle] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    ways: dict[str, tuple[Box, csr_array, np.ndarray]] = field(
        default_factory=dict, init=False, repr=False
    )
    unseen: dict[str, np.ndarray] = field(default_factory=dict, init=False, repr=False)

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
    if values.shape != prepared.input.shape[1:]:
        raise ValueError(f"a map of {values.shape} is none of {prepared.input.shape[1:]}")
    box, shares, outside = _ways(prepared, role)
    found: np.ndarray = shares @ values.astype(np.float32, copy=False).ravel()
    found[outside] = np.nan
    return found.reshape([part.stop - part.start for part in box]), box


def _ways(prepared: Prepared, role: str) -> tuple[Box, csr_array, np.ndarray]:
    """Return a map's box, its n voxels' shares in the input (n, d h w), and which have none."""
    if role not in prepared.ways:
        prepared.ways[role] = _find_ways(prepared, role)
    return prepared.ways[role]


def _find_ways(prepared: Prepared, role: str) -> tuple[Box, csr_array, np.ndarray]:
    grid, shape = prepared.grids[role], prepared.case.cubes[role].shape
    size = np.array(prepared.input.shape[1:])
    ends = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in size], indexing="ij")).reshape(3, -1)
    corners = grid[:3, :3] @ ends + grid[:3, 3:]
    low = np.clip(np.ceil(corners.min(axis=1)).astype(int), 0, shape)
    high = np.clip(np.floor(corners.max(axis=1)).astype(int) + 1, low, shape)
    voxels = np.indices(tuple(high - low)).reshape(3, -1) + low[:, None]
    back = np.linalg.inv(grid)
    places = back[:3, :3] @ voxels + back[:3, 3:]
    outside = ((places < -0.5) | (places > size[:, None] - 0.5)).any(axis=0)
    z, y, x = (slice(*ends) for ends in zip(low.tolist(), high.tolist(), strict=True))
    return (z, y, x), _linear_shares(np.clip(places, 0, size[:, None] - 1), size), outside


def _linear_shares(places: np.ndarray, size: np.ndarray) -> csr_array:
    """Return what each of eight voxels counts for at each place (3, n) of a grid, (n, d h w)."""
    low = np.minimum(places.astype(int), np.maximum(size[:, None] - 2, 0))
    beyond = places - low
    columns, shares = [], []
    for corner in np.ndindex(2, 2, 2):
        step = np.array(corner)[:, None]
        columns.append(np.ravel_multi_index(tuple(low + step), tuple(size), mode="clip"))
        shares.append(np.where(step, beyond, 1 - beyond).prod(axis=0))
    count = places.shape[1]
    rows = np.arange(0, 8 * count + 1, 8)
    data = np.stack(shares, axis=1).astype(np.float32).ravel()
    return csr_array((data, np.stack(columns, axis=1).ravel(), rows), (count, int(size.prod())))
