"""The header of a FITS file as it stands, for reading."""

import warnings
from pathlib import Path
from typing import NamedTuple

from astropy.io import fits

from cubeview.errors import Report, nothing, refusing


class Part(NamedTuple):
    """One part of a file: its number and name, and its cards, a line each."""

    name: str
    cards: tuple[str, ...]


def header_parts(path: Path, report: Report = nothing) -> tuple[Part, ...]:
    """Return the headers of all parts of a FITS file.

    Parameters
    ----------
    path : Path
    report : Report
        Called for each part; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If it is no FITS file, or cannot be read.
    """
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a card is seen
        with (
            refusing(path, "has no header that can be read", "Only FITS files have one."),
            fits.open(path, ignore_missing_end=True, disable_image_compression=True) as parts,
        ):
            for number, part in enumerate(parts):
                report(0.5, f"reading part {number}")
                text = part.header.tostring(sep="\n", endcard=False, padding=False)
                cards = (line.rstrip() for line in text.split("\n"))
                name = f"{number} {part.name}".rstrip()
                found.append(Part(name, tuple(line for line in cards if line)))
    return tuple(found)
