"""DICOM Segmentation as a mask: binary, fractional and label map (PS3.3 A.51, C.8.20.2).

A segmentation may leave out planes in which nothing is marked; the mask then covers the planes from
the first to the last that there are.
"""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube, Source
from cubeview.cubes.mask import Mask, MaskLabel, as_label
from cubeview.errors import CubeviewError
from cubeview.io.dicom.file import MAX_VALUES, bad_file, decode, read_dataset
from cubeview.io.dicom.geometry import unit_frame
from cubeview.io.dicom.identifiers import uid
from cubeview.io.dicom.numbers import integer, numbers

STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes of Segmentation and Label Map Segmentation."""

_OFF_PLANE = 0.05
"""Share of a step by which a plane may lie beside its place."""


def is_segmentation(header: Dataset) -> bool:
    """Tell whether a header is that of a segmentation."""
    return str(header.get("SOPClassUID") or "") in STORAGE


def read_segmentation(path: Path) -> Mask:
    """Read a segmentation.

    Raises
    ------
    CubeviewError
        If it is none, is damaged, or its planes do not stand one behind the other evenly.
    """
    with bad_file(path):
        header = read_dataset(path, pixels=True)
        if not is_segmentation(header):
            raise CubeviewError(f"{path}: no segmentation. Choose a DICOM SEG, NIfTI or FITS mask.")
        return _mask(header, path)


def _mask(header: FileDataset, path: Path) -> Mask:
    frames = _frames(header, path)
    shared = next(iter(header.get("SharedFunctionalGroupsSequence") or []), Dataset())
    places = np.array([_position(frame, shared, path) for frame in frames])
    across, down, sizes = _plane(frames[0], shared, path)
    normal = np.cross(across, down)
    along = (places - places[0]) @ normal
    step = _step(along, frames[0], shared)
    planes = np.rint((along - along.min()) / step).astype(int)
    off = places - places[along.argmin()] - planes[:, None] * step * normal
    if np.abs(off).max() > _OFF_PLANE * step:
        raise CubeviewError(
            f"{path}: the planes of this segmentation do not stand evenly one behind the other. "
            "Export it on the grid of its scan."
        )
    shape = (int(planes.max()) + 1, integer(header, "Rows"), integer(header, "Columns"))
    if np.prod(shape) > MAX_VALUES:
        raise CubeviewError(f"{path}: covers more than {MAX_VALUES:,} voxels. Export a part of it.")
    values, notes = _filled(header, frames, shared, planes, shape, path)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([normal * step, down * sizes[0], across * sizes[1]], axis=1)
    affine[:3, 3] = places[along.argmin()]
    axes = [
        Axis(name, "space", "mm", float(affine[:3, 3] @ way) + size * np.arange(n))
        for name, way, size, n in zip(
            ("Slice", "Row", "Column"), (normal, down, across), (step, *sizes), shape, strict=True
        )
    ]
    cube = Cube(
        (axes[0], axes[1], axes[2]),
        ArrayPixels(values.astype(np.float32)),
        kind="volume",
        affine=affine,
        source=Source(path),
    )
    frame = uid(header, "FrameOfReferenceUID")
    return Mask(values, _labels(header), cube, frame=frame, notes=notes)


def _frames(header: FileDataset, path: Path) -> list[Dataset]:
    frames = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    if not frames or len(frames) != integer(header, "NumberOfFrames", 1):
        raise CubeviewError(
            f"{path}: the segmentation does not say where each of its planes lies. Export it again."
        )
    return frames


def _item(frame: Dataset, shared: Dataset, keyword: str) -> Dataset:
    """Return a functional group of a frame, its own or that of all frames."""
    for group in (frame, shared):
        if found := group.get(keyword):
            return found[0]  # type: ignore[no-any-return]
    return Dataset()


def _position(frame: Dataset, shared: Dataset, path: Path) -> np.ndarray:
    found = numbers(_item(frame, shared, "PlanePositionSequence"), "ImagePositionPatient", 3)
    if found is None:
        raise CubeviewError(
            f"{path}: the segmentation lies in no patient's space (a microscope's, say). Only "
            "those on scans can be read."
        )
    return found


def _plane(
    frame: Dataset, shared: Dataset, path: Path
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Return directions along a row and down a column, and the size of a row and of a column."""
    flat = numbers(_item(frame, shared, "PlaneOrientationSequence"), "ImageOrientationPatient", 6)
    sizes = numbers(_item(frame, shared, "PixelMeasuresSequence"), "PixelSpacing", 2)
    found = None if flat is None else unit_frame(flat)
    if found is None or sizes is None or not (sizes > 0).all():
        raise CubeviewError(
            f"{path}: the segmentation does not say how its planes lie or how large a voxel is. "
            "Export it again."
        )
    return found[0], found[1], (float(sizes[0]), float(sizes[1]))


def _step(along: np.ndarray, frame: Dataset, shared: Dataset) -> float:
    """Return how far planes are apart, mm."""
    steps = np.diff(np.unique(np.round(along, 4)))
    measures = _item(frame, shared, "PixelMeasuresSequence")
    said = [
        abs(float(found[0]))
        for key in ("SpacingBetweenSlices", "SliceThickness")
        if (found := numbers(measures, key, 1)) is not None and found[0]
    ]
    # Where planes are left out the smallest distance may be twice the step: what is said counts.
    for size in said[:1]:
        if not len(steps) or np.abs(steps / size - np.rint(steps / size)).max() < _OFF_PLANE:
            return size
    return float(steps.min()) if len(steps) else (said or [1.0])[-1]


def _filled(
    header: FileDataset,
    frames: list[Dataset],
    shared: Dataset,
    planes: np.ndarray,
    shape: tuple[int, int, int],
    path: Path,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the labels of each voxel, and what was lost on the way."""
    stored = _stored(header, path)
    values = np.zeros(shape, np.uint16)
    kind = str(header.get("SegmentationType") or "").upper()
    if kind == "LABELMAP":
        for plane, image in zip(planes, stored, strict=True):
            values[plane] = image
        return values, ()
    half = (integer(header, "MaximumFractionalValue", 255) + 1) // 2 if kind == "FRACTIONAL" else 1
    twice = 0
    for plane, image, frame in zip(planes, stored, frames, strict=True):
        which = _item(frame, shared, "SegmentIdentificationSequence")
        marked = image >= half
        twice += int(np.count_nonzero(values[plane][marked]))
        values[plane][marked] = integer(which, "ReferencedSegmentNumber", 1)
    notes = []
    if kind == "FRACTIONAL":
        notes.append("a segmentation by shares: marked is what is at least half")
    if twice:
        notes.append(f"{twice:,} voxels are in more than one segment: the last one counts")
    return values, tuple(notes)


def _stored(header: FileDataset, path: Path) -> np.ndarray:
    """Return what is stored of each frame, shape (frames, rows, columns)."""
    shape = [integer(header, key, 1) for key in ("NumberOfFrames", "Rows", "Columns")]
    if integer(header, "BitsAllocated") != 1:
        return decode(header, path)
    count = int(np.prod(shape))
    data = header.PixelData
    if count > MAX_VALUES or len(data) < (count + 7) // 8:
        raise CubeviewError(f"{path}: cut short, or larger than can be read. Export it again.")
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")
    return bits.reshape(shape)


def _labels(header: Dataset) -> tuple[MaskLabel, ...]:
    return tuple(
        as_label(number, str(segment.get("SegmentLabel") or ""))
        for segment in header.get("SegmentSequence") or []
        if (number := integer(segment, "SegmentNumber")) > 0
    )
