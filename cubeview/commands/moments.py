"""``moments``: images of a line of a sky cube."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.commands.common import Commands, add_command, number, progress, say
from cubeview.commands.sky_files import (
    add_out,
    line_of,
    opened,
    pair_of,
    record,
    statistics,
    written_from,
)
from cubeview.errors import CubeviewError, part_of

if TYPE_CHECKING:
    from cubeview.cubes.cube import Cube
    from cubeview.measure.sky.moments import Moment


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "moments", _moments, "images of a line: its flux, mean velocity and dispersion"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sub.add_argument(
        "--from", dest="low", type=number, required=True, metavar="λ",
        help="where the line begins, in the unit of the spectral axis (of --rest: km/s)",
    )  # fmt: skip
    sub.add_argument(
        "--to", dest="high", type=number, required=True, metavar="λ", help="where it ends"
    )
    sub.add_argument("--order", help="which moments, of 0, 1 and 2 (without --image: 0,1,2)")
    sub.add_argument(
        "--image",
        default="",
        metavar="NAME",
        help="other images, of sum, mean, max, median and ew (equivalent width): mean,ew",
    )
    sub.add_argument(
        "--continuum",
        metavar="a:b,c:d",
        help="windows through which a continuum is fitted in each spaxel and taken off",
    )
    sub.add_argument(
        "--fit", choices=("polynomial", "robust", "median"), default="polynomial",
        help="how: a polynomial, one that leaves out what stands out, or the median of the windows",
    )  # fmt: skip
    sub.add_argument(
        "--degree", type=int, default=1, help="of the polynomial (default 1: a straight line)"
    )
    sub.add_argument(
        "--mask", dest="least_sn", type=number, default=0.0, metavar="SNR",
        help="of moments: leave voxels below this many standard deviations out",
    )  # fmt: skip
    sub.add_argument(
        "--rest",
        metavar="VALUE",
        help='rest value of the line with its unit, "115.271 GHz" or "656.28 nm": the axis, --from '
        "and --to are then velocities",
    )
    add_out(sub, "FITS file")


def _moments(options: argparse.Namespace) -> int:
    from cubeview.cubes.spectral import with_spectral
    from cubeview.io.export.images import Image, write_images
    from cubeview.measure.sky.continuum import Windows
    from cubeview.measure.sky.images import interval_images
    from cubeview.measure.sky.moments import moments

    names = [name.strip().lower() for name in options.image.split(",") if name.strip()]
    orders = _orders(options.order or ("" if names else "0,1,2"))
    windows = Windows(_windows(options.continuum or ""), options.fit, options.degree)
    if options.least_sn < 0:
        raise CubeviewError("--mask takes standard deviations, 0 or more.")
    if names and options.least_sn:
        raise CubeviewError("--mask leaves voxels out of moments only, not of other images.")
    case, cube = opened(options)
    if options.rest:
        radio = cube.axes[0].name == "Frequency"
        cube = with_spectral(
            cube, "velocity", rest=options.rest, convention="radio" if radio else "optical"
        )
    images: list[Image] = []
    words: list[str] = []
    told: dict[str, dict[str, Any]] = {}
    channels: tuple[int, int] | None = None
    noise = ""
    shares = 0.5 if orders and names else 1.0
    if orders:
        found = moments(
            cube,
            options.low,
            options.high,
            orders=orders,
            continuum=windows,
            least_sn=options.least_sn,
            report=part_of(progress(), 0.0, shares),
        )
        channels, noise = found.channels, found.noise
        words += found.words
        for one in found.moments:
            name = f"moment {one.order}"
            images += pair_of(f"MOMENT{one.order}", one.values, one.sigma, one.unit)
            told[name] = {"order": one.order, **_map(one.values, one.sigma, one.unit)}
    if names:
        made = interval_images(
            cube,
            options.low,
            options.high,
            names,
            continuum=windows,
            report=part_of(progress(), 1.0 - shares, shares),
        )
        channels, noise = made.channels, made.noise
        words += made.words
        for image in made.images:
            images += pair_of(image.name.upper(), image.values, image.sigma, image.unit)
            told[image.name] = {"name": image.name, **_map(image.values, image.sigma, image.unit)}
    write_images(cube, images, options.out, written_from(case, words))
    whole = next((one for one in found.moments if one.order == 0), None) if orders else None
    document = record(
        options,
        case,
        cube,
        **{"from": options.low, "to": options.high},
        channels=channels,
        moments=[one for one in told.values() if "order" in one],
        images=[one for one in told.values() if "name" in one],
        **_flux(cube, whole),
        noise=noise,
        done=words,
    )
    lines = [f"{options.out}: {text}" for text in words]
    lines += [line_of(name, one) for name, one in told.items()]
    if document["flux"] is not None:
        lines.append(f"  all spaxels: {document['flux']:.6g} ± {document['flux_error']:.2g} "
                     f"{document['flux_unit']}")  # fmt: skip
    say(options, document, *lines)
    return 0


def _map(values: np.ndarray, sigma: np.ndarray, unit: str) -> dict[str, Any]:
    found = statistics(values, sigma)
    return {"unit": unit, "spaxels": found.pop("known"), **found}


def _flux(cube: "Cube", whole: "Moment | None") -> dict[str, Any]:
    """Return the sum of moment 0 over all spaxels, where it has a unit."""
    from cubeview.cubes.units import summed

    factor, unit = summed(cube)
    if whole is None or not unit:
        return {"flux": None, "flux_error": None, "flux_unit": ""}
    return {
        "flux": float(np.nansum(whole.values, dtype=np.float64)) * factor,
        "flux_error": float(np.sqrt(np.nansum(whole.sigma.astype(np.float64) ** 2))) * factor,
        "flux_unit": f"{unit} {cube.axes[0].unit}".strip(),
    }


def _orders(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part]
    except ValueError:
        raise CubeviewError(f"--order {text}: write numbers as 0,1,2.") from None


def _windows(text: str) -> tuple[tuple[float, float], ...]:
    """Return the windows of ``a:b,c:d``."""
    found = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        try:
            found.append((float(first), float(last)))
        except ValueError:
            raise CubeviewError(f"--continuum {text}: write windows as a:b,c:d.") from None
    return tuple(found)
