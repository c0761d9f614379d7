"""Make gdcm load without OpenSSL 1.1, whose licence does not go with GPL-3.0, which PyQt6 has.

gdcm's wheel for Linux brings it for reading encrypted DICOM, which CubeView does not do; it is left
out of the bundle, and the one library that asks for it is made not to.
``python without_openssl.py BUNDLE``.

The library's dynamic section (System V ABI, chapter 5; versions: LSB 10.7) is changed in place:
what it needs from OpenSSL is looked for in the C library instead, and its symbols are made weak, so
that the loader leaves them empty when it finds none.
"""

import struct
import sys
from pathlib import Path

UNWANTED = (b"libcrypto", b"libssl")
KEPT = b"libc.so.6"
VERSION = b"GLIBC_2.2.5"
WEAK = 2
_NEEDED, _STRTAB, _SYMTAB, _STRSZ = 1, 5, 6, 10
_VERSYM, _VERNEED, _VERNEEDNUM = 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF
_LOAD, _DYNAMIC = 1, 2


def main(bundle: Path) -> None:
    """Change gdcm's library in a bundle."""
    (library,) = (bundle / "_internal" / "_gdcm").glob("libgdcmCommon.so.*")
    library.write_bytes(without(bytearray(library.read_bytes())))


def without(image: bytearray) -> bytearray:
    """Return a 64-bit ELF library that asks for nothing of `UNWANTED`."""
    start, count = struct.unpack_from("<Q", image, 32)[0], struct.unpack_from("<H", image, 56)[0]
    headers = [struct.unpack_from("<IIQQQQQQ", image, start + 56 * n) for n in range(count)]

    def place(address: int) -> int:
        """Return where in the file an address of the loaded library lies."""
        for kind, _, offset, virtual, _, size, *_ in headers:
            if kind == _LOAD and virtual <= address < virtual + size:
                return address - virtual + offset
        raise SystemExit(f"no place in the file for address {address:#x}")

    dynamic = next(offset for kind, _, offset, *_ in headers if kind == _DYNAMIC)
    entries = []
    while (entry := struct.unpack_from("<QQ", image, dynamic + 16 * len(entries)))[0]:
        entries.append(entry)
    table = dict(entries)
    strings, size = place(table[_STRTAB]), table[_STRSZ]

    def text(offset: int) -> bytes:
        return bytes(image[strings + offset : image.index(0, strings + offset)])

    def find(wanted: bytes) -> int:
        return image.index(b"\0" + wanted + b"\0", strings, strings + size) + 1 - strings

    for number, (tag, value) in enumerate(entries):
        if tag == _NEEDED and text(value).startswith(UNWANTED):
            struct.pack_into("<Q", image, dynamic + 16 * number + 8, find(KEPT))
    indices = set()
    needed = place(table[_VERNEED])
    for _ in range(table[_VERNEEDNUM]):
        _, versions, file, first, following = struct.unpack_from("<HHIII", image, needed)
        if text(file).startswith(UNWANTED):
            struct.pack_into("<I", image, needed + 4, find(KEPT))
            version = needed + first
            for _ in range(versions):
                _, flags, index, _, after = struct.unpack_from("<IHHII", image, version)
                indices.add(index)
                name = find(VERSION)
                struct.pack_into("<IHHI", image, version, _hash(VERSION), flags, index, name)
                version += after
        needed += following
    symbols, versions_of = place(table[_SYMTAB]), place(table[_VERSYM])
    # Nothing says how many symbols there are; each has a version, and the linker puts what versions
    # are needed right behind those.
    for number in range((place(table[_VERNEED]) - versions_of) // 2):
        if struct.unpack_from("<H", image, versions_of + 2 * number)[0] in indices:
            info = symbols + 24 * number + 4
            image[info] = WEAK << 4 | image[info] & 0xF
    return image


def _hash(name: bytes) -> int:
    """Return the ABI's hash of a version's name."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high
    return value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
