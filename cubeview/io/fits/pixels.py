"""From a part of a FITS file to its voxels: where they lie, and what their numbers mean."""

from pathlib import Path
from typing import Any

import numpy as np

from cubeview.cubes.cube import Note
from cubeview.errors import CubeviewError
from cubeview.io.fits.axes import Geometry
from cubeview.io.fits.layout import Part, is_flat_mask
from cubeview.io.opened import too_large
from cubeview.io.voxels.byterange import Layout, Stamp
from cubeview.io.voxels.store import FitsPixels

_BITS = (8, 16, 32, 64, -32, -64)
"""BITPIX of FITS 4.0, table 8."""


def pixels_of(
    plain: Path, stamp: Stamp, named: Path, part: Part, flux: Part, found: Geometry
) -> FitsPixels:
    """Return the pixels of a part whose voxels are those of the flux.

    Parameters
    ----------
    plain, stamp : Path, Stamp
        The file read, not compressed, and what it looks like.
    named : Path
        The file the user opened.
    part, flux : Part
    found : Geometry
        Of the flux.
    """
    shape, order, fixed = part.shape, found.order, found.fixed
    if part.shape != flux.shape and is_flat_mask(part, flux):
        # The two mask axes follow each other as the sky axes of the flux do.
        z, y, x = order
        shape = (1, *part.shape)
        order = (0, 1, 2) if y < x else (0, 2, 1)
        fixed = (0, 0, 0)
    elif part.shape != flux.shape:
        # Same voxels, with or without axes of length one.
        mine = [axis for axis, n in enumerate(part.shape) if n > 1]
        theirs = [axis for axis, n in enumerate(flux.shape) if n > 1]
        z, y, x = (mine[theirs.index(axis)] for axis in order)
        order, fixed = (z, y, x), (0,) * len(shape)
    header = part.header
    bits = int(header["BITPIX"])
    if bits not in _BITS or min(part.shape, default=0) < 1:
        lengths = " × ".join(map(str, part.shape))
        raise CubeviewError(
            f"{named}: a header declares {lengths} voxels of {bits} bits, which cannot be. The "
            "file is damaged; copy or download it again."
        )
    kind = "u1" if bits == 8 else f">{'f' if bits < 0 else 'i'}{abs(bits) // 8}"
    blank = header.get("BLANK") if bits > 0 else None
    layout = Layout(
        offset=part.offset,
        dtype=np.dtype(kind),
        shape=shape,
        order=order,
        fixed=fixed,
        scale=_float(header.get("BSCALE"), 1.0),
        zero=_float(header.get("BZERO"), 0.0),
        blank=int(blank) if isinstance(blank, int | float) else None,
    )
    return FitsPixels(plain, layout, stamp, named)


def scale_note(pixels: FitsPixels) -> list[Note]:
    """Say where a scale makes values of a part larger than can be held."""
    layout = pixels.layout
    whole = layout.dtype.kind != "f"
    largest = abs(layout.scale) * (float(np.iinfo(layout.dtype).max) if whole else 1e8)
    if largest + abs(layout.zero) < float(np.finfo(np.float32).max):
        return []
    return [Note("repair", too_large(None, "BSCALE", layout.scale))]


def _float(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else default
