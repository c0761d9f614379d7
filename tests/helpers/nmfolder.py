"""A folder of small DICOM scans of hearts that do not exist."""

from pathlib import Path

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.io.export.dicom import write_nm


def small_scan(seed: int) -> Cube:
    """Return an 8 × 12 × 12 short-axis cube of 6 mm, different for each seed."""
    values = np.random.default_rng(seed).integers(0, 1000, (8, 12, 12)).astype(np.float32)
    axes = tuple(
        Axis(name, "space", "mm", np.arange(n) * 6.0)
        for name, n in (("Slice", 8), ("Row", 12), ("Column", 12))
    )
    affine = np.zeros((4, 4))
    for k, direction in enumerate(((0, 0, 1), (0, 1, 0), (1, 0, 0))):
        affine[:3, k] = np.array(direction) * 6.0
    affine[3, 3] = 1
    return Cube(axes, ArrayPixels(values), "heart", "counts", affine=affine, view="short axis")


def write_hearts(folder: Path, count: int, roles: tuple[str, ...] = ("stress",)) -> Path:
    """Write `count` cases, each in a folder of its own."""
    for number in range(count):
        place = folder / f"{number:04d}"
        place.mkdir(parents=True)
        for role in roles:
            seed = 10 * number + roles.index(role)
            write_nm(small_scan(seed), place / f"{role}.dcm", role=role, case=f"Wren {number:04d}")
    return folder
