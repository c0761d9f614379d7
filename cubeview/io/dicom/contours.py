"""Radiotherapy contours (RT Structure Set) as a mask of the scan they were drawn on.

PS3.3 A.19.3; structures C.8.8.5, contours C.8.8.6. Contours lie on no grid of their own: a voxel is
inside where most of it is, and contours within each other take turns, as rings are drawn.
"""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.cube import Cube
from cubeview.cubes.mask import Mask, MaskLabel, as_label
from cubeview.cubes.polygon import polygon_shares
from cubeview.errors import CubeviewError
from cubeview.io.dicom.file import bad_file, read_dataset
from cubeview.io.dicom.identifiers import uid
from cubeview.io.dicom.numbers import integer, numbers

STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
"""SOP class of RT Structure Set."""

_OFF_PLANE = 0.25
"""Voxels by which a contour may lie beside its plane, or a corner beside the contour's."""


def is_contours(header: Dataset) -> bool:
    """Tell whether a header is that of a structure set."""
    return str(header.get("SOPClassUID") or "") == STORAGE


def read_contours(path: Path, cube: Cube) -> Mask:
    """Read the structures of a file as labels on the grid of a scan.

    Raises
    ------
    CubeviewError
        If it is none, is damaged, or was drawn on other planes than the scan's.
    """
    if cube.affine is None:
        raise CubeviewError(f"{path}: contours have places in a patient; this scan states none.")
    with bad_file(path):
        header = read_dataset(path, pixels=False)
        labels = _labels(header)
        values = np.zeros(cube.shape, np.uint16)
        open_ones = twice = 0
        for structure in header.get("ROIContourSequence") or []:
            inside = np.zeros(cube.shape, bool)
            for contour in structure.get("ContourSequence") or []:
                if str(contour.get("ContourGeometricType") or "").upper() != "CLOSED_PLANAR":
                    open_ones += 1
                    continue
                _draw(_corners(contour, cube.affine, path), inside, path)
            twice += int(np.count_nonzero(values[inside]))
            values[inside] = integer(structure, "ReferencedROINumber")
        notes = []
        if open_ones:
            notes.append(f"{open_ones} points and open lines enclose nothing: left out")
        if twice:
            notes.append(f"{twice:,} voxels are in more than one structure: the last one counts")
        frames = header.get("ReferencedFrameOfReferenceSequence") or [Dataset()]
        return Mask(values, labels, cube, uid(frames[0], "FrameOfReferenceUID"), tuple(notes))


def _labels(header: Dataset) -> tuple[MaskLabel, ...]:
    colours = {
        integer(one, "ReferencedROINumber"): numbers(one, "ROIDisplayColor", 3)
        for one in header.get("ROIContourSequence") or []
    }
    found = []
    for structure in header.get("StructureSetROISequence") or []:
        number = integer(structure, "ROINumber")
        rgb = colours.get(number)
        colour = "" if rgb is None else "#" + "".join(f"{int(c) & 255:02x}" for c in rgb)
        found.append(as_label(number, str(structure.get("ROIName") or ""), colour))
    return tuple(label for label in found if label.number > 0)


def _corners(contour: Dataset, affine: np.ndarray, path: Path) -> np.ndarray:
    """Return the corners of a contour in voxels, shape (n, 3)."""
    flat = np.array([float(value) for value in contour.get("ContourData") or []])
    if len(flat) < 9 or len(flat) % 3 or not np.isfinite(flat).all():
        raise CubeviewError(f"{path}: a contour has no three corners. Export it again.")
    corners = flat.reshape(-1, 3) - affine[:3, 3]
    return np.linalg.solve(affine[:3, :3], corners.T).T


def _draw(corners: np.ndarray, inside: np.ndarray, path: Path) -> None:
    """Turn over the voxels within a contour, in the plane it lies in."""
    axis = int(np.argmin(np.ptp(corners, axis=0)))
    plane = round(float(corners[:, axis].mean()))
    if np.abs(corners[:, axis] - plane).max() > _OFF_PLANE:
        raise CubeviewError(
            f"{path}: its contours do not lie in planes of this scan: they were drawn on another "
            "one. Open that scan, or export them as DICOM SEG on the grid of this one."
        )
    if not 0 <= plane < inside.shape[axis]:
        raise CubeviewError(
            f"{path}: it marks places outside the scan: it belongs to another one, or to another "
            "state of the heart."
        )
    # A view: what is turned over in it is turned over in `inside`.
    whole = np.moveaxis(inside, axis, 0)[plane]
    rows, columns, share = polygon_shares(np.delete(corners, axis, axis=1), whole.shape)
    whole[rows, columns] ^= share > 0.5
