"""``spectrum``: what apertures on a sky cube hold, as a file."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import Commands, add_command, progress, say
from cubeview.commands.place import Value, add_at, add_radius, world_of
from cubeview.commands.sky_files import (
    add_out,
    opened,
    record,
    said,
    statistics,
    written_from,
)
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cubeview.cubes.cube import Cube
    from cubeview.cubes.region import Aperture
    from cubeview.measure.sky.spectrum import Spectrum


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "spectrum", _spectrum, "the spectrum of apertures on a sky cube, with its error"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    where = sub.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--region", type=Path, metavar="R.reg",
        help="shapes of DS9 (.reg) or CASA (.crtf), a spectrum each",
    )  # fmt: skip
    add_at(where, "a place, as predict takes it, in the cube; the whole spectrum is written")
    add_radius(sub)
    sub.add_argument(
        "--background", type=Path, metavar="B.reg",
        help="its first shape, often an annulus, is taken off voxel by voxel",
    )  # fmt: skip
    sub.add_argument("--mean", action="store_true", help="the mean of the voxels, not their sum")
    sub.add_argument(
        "--covariance", type=float, metavar="FACTOR",
        help="multiply errors by this, for cubes whose voxels share their noise "
        "(default: from the beam, else 1)",
    )  # fmt: skip
    add_out(sub, ".fits, .ecsv, .vot or .csv")


def _spectrum(options: argparse.Namespace) -> int:
    from cubeview.io.export.spectrum import Trace, spectrum_format, write_spectrum
    from cubeview.io.region_files import read_apertures
    from cubeview.measure.sky.spectrum import spectrum_of

    spectrum_format(options.out)
    if options.covariance is not None and not options.covariance >= 1.0:
        raise CubeviewError("--covariance is 1 for independent voxels, and larger for others.")
    case, cube = opened(options)
    background = None
    if options.background:
        background = read_apertures(options.background, cube)[0][1]
    found = [
        spectrum_of(
            cube,
            aperture,
            name=name,
            background=background,
            how="mean" if options.mean else "sum",
            covariance=options.covariance,
            report=progress(),
        )
        for name, aperture in _apertures(options, cube)
    ]
    history = [f"{one.name}: {text}" for one in found for text in one.words]
    write_spectrum(
        cube,
        [Trace(one.values, one.sigma, one.unit) for one in found],
        options.out,
        written_from(case, history),
    )
    told = record(
        options, case, cube,
        beam=list(cube.beam) if cube.beam is not None else None,
        spectra=[_record(one) for one in found],
    )  # fmt: skip
    count = "1 spectrum" if len(found) == 1 else f"{len(found)} spectra"
    lines = [f"{options.out}: {count} of {len(cube.axes[0])} channels"]
    for one in told["spectra"]:
        lines.append(
            f"  {one['name']}: median {said(one['median'])} {one['unit']}, "
            f"error {said(one['median_error'])}, {one['voxels']:.2f} voxels"
        )
        lines += [f"    {text}" for text in one["done"]]
    say(options, told, *lines)
    return 0


def _apertures(options: argparse.Namespace, cube: "Cube") -> list[tuple[str, "Aperture"]]:
    from cubeview.io.region_files import read_apertures

    if options.region:
        return list(read_apertures(options.region, cube))
    return [aperture_at(cube, options.at, options.radius)]


def aperture_at(cube: "Cube", at: "Sequence[Value]", radius: float) -> tuple[str, "Aperture"]:
    """Return a circle of some arcsec around a place, or its one spaxel, and what it is called.

    Raises CubeviewError if the place lies outside the cube, or that has no sky.
    """
    from cubeview.cubes.region import Circle, circle_on

    if not 0.0 <= radius < math.inf:
        raise CubeviewError("--radius takes 0 or more arcsec.")
    world = world_of(cube, at)
    place = cube.index(*world)
    if not all(-0.5 <= v <= n - 0.5 for v, n in zip(place, cube.shape, strict=True)):
        units = ", ".join(f"{axis.name} in {axis.unit or 'voxels'}" for axis in cube.axes)
        raise CubeviewError(f"--at: the place lies outside the cube. Give {units}.")
    _, y, x = place
    name = f"circle of {radius:g} arcsec" if radius else "spaxel"
    name += f" at {world[1]:.8g} {world[2]:.8g}"
    if not radius:
        return name, Circle(y, x, 0.0)
    if cube.wcs is None:
        raise CubeviewError("--radius is in arcsec, but the cube has no sky coordinates.")
    return name, circle_on(cube, y, x, radius / min(cube.spacing[1:]))


def _record(one: "Spectrum") -> dict[str, Any]:
    """Return what was made of an aperture as plain values."""
    found = statistics(one.values, one.sigma)
    return {
        "name": one.name, "unit": one.unit, "voxels": one.voxels, "channels": found["known"],
        "median": found["median"], "median_error": found["median_error"], "done": list(one.words),
    }  # fmt: skip
