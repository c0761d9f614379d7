"""Regions of DS9 (.reg) and CASA (.crtf) as apertures on a cube, by astropy's ``regions``."""

from pathlib import Path
from typing import Any

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.polygon import polygon_shares
from cubeview.cubes.region import Circle, Drawn
from cubeview.errors import CubeviewError, refusing

_SQUARE = 1e-3


def read_apertures(path: Path | str, cube: Cube) -> list[tuple[str, Circle | Drawn]]:
    """Return the shapes of a region file as apertures on a cube, each with its name.

    Circles, ellipses, boxes, their annuli and polygons count each voxel by the share that lies
    inside, exactly. Points are the voxel they lie in. Shapes may be given on the sky or in pixels.

    Raises
    ------
    CubeviewError
        If the file holds no region, or one that has no area; if one on the sky has no cube on the
        sky to lie on, or is no circle where voxels are not square.
    """
    from regions import Regions

    path = Path(path)
    advice = "Regions are read from DS9 (.reg) and CASA (.crtf) files."
    with refusing(path, "cannot be read as regions", advice):
        text = path.read_text("utf-8")
        form = "crtf" if text.lstrip().startswith("#CRTF") else "ds9"
        try:
            shapes = list(Regions.parse(text, format=form))
        except Exception as error:  # the library has no error of its own
            raise CubeviewError(f"{path}: {error} {advice}") from error
    if not shapes:
        raise CubeviewError(f"{path}: there is no region in it. {advice}")
    found = []
    for number, shape in enumerate(shapes, 1):
        name = str(shape.meta.get("text") or shape.meta.get("label") or f"region {number}")
        try:
            found.append((name, _on(cube, shape)))
        except CubeviewError as error:
            raise CubeviewError(f"{path}: {name} {error}") from error
    return found


def _on(cube: Cube, shape: Any) -> Circle | Drawn:
    import regions

    if ring := _inner_and_outer(shape):
        return _ring(_on(cube, ring[0]), _on(cube, ring[1]), cube.shape)
    if isinstance(shape, regions.SkyRegion):
        if cube.wcs is None:
            raise CubeviewError("lies on the sky, but the cube has no sky coordinates.")
        _, height, width = cube.spacing
        if isinstance(shape, regions.CircleSkyRegion):
            x, y = shape.center.to_pixel(cube.wcs)
            radius = shape.radius.to_value("arcsec") / width
            return Circle(float(y), float(x), radius, width / height)
        square = abs(height / width - 1.0) < _SQUARE
        if not (square or isinstance(shape, (regions.PointSkyRegion, regions.PolygonSkyRegion))):
            raise CubeviewError("is no circle, polygon or point, and the voxels are not square.")
        shape = shape.to_pixel(cube.wcs)
    if isinstance(shape, regions.PointPixelRegion):
        return Circle(float(shape.center.y), float(shape.center.x), 0.0)
    if isinstance(shape, regions.PolygonPixelRegion):
        corners = np.stack([shape.vertices.y, shape.vertices.x], axis=1)
        return Drawn(*polygon_shares(corners, cube.shape[1:]))
    try:
        mask = shape.to_mask(mode="exact")
    except (NotImplementedError, AttributeError):
        raise CubeviewError(
            "has no area. Use circles, ellipses, boxes, annuli, polygons."
        ) from None
    large, small = mask.get_overlap_slices(cube.shape[1:])
    if large is None:
        return Drawn(slice(0, 0), slice(0, 0), np.zeros((0, 0)))
    return Drawn(large[0], large[1], np.asarray(mask.data[small], dtype=np.float64))


def _inner_and_outer(shape: Any) -> tuple[Any, Any] | None:
    """Return the two shapes an annulus lies between; None where it is none."""
    import regions

    name = type(shape).__name__
    if "Annulus" not in name:
        return None
    plain = getattr(regions, name.replace("Annulus", ""))
    if name.startswith("Circle"):
        return plain(shape.center, shape.inner_radius), plain(shape.center, shape.outer_radius)
    return (
        plain(shape.center, shape.inner_width, shape.inner_height, shape.angle),
        plain(shape.center, shape.outer_width, shape.outer_height, shape.angle),
    )


def _ring(inner: Circle | Drawn, outer: Circle | Drawn, shape: tuple[int, int, int]) -> Drawn:
    """Return what lies in one shape and not in the other, which it holds."""
    rows, columns, share = outer.cover(shape)
    held_rows, held_columns, held = inner.cover(shape)
    if not held.size:
        return Drawn(rows, columns, share)
    share = share.copy()
    share[
        held_rows.start - rows.start : held_rows.stop - rows.start,
        held_columns.start - columns.start : held_columns.stop - columns.start,
    ] -= held
    return Drawn(rows, columns, np.clip(share, 0.0, 1.0))
