"""Masks as files: written, read again, and read by others."""

import numpy as np
import pytest

from cubeview.cubes.mask import Mask, MaskLabel, laid_on
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.export.masks import refuse_mask, write_mask
from cubeview.io.export.told import referred_header
from cubeview.io.masks import read_mask
from cubeview.simulate.sky.field import simulate_field
from tests.io.dicom.nm_files import nm, write
from tests.measure.masks.test_compare import body

LABELS = (MaskLabel(1, "wall", "#123456"), MaskLabel(300, "scar", "#abcdef"))


def planted(shape):
    values = np.zeros(shape, np.uint16)
    values[1:3, 2:5, 1:4] = 1
    values[3, 3, 2:6] = 300
    return values


def test_nifti_keeps_numbers_names_and_place(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    cube = body((5, 6, 7))
    mask = Mask(planted(cube.shape), LABELS, cube)
    for name in ("m.nii", "m.nii.gz"):
        write_mask(mask, tmp_path / name, ("made by hand",))
        theirs = nibabel.load(tmp_path / name)
        np.testing.assert_array_equal(np.asarray(theirs.dataobj).T, mask.values)
        assert cube.affine is not None
        place = np.diag([-1, -1, 1, 1]) @ cube.affine[:, [2, 1, 0, 3]]
        np.testing.assert_allclose(theirs.affine, place)
        again = read_mask(tmp_path / name)
        assert again.labels == LABELS
        assert again.voxels == mask.voxels


def test_fits_keeps_numbers_names_and_sky(tmp_path):
    from astropy.io import fits
    from astropy.wcs import WCS

    cube = simulate_field(3, (16, 18, 20)).case.main
    mask = Mask(planted(cube.shape), LABELS, cube)
    write_mask(mask, tmp_path / "m.fits", ("S+C at 4 sigma",))
    with fits.open(tmp_path / "m.fits", checksum=True) as hdus:
        hdus.verify("exception")
        np.testing.assert_array_equal(hdus["SEGMENTS"].data, mask.values)
        sky = WCS(hdus["SEGMENTS"].header, hdus).celestial.wcs_pix2world(4, 5, 0)
        assert "S+C at 4 sigma" in str(hdus["SEGMENTS"].header["HISTORY"])
    np.testing.assert_allclose(sky, cube.wcs.wcs_pix2world(4, 5, 0), atol=1e-9)
    again = read_mask(tmp_path / "m.fits")
    assert again.labels == LABELS
    np.testing.assert_array_equal(again.values, mask.values)


def test_segmentations_keep_names_and_place_and_name_no_patient(tmp_path):
    pytest.importorskip("highdicom")
    pydicom = pytest.importorskip("pydicom")
    write(nm(4.0, PatientName="Roe^Jane"), tmp_path / "scan.dcm")
    (case,) = open_paths([tmp_path / "scan.dcm"]).cases
    cube = case.main
    values = np.zeros(cube.shape, np.uint16)
    values[2:4, 1:3, 2:4], values[3, 4, 4:6] = 1, 300  # no plane before the second is marked
    mask = Mask(values, LABELS, cube)
    header = referred_header(tmp_path / "scan.dcm")
    write_mask(mask, tmp_path / "m.dcm", ("painted",), header)
    theirs = pydicom.dcmread(tmp_path / "m.dcm")
    assert [segment.SegmentLabel for segment in theirs.SegmentSequence] == ["wall", "scar"]
    assert b"Roe" not in (tmp_path / "m.dcm").read_bytes()
    again = read_mask(tmp_path / "m.dcm")
    assert again.frame == header.FrameOfReferenceUID
    assert [label.name for label in again.labels] == ["wall", "scar"]
    numbers = np.where(values == 300, 2, values)
    np.testing.assert_array_equal(laid_on(again, cube).values, numbers)
    assert not read_mask(tmp_path / "m.dcm", cube).notes
    write(nm(4.0), tmp_path / "other.dcm")
    other = open_paths([tmp_path / "other.dcm"]).cases[0].main
    assert "made of another image" in read_mask(tmp_path / "m.dcm", other).notes[0]
    with pytest.raises(CubeviewError, match="refers to the one DICOM file"):
        write_mask(mask, tmp_path / "n.dcm")
    with pytest.raises(CubeviewError, match="nothing is marked"):
        write_mask(Mask(0 * values, LABELS, cube), tmp_path / "n.dcm", (), header)
    assert not (tmp_path / "n.dcm").exists()


@pytest.mark.parametrize("name", ["m.txt", "m.png", "mask"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(CubeviewError, match="saved as"):
        refuse_mask(tmp_path / name)


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "m.nii").write_bytes(b"mine")
    with pytest.raises(CubeviewError, match="already"):
        refuse_mask(tmp_path / "m.nii")


def test_what_is_no_mask_is_said(tmp_path):
    from cubeview.io.export.maps import write_nifti

    cube = body((5, 6, 7))
    write_nifti(np.random.default_rng(1).random(cube.shape), cube, tmp_path / "scan.nii")
    (tmp_path / "text.txt").write_text("no mask")
    with pytest.raises(CubeviewError, match="holds no labels"):
        read_mask(tmp_path / "scan.nii")
    with pytest.raises(CubeviewError, match="no mask CubeView reads"):
        read_mask(tmp_path / "text.txt")
    with pytest.raises(CubeviewError, match="cannot be read"):
        read_mask(tmp_path / "gone.nii")
