"""``lines``: the redshift of a place in a sky cube by its lines, and which lines are there."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cubeview.commands.common import Commands, add_command, add_json, frames_of, open_cases, say
from cubeview.commands.place import add_at, add_radius
from cubeview.errors import CubeviewError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cubeview.measure.sky.redshift import Identified


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "lines", _lines, "the redshift of a place by its lines, and what is doubtful"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    add_at(sub, "a place, as predict takes it; its whole spectrum is used", required=True)
    add_radius(sub)
    sub.add_argument("--z", type=float, metavar="Z", help="say which lines are seen at this one")
    sub.add_argument(
        "--between", nargs=2, type=float, default=(-0.005, 1.8), metavar=("LOW", "HIGH"),
        help="redshifts that are tried (default -0.005 1.8)",
    )  # fmt: skip
    sub.add_argument(
        "--list", type=Path, metavar="FILE",
        help="lines of your own: CSV or ECSV with name, wavelength and medium (air or vacuum)",
    )  # fmt: skip
    add_json(sub)


def _lines(options: argparse.Namespace) -> int:
    from cubeview.commands.spectrum import aperture_at
    from cubeview.cubes.spectral import with_spectral
    from cubeview.io.line_lists import read_lines
    from cubeview.measure.sky.lines import DARK, optical_lines
    from cubeview.measure.sky.redshift import identify, redshift_of
    from cubeview.measure.sky.spectrum import spectrum_of

    lines = read_lines(options.list) if options.list else optical_lines()
    cases, _ = open_cases([options.cube])
    cube = cases[0].main
    if cube.axes[0].kind != "spectral":
        raise CubeviewError(f"{options.cube}: this cube has no spectral axis.")
    name, aperture = aperture_at(cube, options.at, options.radius)
    found = spectrum_of(cube, aperture, name=name)
    waves = with_spectral(cube, "wavelength", redshift="0").axes[0]
    angstrom = waves.values * _angstroms(waves.unit)
    if options.z is not None:
        seen = identify(angstrom, found.values, found.sigma, options.z, lines)
        told = {"z": options.z, "lines": [_line(one) for one in seen], **frames_of(cube)}
        head = f"{name}, z = {options.z:g}: {len(seen)} lines seen"
        say(options, told, head, *_table(seen))
        return 0
    low, high = options.between
    answer = redshift_of(
        angstrom, found.values, found.sigma, lines, low=low, high=high,
        dark=() if options.list else DARK,
    )  # fmt: skip
    best = answer.candidates[0]
    told = {
        "z": best.z,
        "error": best.error,
        "doubts": list(answer.doubts),
        "candidates": [
            {"z": one.z, "error": one.error, "score": one.score,
             "lines": [_line(line) for line in one.lines]}
            for one in answer.candidates
        ],
        **frames_of(cube),
    }  # fmt: skip
    text = [f"{name}: z = {best.z:.5f} ± {best.error:.5f}, score {best.score:.1f}"]
    text += [f"  doubtful: {doubt}" for doubt in answer.doubts]
    text += _table(best.lines)
    text += [f"  or z = {one.z:.5f}, score {one.score:.1f}" for one in answer.candidates[1:]]
    say(options, told, *text)
    return 0


def _angstroms(unit: str) -> float:
    from astropy import units

    return float(units.Unit(unit).to(units.AA))


def _line(one: "Identified") -> dict[str, Any]:
    return {"name": one.name, "expected_angstrom": one.observed, "angstrom": one.centre,
            "sn": one.sn}  # fmt: skip


def _table(lines: "Sequence[Identified]") -> list[str]:
    return [
        f"  {one.name:10s} {one.centre:10.2f} Angstrom in vacuum, S/N {one.sn:.1f}" for one in lines
    ]
