"""A first look at the headers of a FITS file, for what would keep astropy busy without end."""

import math
import re
from pathlib import Path
from typing import BinaryIO

from cubeview.errors import CubeviewError

MOST_AXES = 999
"""Of one image, FITS standard 4.0 section 4.4.1.1; astropy loops over as many as are declared."""

_MOST_BLOCKS = 20_000
_MOST_PARTS = 10_000
_BLOCK = 2880
_MOST = "largest NAXIS"
_NUMBER = re.compile(rb"(BITPIX|NAXIS\d{0,3}|PCOUNT|GCOUNT) *= +([-+]?\d{1,20}) *(?:/.*)?$")


def check_axes(stream: BinaryIO, size: int, path: Path) -> None:
    """Raise CubeviewError for a file one of whose headers declares more axes than FITS allows.

    Parameters
    ----------
    stream : binary file
        Left at its start.
    size : int
        Bytes in the file.
    path : Path
        As the user knows it, for the message.
    """
    place = 0
    for _ in range(_MOST_PARTS):
        stream.seek(place)
        found, length = _numbers(stream)
        axes = found.get("NAXIS", 0)
        # astropy takes the last of several cards in one place and the first in another.
        most = found.get(_MOST, 0)
        if most > MOST_AXES:
            raise CubeviewError(
                f"{path}: a header declares {most:,} axes; FITS allows {MOST_AXES}. The file is "
                "damaged; copy or download it again."
            )
        lengths = [found.get(f"NAXIS{n}", 0) for n in range(1, axes + 1)]
        values = math.prod(lengths) if lengths else 0
        data = abs(found.get("BITPIX", 8)) // 8 * found.get("GCOUNT", 1)
        data *= found.get("PCOUNT", 0) + values
        place += length + -(-max(data, 0) // _BLOCK) * _BLOCK
        if not length or place >= size:
            break
    stream.seek(0)


def _numbers(stream: BinaryIO) -> tuple[dict[str, int], int]:
    """Return the integers that give a part its size, and the header's bytes; 0 at the end."""
    found: dict[str, int] = {}
    for count in range(1, _MOST_BLOCKS):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            return found, 0
        for start in range(0, _BLOCK, 80):
            card = block[start : start + 80]
            if card.rstrip() == b"END":
                return found, count * _BLOCK
            match = _NUMBER.match(card.rstrip())
            if match:
                key, value = match[1].decode(), int(match[2])
                found.setdefault(key, value)
                if key == "NAXIS":
                    found[_MOST] = max(value, found.get(_MOST, 0))
    return found, 0
