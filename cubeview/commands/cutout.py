"""``cutout``: a part of a sky cube, or one plane of it, as a file of its own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cubeview.commands.common import Commands, add_command, number, progress, say
from cubeview.commands.sky_files import add_out, opened, record, written_from
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.cubes.cube import Box, Cube


_ROUNDED = 1e-6
"""Voxels: a centre that lies at the edge of a square does so but for rounding."""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "cutout", _cutout, "a part of a sky cube with coordinates, noise, mask and beam"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    where = sub.add_mutually_exclusive_group()
    where.add_argument(
        "--box", metavar="x0:x1,y0:y1", help="columns and rows, counted from 0, the last included"
    )
    where.add_argument(
        "--around", nargs=3, type=number, metavar=("DEC", "RA", "ARCSEC"),
        help="a place in degrees, and the side of the square around it",
    )  # fmt: skip
    where.add_argument(
        "--region", type=Path, metavar="R.reg", help="the rows and columns its first shape touches"
    )
    sub.add_argument(
        "--from", dest="low", type=number, metavar="λ",
        help="where the spectrum begins, in the unit of its axis",
    )  # fmt: skip
    sub.add_argument("--to", dest="high", type=number, metavar="λ", help="where it ends")
    sub.add_argument(
        "--plane", type=number, metavar="λ", help="one plane only, the nearest, as an image"
    )
    add_out(sub, "FITS file")


def _cutout(options: argparse.Namespace) -> int:
    from cubeview.cubes.part import part_of_cube
    from cubeview.io.export.fits import write_cube

    case, cube = opened(options)
    box = _box(options, cube)
    part = part_of_cube(cube, box)
    ranges = ", ".join(
        f"{name} {one.start} to {one.stop - 1}"
        for name, one in zip(("channels", "rows", "columns"), box, strict=True)
    )
    words = [f"{ranges} (from 0) of a cube of {' x '.join(map(str, cube.shape))}"]
    if options.plane is None:
        write_cube(part, options.out, history=written_from(case, words), report=progress())
    else:
        words.append(f"plane at {part.axes[0].values[0]:.10g} {part.axes[0].unit}".rstrip())
        _write_plane(part, options.out, written_from(case, words))
    axis = part.axes[0]
    told = record(
        options, case, cube,
        shape=part.shape, box=[[one.start, one.stop - 1] for one in box],
        **{"from": float(axis.values[0]), "to": float(axis.values[-1])},
        uncertainty=part.uncertainty is not None, mask=part.mask is not None,
        beam=None if part.beam is None else list(part.beam), done=words,
    )  # fmt: skip
    kept = [
        name
        for name, one in (("noise", part.uncertainty), ("mask", part.mask), ("beam", part.beam))
        if one is not None
    ]
    sides = " × ".join(map(str, part.shape))
    with_ = f" with {', '.join(kept)}" if kept else ""
    say(options, told, f"{options.out}: {sides} voxels{with_}", f"  {words[0]}")
    return 0


def _write_plane(part: "Cube", out: Path, history: tuple[str, ...]) -> None:
    from cubeview.io.export.images import Image, write_images

    images = [Image("DATA", part.pixels.plane(0, 0), part.unit)]
    if part.uncertainty is not None:
        images.append(Image("ERR", part.uncertainty.plane(0, 0), part.unit))
    if part.mask is not None:
        images.append(Image("DQ", (part.mask.plane(0, 0) > 0).astype(np.uint8), ""))
    write_images(part, images, out, history)


def _box(options: argparse.Namespace, cube: "Cube") -> "Box":
    """Return the part that was asked for, cut short at the edges of the cube."""
    return _channels(options, cube), *_sky(options, cube)


def _channels(options: argparse.Namespace, cube: "Cube") -> slice:
    from cubeview.measure.sky.interval import channels_in

    axis = cube.axes[0]
    limits = options.low, options.high
    if options.plane is not None:
        if limits != (None, None):
            raise CubeviewError("--plane takes one plane, --from and --to many: give one of them.")
        at = axis.index(options.plane)
        if not -0.5 <= at <= len(axis) - 0.5:
            raise CubeviewError(
                f"--plane {options.plane:g}: the cube goes from {axis.values[0]:.8g} to "
                f"{axis.values[-1]:.8g} {axis.unit}."
            )
        return slice(round(at), round(at) + 1)
    low, high = (
        end if given is None else given
        for end, given in zip((-np.inf, np.inf), limits, strict=True)
    )
    channels = np.flatnonzero(channels_in(cube, low, high))
    return slice(int(channels[0]), int(channels[-1]) + 1)


def _sky(options: argparse.Namespace, cube: "Cube") -> tuple[slice, slice]:
    _, height, width = cube.shape
    if options.region:
        from cubeview.io.region_files import read_apertures

        rows, columns, share = read_apertures(options.region, cube)[0][1].cover(cube.shape)
        wanted = (rows, columns) if share.size else (slice(0, 0), slice(0, 0))
    elif options.around:
        if cube.wcs is None:
            raise CubeviewError("--around is on the sky, but the cube has no sky coordinates.")
        latitude, longitude, side = options.around
        _, y, x = cube.index(float(cube.axes[0].values[0]), latitude, longitude)
        reach = [side / 2 / size + _ROUNDED for size in cube.spacing[1:]]
        if not (np.isfinite([y, x]).all() and side > 0):
            raise CubeviewError("--around: there is no such place on the sky of the cube.")
        rows, columns = (
            slice(int(np.ceil(at - far)), int(np.floor(at + far)) + 1)
            for at, far in zip((y, x), reach, strict=True)
        )
        wanted = rows, columns
    elif options.box:
        wanted = _written(options.box)
    else:
        wanted = (slice(0, height), slice(0, width))
    rows, columns = (
        slice(max(one.start, 0), min(one.stop, n))
        for one, n in zip(wanted, (height, width), strict=True)
    )
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise CubeviewError(
            f"nothing of the cube lies there, of {width} columns and {height} rows."
        )
    return rows, columns


def _written(text: str) -> tuple[slice, slice]:
    """Return rows and columns of ``x0:x1,y0:y1``."""
    try:
        columns, rows = (
            slice(*sorted(int(end) for end in part.split(":", 1))) for part in text.split(",")
        )
        return slice(rows.start, rows.stop + 1), slice(columns.start, columns.stop + 1)
    except (TypeError, ValueError):
        raise CubeviewError(f"--box {text[:40]}: write x0:x1,y0:y1, as 10:40,25:60.") from None
