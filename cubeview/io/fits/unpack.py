"""Compressed FITS files, unpacked once into the cache so that planes can be read by position."""

import bz2
import gzip
import hashlib
import io
import lzma
import math
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits

from cubeview.errors import Cancelled, CubeviewError, Report
from cubeview.io import lzw
from cubeview.io.fits.layout import Part
from cubeview.io.fits.walk import part_end
from cubeview.io.voxels.byterange import Stamp
from cubeview.paths import cache_dir, refuse_full, replacing, sweep
from cubeview.plain import one_line_of, sized

_PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
    b"\x1f\x9d": lzw.open,
}
_BLOCK = 4 << 20
_KEEP_FREE = 512 << 20
_CACHE_LIMIT = 16 << 30
Watch = Callable[[BinaryIO], None]
"""Called with the copy, a named file open for writing, whenever more of it was written."""

_BAD_STREAM = (OSError, EOFError, zlib.error, lzma.LZMAError, MemoryError)
_MOST_BYTES, _MOST_TIMES = 1 << 30, 2000
"""What a packed file may unpack to: so many bytes, or so many times its own."""

_LARGEST_TILE = 1 << 30


def packed_start(head: bytes, path: Path) -> bytes:
    """Return the first bytes inside a packed file; empty for a file that is not packed."""
    unpack = _opener(head)
    if unpack is None:
        return b""
    try:
        with unpack(path, "rb") as stream:
            start: bytes = stream.read(80)
            return start
    except _BAD_STREAM:
        return b""


def unpacked(path: Path, head: bytes, report: Report, watch: Watch | None = None) -> Path:
    """Return a plain copy of a packed file, made in the cache on first use; else the file itself.

    No more is unpacked than the headers in it announce. Raises CubeviewError if the stream is
    damaged, unpacks to far more than it can hold, or the disk is too full.

    Parameters
    ----------
    path, head : Path, bytes
        The file and its first bytes.
    report : callable
    watch : callable, optional
    """
    unpack = _opener(head)
    if unpack is None:
        return path
    size = path.stat().st_size

    def write(out: BinaryIO) -> None:
        most = max(_MOST_BYTES, _MOST_TIMES * size)
        with (
            path.open("rb") as raw,
            unpack(raw, "rb") as stream,
            Path(out.name).open("rb") as copy,
        ):
            done = place = 0  # bytes written, and where the first part begins that is not whole
            while block := stream.read(_BLOCK):
                done += len(block)
                if done > most:
                    raise CubeviewError(
                        f"{path}: {size:,} bytes that unpack to more than {most:,}; refused. "
                        "Unpack the file yourself if it is really that large."
                    )
                _check_room(path, done)
                out.write(block)
                out.flush()
                if watch is not None:
                    watch(out)
                report(min(0.9, 0.9 * raw.tell() / size), f"unpacking {path.name}")
                place, over = _next_part(copy, place, done, path)
                if over:
                    out.truncate(place)
                    break

    return _cached(path, "stream", write)


