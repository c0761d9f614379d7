"""Maps and masks in the patient's space: DICOM Parametric Map and Segmentation, and NIfTI.

highdicom looks for the place of an NM image where other images keep it (it lies with the detector,
PS3.3 C.8.4.11): it is handed a header with functional groups made from the cube's own geometry.
"""

from __future__ import annotations

import gzip
import struct
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from cubeview import __version__
from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.io.dicom.nm import MANUFACTURER
from cubeview.io.export.fits import whole_file
from cubeview.io.export.objects import concept, derived, made_here, save
from cubeview.io.export.told import RESEARCH, Told, own_code
from cubeview.kinds.kind import Code

if TYPE_CHECKING:
    import highdicom

_METHODS: dict[str, Code] = {
    "CAM": ("130402", "DCM", "Class activation"),
    "Grad-CAM": ("130403", "DCM", "Gradient-weighted class activation"),
    "Grad-CAM++": ("130403", "DCM", "Gradient-weighted class activation"),
}
"""Codes of PS3.16 CID 217; there is none for occlusion, nor for integrated gradients."""

_STRUCTURE = ("91723000", "SCT", "Anatomical structure")
_WALL = ("49848007", "SCT", "Myocardium of left ventricle")
_STORED = {"bool": (2, "u1"), "uint8": (2, "u1"), "uint16": (512, "<u2")}
"""Code and type by which kinds of values are written as NIfTI; float32 where it is none of them."""
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def write_map(told: Told, role: str, path: Path) -> None:
    """Write where the network looked as a DICOM Parametric Map on the grid of a scan.

    Raises CubeviewError if the scan has no place in the patient, or it cannot be written.
    """
    from highdicom import VOILUTTransformation
    from highdicom.pm import ParametricMap, RealWorldValueMapping

    values = told.whole(role)
    overlay = told.overlay
    quantity = _METHODS.get(overlay.method) or own_code(overlay.method)
    mapping = RealWorldValueMapping(
        lut_label=overlay.method[:16],
        lut_explanation=f"{overlay.method} for {overlay.target}, {overlay.unit}"[:64],
        unit=concept(("1", "UCUM", "no units")),
        value_range=(float(values.min()), float(values.max())),
        slope=1.0,
        intercept=0.0,
        quantity_definition=concept(quantity),
    )
    peak = overlay.peak or 1.0
    made = ParametricMap(
        source_images=[placed_header(told.headers[role], told.case.cubes[role])],
        pixel_array=volume_of(told.case.cubes[role], values),
        series_number=901,
        **made_here(),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[VOILUTTransformation(window_center=0.0, window_width=2 * peak)],
        content_description=f"{overlay.method} for {overlay.target}"[:64],
        content_label="NETWORK MAP",
        series_description=f"{overlay.method} {role}. {RESEARCH}"[:64],
    )
    made.DerivationDescription = derived(told, f"{overlay.name}, 0 where the map says nothing")
    made.BodyPartExamined = "HEART"
    save(made, path)


def write_wall(told: Told, role: str, path: Path) -> None:
    """Write the wall of the left ventricle as a DICOM Segmentation on the grid of a scan.

    Raises CubeviewError if the scan has no place in the patient, or it cannot be written.
    """
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription

    found = AlgorithmIdentificationSequence(
        name="CubeView ventricle finder",
        family=concept(("123110", "DCM", "Artificial Intelligence")),
        version=__version__,
        source=MANUFACTURER,
    )
    wall = SegmentDescription(
        segment_number=1,
        segment_label="Left ventricular wall",
        segmented_property_category=concept(_STRUCTURE),
        segmented_property_type=concept(_WALL),
        algorithm_type="AUTOMATIC",
        algorithm_identification=found,
        tracking_uid=generate_uid(),
        tracking_id="left ventricular wall",
    )
    made = Segmentation(
        source_images=[placed_header(told.headers[role], told.case.cubes[role])],
        pixel_array=volume_of(told.case.cubes[role], told.masks[role].astype(np.uint8)),
        segmentation_type="BINARY",
        segment_descriptions=[wall],
        series_number=902,
        **made_here(),
        content_description="Wall of the left ventricle",
        content_label="LV WALL",
        series_description=f"Left ventricular wall {role}. {RESEARCH}"[:64],
    )
    made.DerivationDescription = derived(told, "Wall of the left ventricle, as counts show it")
    save(made, path)


