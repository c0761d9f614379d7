"""Damage to real files, each reproducible from its number: what a hostile or broken file may be."""

import gzip
import struct
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], bytearray]

_EXTREMES = (0, 1, 2, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 2**32 - 1)
_HEADER_BYTES = 6000
_LONG = 2_000_000
_FITS_KEYS = (
    *("NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "BITPIX", "PCOUNT", "GCOUNT", "TFIELDS"),
    *("TFORM1", "TFORM2", "TTYPE1", "TDIM1", "THEAP", "ZBITPIX", "ZNAXIS1", "ZNAXIS3", "ZTILE1"),
    *("ZCMPTYPE", "BSCALE", "BZERO", "BLANK", "CTYPE1", "CTYPE2", "CTYPE3", "CUNIT3", "CRPIX3"),
    *("CRVAL3", "CDELT3", "CD3_3", "CD1_1", "PC1_1", "RESTFRQ", "BUNIT", "EXTNAME", "XTENSION"),
    *("PS3_0", "PS3_1", "PV2_1", "LONPOLE", "WCSAXES", "ERRDATA", "FLUXEXT", "INSTRUME", "VELREF"),
)
_FITS_VALUES = (
    *("0", "1", "-1", "2", "3", "4", "7", "-32", "-64", "8", "16", "1000", "100000", "2147483647"),
    *("-2147483648", "999999999999", "9223372036854775807", "1E400", "NaN", "-1.5", "1E-300"),
    *("T", "F", "''", "'x'", "'WAVE-TAB'", "'AWAV'", "'FREQ'", "'VOPT-F2W'", "'RA---TAN'"),
    *("'1PE(99999999)'", "'999999999D'", "'RICE_1'", "'GZIP_2'", "'(1,2)'", "'Angstrom'", "(1,"),
    *("'../../../etc/passwd'", "'%s%n{0}'", "'unterminated", "", "1.0D5000", "'K (Tmb)'", "'m/'"),
)
_TAGS = (
    *((0x0028, 0x0010), (0x0028, 0x0011), (0x0028, 0x0008), (0x0028, 0x0002), (0x0028, 0x0100)),
    *((0x0028, 0x0101), (0x0028, 0x0103), (0x0028, 0x0030), (0x0028, 0x1052), (0x0028, 0x1053)),
    *((0x0054, 0x0080), (0x0054, 0x0070), (0x0054, 0x0022), (0x0054, 0x0090), (0x0020, 0x0032)),
    *((0x0020, 0x0037), (0x0018, 0x0088), (0x0018, 0x0050), (0x0008, 0x0008), (0x0008, 0x0016)),
    *((0x0002, 0x0010), (0x0002, 0x0000), (0x0008, 0x0005), (0x7FE0, 0x0010), (0x0040, 0x9096)),
    *((0x0008, 0x0060), (0x0020, 0x000E), (0x5200, 0x9229), (0x5200, 0x9230), (0x0028, 0x0004)),
)


def mutant(original: bytes, rng: np.random.Generator) -> bytes:
    """Return a damaged copy of a file's bytes; inside its gzip wrapping half of the time."""
    if original[:2] == b"\x1f\x8b" and rng.random() < 0.6:
        inner = gzip.decompress(original)
        return gzip.compress(mutant(inner, rng), compresslevel=1)
    data = bytearray(original)
    choices = [*_ANY]
    if data[:9] == b"SIMPLE  =":
        choices += _FITS * 3
    elif data[128:132] == b"DICM" or data[:2] in (b"\x08\x00", b"\x02\x00"):
        choices += _DICOM * 3
    elif data[:4] in _NIFTI_SIZES:
        choices += _NIFTI * 3
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        data = choices[rng.integers(len(choices))](data, rng)
    return bytes(data)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """Return an offset, in the header more often than not."""
    end = len(data) if rng.random() < 0.3 else min(len(data), _HEADER_BYTES)
    return int(rng.integers(max(end, 1)))


def _flip_bits(data: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 17))):
        place = _place(data, rng)
        if place < len(data):
            data[place] ^= 1 << int(rng.integers(8))
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: _place(data, rng)]


def _take_out(data: bytearray, rng: np.random.Generator) -> bytearray:
    place = _place(data, rng)
    del data[place : place + int(rng.integers(1, 3000))]
    return data


def _repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    place = _place(data, rng)
    piece = data[place : place + int(rng.integers(1, 3000))]
    return data[:place] + piece * int(rng.integers(1, 6)) + data[place:]


def _overwrite(data: bytearray, rng: np.random.Generator) -> bytearray:
    place = _place(data, rng)
    count = min(int(rng.integers(1, 500)), len(data) - place)
    fill = (bytes(count), b"\xff" * count, rng.bytes(count))[rng.integers(3)]
    data[place : place + count] = fill
    return data


