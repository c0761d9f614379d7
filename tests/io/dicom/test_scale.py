"""Scale and unit together, wherever they stand; and numbers that are no measurement at all."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cubeview.io import open_path, open_paths
from tests.io.dicom.nm_files import coded, nm, truth, write
from tests.io.dicom.volume_files import FRAME, ORIGIN, SIZES, base, enhanced, pixels, single


def cube_of(ds, tmp_path):
    (case,) = open_path(write(ds, tmp_path / "scan"))
    return case.main


def texts(cube):
    return " | ".join(note.text for note in cube.notes)


def multiframe(**extra):
    """A PET file of many frames with all that is said of them at its top."""
    ds = base("PT", "1.2.3.6", NumberOfFrames=4, Units="BQML", RescaleSlope=12.5)
    ds.RescaleIntercept = 0
    ds.PixelSpacing, ds.SpacingBetweenSlices = list(SIZES), 2.5
    ds.ImagePositionPatient, ds.ImageOrientationPatient = list(ORIGIN), list(FRAME)
    ds.PixelData = b"".join(pixels(n + 1).tobytes() for n in range(4))
    for keyword, value in extra.items():
        setattr(ds, keyword, value)
    return ds


def test_a_file_of_frames_has_the_scale_and_the_geometry_at_its_top(tmp_path):
    cube = cube_of(multiframe(), tmp_path)
    assert cube.pixels.read()[0, 0, 0] == 1250
    assert (cube.unit, cube.spacing) == ("Bq/ml", (2.5, *SIZES))
    np.testing.assert_allclose((cube.affine @ [0, 0, 0, 1])[:3], ORIGIN)
    assert cube.axes[0].guessed
    assert any(n.level == "guess" and n.about == "slice direction" for n in cube.notes)


def test_frames_that_count_times_are_no_slices(tmp_path):
    cube = cube_of(multiframe(FrameIncrementPointer=0x00181063, FrameTime=1000), tmp_path)
    assert cube.axes[0].name == "Image"
    assert cube.affine is None


def test_frames_of_several_volumes_are_as_many(tmp_path):
    cases = open_path(write(multiframe(NumberOfSlices=2), tmp_path / "scan"))
    assert [int(c.main.pixels.read()[0, 0, 0] / 12.5) // 100 for c in cases] == [1, 3]
    assert {case.main.shape[0] for case in cases} == {2}


@pytest.mark.parametrize("place", ["top", "shared", "frame", "mapping", "shared mapping"])
def test_the_scale_of_an_enhanced_file_is_found_wherever_it_stands(tmp_path, place):
    ds = enhanced("PT", (0.0, 4.0), Units="BQML")
    for frame in ds.PerFrameFunctionalGroupsSequence:
        del frame.PixelValueTransformationSequence
    scale, mapping = Dataset(), Dataset()
    scale.RescaleSlope, scale.RescaleIntercept = 0.478, 0
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 0.478, 0
    mapping.MeasurementUnitsCodeSequence = coded("Bq/ml", "UCUM")
    shared = ds.SharedFunctionalGroupsSequence[0]
    if place == "top":
        ds.RescaleSlope, ds.RescaleIntercept = 0.478, 0
    elif place == "mapping":
        ds.RealWorldValueMappingSequence = Sequence([mapping])
    elif place == "shared mapping":
        shared.RealWorldValueMappingSequence = Sequence([mapping])
    else:
        items = [shared] if place == "shared" else ds.PerFrameFunctionalGroupsSequence
        for item in items:
            item.PixelValueTransformationSequence = Sequence([scale])
    cube = cube_of(ds, tmp_path)
    np.testing.assert_allclose(cube.pixels.read()[1], pixels(1) * 0.478, rtol=1e-6)
    assert cube.unit == "Bq/ml"


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ({}, "no scale for values in Bq/ml"),
        ({"RescaleSlope": 0}, "unusable"),
        ({"ModalityLUTSequence": Sequence([Dataset()])}, "table of values is not applied"),
    ],
)
def test_no_unit_without_its_scale(tmp_path, scale, said):
    cube = cube_of(single("PT", 1, 0.0, Units="BQML", **scale), tmp_path)
    assert cube.unit == ""
    assert said in texts(cube)
    np.testing.assert_array_equal(cube.pixels.read()[0], pixels(1))


def test_hounsfield_units_too(tmp_path):
    assert cube_of(single("CT", 1, 0.0), tmp_path).unit == ""
    scaled = single("CT", 1, 0.0, RescaleSlope=1, RescaleIntercept=-1024)
    assert cube_of(scaled, tmp_path).unit == "HU"


def test_a_slice_without_its_scale_takes_the_unit_from_all(tmp_path):
    write(single("PT", 1, 0.0, Units="BQML", RescaleSlope=2), tmp_path / "1")
    write(single("PT", 2, 4.0, Units="BQML"), tmp_path / "2")
    (case,) = open_path(tmp_path)
    assert case.main.unit == ""
    assert "different units" in texts(case.main)


def test_the_factor_of_philips_makes_counts_activity(tmp_path):
    ds = single("PT", 1, 0.0, Units="CNTS", RescaleSlope=2)
    block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x09, "DS", "0.5")
    cube = cube_of(ds, tmp_path)
    np.testing.assert_array_equal(cube.pixels.read()[0], pixels(1))
    assert cube.unit == "Bq/ml"
    assert "Philips" in texts(cube)


def test_planar_frames_are_scaled_too(tmp_path):
    kind = ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]
    ds = nm(ImageType=kind, SliceVector=None, RescaleSlope=0.25)
    cube = cube_of(ds, tmp_path)
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0] * 0.25)


def test_a_value_table_claims_no_counts(tmp_path):
    mapping = Dataset()
    mapping.RealWorldValueLUTData = [1.0, 2.0]
    cube = cube_of(nm(RealWorldValueMappingSequence=Sequence([mapping])), tmp_path)
    assert cube.unit == ""
    assert "value table not applied" in texts(cube)


@pytest.mark.parametrize(
    ("modality", "padding", "sign", "empty"),
    [
        ("CT", {"PixelPaddingValue": -2000}, 1, 1),
        ("CT", {"PixelPaddingValue": 63536}, 1, 1),
        ("MR", {"PixelPaddingValue": 63536}, 0, 1),
        ("CT", {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1000}, 1, 2),
        ("CT", {"PixelPaddingRangeLimit": -2000}, 1, 0),
        ("CT", {}, 1, 0),
    ],
)
def test_padding_is_left_empty(tmp_path, modality, padding, sign, empty):
    ds = single(modality, 1, 0.0, RescaleSlope=1, RescaleIntercept=-1024)
    ds.PixelRepresentation = sign
    stored = pixels(1).astype("<i2")
    stored[0, :2] = -2000, -1500
    ds.PixelData = stored.tobytes()
    for keyword, value in padding.items():
        ds.add_new(keyword, "SS" if value < 0 else "US", value)
    cube = cube_of(ds, tmp_path)
    values = cube.pixels.read()[0]
    assert np.isnan(values).sum() == empty
    assert np.isnan(values[0, :empty]).all()
    assert ("padding" in texts(cube)) == (empty > 0)
    assert values[1, 0] == 106 - 1024


def test_no_count_is_a_count(tmp_path):
    cube = cube_of(nm(PixelPaddingValue=0), tmp_path)
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0])


def test_places_in_a_palette_are_no_values(tmp_path):
    for ds in (
        nm(PhotometricInterpretation="PALETTE COLOR", RescaleSlope=2),
        single("PT", 1, 0.0, Units="BQML", RescaleSlope=2),
    ):
        ds.PhotometricInterpretation = "PALETTE COLOR"
        cube = cube_of(ds, tmp_path)
        assert cube.unit == ""
        assert "table of colours" in texts(cube)


@pytest.mark.parametrize(
    "extra",
    [
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.3", "ImageType": ["DERIVED", "SECONDARY"]},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "Modality": "NM"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "Modality": "CT", "RescaleSlope": 1},
        {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
        {"ImageType": "DERIVED/SECONDARY/SCREEN SAVE"},
    ],
)
def test_a_capture_is_called_one_and_measures_nothing(tmp_path, extra):
    ds = multiframe(**extra)
    del ds.ImagePositionPatient, ds.ImageOrientationPatient
    cube = cube_of(ds, tmp_path)
    assert "a capture" in texts(cube)
    assert (cube.unit, cube.affine) == ("", None)
    assert [axis.kind for axis in cube.axes] == ["index"] * 3
    assert not any(note.level == "guess" for note in cube.notes)


def test_an_original_that_is_only_filed_as_a_capture_is_none(tmp_path):
    filed = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}
    ds = nm(ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"], SliceVector=None, **filed)
    assert cube_of(ds, tmp_path).unit == "counts"
    ds = single("CT", 1, 0.0, RescaleSlope=1, ImageType=["ORIGINAL", "PRIMARY"], **filed)
    assert cube_of(ds, tmp_path).affine is not None


def test_a_projection_with_a_place_is_a_volume(tmp_path):
    for number in (1, 2):
        extra = {"ImageType": ["DERIVED", "SECONDARY", "MIP"]}
        write(single("CT", number, 4.0 * number, **extra), tmp_path / str(number))
    (case,) = open_paths([tmp_path]).cases
    assert case.main.affine is not None