def write_nifti(
    values: np.ndarray, cube: Cube, path: Path, said: str = "", *, comment: str = ""
) -> None:
    """Write values on the grid of a cube as NIfTI-1, packed where the name ends in ``.gz``.

    Source: NIfTI-1.1 data format (nifti.nimh.nih.gov). Patient coordinates go from DICOM's
    (left, posterior, superior) to NIfTI's (right, anterior, superior).

    Parameters
    ----------
    values : ndarray, shape of the cube
        bool, uint8, uint16, or any other kind of number (written as float32).
    cube : Cube
        Where it has no place in the patient, the voxel sizes are written and no place.
    path : Path
        Replaced as a whole, or not at all.
    said : str
        Description; at most 79 letters of ASCII are written.
    comment : str
        Of ASCII, of any length; as an extension behind the header (nifti1_ecode 6).

    Raises
    ------
    CubeviewError
        If it cannot be written.
    """
    code, dtype = _STORED.get(values.dtype.name, (16, "<f4"))
    stored = np.ascontiguousarray(values, dtype=dtype)
    extension = b""
    if comment:
        text = comment.encode("ascii", "replace") + b"\0"
        length = -(-(len(text) + 8) // 16) * 16
        extension = struct.pack("<2i", length, 6) + text.ljust(length - 8, b"\0")
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *stored.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, code, 8 * stored.dtype.itemsize)
    sizes = [float(size) for size in cube.spacing]
    place = None if cube.affine is None else _LPS_TO_RAS @ cube.affine[:, [2, 1, 0, 3]]
    if place is not None:
        sizes = [float(np.linalg.norm(cube.affine[:3, axis])) for axis in range(3)]  # type: ignore[index]
    struct.pack_into("<8f", header, 76, 1.0, *sizes[::-1], 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352.0 + len(extension), 1.0, 0.0)
    header[348] = bool(extension)
    header[123] = 2  # millimetres
    header[148:227] = said.encode("ascii", "replace")[:79].ljust(79, b"\0")
    if place is not None:
        struct.pack_into("<2h", header, 252, 0, 1)  # sform: scanner
        struct.pack_into("<12f", header, 280, *place[:3].ravel())
    header[344:348] = b"n+1\0"
    data = bytes(header) + extension + stored.tobytes()
    with whole_file(path) as out:
        out.write(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def volume_of(cube: Cube, values: np.ndarray) -> highdicom.Volume:
    """Return values on the grid of a cube as highdicom wants them; needs a place in the patient."""
    from highdicom import Volume

    return Volume(values, affine=_place(cube), coordinate_system="PATIENT")


def _place(cube: Cube) -> np.ndarray:
    if cube.affine is None:
        raise CubeviewError(
            "the scan has no place in the patient (no position and orientation in its file), so "
            "that nothing can be laid over it in DICOM."
        )
    return cube.affine


def placed_header(header: Dataset, cube: Cube) -> Dataset:
    """Return a copy of a header with the place of each frame where highdicom looks for it."""
    header = deepcopy(header)
    z, y, x = _place(cube)[:3, :3].T
    sizes = [float(np.linalg.norm(v)) for v in (z, y, x)]
    if int(header.get("NumberOfFrames") or 0) < 1:
        header.ImagePositionPatient = [float(v) for v in _place(cube)[:3, 3]]
        header.ImageOrientationPatient = [float(v) for v in (*(x / sizes[2]), *(y / sizes[1]))]
        header.PixelSpacing = sizes[1:]
        header.SliceThickness = sizes[0]
        return header
    measures, orientation, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = sizes[1:]
    measures.SliceThickness = measures.SpacingBetweenSlices = sizes[0]
    orientation.ImageOrientationPatient = [float(v) for v in (*(x / sizes[2]), *(y / sizes[1]))]
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    header.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for number in range(cube.shape[0]):
        position, content, frame = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [float(v) for v in _place(cube)[:3, 3] + number * z]
        content.DimensionIndexValues = [number + 1]
        frame.PlanePositionSequence = Sequence([position])
        frame.FrameContentSequence = Sequence([content])
        frames.append(frame)
    header.PerFrameFunctionalGroupsSequence = Sequence(frames)
    header.NumberOfFrames = cube.shape[0]
    return header
