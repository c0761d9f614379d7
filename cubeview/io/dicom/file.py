"""DICOM files: read their header, decode their pixels within bounds.

Everything pydicom raises on a broken file leaves here as a CubeviewError. Transfer syntaxes:
DICOM PS3.5 annex A.
"""

import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pydicom
from pydicom import config as pydicom_config
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, generate_fragments, generate_frames
from pydicom.pixels.utils import pixel_array
from pydicom.tag import BaseTag

from cubeview.cubes.cube import Note
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io.dicom.jpeg import sound_jpeg
from cubeview.io.dicom.numbers import integer, is_there
from cubeview.io.dicom.sniff import has_preamble, is_gzipped_dicom

MAX_VALUES = 2**28
"""Most pixel values of one file that are decoded: 1 GiB as float32, 1300 times a usual scan."""

MAX_INFLATED_BYTES = 2**30
"""Most bytes a deflated file may unpack to."""

MAX_COMPRESSION = 4000
"""Most pixel bytes that one byte of a compressed file is believed to stand for."""

MAX_BESIDE_BYTES = 2**28
"""Most bytes of a header, private elements with it: all of them are read before the pixels."""

_PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
_UNDEFINED = 0xFFFFFFFF

_JPEG = {
    *(uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1),
    *(uid.JPEGLSLossless, uid.JPEGLSNearLossless),
}
_JPEG2000 = {uid.JPEG2000, uid.JPEG2000Lossless}
_DECODERS = dict.fromkeys(_JPEG, "pylibjpeg") | dict.fromkeys(_JPEG2000, "pillow")
"""Decoder of each compressed format: none that a damaged stream makes end the program."""

_GE_SWAPPED = uid.UID("1.2.840.113619.5.2")
"""GE's private syntax: implicit VR, little endian, but for pixels, which are big endian (DLX)."""

_WRAPPED = uid.UID("1.2.840.10008.1.2.1.98")
"""Encapsulated Uncompressed Explicit VR Little Endian."""

_LOSSY = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLSNearLossless}

# Real headers break the rules of their value types in ways that do not matter here, and what
# pydicom logs about them may quote the patient's name.
pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
logging.getLogger("pydicom").propagate = False
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)


