"""NIfTI volumes: NIfTI-1 (348-byte header) and NIfTI-2 (540), single files, plain or gzipped.

Layout from nifti1.h and nifti2.h (nifti.nimh.nih.gov). Voxel (i, j, k) to patient position is the
sform where its code is above 0, else the qform, both in axes that grow to the right, the front
and the head (RAS); CubeView's grow to the left, the back and the head, as DICOM's.
"""

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.opened import First, Opened, Reader, read_each

MAX_VALUES = 2**28
"""Most voxels that are read of one file: 1 GiB as float32."""

_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Millimetres of a unit of space, by its code in xyzt_units."""

_MOST_VOLUMES = 12
_MOST_LABELS = 255
_MASK_NAME = re.compile(r"(?<![a-z])(mask|seg|segmentation|label|labels|roi)(?![a-z])")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Header:
    """What a NIfTI header says.

    Parameters
    ----------
    shape : tuple of int
        Lengths along i, j, k and further axes, at least three.
    dtype : dtype
        With the file's byte order.
    offset : int
        Bytes before the first voxel.
    slope, intercept : float
        1 and 0 where the header gives none.
    sizes : ndarray, shape (3,), mm
        Positive voxel size along i, j, k; 0 where unknown.
    affine : ndarray, shape (4, 4), or None
        Voxel (i, j, k, 1) to (x, y, z, 1), mm, axes R, A, S.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    offset: int
    slope: float
    intercept: float
    sizes: np.ndarray
    affine: np.ndarray | None


