"""Regions of DS9 (.reg) and CASA (.crtf) as apertures on a cube, by astropy's ``regions``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.polygon import polygon_shares
from cubeview.cubes.region import Circle, Drawn, circle_on
from cubeview.cubes.shape import Shape, polygon
from cubeview.errors import CubeviewError, refusing
from cubeview.paths import replacing

_T = TypeVar("_T")

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
    return _read(Path(path), lambda name, shape: (name, _on(cube, shape)))


def read_shapes(path: Path | str, cube: Cube) -> list[Shape]:
    """Return the shapes of a region file as they lie on a cube, to be drawn and changed.

    Raises CubeviewError as `read_apertures`, and for annuli that are not round.
    """
    return _read(Path(path), lambda name, shape: _drawn(cube, shape, name))


def write_shapes(path: Path | str, cube: Cube, shapes: Sequence[Shape]) -> None:
    """Write shapes as regions of DS9, or of CASA where the name ends with .crtf.

    On the sky where the cube has one, else in pixels. A file of that name is replaced only once the
    new one is whole. Raises CubeviewError if it cannot be written.
    """
    from regions import Regions

    path = Path(path)
    form = "crtf" if path.suffix.lower() == ".crtf" else "ds9"
    made = []
    for shape in shapes:
        one = _region(cube, shape)
        if shape.name:
            one.meta["label" if form == "crtf" else "text"] = shape.name
        made.append(one)
    text = Regions(made).serialize(format=form)
    with refusing(path, "cannot be written", "Choose another folder."), replacing(path) as new:
        new.write_text(text, "utf-8")


def aperture_of(cube: Cube, shape: Shape) -> Circle | Drawn:
    """Return a shape as the voxels of a cube that it holds, each by the share that lies inside.

    Raises CubeviewError for an ellipse or a box where voxels are not square.
    """
    if shape.kind == "circle":
        return circle_on(cube, shape.y, shape.x, shape.sizes[0])
    if shape.kind == "annulus":
        inner, outer = (circle_on(cube, shape.y, shape.x, size) for size in shape.sizes)
        return _ring(inner, outer, cube.shape)
    return _on(cube, _pixels(cube, shape))


def _read(path: Path, made_of: Callable[[str, Any], _T]) -> list[_T]:
    """Return what is made of the name and each region of a file."""
    from regions import Regions

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
            found.append(made_of(name, shape))
        except CubeviewError as error:
            raise CubeviewError(f"{path}: {name} {error}") from error
    return found


def _drawn(cube: Cube, region: Any, name: str) -> Shape:
    import regions

    on_sky = isinstance(region, regions.SkyRegion)
    if on_sky and cube.wcs is None:
        raise CubeviewError("lies on the sky, but the cube has no sky coordinates.")
    what = type(region).__name__.removesuffix("Region").removesuffix("Sky").removesuffix("Pixel")
    if what in ("Circle", "CircleAnnulus", "Point"):
        place = region.center.to_pixel(cube.wcs) if on_sky else (region.center.x, region.center.y)
        x, y = (float(v) for v in place)
        names = {"Circle": ("radius",), "CircleAnnulus": ("inner_radius", "outer_radius")}
        found = [getattr(region, one) for one in names.get(what, ())]
        if on_sky:
            side = min(cube.spacing[1:])
            found = [one.to_value("arcsec") / side for one in found]
        sizes = tuple(float(one) for one in found) or (0.0,)
        return Shape("annulus" if what == "CircleAnnulus" else "circle", y, x, sizes, name=name)
    if what == "Polygon":
        corners = region.to_pixel(cube.wcs).vertices if on_sky else region.vertices
        places = zip(corners.y, corners.x, strict=True)
        return polygon(tuple((float(y), float(x)) for y, x in places), name)
    if what not in ("Ellipse", "Rectangle"):
        raise CubeviewError("cannot be drawn: circles, ellipses, boxes, round annuli, polygons can")
    if on_sky:
        _check_square(cube)
        region = region.to_pixel(cube.wcs)
    x, y, angle = float(region.center.x), float(region.center.y), region.angle.to_value("deg")
    wide, high = float(region.width), float(region.height)
    if what == "Ellipse":
        return Shape("ellipse", y, x, (wide / 2, high / 2), float(angle), name=name)
    return Shape("box", y, x, (wide, high), float(angle), name=name)


def _pixels(cube: Cube, shape: Shape) -> Any:
    """Return a shape as a region of pixels; CubeviewError where those are not square."""
    import regions
    from astropy import units

    at = regions.PixCoord(shape.x, shape.y)
    if shape.kind == "polygon":
        y, x = zip(*shape.corners, strict=True)
        return regions.PolygonPixelRegion(regions.PixCoord(x, y))
    if shape.kind == "circle":
        return regions.CirclePixelRegion(at, shape.sizes[0])
    if shape.kind == "annulus":
        return regions.CircleAnnulusPixelRegion(at, *shape.sizes)
    _check_square(cube)
    double = 2.0 if shape.kind == "ellipse" else 1.0
    made = regions.EllipsePixelRegion if shape.kind == "ellipse" else regions.RectanglePixelRegion
    wide, high = (double * size for size in shape.sizes)
    return made(at, wide, high, angle=shape.angle * units.deg)


def _region(cube: Cube, shape: Shape) -> Any:
    """Return a shape as a region on the sky, or of pixels where there is none."""
    import regions
    from astropy import units

    if cube.wcs is None:
        return _pixels(cube, shape)
    if shape.kind in ("circle", "annulus") and min(shape.sizes) > 0:
        from astropy.wcs.utils import pixel_to_skycoord

        at = pixel_to_skycoord(shape.x, shape.y, cube.wcs, 0)
        sizes = [size * min(cube.spacing[1:]) * units.arcsec for size in shape.sizes]
        round_ = shape.kind == "circle"
        made = regions.CircleSkyRegion if round_ else regions.CircleAnnulusSkyRegion
        return made(at, *sizes)
    if shape.kind == "circle":
        return regions.PointPixelRegion(regions.PixCoord(shape.x, shape.y)).to_sky(cube.wcs)
    return _pixels(cube, shape).to_sky(cube.wcs)


def _check_square(cube: Cube) -> None:
    _, height, width = cube.spacing
    if cube.wcs is not None and abs(height / width - 1.0) >= _SQUARE:
        raise CubeviewError("is no circle, polygon or point, and the voxels are not square.")


def _on(cube: Cube, shape: Any) -> Circle | Drawn:
    import regions

    if ring := _inner_and_outer(shape):
        return _ring(_on(cube, ring[0]), _on(cube, ring[1]), cube.shape)
    if isinstance(shape, regions.SkyRegion):
        if cube.wcs is None:
            raise CubeviewError("lies on the sky, but the cube has no sky coordinates.")
        if isinstance(shape, regions.CircleSkyRegion):
            _, height, width = cube.spacing
            x, y = shape.center.to_pixel(cube.wcs)
            radius = shape.radius.to_value("arcsec") / width
            return Circle(float(y), float(x), radius, width / height)
        if not isinstance(shape, (regions.PointSkyRegion, regions.PolygonSkyRegion)):
            _check_square(cube)
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
