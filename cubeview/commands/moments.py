"""``moments``: images of a line of a sky cube."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.commands.common import (
    Commands,
    add_command,
    add_json,
    frames_of,
    open_cases,
    progress,
    say,
    source_hash,
)
from cubeview.errors import CubeviewError
from cubeview.paths import refuse_input

if TYPE_CHECKING:
    from cubeview.cubes.cube import Cube
    from cubeview.measure.sky.moments import Moments


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    sub = add_command(
        commands, "moments", _moments, "images of a line: its flux, mean velocity and dispersion"
    )
    sub.add_argument("cube", type=Path, metavar="CUBE")
    sub.add_argument(
        "--from", dest="low", type=float, required=True, metavar="λ",
        help="where the line begins, in the unit of the spectral axis (of --rest: km/s)",
    )  # fmt: skip
    sub.add_argument(
        "--to", dest="high", type=float, required=True, metavar="λ", help="where it ends"
    )
    sub.add_argument("--order", default="0,1,2", help="which, of 0, 1 and 2 (default 0,1,2)")
    sub.add_argument(
        "--continuum",
        metavar="a:b,c:d",
        help="windows through which a straight line is fitted in each spaxel and taken off",
    )
    sub.add_argument(
        "--mask", dest="least_sn", type=float, default=0.0, metavar="SNR",
        help="leave voxels below this many standard deviations out",
    )  # fmt: skip
    sub.add_argument(
        "--rest",
        metavar="VALUE",
        help='rest value of the line with its unit, "115.271 GHz" or "656.28 nm": the axis, --from '
        "and --to are then velocities",
    )
    sub.add_argument("--out", type=Path, required=True, metavar="FILE", help="FITS file")
    add_json(sub)


def _moments(options: argparse.Namespace) -> int:
    from cubeview.cubes.spectral import with_spectral
    from cubeview.io.export.images import Image, write_images
    from cubeview.measure.sky.moments import moments

    orders = _orders(options.order)
    windows = _windows(options.continuum or "")
    cases, _ = open_cases([options.cube])
    refuse_input(options.out)
    cube = cases[0].main
    if options.rest:
        radio = cube.axes[0].name == "Frequency"
        cube = with_spectral(
            cube, "velocity", rest=options.rest, convention="radio" if radio else "optical"
        )
    found = moments(
        cube,
        options.low,
        options.high,
        orders=orders,
        continuum=windows,
        least_sn=options.least_sn,
        report=progress(),
    )
    images = []
    for one in found.moments:
        images.append(Image(f"MOMENT{one.order}", one.values, one.unit))
        images.append(Image(f"MOMENT{one.order}_ERR", one.sigma, one.unit))
    digest = source_hash(cases[0])
    write_images(cube, images, options.out, (f"source SHA-256 {digest}", *found.words))
    told = _record(cube, found, options.out, digest)
    lines = [f"{options.out}: {text}" for text in found.words]
    lines += [
        f"  moment {one['order']}: median {one['median']:.6g} {one['unit']}, from "
        f"{one['least']:.6g} to {one['most']:.6g}, error {one['median_error']:.3g}, "
        f"{one['spaxels']} spaxels"
        if one["spaxels"]
        else f"  moment {one['order']}: nothing was left in any spaxel"
        for one in told["moments"]
    ]
    if told["flux"] is not None:
        lines.append(f"  all spaxels: {told['flux']:.6g} ± {told['flux_error']:.2g} "
                     f"{told['flux_unit']}")  # fmt: skip
    say(options, told, *lines)
    return 0


def _record(cube: "Cube", found: "Moments", out: Path, digest: str) -> dict[str, Any]:
    """Return what was made as plain values."""
    from cubeview.cubes.units import summed

    maps = []
    for one in found.moments:
        values = one.values[np.isfinite(one.values)]
        errors = one.sigma[np.isfinite(one.sigma)]
        maps.append({
            "order": one.order, "unit": one.unit, "spaxels": int(values.size),
            "median": float(np.median(values)) if values.size else None,
            "least": float(values.min()) if values.size else None,
            "most": float(values.max()) if values.size else None,
            "median_error": float(np.median(errors)) if errors.size else None,
        })  # fmt: skip
    whole = next((one for one in found.moments if one.order == 0), None)
    factor, unit = summed(cube)
    flux = error = None
    if whole is not None and unit:
        flux = float(np.nansum(whole.values, dtype=np.float64)) * factor
        error = float(np.sqrt(np.nansum(whole.sigma.astype(np.float64) ** 2))) * factor
    return {
        "out": str(out),
        "source_sha256": digest,
        "from": found.limits[0],
        "to": found.limits[1],
        "channels": list(found.channels),
        **frames_of(cube),
        "moments": maps,
        "flux": flux,
        "flux_error": error,
        "flux_unit": f"{unit} {cube.axes[0].unit}".strip() if flux is not None else "",
        "noise": found.noise,
        "done": list(found.words),
    }  # fmt: skip


def _orders(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise CubeviewError(f"--order {text}: write numbers as 0,1,2.") from None


def _windows(text: str) -> list[tuple[float, float]]:
    """Return the windows of ``a:b,c:d``."""
    found = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        try:
            found.append((float(first), float(last)))
        except ValueError:
            raise CubeviewError(f"--continuum {text}: write windows as a:b,c:d.") from None
    return found
