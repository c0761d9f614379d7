"""``pv``: position and velocity along a path through a sky cube."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cubeview.commands.common import Commands, add_command, number, progress, say
from cubeview.commands.sky_files import add_out, opened, record, said, statistics, written_from
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from cubeview.cubes.cube import Cube


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "pv", _pv, "position and velocity: the spectra along a path of points"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sub.add_argument(
        "--path", nargs="+", type=number, required=True, metavar="DEC RA",
        help="points of the path in degrees, two numbers each, as DEC RA DEC RA DEC RA",
    )  # fmt: skip
    sub.add_argument(
        "--pixels", action="store_true", help="the points are columns and rows instead, from 0"
    )
    sub.add_argument(
        "--width", type=number, default=0.0, metavar="ARCSEC",
        help="average over so much across the path (default 0: the line alone)",
    )  # fmt: skip
    sub.add_argument(
        "--from", dest="low", type=number, default=-np.inf, metavar="λ",
        help="where the spectrum begins, in the unit of its axis",
    )  # fmt: skip
    sub.add_argument("--to", dest="high", type=number, default=np.inf, metavar="λ",
                     help="where it ends")  # fmt: skip
    sub.add_argument(
        "--rest", default="", metavar="VALUE",
        help='rest value of the line with its unit, "115.271 GHz" or "656.28 nm": the axis, --from '
        "and --to are then velocities",
    )  # fmt: skip
    add_out(sub, "FITS file")


def _pv(options: argparse.Namespace) -> int:
    from cubeview.cubes.spectral import with_spectral
    from cubeview.io.export.pv import Path2d, write_pv
    from cubeview.measure.sky.pv import position_velocity

    if len(options.path) < 4 or len(options.path) % 2:
        raise CubeviewError("--path takes two numbers for each of two points or more.")
    case, cube = opened(options)
    if options.rest:
        radio = cube.axes[0].name == "Frequency"
        cube = with_spectral(
            cube, "velocity", rest=options.rest, convention="radio" if radio else "optical"
        )
    path = _places(options, cube)
    made = position_velocity(
        cube, path, options.width, low=options.low, high=options.high, report=progress()
    )
    drawn = Path2d(
        made.offsets, made.offset_unit, made.places, made.values, made.sigma, made.unit,
        made.channels[0],
    )  # fmt: skip
    points = "; ".join(f"x {x:.3f} y {y:.3f}" for y, x in path)
    words = (*made.words, f"points, in pixels from 0: {points}")
    write_pv(cube, drawn, options.out, written_from(case, words))
    axis = cube.axes[0].values[slice(*made.channels)]
    numbers = statistics(made.values, made.sigma)
    told = record(
        options, case, cube,
        path=[list(point) for point in path], width=options.width,
        offset_unit=made.offset_unit, length=float(made.offsets[-1]), places=len(made.offsets),
        channels=[made.channels[0], made.channels[1] - 1],
        **{"from": float(axis[0]), "to": float(axis[-1])},
        unit=made.unit, **numbers, done=words,
    )  # fmt: skip
    say(
        options, told,
        f"{options.out}: {len(made.offsets)} places over {made.offsets[-1]:.6g} "
        f"{made.offset_unit}, {len(axis)} channels",
        *(f"  {text}" for text in made.words),
        f"  from {said(numbers['least'])} to {said(numbers['most'])} {made.unit}, error "
        f"{said(numbers['median_error'])}",
    )  # fmt: skip
    return 0


def _places(options: argparse.Namespace, cube: "Cube") -> list[tuple[float, float]]:
    """Return the points as voxel indices (y, x)."""
    pairs = list(zip(options.path[::2], options.path[1::2], strict=True))
    if options.pixels:
        return [(y, x) for x, y in pairs]
    if cube.wcs is None:
        raise CubeviewError("the cube has no sky coordinates: give columns and rows by --pixels.")
    middle = float(cube.axes[0].values[0])
    found = [cube.index(middle, latitude, longitude)[1:] for latitude, longitude in pairs]
    if not np.isfinite(found).all():
        raise CubeviewError("--path: there is no such place on the sky of the cube.")
    return found
