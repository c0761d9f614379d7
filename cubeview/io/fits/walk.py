"""A first look at the headers of a FITS file, for what would keep astropy busy without end."""

import io
import math
import re
from pathlib import Path
from typing import BinaryIO

from cubeview.errors import CubeviewError

MOST_AXES = 999
"""Of one image, FITS standard 4.0 section 4.4.1.1; astropy loops over as many as are declared."""

_MOST_BLOCKS = 20_000
_MOST_PARTS = 4000
_BLOCK = 2880
_MOST = "largest NAXIS"
_MOST_LINES = 1000
_LINES = "lines of the longest text"
_NUMBER = re.compile(rb"(BITPIX|NAXIS\d{0,3}|PCOUNT|GCOUNT) *= +([-+]?\d{1,20}) *(?:/.*)?$")


def checked(stream: BinaryIO, size: int, path: Path) -> BinaryIO:
    """Return a stream as far as its parts go, at its start: what lies behind them is none.

    Raises CubeviewError for a file one of whose headers declares more axes than FITS allows, or
    continues a text without end, or that has more parts than any file.

    Parameters
    ----------
    stream : binary file
    size : int
        Bytes in the file.
    path : Path
        As the user knows it, for the message.
    """
    place, count = 0, 0
    while place < size and (end := part_end(stream, place, path)):
        place, count = end, count + 1
        if count > _MOST_PARTS:
            raise CubeviewError(
                f"{path}: more than {_MOST_PARTS:,} parts. Split the file, with astropy say, and "
                "open what you need."
            )
    tail = 0 < place < size
    if tail:
        stream.seek(place)
        tail = not stream.read(8).startswith(b"XTENSION")
    stream.seek(0)
    return io.BufferedReader(_Upto(stream, place)) if tail else stream


def part_end(stream: BinaryIO, place: int, path: Path) -> int | None:
    """Return where a part that begins at a place ends; 0 where none begins, None for half a header.

    Raises CubeviewError as `checked`.

    Parameters
    ----------
    stream : binary file
    place : int
        Bytes from its start.
    path : Path
        For the message.
    """
    stream.seek(place)
    start = stream.read(8)
    stream.seek(place)
    if len(start) == 8 and not start.startswith(b"XTENSION" if place else b"SIMPLE"):
        return 0
    found, length = _numbers(stream)
    axes = found.get("NAXIS", 0)
    # astropy takes the last of several cards in one place and the first in another.
    most = found.get(_MOST, 0)
    if most > MOST_AXES:
        raise CubeviewError(
            f"{path}: a header declares {most:,} axes; FITS allows {MOST_AXES}. The file is "
            "damaged; copy or download it again."
        )
    if found.get(_LINES, 0) > _MOST_LINES:
        raise CubeviewError(
            f"{path}: a text in a header is continued over more than {_MOST_LINES:,} lines. "
            "The file is damaged; copy or download it again."
        )
    lengths = [found.get(f"NAXIS{n}", 0) for n in range(1, axes + 1)]
    # The first axis of random groups is 0, and says no more than that they are such.
    values = math.prod(lengths[1:] if lengths[:1] == [0] else lengths) if lengths else 0
    data = abs(found.get("BITPIX", 8)) // 8 * found.get("GCOUNT", 1)
    data *= found.get("PCOUNT", 0) + values
    return place + length + -(-max(data, 0) // _BLOCK) * _BLOCK if length else None


class _Upto(io.RawIOBase):
    """A stream that ends before its end: astropy would look for a header in what follows."""

    def __init__(self, stream: BinaryIO, end: int) -> None:
        super().__init__()
        self._stream, self._end = stream, end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._stream.tell(), io.SEEK_END: self._end}[whence]
        return self._stream.seek(start + place)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._stream.read(max(0, min(len(buffer), self._end - self._stream.tell())))
        buffer[: len(block)] = block
        return len(block)


def _numbers(stream: BinaryIO) -> tuple[dict[str, int], int]:
    """Return the integers that give a part its size, and the header's bytes; 0 at the end."""
    found: dict[str, int] = {}
    lines = 0
    for count in range(1, _MOST_BLOCKS):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            return found, 0
        for start in range(0, _BLOCK, 80):
            card = block[start : start + 80]
            if card.rstrip() == b"END":
                return found, count * _BLOCK
            lines = lines + 1 if card.startswith(b"CONTINUE") else 0
            found[_LINES] = max(lines, found.get(_LINES, 0))
            match = _NUMBER.match(card.rstrip())
            if match:
                key, value = match[1].decode(), int(match[2])
                found.setdefault(key, value)
                if key == "NAXIS":
                    found[_MOST] = max(value, found.get(_MOST, 0))
    return found, 0
