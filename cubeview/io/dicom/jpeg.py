"""Lossless JPEG made safe to decode (ISO 10918-1 annexes B and H).

The library that decodes it ends the whole program on some damaged codestreams. Here a codestream
is taken apart, each part is checked, and only what an image needs is put together again.
"""

import struct

_SOI, _EOI, _SOS, _DHT, _DRI, _SOF = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD, 0xC3
_RESTARTS = range(0xD0, 0xD8)
_LEFT_OUT = {*range(0xE0, 0xF0), 0xFE}
"""Application data and comments, which no medical image needs."""


def sound_jpeg(stream: bytes, rows: int, columns: int) -> bytes:
    """Return one lossless JPEG frame without anything but its image.

    Parameters
    ----------
    stream : bytes
        Trailing padding is allowed.
    rows, columns : int
        Size the DICOM header announces.

    Raises
    ------
    ValueError
        Saying what is wrong with the codestream.
    """
    if stream[:2] != bytes((0xFF, _SOI)):
        raise ValueError("does not start as JPEG")
    kept, position = [stream[:2]], 2
    depth, component, tables = 0, -1, set[int]()
    while position + 4 <= len(stream):
        marker, length = struct.unpack_from(">HH", stream, position)
        body = stream[position + 4 : position + 2 + length]
        if marker >> 8 != 0xFF or length < 2 or len(body) != length - 2:
            raise ValueError("segments do not join")
        segment = stream[position : position + 2 + length]
        position += 2 + length
        marker &= 0xFF
        if marker in _LEFT_OUT:
            continue
        kept.append(segment)
        if marker == _SOF and not depth and len(body) == 9:
            depth, height, width, parts, component = struct.unpack_from(">BHHBB", body)
            if (height, width, parts) != (rows, columns, 1) or not 2 <= depth <= 16:
                raise ValueError("size is not that of the image")
            if body[7] != 0x11:
                raise ValueError("sampling is damaged")
        elif marker == _DHT:
            tables |= _tables(body)
        elif marker == _DRI and len(body) == 2:
            # H.1.1: an interval of whole rows; 0 means none.
            if int.from_bytes(body) % columns:
                raise ValueError("restart interval is damaged")
        elif marker == _SOS and depth and len(body) == 6:
            count, selected, table, predictor, end, shift = body
            fits = count == 1 and selected == component and table & 15 == 0 and table >> 4 in tables
            if not fits or not 1 <= predictor <= 7 or end or shift >= depth:
                raise ValueError("scan header is damaged")
            return b"".join([*kept, _scan(stream, position), bytes((0xFF, _EOI))])
        else:
            raise ValueError("holds a damaged or foreign segment")
    raise ValueError("ends before its pixels")


def _tables(body: bytes) -> set[int]:
    """Return the numbers of the Huffman tables of one segment, each checked."""
    found, position = set(), 0
    while position < len(body):
        counts = body[position + 1 : position + 17]
        values = body[position + 17 : position + 17 + sum(counts)]
        if len(counts) < 16 or not values or len(values) < sum(counts):
            raise ValueError("code table is cut short")
        room = 1
        for count in counts:
            room = 2 * room - count
            if room < 0:
                raise ValueError("code table is damaged")
        # Class 0, number 0 to 3; categories of differences run from 0 to 16, each once.
        if body[position] > 3 or max(values) > 16 or len(set(values)) < len(values):
            raise ValueError("code table is damaged")
        found.add(body[position])
        position += 17 + len(values)
    return found


def _scan(stream: bytes, start: int) -> bytes:
    """Return the coded pixels, among which only restart markers may stand."""
    position = start
    while True:
        position = stream.find(b"\xff", position)
        if position < 0 or position + 1 >= len(stream):
            raise ValueError("pixels are cut short")
        marker = stream[position + 1]
        if marker == _EOI:
            return stream[start:position].rstrip(b"\xff")
        if marker not in _RESTARTS and marker not in (0x00, 0xFF):
            raise ValueError("pixels are damaged")
        # B.1.1.2: any number of 0xFF may stand before a marker.
        position += 1 if marker == 0xFF else 2
