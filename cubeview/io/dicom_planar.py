"""Nuclear medicine that is no volume: projections, planar, dynamic and gated views, whole bodies.

Shown as what they are: a stack of frames in the order of their vectors (PS3.3 C.8.4.8), every
frame of the file in it once.
"""

import hashlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom_file import bad_file, check_pixels, decode, integer, is_lossy, read_dataset
from cubeview.io.dicom_frames import VECTORS, vector
from cubeview.io.dicom_geometry import number, numbers
from cubeview.io.dicom_stack import flat_axes
from cubeview.io.dicom_units import parsed_unit
from cubeview.io.dicom_what import NM_KINDS, NM_STORAGE, facts, image_kind

_NAMES = {
    "EnergyWindowVector": "Energy window",
    "DetectorVector": "Detector",
    "PhaseVector": "Phase",
    "RotationVector": "Rotation",
    "RRIntervalVector": "R-R interval",
    "TimeSlotVector": "Time slot",
    "AngularViewVector": "View",
    "TimeSliceVector": "Time slice",
}


def is_planar(header: Dataset) -> bool:
    """Tell whether a header is that of nuclear medicine frames without slices."""
    nuclear = str(header.get("SOPClassUID") or "") == NM_STORAGE or header.get("Modality") == "NM"
    return nuclear and "Rows" in header


def read_planar(path: Path) -> Case:
    """Read nuclear medicine frames as a cube whose first axis counts them.

    Raises
    ------
    CubeviewError
        If the file is damaged or its pixels cannot be decoded.
    """
    header = read_dataset(path, pixels=True)
    with bad_file(path):
        check_pixels(header, path)
        count = integer(header, "NumberOfFrames", 1)
        notes: list[Note] = []
        order, name = _order(header, count, notes)
        stored = decode(header, path)
        kind = image_kind(header)
        text = NM_KINDS.get(kind, "frames of a kind the file does not name")
        notes.append(Note("info", f"{text}: not a volume, frames are shown one behind the other"))
        if is_lossy(header):
            notes.append(Note("info", "compressed with loss on the way: values are approximate"))
        sizes = numbers(header.get("PixelSpacing"), 2)
        if sizes is None or (sizes <= 0).any():
            sizes = np.zeros(2)
            text = "no pixel size in the file: rows and columns are only counted"
            notes.append(Note("guess", text, "pixel size"))
        shape = stored.shape[1], stored.shape[2]
        z = Axis(name, "index", "", np.arange(count) + 1)
        unit = "counts"
        seed = f"{header.get('SOPInstanceUID') or ''}{hashlib.sha256(stored.tobytes()).hexdigest()}"
        found = {**facts(header), **_rotation(header)}
        cube = Cube(
            axes=(z, *flat_axes(shape, (float(sizes[0]), float(sizes[1])))),
            pixels=ArrayPixels(stored[order].astype(np.float32)),
            kind="volume",
            unit=unit,
            quantity_unit=parsed_unit(unit),
            facts=found,
            notes=tuple(notes),
            source=Source(path),
            instrument=instrument_name(found.get("Camera", "")),
        )
    label = f"NM {hashlib.sha256(seed.encode()).hexdigest()[:4].upper()}"
    return Case(f"{label} [{kind.lower()}]" if kind else label, "volume", {"flux": cube})


def _order(header: Dataset, count: int, notes: list[Note]) -> tuple[np.ndarray, str]:
    """Return the frames in the order of their vectors, and the name of the axis they make."""
    varying: list[tuple[str, list[int]]] = []
    for keyword in VECTORS:
        values = vector(header, keyword)
        if len(set(values)) < 2:
            continue
        if len(values) != count:
            text = f"{len(values)} {VECTORS[keyword]} for {count} frames: not used to order them"
            notes.append(Note("repair", text))
            continue
        varying.append((keyword, values))
    if not varying:
        return np.arange(count), "Frame" if count > 1 else "Image"
    cells = list(zip(*(values for _, values in varying), strict=True))
    order = np.array(sorted(range(count), key=lambda frame: (cells[frame], frame)))
    if len(varying) == 1 and len(set(cells)) == count:
        return order, _NAMES[varying[0][0]]
    counts = " × ".join(f"{len(set(values))} {VECTORS[keyword]}" for keyword, values in varying)
    notes.append(Note("info", f"{count} frames run through {counts}, the last fastest"))
    if len(set(cells)) < count:
        text = f"{count - len(set(cells))} frames have the same numbers as others"
        notes.append(Note("info", f"{text}: all are shown"))
    return order, "Frame"


def _rotation(header: Dataset) -> dict[str, str]:
    """Return over which angles projections were taken."""
    items = header.get("RotationInformationSequence") or []
    arcs = [
        f"{abs(number(item, 'ScanArc')):g}° from {number(item, 'StartAngle'):g}°"
        for item in items
        if number(item, "ScanArc")
    ]
    return {"Rotation": ", ".join(dict.fromkeys(arcs))} if arcs else {}