def _extreme_number(data: bytearray, rng: np.random.Generator) -> bytearray:
    place = _place(data, rng)
    value = int(rng.choice(_EXTREMES))
    kind = ("<H", ">H", "<I", ">I")[rng.integers(4)]
    number = struct.pack(kind, value & (0xFFFF if kind[1] == "H" else 0xFFFFFFFF))
    data[place : place + len(number)] = number
    return data


def _cards(data: bytearray) -> list[int]:
    end = min(len(data) - 79, _LONG)
    return [p for p in range(0, end, 80) if data[p + 8 : p + 10] == b"= "]


def _set_card(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Put a strange value behind a keyword that is there."""
    key = str(rng.choice(_FITS_KEYS)).ljust(8).encode()
    places = [p for p in _cards(data) if data[p : p + 8] == key]
    if not places:
        return _add_card(data, rng)
    place = places[rng.integers(len(places))]
    value = str(rng.choice(_FITS_VALUES)).encode()
    data[place + 10 : place + 80] = b" " + value.ljust(69)[:69]
    return data


def _add_card(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Put a keyword in the place of another card."""
    places = _cards(data)
    if not places:
        return data
    place = places[rng.integers(len(places))]
    key, value = str(rng.choice(_FITS_KEYS)), str(rng.choice(_FITS_VALUES))
    data[place : place + 80] = f"{key:8}= {value}".ljust(80)[:80].encode()
    return data


def _swap_cards(data: bytearray, rng: np.random.Generator) -> bytearray:
    places = _cards(data)
    if len(places) > 1:
        one, other = rng.choice(places, 2, replace=False)
        a, b = data[one : one + 80], data[other : other + 80]
        data[one : one + 80], data[other : other + 80] = b, a
    return data


def _tag_place(data: bytearray, rng: np.random.Generator) -> int:
    group, element = _TAGS[rng.integers(len(_TAGS))]
    return data.find(struct.pack("<HH", group, element))


def _set_element(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Damage the type, the length or the value of an element that matters."""
    place = _tag_place(data, rng)
    if place < 0:
        return _flip_bits(data, rng)
    what = rng.integers(3)
    if what == 0:
        kinds = (b"SQ", b"UN", b"OB", b"DS", b"IS", b"US", b"UL", b"FD", b"??", b"PN", b"UI")
        data[place + 4 : place + 6] = kinds[rng.integers(len(kinds))]
    elif what == 1:
        data[place + 6 : place + 8] = struct.pack("<H", int(rng.choice(_EXTREMES)) & 0xFFFF)
    else:
        values = (
            *(b"\xff\xff", b"\0\0", b"1\\2\\3", b"1e999 ", b"nan ", b"-1", b"99999999"),
            *(b"\x00\x80", b"\\\\\\", b"\x1b$B", b"RECON TOMO"),
        )
        value = values[rng.integers(len(values))]
        data[place + 8 : place + 8 + len(value)] = value
    return data


def _nest(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Insert sequences within sequences before an element."""
    place = _tag_place(data, rng)
    place = place if place > 0 else min(len(data), 400)
    depth = int(rng.choice([3, 50, 1200, 6000]))
    explicit = rng.random() < 0.7
    tag = struct.pack("<HH", 0x0040, 0x9096)
    opening = tag + (b"SQ\0\0" if explicit else b"") + b"\xff\xff\xff\xff"
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return data[:place] + (opening + item) * depth + data[place:]


def _repeat_element(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Insert a second, longer copy of a vector or a count."""
    place = _tag_place(data, rng)
    if place < 0:
        return _repeat(data, rng)
    count = int(rng.choice([2, 10, 60000]))
    piece = data[place : place + 4] + b"US" + struct.pack("<H", count) + rng.bytes(count)
    return data[:place] + piece + data[place:]


def _set_nifti(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Damage the size, type, offset or scale in a NIfTI header."""
    first = struct.unpack_from("<i", data)[0] in (348, 540)
    order = "<" if first else ">"
    second = data[:4] in (struct.pack("<i", 540), struct.pack(">i", 540))
    value = int(rng.choice(_EXTREMES)) & 0x7FFF
    if second:
        place = int(rng.choice([12, 14, 16, 24, 32, 40, 48, 168]))
        kind = "h" if place < 16 else "q"
    else:
        place = int(rng.choice([40, 42, 44, 46, 48, 50, 70, 72, 108, 112, 252, 254]))
        kind = "f" if place in (108, 112) else "h"
    if place < len(data) - 8:
        struct.pack_into(order + kind, data, place, value)
    return data


_NIFTI_SIZES = tuple(struct.pack(order, size) for order in ("<i", ">i") for size in (348, 540))
_ANY: list[Mutation] = [_flip_bits, _cut, _take_out, _repeat, _overwrite, _extreme_number]
_FITS: list[Mutation] = [_set_card, _set_card, _add_card, _swap_cards]
_DICOM: list[Mutation] = [_set_element, _set_element, _nest, _repeat_element]
_NIFTI: list[Mutation] = [_set_nifti, _set_nifti]
