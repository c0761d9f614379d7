"""JPEG and JPEG-LS made safe to decode (ISO 10918-1 annexes B and H, ISO 14495-1 annex C).

The library that decodes them believes the size a codestream gives and makes up what one that is cut
short does not hold. Here a codestream is taken apart, each part is checked, and only what an image
needs is put together again.
"""

import struct

_SOI, _EOI, _SOS, _DHT, _DQT, _DRI, _LSE = 0xD8, 0xD9, 0xDA, 0xC4, 0xDB, 0xDD, 0xF8
_BASELINE, _EXTENDED, _LOSSLESS, _LS = 0xC0, 0xC1, 0xC3, 0xF7
_NEEDS = {
    _BASELINE: {_DHT, _DQT, _DRI},
    _EXTENDED: {_DHT, _DQT, _DRI},
    _LOSSLESS: {_DHT, _DRI},
    _LS: {_DRI, _LSE},
}
"""Frames that DICOM knows, and the segments beside frame and scan that each has a use for."""

_RESTARTS = range(0xD0, 0xD8)
_LEFT_OUT = {*range(0xE0, 0xF0), 0xFE}
"""Application data and comments, which no medical image needs."""


def sound_jpeg(stream: bytes, rows: int, columns: int) -> bytes:
    """Return one frame of a single component without anything but its image.

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
    frame, depth, component, tables, seen = 0, 0, -1, set[int](), set[int]()
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
        if marker in _NEEDS and not frame and len(body) == 9:
            frame = marker
            depth, height, width, parts, component = struct.unpack_from(">BHHBB", body)
            depths = range(2, 17) if frame in (_LOSSLESS, _LS) else (8, 12)
            if (height, width, parts) != (rows, columns, 1) or depth not in depths:
                raise ValueError("size is not that of the image")
            if frame in (_LOSSLESS, _LS) and body[7] != 0x11:
                raise ValueError("sampling is damaged")
        elif marker == _SOS and frame and len(body) == 6:
            if not seen <= _NEEDS[frame]:
                raise ValueError("holds a damaged or foreign segment")
            if body[:2] != bytes((1, component)) or (
                frame == _LOSSLESS and not _is_lossless_scan(body, depth, tables)
            ):
                raise ValueError("scan header is damaged")
            if frame in (_BASELINE, _EXTENDED):
                # Table B.3: always all 64 coefficients, which some scanners' headers forget.
                kept[-1] = segment[:-3] + b"\0\x3f\0"
            return b"".join([*kept, _scan(stream, position, frame), bytes((0xFF, _EOI))])
        elif marker == _DHT:
            tables |= _tables(body)
        elif marker == _DRI and len(body) == 2:
            # H.1.1: an interval of whole rows; 0 means none.
            if frame == _LOSSLESS and int.from_bytes(body) % columns:
                raise ValueError("restart interval is damaged")
        # C.2.4.1: of JPEG-LS' parameters only those of its thresholds, none that change the size.
        elif marker != _DQT and (marker != _LSE or body[:1] != b"\1" or len(body) != 11):
            raise ValueError("holds a damaged or foreign segment")
        seen |= {marker} - {frame}
    raise ValueError("ends before its pixels")


def _is_lossless_scan(body: bytes, depth: int, tables: set[int]) -> bool:
    """Tell whether a scan header is one of a lossless process: H.1.1, table H.1."""
    table, predictor, end, shift = body[2:]
    sound = table & 15 == 0 and table >> 4 in tables and max(tables) < 4
    return sound and 1 <= predictor <= 7 and not end and shift < depth


def _tables(body: bytes) -> set[int]:
    """Return class and number of the Huffman tables of one segment, each checked."""
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
        # Number 0 to 3, class 0 or 1; categories of differences, which have class 0, run from 0
        # to 16; each value stands there once.
        most = 255 if body[position] >> 4 else 16
        if body[position] & 0xEF > 3 or max(values) > most or len(set(values)) < len(values):
            raise ValueError("code table is damaged")
        found.add(body[position])
        position += 17 + len(values)
    return found


def _scan(stream: bytes, start: int, frame: int) -> bytes:
    """Return the coded pixels, among which only restart markers may stand."""
    # JPEG-LS follows 0xFF by a bit of 0 (A.1), the others by a byte of 0 (B.1.1.5).
    stuffed = range(0x80) if frame == _LS else range(1)
    position = start
    while True:
        position = stream.find(b"\xff", position)
        if position < 0 or position + 1 >= len(stream):
            raise ValueError("pixels are cut short")
        marker = stream[position + 1]
        if marker == _EOI:
            return stream[start:position].rstrip(b"\xff")
        if marker not in _RESTARTS and marker not in stuffed and marker != 0xFF:
            raise ValueError("pixels are damaged")
        # B.1.1.2: any number of 0xFF may stand before a marker.
        position += 1 if marker == 0xFF else 2
