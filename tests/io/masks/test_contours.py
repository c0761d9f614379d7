"""Contours of a structure set become labels where they were drawn, and nowhere else."""

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from cubeview.errors import CubeviewError
from cubeview.io.dicom.contours import STORAGE
from cubeview.io.masks import read_mask
from tests.measure.masks.test_compare import body

FRAME = generate_uid()


def ring(radius, plane, centre=(12.0, 15.0), n=90):
    """Corners in voxels, shape (n, 3)."""
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    y, x = centre[0] + radius * np.sin(turn), centre[1] + radius * np.cos(turn)
    return np.stack([np.full(n, float(plane)), y, x], axis=1)


def write_contours(path, cube, structures, kind="CLOSED_PLANAR"):
    """Write structures, each a name and contours in voxels of a cube."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, STORAGE
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = STORAGE, generate_uid(), "RTSTRUCT"
    frame = Dataset()
    frame.FrameOfReferenceUID = FRAME
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(structures.items(), 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName = number, name
        drawn.ReferencedROINumber, drawn.ROIDisplayColor = number, [255, 16 * number, 0]
        drawn.ContourSequence = []
        for corners in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(corners)
            places = corners @ cube.affine[:3, :3].T + cube.affine[:3, 3]
            contour.ContourData = [f"{value:.4f}" for value in places.ravel()]
            drawn.ContourSequence.append(contour)
        ds.StructureSetROISequence.append(roi)
        ds.ROIContourSequence.append(drawn)
    ds.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_discs_and_rings_lie_where_they_were_drawn(tmp_path, axes):
    plain = body((20, 26, 32))
    affine = plain.affine.copy()
    affine[:3, :3] = affine[:3, :3] @ np.eye(3)[list(axes)]
    affine[:3, 3] = 12.5, -40.0, 7.0
    cube = body((20, 26, 32), affine=affine)
    wall = [contour for plane in (4, 5) for contour in (ring(9, plane), ring(5, plane))]
    path = write_contours(tmp_path / "c.dcm", cube, {"wall": wall, "clot": [ring(2, 8)]})
    mask = read_mask(path, cube)
    assert [(one.name, one.colour) for one in mask.labels] == [
        ("wall", "#ff1000"), ("clot", "#ff2000"),
    ]  # fmt: skip
    assert mask.frame == FRAME
    _, y, x = np.indices(cube.shape)
    away = np.hypot(y - 12, x - 15)
    drawn = mask.values
    assert not drawn[[0, 1, 2, 3, 6, 7, *range(9, 20)]].any()
    for plane in (4, 5):
        assert (drawn[plane][(away[plane] > 5.6) & (away[plane] < 8.4)] == 1).all()
        assert not drawn[plane][(away[plane] < 4.4) | (away[plane] > 9.6)].any()
        assert np.sum(drawn[plane] == 1) == pytest.approx(np.pi * (81 - 25), rel=0.04)
    assert set(np.unique(drawn[8])) == {0, 2}


def test_what_is_not_of_this_scan_is_refused(tmp_path):
    cube = body((20, 26, 32))
    between = write_contours(tmp_path / "b.dcm", cube, {"a": [ring(5, 4.5)]})
    with pytest.raises(CubeviewError, match="drawn on another one"):
        read_mask(between, cube)
    outside = write_contours(tmp_path / "o.dcm", cube, {"a": [ring(5, 30)]})
    with pytest.raises(CubeviewError, match="outside the scan"):
        read_mask(outside, cube)
    with pytest.raises(CubeviewError, match="open their scan"):
        read_mask(outside)
    line = write_contours(tmp_path / "l.dcm", cube, {"a": [ring(5, 4)]}, kind="OPEN_PLANAR")
    mask = read_mask(line, cube)
    assert not mask.values.any()
    assert "enclose nothing" in mask.notes[0]


def test_damaged_contours_are_refused(tmp_path):
    cube = body((20, 26, 32))
    path = write_contours(tmp_path / "c.dcm", cube, {"a": [ring(5, 4, n=2)]})
    with pytest.raises(CubeviewError, match="no three corners"):
        read_mask(path, cube)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CubeviewError, match=str(path)):
        read_mask(path, cube)
