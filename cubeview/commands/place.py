"""``--at``: a place in a sky cube, each value in the unit of its axis or with its own behind it."""

import argparse
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cubeview.cubes.cube import Cube

_NUMBER = re.compile(r"([-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*)?")


class Value(NamedTuple):
    """A number, and its unit where one was given."""

    number: float
    unit: str = ""


def value(text: str) -> Value:
    """Return what was typed; argparse says so where it is no finite number."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None or not math.isfinite(float(found[1].replace("−", "-"))):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number")
    return Value(float(found[1].replace("−", "-")), found[2] or "")


def add_at(
    sub: argparse.ArgumentParser | argparse._ArgumentGroup, text: str, *, required: bool = False
) -> None:
    """Add ``--at``.

    Parameters
    ----------
    sub : ArgumentParser, or a group of one
    text : str
        Its help.
    required : bool
    """
    names = ("SPECTRAL", "DEC", "RA")
    sub.add_argument("--at", nargs=3, type=value, metavar=names, help=text, required=required)


def add_radius(sub: argparse.ArgumentParser) -> None:
    """Add ``--radius``, of a circle around ``--at``."""
    sub.add_argument(
        "--radius", type=float, default=0.0, metavar="ARCSEC",
        help="of the circle around --at (default 0: the one spaxel)",
    )  # fmt: skip


def world_of(cube: "Cube", at: "Sequence[Value]") -> tuple[float, float, float]:
    """Return a place in the units of a cube's axes.

    Raises
    ------
    CubeviewError
        If a unit cannot be that of its axis.
    """
    from astropy import units

    from cubeview.cubes.unit import unit_of
    from cubeview.cubes.units import parse_unit

    found = []
    for (number, unit), axis in zip(at, cube.axes, strict=True):
        own = parse_unit(axis.unit)
        try:
            given = own if not unit else parse_unit(unit) or unit_of(unit)
            if unit:
                number = float((number * given).to_value(own, units.spectral()))
        except (ValueError, TypeError, units.UnitsError) as error:
            raise CubeviewError(
                f"--at: {number:g} {unit[:20]} is no place along {axis.name or 'this axis'}, which "
                f"is in {axis.unit or 'voxels'}. Give a number, or one with such a unit."
            ) from error
        found.append(number)
    return found[0], found[1], found[2]