def untiled(
    path: Path, plain: Path, parts: list[Part], report: Report, watch: Watch | None = None
) -> Path:
    """Return a copy with tile-compressed images stored plainly, made in the cache on first use.

    Raises CubeviewError if tiles are damaged or the disk too full.

    Parameters
    ----------
    path, plain : Path
        The file the user opened, and the same, its outer compression undone.
    parts : list of Part
    report : callable
    watch : callable, optional
    """
    packed = [part for part in parts if part.what == "packed image"]
    for part in packed:
        sides = [part.header.get(f"ZTILE{n}", 1) for n in range(1, len(part.shape) + 1)]
        if not all(type(n) is int and n > 0 for n in sides) or math.prod(sides) > _LARGEST_TILE:
            raise CubeviewError(
                f"{path}: {part.title} is said to be packed in tiles of {sides} voxels, which no "
                "tool writes. The header is damaged; copy or download the file again."
            )
    widths = [abs(int(part.header.get("ZBITPIX", 8))) // 8 for part in packed]
    _check_room(path, sum(math.prod(p.shape) * n for p, n in zip(packed, widths, strict=True)))

    def write(out: BinaryIO) -> None:
        with fits.open(plain, memmap=False, do_not_scale_image_data=True) as hdus:
            for part in parts:
                hdu = hdus[part.number]
                if part.what == "packed image" and part.is_cube:
                    _write_image(
                        out, hdu, lambda f: report(0.9 * f, f"unpacking {path.name}"), watch
                    )
                elif part.what == "packed image":
                    _write_hdu(out, fits.ImageHDU(np.asarray(hdu.data), hdu.header))
                else:
                    _copy(plain, hdu.fileinfo(), out)

    return _cached(path, "tiles", write)


def _next_part(copy: BinaryIO, place: int, done: int, path: Path) -> tuple[int, bool]:
    """Return where the next part begins that is not whole yet, and if there will be none."""
    while place + 8 <= done:
        end = part_end(copy, place, path)
        if not end:
            return place, end == 0
        place = end
    return place, False


def _opener(head: bytes) -> Callable[..., Any] | None:
    return next((tool for magic, tool in _PACKED.items() if head.startswith(magic)), None)


def _cached(path: Path, kind: str, write: Callable[[BinaryIO], None]) -> Path:
    """Return the cached file of a source as it is now, written under another name until whole."""
    stamp = Stamp.of(path)
    key = f"{path.resolve()}\0{stamp.size}\0{stamp.changed_ns}\0{kind}"
    folder = cache_dir() / "unpacked"
    folder.mkdir(exist_ok=True)
    sweep(folder)
    target = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.fits"
    if target.exists():
        return target
    try:
        with replacing(target) as part, part.open("wb") as out:
            write(out)
    except (CubeviewError, Cancelled):
        raise
    # What decodes tiles raises nearly anything on damaged ones.
    except Exception as error:
        refuse_full(error, path)
        raise CubeviewError(
            f"{path}: the compressed data are damaged or cut short ({_said(error)}). "
            "Copy or download it again."
        ) from error
    _forget_oldest(folder, target)
    return target


def _said(error: Exception) -> str:
    return one_line_of(str(error)) or type(error).__name__


def _forget_oldest(folder: Path, newest: Path) -> None:
    """Keep the cache within bounds; what is forgotten is unpacked again when next opened."""
    files = sorted(folder.glob("*.fits"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > _CACHE_LIMIT and file != newest:
            file.unlink(missing_ok=True)


def _check_room(path: Path, need: int) -> None:
    free = shutil.disk_usage(cache_dir()).free
    if need > free - _KEEP_FREE:
        raise CubeviewError(
            f"{path}: unpacking needs {sized(need)}; {sized(free)} are free in {cache_dir()}, of "
            f"which {sized(_KEEP_FREE)} are left to others. Free some space, or unpack the file "
            "yourself and open the result."
        )


def _copy(plain: Path, info: dict[str, Any], out: BinaryIO) -> None:
    with plain.open("rb") as stream:
        stream.seek(info["hdrLoc"])
        left = info["datLoc"] + info["datSpan"] - info["hdrLoc"]
        while left > 0 and (block := stream.read(min(_BLOCK, left))):
            out.write(block)
            left -= len(block)


def _write_hdu(out: BinaryIO, hdu: Any) -> None:
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream, output_verify="silentfix+ignore")
    out.write(stream.getvalue()[2880:])


def _write_image(
    out: BinaryIO, hdu: Any, report: Callable[[float], None], watch: Watch | None
) -> None:
    """Write a tile-compressed image plainly, a slab of planes at a time."""
    header, shape = hdu.header, hdu.shape
    out.write(header.tostring(padding=True).encode("ascii"))
    plane = int(np.prod(shape[1:])) * abs(header["BITPIX"]) // 8
    step = max(1, _BLOCK // max(1, plane))
    dtype = np.dtype(f">{'f' if header['BITPIX'] < 0 else 'i'}{abs(header['BITPIX']) // 8}")
    if header["BITPIX"] == 8:
        dtype = np.dtype("u1")
    written = 0
    for start in range(0, shape[0], step):
        report(start / shape[0])
        slab = np.ascontiguousarray(hdu.section[start : start + step], dtype)
        out.write(slab.tobytes())
        written += slab.nbytes
        if watch is not None:
            watch(out)
    out.write(b"\0" * (-written % 2880))
