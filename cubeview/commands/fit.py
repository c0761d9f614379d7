"""``fit``: a line fitted in every spaxel of a sky cube."""

import argparse
from pathlib import Path

import numpy as np

from cubeview.commands.common import Commands, add_command, progress, say
from cubeview.commands.sky_files import add_out, opened, record, written_from
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "fit", _fit, "fit a line in every spaxel: flux, velocity, dispersion, width"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sub.add_argument(
        "--line",
        required=True,
        metavar="NAME",
        help="name of the line (Ha, OIII5008, CO10, HI …), or its value at rest in vacuum (9 GHz)",
    )
    sub.add_argument("--z", type=float, default=0.0, metavar="Z", help="redshift (default 0)")
    sub.add_argument(
        "--window",
        type=float,
        default=1500.0,
        metavar="KM/S",
        help="how far from the line is fitted, to either side (default %(default)g)",
    )
    sub.add_argument(
        "--mask",
        dest="least_sn",
        type=float,
        default=3.0,
        metavar="SNR",
        help="below it velocities and dispersions are left blank (default %(default)g)",
    )
    sub.add_argument(
        "--resolution",
        type=float,
        default=0.0,
        metavar="R",
        help="resolving power of the instrument, taken off the dispersion",
    )
    sub.add_argument("--absorption", action="store_true", help="the line is dark")
    add_out(sub, "FITS file")


def _fit(options: argparse.Namespace) -> int:
    from cubeview.io.export.images import Image, write_images
    from cubeview.measure.sky.fit import fit_line
    from cubeview.measure.sky.lines import rest_frequency_hz

    if not options.z > -1 or options.window <= 0 or options.resolution < 0:
        raise CubeviewError("--z must be above -1, --window above 0, --resolution not below 0.")
    rest = rest_frequency_hz(options.line)
    case, cube = opened(options)
    found = fit_line(
        cube,
        rest,
        options.z,
        window_kms=options.window,
        least_sn=options.least_sn,
        resolution=options.resolution,
        sign=-1 if options.absorption else 1,
        report=progress(),
    )
    words = (f"{options.line} at z = {options.z:g}", *found.words)
    images = [
        Image(name, values.astype(np.float32), found.units[name])
        for name, values in found.maps.items()
    ]
    write_images(cube, images, options.out, written_from(case, words))
    maps = {}
    for name, values in found.maps.items():
        some = values[np.isfinite(values)]
        low, middle, high = np.percentile(some, (5, 50, 95)) if some.size else (None,) * 3
        maps[name.lower()] = {
            "unit": found.units[name], "spaxels": int(some.size), "median": middle,
            "low": low, "high": high,
        }  # fmt: skip
    told = record(
        options, case, cube, line=options.line, rest_hz=rest, z=options.z, maps=maps, done=words
    )
    lines = [f"{options.out}: {text}" for text in words]
    for name in ("flux", "velocity", "dispersion", "ew", "sn"):
        one = maps[name]
        if one["spaxels"]:
            lines.append(
                f"  {name}: median {one['median']:.5g} {one['unit']}, 90 % from {one['low']:.5g} "
                f"to {one['high']:.5g}, {one['spaxels']} spaxels"
            )
    say(options, told, *lines)
    return 0