@contextmanager
def bad_file(path: Path) -> Iterator[None]:
    """Turn whatever a parser raises on a broken file into a CubeviewError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (CubeviewError, Cancelled):
        raise
    except FileNotFoundError as error:
        raise CubeviewError(f"{path}: the file has gone. Open it from where it is.") from error
    except PermissionError as error:
        raise CubeviewError(f"{path}: may not be read. Check its permissions.") from error
    except MemoryError as error:
        raise CubeviewError(
            f"{path}: asks for more memory than there is. The header is damaged, or the scan needs "
            "a larger machine."
        ) from error
    # A hostile or damaged data set makes pydicom raise nearly anything, RecursionError included.
    except Exception as error:
        raise CubeviewError(
            f"{path}: damaged or cut short; it cannot be read as DICOM "
            f"({type(error).__name__}). Copy or export it again."
        ) from error


def read_dataset(path: Path, *, pixels: bool) -> FileDataset:
    """Read a DICOM file, up to its pixel data or with them.

    Raises CubeviewError if it cannot be read, is damaged, unpacks to more than
    `MAX_INFLATED_BYTES`, or holds more than `MAX_BESIDE_BYTES` beside its pixels.
    """
    beside = 0

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal beside
        if tag in _PIXELS:
            return not pixels
        beside += 0 if length == _UNDEFINED else length
        if beside > MAX_BESIDE_BYTES:
            raise CubeviewError(
                f"{path}: says to hold {beside:,} bytes beside its image, a maker's own data say; "
                f"more than {MAX_BESIDE_BYTES:,} are not read. Export the image without them."
            )
        return False

    with bad_file(path), _opened(path) as stream:
        plain = not has_preamble(stream.read(1024))
        stream.seek(0)
        if not plain:
            stream.seek(128 + 4)
            meta = pydicom.filereader.read_dataset(
                stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2
            )
            if meta.get("TransferSyntaxUID") == uid.DeflatedExplicitVRLittleEndian:
                _check_inflated(stream, path)
            stream.seek(0)
        return _with_syntax(pydicom.filereader.read_partial(stream, stop, force=True))


class _Bounded(BufferedReader):
    """A file that is never asked for more bytes than it has.

    Python sets aside what is asked for before it reads, and a damaged length asks for 4 GB.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(FileIO(path))
        self._size = path.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """Return at most `size` bytes."""
        left = max(self._size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or what is packed in it by gzip."""
    with _Bounded(path) as stream:
        packed = is_gzipped_dicom(stream.read(1024))
        stream.seek(0)
        if not packed:
            yield stream
            return
        inflater = zlib.decompressobj(wbits=31)
        inner = inflater.decompress(stream.read(), MAX_INFLATED_BYTES)
        if inflater.unconsumed_tail:
            raise CubeviewError(_too_large(path))
        yield BytesIO(inner)


def _too_large(path: Path) -> str:
    return (
        f"{path}: unpacks to more than {MAX_INFLATED_BYTES / 2**30:.0f} GiB; refused. "
        "If the scan is really that large, export it in smaller series."
    )


def _with_syntax(ds: FileDataset) -> FileDataset:
    """Name the transfer syntax of a file that does not, after how its elements were written."""
    if "TransferSyntaxUID" not in ds.file_meta:
        implicit, little = ds.original_encoding
        if implicit:
            ds.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        else:
            ds.file_meta.TransferSyntaxUID = (
                uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
            )
    return ds


def _check_inflated(stream: BinaryIO, path: Path) -> None:
    """Refuse a deflated file that would unpack without end, before pydicom unpacks it."""
    stream.seek(128 + 4 + 8)
    stream.seek(struct.unpack("<I", stream.read(4))[0], 1)
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    total, chunk = 0, stream.read(2**16)
    while chunk and total <= MAX_INFLATED_BYTES:
        total += len(inflater.decompress(chunk, 2**24))
        chunk = inflater.unconsumed_tail or stream.read(2**16)
    if total > MAX_INFLATED_BYTES:
        raise CubeviewError(_too_large(path))


def check_pixels(header: FileDataset, path: Path) -> None:
    """Refuse pixels that are absurd, cut short or not one number each, before any decoding.

    Raises CubeviewError saying which check of the header, read with its pixel data, failed.
    """
    rows, columns = integer(header, "Rows"), integer(header, "Columns")
    frames = integer(header, "NumberOfFrames", 1)
    if is_there(header, "NumberOfFrames") and not integer(header, "NumberOfFrames"):
        raise CubeviewError(
            f"{path}: the number of frames is written so that no number can be read from it. The "
            "header is damaged; export it again."
        )
    bits = integer(header, "BitsAllocated")
    shape = f"{frames} × {rows} × {columns}"
    if min(rows, columns, frames) < 1:
        raise CubeviewError(
            f"{path}: an image of {shape} voxels has none. The header is damaged; export it again."
        )
    if frames * rows * columns > MAX_VALUES:
        raise CubeviewError(
            f"{path}: declares {shape} voxels, more than the {MAX_VALUES:,} CubeView decodes. "
            "The header is damaged, or the scan must be exported in smaller parts."
        )
    if integer(header, "SamplesPerPixel", 1) != 1:
        raise CubeviewError(
            f"{path}: a colour picture, not measured values. Open the original series."
        )
    if bits not in (8, 16, 32) or "PixelData" not in header:
        raise CubeviewError(
            f"{path}: no pixel values CubeView can read ({bits} bits each). Export the image again."
        )
    needed = frames * rows * columns * bits // 8
    there = len(header.PixelData or b"")
    syntax = uid.UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    if syntax.is_transfer_syntax and syntax.is_encapsulated:
        if needed > MAX_COMPRESSION * there:
            raise CubeviewError(
                f"{path}: {there:,} compressed bytes cannot hold {shape} voxels. The file is cut "
                "short or damaged; copy it again."
            )
    elif there < needed:
        raise CubeviewError(
            f"{path}: cut short: {shape} voxels need {needed:,} bytes, the file has {there:,}. "
            "Copy or export it again."
        )


def _make_sound(header: FileDataset) -> None:
    """Replace each JPEG frame by its checked parts."""
    count = integer(header, "NumberOfFrames", 1)
    size = integer(header, "Rows"), integer(header, "Columns")
    # The first item is the offset table; some encoders leave an empty one at the end.
    frames = [item for item in list(generate_fragments(header.PixelData))[1:] if item]
    if len(frames) != count:
        frames = list(generate_frames(header.PixelData, number_of_frames=count))
    header.PixelData = encapsulate([sound_jpeg(frame, *size) for frame in frames])


def pixel_notes(header: Dataset) -> list[Note]:
    """Say what was done to the pixels on their way: loss, or a vendor's own order of bytes."""
    syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
    if syntax == _GE_SWAPPED:
        text = "stored in a syntax of GE's own, not compressed: the bytes of its pixels are swapped"
        return [Note("repair", text)]
    if syntax in _LOSSY or str(header.get("LossyImageCompression") or "") == "01":
        return [Note("info", "compressed with loss on the way: values are approximate")]
    return []


def decode(header: FileDataset, path: Path) -> np.ndarray:
    """Return the stored integers, shape (frames, rows, columns), native byte order.

    Raises CubeviewError if there is no decoder for the transfer syntax, or the pixels are damaged.
    """
    check_pixels(header, path)
    syntax = uid.UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if syntax in _JPEG:
                _make_sound(header)
            if syntax in (_GE_SWAPPED, _WRAPPED):
                array = _as_they_lie(header, syntax)
            else:
                array = np.asarray(pixel_array(header, decoding_plugin=_DECODERS.get(syntax, "")))
    except Exception as error:
        raise CubeviewError(_undecoded(syntax, path, error)) from error
    frames = integer(header, "NumberOfFrames", 1)
    rows, columns = integer(header, "Rows"), integer(header, "Columns")
    if array.size != frames * rows * columns:
        raise CubeviewError(
            f"{path}: the pixel data hold {array.shape}, the header says "
            f"{(frames, rows, columns)}. The file is damaged; export it again."
        )
    if syntax in _JPEG2000:
        array = _with_sign(array, header)
    return array.reshape(frames, rows, columns)


def _as_they_lie(header: FileDataset, syntax: uid.UID) -> np.ndarray:
    """Return pixels that are not compressed, but in another order of bytes or in items."""
    data, count = header.PixelData, integer(header, "NumberOfFrames", 1)
    if syntax == _WRAPPED:
        data = b"".join(generate_frames(data, number_of_frames=count))
    count *= integer(header, "Rows") * integer(header, "Columns")
    kind = "i" if integer(header, "PixelRepresentation") else "u"
    order = ">" if syntax == _GE_SWAPPED else "<"
    stored = np.frombuffer(data, f"{order}{kind}{integer(header, 'BitsAllocated') // 8}", count)
    return stored.astype(stored.dtype.newbyteorder("="))


def _undecoded(syntax: uid.UID, path: Path, error: Exception) -> str:
    """Say why pixels could not be decoded."""
    if syntax.is_private or not syntax.is_transfer_syntax:
        # What is no identifier is header text, and none of that reaches a message.
        name = syntax if re.fullmatch(r"[0-9.]{1,64}", syntax) else "an unknown format"
        return (
            f"{path}: the pixels are stored as {name}, a syntax outside the standard that CubeView "
            "cannot read. Export the series in one of the standard's (Explicit VR Little Endian)."
        )
    elif syntax.is_encapsulated:
        what = f"the pixels are compressed as {syntax.name} and could not be decoded: the file is "
        what += "damaged or CubeView has no decoder for it"
    else:
        return f"{path}: the pixel values are damaged ({type(error).__name__}). Copy it again."
    return (
        f"{path}: {what}. Export the series uncompressed (Explicit VR Little Endian), or convert "
        "it with gdcmconv --raw or dcmdjpeg."
    )


def _with_sign(array: np.ndarray, header: Dataset) -> np.ndarray:
    """Give numbers their sign where the codestream holds them as if they had none."""
    half = 1 << max(integer(header, "BitsStored", 16) - 1, 0)
    if integer(header, "PixelRepresentation") and array.min() >= 0 and array.max() < 2 * half:
        return np.where(array >= half, array - 2 * half, array)
    return array
