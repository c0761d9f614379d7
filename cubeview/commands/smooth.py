"""``smooth``: a sky cube smoothed by a kernel or to a beam, with what becomes of its noise."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, number, progress, say
from cubeview.commands.sky_files import add_out, opened, record, written_from
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    from cubeview.cubes.smoothed import KERNELS

    sub = add_command(
        commands, "smooth", _smooth,
        "a sky cube smoothed on the sky, to a beam or along its spectrum, with its noise",
    )  # fmt: skip
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sky = sub.add_mutually_exclusive_group()
    sky.add_argument(
        "--sky", type=number, metavar="ARCSEC",
        help="by a round Gaussian of this full width at half maximum",
    )  # fmt: skip
    sky.add_argument(
        "--beam", type=number, nargs="+", metavar="ARCSEC",
        help="to a beam: MAJOR, or MAJOR MINOR ANGLE (degrees from north to east)",
    )  # fmt: skip
    sub.add_argument(
        "--spectral", type=number, metavar="CHANNELS",
        help="along the spectrum, over so many channels (of a Gaussian: FWHM)",
    )  # fmt: skip
    sub.add_argument(
        "--kernel", choices=KERNELS, default="gauss",
        help="of --spectral (default gauss; hanning is over three channels)",
    )  # fmt: skip
    add_out(sub, "FITS file")


def _smooth(options: argparse.Namespace) -> int:
    from cubeview.cubes.smoothed import along_spectrum, on_sky, to_beam
    from cubeview.io.export.fits import write_cube

    if options.sky is None and not options.beam and options.spectral is None:
        raise CubeviewError("say how: --sky, --beam or --spectral.")
    if options.beam and len(options.beam) not in (1, 3):
        raise CubeviewError("--beam takes one width, or MAJOR MINOR ANGLE.")
    case, cube = opened(options)
    words = []
    if options.spectral is not None:
        cube = along_spectrum(cube, options.spectral, options.kernel)
        words.append(cube.notes[-1].text)
    if options.sky is not None:
        cube = on_sky(cube, options.sky)
        words.append(cube.notes[-1].text)
    if options.beam:
        major, minor, angle = options.beam if options.beam[1:] else (*options.beam * 2, 0.0)
        cube = to_beam(cube, (major, minor, angle))
        words.append(cube.notes[-1].text)
    write_cube(cube, options.out, history=written_from(case, words), report=progress())
    told = record(
        options, case, cube,
        unit=cube.unit, shape=cube.shape, uncertainty=cube.uncertainty is not None,
        beam=None if cube.beam is None else list(cube.beam), done=words,
    )  # fmt: skip
    say(options, told, *(f"{options.out}: {text}" for text in words))
    return 0
