"""NIfTI volumes: NIfTI-1 (348-byte header) and NIfTI-2 (540), single files, plain or gzipped.

Layout from nifti1.h and nifti2.h (nifti.nimh.nih.gov). Voxel (i, j, k) to patient position is the
sform where its code is above 0, else the qform, both in axes that grow to the right, the front
and the head (RAS); CubeView's grow to the left, the back and the head, as DICOM's.
"""

import gzip
import math
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
from cubeview.io.opened import First, Opened, Reader, inside_gzip, read_each, too_large

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

_FIELDS = {
    1: (("8h", 40), ("h", 70), ("8f", 76), ("f", 108), ("2f", 112), ("B", 123), ("2h", 252),
        ("6f", 256), ("12f", 280)),
    2: (("8q", 16), ("h", 12), ("8d", 104), ("q", 168), ("2d", 176), ("i", 500), ("2i", 344),
        ("6d", 352), ("12d", 400)),
}  # fmt: skip
"""By version, where in the header stand: dim, datatype, pixdim, vox_offset, scl_slope and
scl_inter, xyzt_units, qform_code and sform_code, quaternion and offsets, srow."""

_MOST_VOLUMES = 12
_MOST_LABELS = 255
_MASK_NAME = re.compile(r"(?<![a-z])(mask|seg|segmentation|label|labels|roi)(?![a-z])")
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 24
_FURTHEST = 1 << 28  # bytes before the first voxel: what stands between are notes
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Header:
    """What a NIfTI header says."""

    shape: tuple[int, ...]  # along i, j, k and further axes, at least three
    dtype: np.dtype[np.generic]  # with the file's byte order
    offset: int  # bytes before the first voxel
    slope: float  # 1, and intercept 0, where the header gives none
    intercept: float
    sizes: np.ndarray  # shape (3,), mm, positive, along i, j, k; 0 where unknown
    affine: np.ndarray | None  # shape (4, 4), voxel (i, j, k, 1) to (x, y, z, 1), mm, axes R, A, S


def sniff(head: bytes, path: Path) -> bool:
    """Tell from its first bytes whether a file is NIfTI, plain or gzipped."""
    return _kind(inside_gzip(head) or head) is not None


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read NIfTI files; see `cubeview.io.opened.Read`. `first` is never called."""
    return read_each(paths, _read_file, report)


def _kind(head: bytes) -> tuple[str, int] | None:
    """Return byte order and version (1 or 2), None when this is no NIfTI."""
    for order in "<>":
        if head[:4] == struct.pack(f"{order}i", 348) and head[344:348] in (b"n+1\0", b"ni1\0"):
            return order, 1
        if head[:4] == struct.pack(f"{order}i", 540) and head[4:7] in (b"n+2", b"ni2"):
            return order, 2
    return None


def parse(head: bytes, path: Path) -> Header:
    """Read a header from the first 540 bytes of a file, or as many as it has.

    Raises CubeviewError if it is cut short, absurd, or of a kind CubeView does not read.
    """
    kind = _kind(head)
    if kind is None or len(head) < (348, 540)[kind[1] - 1]:
        raise CubeviewError(f"{path}: the NIfTI header is cut short. Copy the file again.")
    order, version = kind
    # The magic of a header beside its voxels; n+1 and n+2 stand before voxels in one file.
    if (head[344:348] if version == 1 else head[4:7]) in (b"ni1\0", b"ni2"):
        raise CubeviewError(
            f"{path}: a NIfTI header whose voxels lie in another file (.hdr and .img). Convert the "
            "pair into one .nii file."
        )
    fields = (struct.unpack_from(order + form, head, place) for form, place in _FIELDS[version])
    dims, (code,), sizes, (offset,), (slope, intercept), (units,), forms, turn, rows = fields
    qform, sform = forms
    shape = _shape(dims, path)
    if code not in _TYPES:
        raise CubeviewError(
            f"{path}: voxels of NIfTI type {code}, which are no single numbers (colour or complex "
            "values) or unknown. Convert the file to float32."
        )
    if not (np.isfinite(offset) and 0 <= offset < _FURTHEST):
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
    if math.prod(shape) > MAX_VALUES:
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


def _read_file(path: Path, report: Report) -> list[Case]:
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            header = parse(stream.read(540), path)
            need = math.prod(header.shape) * header.dtype.itemsize
            if need > _MOST_BYTES:
                raise CubeviewError(
                    f"{path}: its voxels take {need:,} bytes, more than the {_MOST_BYTES:,} that "
                    "are read. Convert the file to float32, or cut it."
                )
            stream.seek(header.offset)
            # In parts: Python sets aside what is asked for before it reads, and there may be less.
            data = bytearray()
            while block := stream.read(min(need - len(data), _BLOCK)):
                data += block
                report(len(data) / need, f"reading {path.name}")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CubeviewError(
            f"{path}: the compressed data are damaged or cut short. Copy or download it again."
        ) from error
    if len(data) < need:
        raise CubeviewError(
            f"{path}: cut short: its voxels need {need:,} bytes, the file has {len(data):,}. "
            "Copy or download it again."
        )
    stored = np.frombuffer(data, header.dtype, count=need // header.dtype.itemsize)
    return _cases(path, header, stored.reshape(header.shape, order="F"))


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
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values * np.float64(header.slope) + header.intercept).astype(np.float32)
        if lost := int(np.isinf(scaled).sum() - np.isinf(values).sum()):
            more = (*more, Note("repair", too_large(lost, "scl_slope", header.slope)))
        scaled[np.isinf(scaled)] = np.nan
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
