"""``convert``: a sky cube in other units or larger voxels, its logarithm, or one made of two."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, open_cases, progress, say
from cubeview.commands.sky_files import add_out, opened, record, written_from
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    from cubeview.cubes.spectral import CONVENTIONS, SHOWN

    sub = add_command(
        commands,
        "convert",
        _convert,
        "a sky cube in other units or larger voxels, its logarithm, or one made of two",
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    other = sub.add_mutually_exclusive_group()
    other.add_argument("--plus", type=Path, metavar="OTHER", help="add a cube on the same grid")
    other.add_argument("--minus", type=Path, metavar="OTHER", help="subtract one")
    other.add_argument("--over", type=Path, metavar="OTHER", help="divide by one")
    sub.add_argument(
        "--unit", metavar="UNIT",
        help='of the values, as K, "mJy / beam", "erg s-1 cm-2 Hz-1"; temperatures by the beam',
    )  # fmt: skip
    sub.add_argument(
        "--rebin", nargs=3, type=int, metavar=("NZ", "NY", "NX"),
        help="means of so many channels, rows and columns",
    )  # fmt: skip
    sub.add_argument("--log", action="store_true", help="decimal logarithm of the values, at last")
    sub.add_argument("--spectral", choices=SHOWN, help="what the spectral axis is told as")
    sub.add_argument(
        "--rest", default="", metavar="VALUE", help='for velocities: "115.271 GHz", "656.28 nm"'
    )
    sub.add_argument(
        "--convention", choices=CONVENTIONS, default="radio",
        help="definition of velocities (default radio)",
    )  # fmt: skip
    add_out(sub, "FITS file")


def _convert(options: argparse.Namespace) -> int:
    from cubeview.cubes.changed import in_unit, rebinned
    from cubeview.cubes.spectral import with_spectral
    from cubeview.cubes.together import combined, divided, logarithm
    from cubeview.io.export.fits import write_cube

    second = options.plus or options.minus or options.over
    if not (second or options.unit or options.spectral or options.rebin or options.log):
        raise CubeviewError(
            "say what is to change: --plus, --minus, --over, --unit, --rebin, --log or --spectral."
        )
    case, cube = opened(options)
    words = []
    if second:
        others, _ = open_cases([second])
        if options.over:
            cube, how = divided(cube, others[0].main), "over"
        else:
            cube = combined(cube, others[0].main, 1 if options.plus else -1)
            how = "plus" if options.plus else "minus"
        (source,) = written_from(others[0], ())
        words.append(f"{how} {source}")
    if options.unit:
        before = cube.unit
        cube = in_unit(cube, options.unit)
        words.append(f"values in {cube.unit}, made of {before}")
    if options.rebin:
        nz, ny, nx = options.rebin
        cube = rebinned(cube, (nz, ny, nx))
        words.append(cube.notes[-1].text)
    if options.spectral:
        cube = with_spectral(
            cube, options.spectral, rest=options.rest, convention=options.convention
        )
        words.append(cube.notes[-1].text)
    if options.log:
        cube = logarithm(cube)
        words.append(cube.notes[-1].text)
    write_cube(cube, options.out, history=written_from(case, words), report=progress())
    told = record(options, case, cube, unit=cube.unit, shape=cube.shape, done=words)
    say(options, told, *(f"{options.out}: {text}" for text in words))
    return 0
