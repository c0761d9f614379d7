"""``fit``: a line fitted in every spaxel of a sky cube."""

import argparse
from pathlib import Path

import numpy as np

from cubeview.commands.common import Commands, add_command, number, progress, say
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
        help="name of the line (Ha, OIII5008, CO10, HI …), or its value at rest in vacuum (9 GHz); "
        "several that move together with commas (Ha,NII); OIII and NII are doublets of fixed "
        "ratio, OII and SII pairs of any",
    )
    sub.add_argument(
        "--list", type=Path, metavar="FILE",
        help="lines of your own: CSV or ECSV with name, wavelength and medium (air or vacuum)",
    )  # fmt: skip
    sub.add_argument("--z", type=number, default=0.0, metavar="Z", help="redshift (default 0)")
    sub.add_argument(
        "--window",
        type=number,
        default=1500.0,
        metavar="KM/S",
        help="how far from the line is fitted, to either side (default %(default)g)",
    )
    sub.add_argument(
        "--mask",
        dest="least_sn",
        type=number,
        default=3.0,
        metavar="SNR",
        help="below it velocities and dispersions are left blank (default %(default)g)",
    )
    sub.add_argument(
        "--resolution",
        type=number,
        default=0.0,
        metavar="R",
        help="resolving power of the instrument, taken off the dispersion",
    )
    sub.add_argument(
        "--components", type=int, default=1, metavar="N",
        help="Gaussians of each line, 1 to 3, narrower ones first (default 1)",
    )  # fmt: skip
    sub.add_argument("--absorption", action="store_true", help="the line is dark")
    add_out(sub, "FITS file")


def _fit(options: argparse.Namespace) -> int:
    from cubeview.io.export.images import Image, write_images
    from cubeview.io.line_lists import read_lines
    from cubeview.measure.sky.fit import fit_line
    from cubeview.measure.sky.lines import lines_of

    if options.least_sn < 0:
        raise CubeviewError("--mask takes a signal-to-noise, 0 or more.")
    if not options.z > -1 or options.window <= 0 or options.resolution < 0:
        raise CubeviewError("--z must be above -1, --window above 0, --resolution not below 0.")
    own = read_lines(options.list) if options.list else None
    lines = lines_of(options.line, own)
    case, cube = opened(options)
    found = fit_line(
        cube,
        lines,
        options.z,
        window_kms=options.window,
        least_sn=options.least_sn,
        resolution=options.resolution,
        sign=-1 if options.absorption else 1,
        components=options.components,
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
        options,
        case,
        cube,
        line=options.line,
        rest_hz=lines[0].members[0][0],
        lines=[
            {"name": line.name, "rest_hz": [hz for hz, _ in line.members],
             "ratio": [ratio for _, ratio in line.members]}
            for line in lines
        ],
        z=options.z,
        maps=maps,
        done=words,
    )  # fmt: skip
    shown = [f"{options.out}: {text}" for text in words]
    for name, one in maps.items():
        if one["spaxels"] and not name.endswith("_err") and not name.startswith("continuum"):
            shown.append(
                f"  {name}: median {one['median']:.5g} {one['unit']}, 90 % from {one['low']:.5g} "
                f"to {one['high']:.5g}, {one['spaxels']} spaxels"
            )
    if not any(one["spaxels"] for one in maps.values()):
        shown.append("  nothing could be fitted in any spaxel: another --z, or fewer --components?")
    say(options, told, *shown)
    return 0