def sniff(head: bytes, path: Path) -> bool:
    """Tell from its first bytes whether a file is NIfTI, plain or gzipped.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    path : Path
    """
    if head.startswith(_GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 1024)
        except zlib.error:
            return False
    return _kind(head) is not None


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read NIfTI files; one case for each volume.

    Parameters
    ----------
    paths : sequence of Path
    report : callable
    first : callable, optional
        Never called.
    """
    return read_each(paths, lambda path, _: _read_file(path), report)


def _kind(head: bytes) -> tuple[str, int] | None:
    """Return byte order and version (1 or 2), None when this is no NIfTI."""
    for order in "<>":
        if head[:4] == struct.pack(f"{order}i", 348) and head[344:348] in (b"n+1\0", b"ni1\0"):
            return order, 1
        if head[:4] == struct.pack(f"{order}i", 540) and head[4:7] in (b"n+2", b"ni2"):
            return order, 2
    return None


def parse(head: bytes, path: Path) -> Header:
    """Read a header.

    Parameters
    ----------
    head : bytes
        At least the first 540 bytes, fewer where the file ends.
    path : Path
        For messages.

    Raises
    ------
    CubeviewError
        If the header is cut short, absurd, or of a kind CubeView does not read.
    """
    kind = _kind(head)
    if kind is None or len(head) < (348, 540)[kind[1] - 1]:
        raise CubeviewError(f"{path}: the NIfTI header is cut short. Copy the file again.")
    order, version = kind
    if version == 1:
        dims = struct.unpack_from(f"{order}8h", head, 40)
        (code,) = struct.unpack_from(f"{order}h", head, 70)
        sizes = struct.unpack_from(f"{order}8f", head, 76)
        offset, slope, intercept = struct.unpack_from(f"{order}3f", head, 108)
        (units,) = struct.unpack_from("B", head, 123)
        qform, sform = struct.unpack_from(f"{order}2h", head, 252)
        turn = struct.unpack_from(f"{order}6f", head, 256)
        rows = struct.unpack_from(f"{order}12f", head, 280)
        detached = head[344:348] == b"ni1\0"
    else:
        (code,) = struct.unpack_from(f"{order}h", head, 12)
        dims = struct.unpack_from(f"{order}8q", head, 16)
        sizes = struct.unpack_from(f"{order}8d", head, 104)
        (offset,) = struct.unpack_from(f"{order}q", head, 168)
        slope, intercept = struct.unpack_from(f"{order}2d", head, 176)
        qform, sform = struct.unpack_from(f"{order}2i", head, 344)
        turn = struct.unpack_from(f"{order}6d", head, 352)
        rows = struct.unpack_from(f"{order}12d", head, 400)
        (units,) = struct.unpack_from(f"{order}i", head, 500)
        detached = head[4:7] == b"ni2"
    if detached:
        raise CubeviewError(
            f"{path}: a NIfTI header whose voxels lie in another file (.hdr and .img). Convert the "
            "pair into one .nii file."
        )
    shape = _shape(dims, path)
    if code not in _TYPES:
        raise CubeviewError(
            f"{path}: voxels of NIfTI type {code}, which are no single numbers (colour or complex "
            "values) or unknown. Convert the file to float32."
        )
    if not (np.isfinite(offset) and 0 <= offset < 2**40):
        raise CubeviewError(f"{path}: the NIfTI header is damaged (voxel offset). Copy it again.")
    if not (np.isfinite(slope) and np.isfinite(intercept)) or slope == 0:
        slope, intercept = 1.0, 0.0
    mm = _MM.get(units & 7, 1.0)
    spacing = np.abs(np.array(sizes[1:4], dtype=np.float64)) * mm
    spacing[~np.isfinite(spacing)] = 0.0
    affine = None
    if sform > 0:
        affine = np.vstack([np.array(rows, dtype=np.float64).reshape(3, 4) * mm, (0, 0, 0, 1)])
    elif qform > 0 and spacing.all():
        affine = _from_quaternion(np.array(turn, dtype=np.float64), spacing, sizes[0], mm)
    if affine is not None and (
        not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9
    ):
        affine = None
    dtype = np.dtype(order + _TYPES[code])
    return Header(shape, dtype, int(offset), float(slope), float(intercept), spacing, affine)


def _shape(dims: tuple[int, ...], path: Path) -> tuple[int, ...]:
    if not 1 <= dims[0] <= 7 or any(n < 1 for n in dims[1 : dims[0] + 1]):
        raise CubeviewError(
            f"{path}: the NIfTI header gives sizes that make no sense ({dims[:4]}). Copy it again."
        )
    shape = [int(n) for n in dims[1 : dims[0] + 1]]
    shape += [1] * (3 - len(shape))
    total = 1
    for n in shape:
        total *= n
    if total > MAX_VALUES:
        sides = " × ".join(map(str, shape))
        raise CubeviewError(
            f"{path}: declares {sides} voxels, more than the {MAX_VALUES:,} CubeView holds. "
            "Cut the file into parts."
        )
    return tuple(shape)


def _from_quaternion(turn: np.ndarray, spacing: np.ndarray, handed: float, mm: float) -> np.ndarray:
    """Return the affine of the qform: nifti1.h, method 2."""
    b, c, d = turn[:3]
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing
    affine[:3, 2] *= -1.0 if handed < 0 else 1.0
    affine[:3, 3] = turn[3:] * mm
    return affine


def _read_file(path: Path) -> list[Case]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
        stream.seek(0)
        raw = stream.read(1 << 16) if packed else stream.read(540)
        head = _inflated(raw, 540, path) if packed else raw
        header = parse(head, path)
        need = int(np.prod(header.shape)) * header.dtype.itemsize
        if packed:
            data = _inflate(path, header.offset, need)
        else:
            # Never ask for more than there is: Python sets it aside before it reads.
            size = path.stat().st_size
            stream.seek(header.offset)
            data = stream.read(min(need, max(size - header.offset, 0)))
    if len(data) < need:
        raise CubeviewError(
            f"{path}: cut short: its voxels need {need:,} bytes, the file has {len(data):,}. "
            "Copy or download it again."
        )
    stored = np.frombuffer(data, header.dtype, count=need // header.dtype.itemsize)
    return _cases(path, header, stored.reshape(header.shape, order="F"))


def _inflated(raw: bytes, count: int, path: Path) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, count)
    except zlib.error as error:
        raise CubeviewError(f"{path}: the compressed data are damaged. Copy it again.") from error


def _inflate(path: Path, offset: int, need: int) -> bytes:
    """Return the voxels inside a gzipped file, and never more than were declared."""
    inflater = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    left = offset + need
    with path.open("rb") as stream:
        raw = stream.read(1 << 20)
        while raw and left > 0 and not inflater.eof:
            try:
                part = inflater.decompress(raw, min(left, 1 << 24))
            except zlib.error:
                break  # what came so far is told against what is needed
            parts.append(part)
            left -= len(part)
            raw = inflater.unconsumed_tail or stream.read(1 << 20)
    return b"".join(parts)[offset:]


def _cases(path: Path, header: Header, stored: np.ndarray) -> list[Case]:
    """Return a case for each volume of the file; the mean where there are very many."""
    volumes = stored.reshape((*header.shape[:3], -1), order="F")
    count = volumes.shape[3]
    notes: list[Note] = []
    affine = None
    if header.affine is None:
        text = "orientation unknown: the file does not say where its voxels lie in the patient, so "
        text += "no left, right, front or back is shown"
        notes.append(Note("guess", text, "orientation"))
    else:
        lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ header.affine
        affine = lps[:, [2, 1, 0, 3]]
        volumes, affine = _upright(volumes, affine)
        if not np.array_equal(affine, lps[:, [2, 1, 0, 3]]):
            text = "voxel order turned so that the picture stands upright; places are unchanged"
            notes.append(Note("info", text))
    if _only_marks(stored, path):
        notes.append(Note("info", "a mask: it marks places, it measures nothing"))
    name = path.name.split(".")[0]

    def cube(values: np.ndarray, part: str, more: tuple[Note, ...] = ()) -> Cube:
        scaled = (values * np.float64(header.slope) + header.intercept).astype(np.float32)
        return Cube(
            axes=_axes(header, affine),
            pixels=ArrayPixels(scaled.T),
            kind="volume",
            affine=affine,
            view=_view(affine),
            facts={"Format": "NIfTI"},
            notes=(*notes, *more),
            source=Source(path, part),
        )

    if count > _MOST_VOLUMES:
        note = Note("info", f"{count} volumes one after the other: their mean is shown")
        mean = volumes.mean(axis=3, dtype=np.float64)
        return [Case(name, "volume", {"flux": cube(mean, "", (note,))})]
    return [
        Case(
            f"{name} [volume {n + 1}]" if count > 1 else name,
            "volume",
            {"flux": cube(volumes[..., n], f"volume {n + 1}" if count > 1 else "")},
        )
        for n in range(count)
    ]


def is_mask(case: Case) -> bool:
    """Tell whether a case marks places in another scan and is no scan itself."""
    return any(note.text.startswith("a mask:") for note in case.main.notes)


def _only_marks(stored: np.ndarray, path: Path) -> bool:
    """Tell whether whole numbers are a mask: two values, or few in a file named like one."""
    if stored.dtype.kind not in "iu" or stored.size == 0:
        return False
    low, high = int(stored.min()), int(stored.max())
    if low != 0 or high == 0:
        return False
    if bool(((stored == low) | (stored == high)).all()):
        return True
    named = _MASK_NAME.search(path.name.lower()) is not None
    return named and high <= _MOST_LABELS


def _upright(volumes: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn axes round so that they run as those of DICOM scans do on the screen.

    Columns to the left of the patient, rows to the back or the feet, slices to the head.
    """
    affine = affine.copy()
    for column in range(3):
        way = affine[:3, column]
        main = int(np.abs(way).argmax())
        wanted = -1.0 if main == 2 and column else 1.0
        if way[main] * wanted < 0:
            affine[:3, 3] += way * (volumes.shape[2 - column] - 1)
            affine[:3, column] = -way
            volumes = np.flip(volumes, 2 - column)
    return volumes, affine


def _axes(header: Header, affine: np.ndarray | None) -> tuple[Axis, Axis, Axis]:
    made = []
    for column, (name, n) in enumerate(
        zip(("Slice", "Row", "Column"), header.shape[2::-1], strict=True)
    ):
        size, start = float(header.sizes[2 - column]), 0.0
        if affine is not None:
            way = affine[:3, column]
            size = float(np.linalg.norm(way))
            start = float(affine[:3, 3] @ way / size)
        if size:
            made.append(Axis(name, "space", "mm", start + size * np.arange(n)))
        else:
            made.append(Axis(name, "index", "", np.arange(n), guessed=True))
    return made[0], made[1], made[2]


def _view(affine: np.ndarray | None) -> str:
    """Return the view the slices are stacked in, empty for an oblique or unknown one."""
    if affine is None:
        return ""
    way = np.abs(affine[:3, 0]) / np.linalg.norm(affine[:3, 0])
    main = int(way.argmax())
    return ("sagittal", "coronal", "transaxial")[main] if way[main] > 0.94 else ""


READER = Reader("NIfTI", sniff, read, aside=is_mask)
