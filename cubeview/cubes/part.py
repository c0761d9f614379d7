"""A part of a cube as a cube of its own: nothing is read before it is asked for."""

from dataclasses import dataclass, replace

import numpy as np

from cubeview.cubes.cube import Box, Cube, Pixels
from cubeview.cubes.region import fits
from cubeview.cubes.sky import along
from cubeview.errors import CubeviewError, Report, nothing


@dataclass(frozen=True, eq=False)
class PartPixels(Pixels):
    """A part of other pixels."""

    pixels: Pixels
    part: Box

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = (one.stop - one.start for one in self.part)
        return z, y, x

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        moved = []
        for one, within, length in zip(self.part, box, self.shape, strict=True):
            start, stop, _ = within.indices(length)
            moved.append(slice(one.start + start, one.start + max(start, stop)))
        return self.pixels.box((moved[0], moved[1], moved[2]))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole part."""
        return self.pixels.box(self.part)


def part_of_cube(cube: Cube, box: Box) -> Cube:
    """Return a part of a cube with its coordinates, uncertainty, mask and beam.

    Parameters
    ----------
    cube : Cube
    box : Box
        Within the cube.

    Raises
    ------
    CubeviewError
        If it is not within the cube.
    """
    if not fits(box, cube):
        sides = " × ".join(map(str, cube.shape))
        raise CubeviewError(f"the part does not lie within the cube of {sides} voxels.")
    axes = [
        replace(axis, values=axis.values[part]) for axis, part in zip(cube.axes, box, strict=True)
    ]
    wcs = None
    if cube.wcs is not None:
        wcs = cube.wcs.slice(box[1:])
        places = along(wcs, (box[1].stop - box[1].start, box[2].stop - box[2].start))
        axes[1:] = [replace(axis, values=v) for axis, v in zip(axes[1:], places, strict=True)]
    return replace(
        cube,
        axes=(axes[0], axes[1], axes[2]),
        pixels=PartPixels(cube.pixels, box),
        uncertainty=None if cube.uncertainty is None else PartPixels(cube.uncertainty, box),
        mask=None if cube.mask is None else PartPixels(cube.mask, box),
        wcs=wcs,
        gates=(),
        as_read=None,
    )
