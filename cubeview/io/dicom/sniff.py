"""Recognise DICOM by its first bytes, whatever the file is called: PS3.10 section 7, PS3.5 7.1."""

import struct
from pathlib import Path

from cubeview.io.opened import inside_gzip

_LONG_VR = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT"}
_SHORT_VR = {
    *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT"),
    *(b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
}


def looks_like_dicom(head: bytes) -> bool:
    """Tell whether a file starting with these bytes is DICOM, with or without its preamble."""
    return has_preamble(head) or _starts_with_elements(head)


def sniffed(path: Path) -> bool:
    """Tell whether a file is DICOM, plain or packed by gzip; OSError when it cannot be read."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    return looks_like_dicom(head) or is_gzipped_dicom(head)


def is_gzipped_dicom(head: bytes) -> bool:
    """Tell whether these are the first bytes of a gzip file that holds DICOM."""
    return looks_like_dicom(inside_gzip(head))


def has_preamble(head: bytes) -> bool:
    """Tell whether 128 bytes and ``DICM`` come first.

    The four letters also stand there by chance in files that have no preamble, so what follows
    them must be the file meta group or the file must not start with data elements.
    """
    if head[128:132] != b"DICM":
        return False
    return head[132:134] == b"\x02\x00" or not _starts_with_elements(head)


def _starts_with_elements(head: bytes) -> bool:
    """Tell whether three data elements in rising order, of sane length, come first."""
    return any(_walk(head, order, explicit) for order in "<>" for explicit in (True, False))


def _walk(head: bytes, order: str, explicit: bool) -> bool:
    position, last, found = 0, (0, 0), 0
    while found < 3:
        if position + 12 > len(head):
            break
        group, element = struct.unpack_from(f"{order}HH", head, position)
        # A data set starts with group 2 (meta without preamble) or 8; later groups may skip.
        if (group, element) <= last if found else group not in (0x0002, 0x0008):
            return False
        if explicit:
            kind = head[position + 4 : position + 6]
            if kind in _LONG_VR:
                length = struct.unpack_from(f"{order}I", head, position + 8)[0]
                position += 12
            elif kind in _SHORT_VR:
                length = struct.unpack_from(f"{order}H", head, position + 6)[0]
                position += 8
            else:
                return False
        else:
            length = struct.unpack_from(f"{order}I", head, position + 4)[0]
            position += 8
            if length > 2**16 and length != 0xFFFFFFFF:
                return False
        found += 1
        if length == 0xFFFFFFFF or position + length > len(head):
            return found >= 2
        last = (group, element)
        position += length
    return found >= 2
