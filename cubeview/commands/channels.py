"""``channels``: maps of channels side by side, as a figure."""

import argparse
from pathlib import Path

from cubeview.commands.common import Commands, add_command, number, progress, say
from cubeview.commands.sky_files import add_out, opened, record
from cubeview.errors import CubeviewError


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "channels", _channels, "a figure of channel maps: contours, velocities, beam"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sub.add_argument(
        "--from", dest="low", type=number, required=True, metavar="λ",
        help="where they begin, in the unit of the spectral axis (of --rest: km/s)",
    )  # fmt: skip
    sub.add_argument(
        "--to", dest="high", type=number, required=True, metavar="λ", help="where they end"
    )
    sub.add_argument(
        "--every", type=int, default=1, metavar="N", help="channels to a map (default 1)"
    )
    sub.add_argument(
        "--columns", type=int, default=0, metavar="N", help="maps beside each other (default: as "
        "many as rows)"
    )  # fmt: skip
    sub.add_argument(
        "--contours", type=number, nargs="*", default=None, metavar="SIGMA",
        help="lines at so many standard deviations of the maps (default 3 6 12 24; none for none)",
    )  # fmt: skip
    sub.add_argument(
        "--rest", default="", metavar="VALUE",
        help='rest value of the line with its unit, "115.271 GHz" or "656.28 nm", for velocities',
    )  # fmt: skip
    add_out(sub, ".pdf, or .png at 300 dpi")


def _channels(options: argparse.Namespace) -> int:
    from cubeview.cubes.spectral import with_spectral
    from cubeview.gui.desk.figures import CONTOURS, figure_of
    from cubeview.gui.shell.app import application
    from cubeview.gui.widgets.figure import ENDINGS, write_figure
    from cubeview.measure.sky.channel_maps import channel_maps

    if options.every < 1 or options.columns < 0:
        raise CubeviewError("--every takes 1 channel or more, --columns 0 (as fit) or more.")
    case, cube = opened(options, ENDINGS)
    if options.rest:
        radio = cube.axes[0].name == "Frequency"
        cube = with_spectral(
            cube, "velocity", rest=options.rest, convention="radio" if radio else "optical"
        )
    sigmas = CONTOURS if options.contours is None else tuple(options.contours)
    made = channel_maps(cube, options.low, options.high, options.every, report=progress())
    levels = [made.noise * sigma for sigma in sigmas]
    keep = application()  # painting letters needs one
    write_figure(figure_of(cube, made, levels, options.columns, case.name), options.out)
    del keep
    words = [*made.words]
    if levels:
        told = ", ".join(f"{sigma:g}" for sigma in sigmas)
        words.append(f"contours at {told} standard deviations")
    document = record(
        options, case, cube, maps=len(made.planes), places=made.places.tolist(), noise=made.noise,
        unit=cube.unit, contours=levels, done=words,
    )  # fmt: skip
    say(options, document, *(f"{options.out}: {text}" for text in words))
    return 0
