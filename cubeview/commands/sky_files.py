"""What the commands that make files of a sky cube share: opening, writing, saying what was made."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.commands.common import add_json, frames_of, open_cases, source_hash
from cubeview.errors import CubeviewError
from cubeview.paths import refuse_input

if TYPE_CHECKING:
    from cubeview.cubes.case import Case
    from cubeview.cubes.cube import Cube
    from cubeview.io.export.images import Image


def add_out(sub: argparse.ArgumentParser, text: str) -> None:
    """Add where the result goes, and ``--json``."""
    sub.add_argument("--out", type=Path, required=True, metavar="FILE", help=text)
    sub.add_argument("--overwrite", action="store_true", help="replace FILE if it is there")
    add_json(sub)


FITS = (".fits", ".fit", ".fts")


def opened(options: argparse.Namespace, endings: Sequence[str] = FITS) -> tuple["Case", "Cube"]:
    """Open the cube of a command whose result may be written where it was asked for.

    Raises CubeviewError if it cannot be opened or has no spectral axis, if the output is there
    already and may not be replaced, is an input, or its name ends in none of `endings`.
    """
    if options.out.suffix.lower() not in endings:
        raise CubeviewError(
            f"{options.out}: the result is written as {' or '.join(endings)}: choose such a name."
        )
    if options.out.exists() and not options.overwrite:
        raise CubeviewError(f"{options.out}: is there already. Say --overwrite to replace it.")
    cases, _ = open_cases([options.cube])
    refuse_input(options.out)
    cube = cases[0].main
    if cube.axes[0].kind != "spectral":
        raise CubeviewError(f"{options.cube}: this cube has no spectral axis.")
    return cases[0], cube


def written_from(case: "Case", words: Sequence[str]) -> tuple[str, ...]:
    """Return the history of a file: what it was made from, and how."""
    return f"source SHA-256 {source_hash(case)}", *words


def record(options: argparse.Namespace, case: "Case", cube: "Cube", **more: Any) -> dict[str, Any]:
    """Return what was made as plain values: the file, its source, what the axes mean, and more."""
    return {
        "out": str(options.out),
        "source_sha256": source_hash(case),
        **frames_of(cube),
        **more,
    }


def statistics(values: np.ndarray, sigma: np.ndarray) -> dict[str, Any]:
    """Return what is known of a map or spectrum and its errors; None where nothing is."""
    some, errors = (each[np.isfinite(each)] for each in (values, sigma))
    return {
        "known": int(some.size),
        "median": float(np.median(some)) if some.size else None,
        "least": float(some.min()) if some.size else None,
        "most": float(some.max()) if some.size else None,
        "median_error": float(np.median(errors)) if errors.size else None,
    }


def said(value: float | None) -> str:
    """Return a number as it is printed."""
    return "unknown" if value is None else f"{value:.6g}"


def line_of(name: str, one: Mapping[str, Any]) -> str:
    """Return what is printed of a map: its `statistics` and unit."""
    if not one["spaxels"]:
        return f"  {name}: nothing was left in any spaxel"
    return (
        f"  {name}: median {one['median']:.6g} {one['unit']}, from {one['least']:.6g} to "
        f"{one['most']:.6g}, error {said(one['median_error'])}, {one['spaxels']} spaxels"
    )


def pair_of(name: str, values: np.ndarray, sigma: np.ndarray, unit: str) -> list["Image"]:
    """Return a map and its error as images of a file."""
    from cubeview.io.export.images import Image

    return [Image(name, values, unit), Image(f"{name}_ERR", sigma, unit)]
