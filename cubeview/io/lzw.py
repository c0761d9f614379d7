"""Files packed by the old Unix ``compress`` (.Z), unpacked as a stream.

LZW after Welch 1984 (Computer 17:8) as ``compress`` 4.0 writes it: codes of 9 to 16 bits, lowest
bit first, in blocks of eight codes; a block is left unfinished when the width changes.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"\x1f\x9d"

_CLEAR = 256
_LEAST_BITS, _MOST_BITS = 9, 16
_CHUNK = 1 << 18


class _Unpacked(io.RawIOBase):
    """What is in a packed file, to be read once from its beginning."""

    def __init__(self, stream: Any, owned: bool) -> None:
        super().__init__()
        self._stream, self._owned = stream, owned
        self._parts = _unpack(stream)
        self._rest = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as one part of the stream does."""
        if not self._rest:
            self._rest = next(self._parts, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Close the file if it was opened here."""
        if self._owned:
            self._stream.close()
        super().close()


def open(file: Path | BinaryIO, mode: str = "rb") -> BinaryIO:
    """Open a packed file, or a stream of one, for reading.

    Reading raises OSError where the packed data are damaged.
    """
    stream = io.BufferedReader(io.FileIO(file, mode)) if isinstance(file, Path) else file
    unpacked = _Unpacked(stream, owned=isinstance(file, Path))
    return io.BufferedReader(unpacked, _CHUNK)


def _unpack(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what the codes of a packed stream stand for, in parts of some size."""
    head = stream.read(3)
    if len(head) < 3 or head[:2] != MAGIC:
        raise OSError("not packed by compress")
    most, clears = head[2] & 0x1F, bool(head[2] & 0x80)
    if not _LEAST_BITS <= most <= _MOST_BITS:
        raise OSError(f"codes of {most} bits")
    table = [bytes((byte,)) for byte in range(256)]
    table += [b""] if clears else []
    first, width, last = len(table), _LEAST_BITS, b""
    out: list[bytes] = []
    size = 0
    while block := stream.read(width):
        bits, mask = int.from_bytes(block, "little"), (1 << width) - 1
        for _ in range(len(block) * 8 // width):
            code, bits = bits & mask, bits >> width
            if code == _CLEAR and clears:
                del table[first:]
                width, last = _LEAST_BITS, b""
                break
            if code < len(table):
                entry = table[code]
            elif code == len(table) and last:
                entry = last + last[:1]
            else:
                raise OSError("a code that stands for nothing")
            out.append(entry)
            size += len(entry)
            if last and len(table) < 1 << most:
                table.append(last + entry[:1])
            last = entry
            if len(table) >= 1 << width and width < most:
                width += 1
                break
        if size >= _CHUNK:
            yield b"".join(out)
            out, size = [], 0
    yield b"".join(out)
