"""Numbers written in every way but the standard's: read where they can be, and said in any case."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cubeview.io import open_paths
from cubeview.io.dicom.numbers import integer, misread, number, numbers
from tests.io.dicom.nm_files import nm, truth, write


def item(vr, text, keyword="PixelSpacing"):
    made = Dataset()
    made.add_new({"PixelSpacing": 0x00280030, "RescaleSlope": 0x00281053}[keyword], vr, text)
    return made


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("LO", ["4,25", "3,25"]),
        ("UT", "4.25\\3.25"),
        ("UT", "4,25\\3,25"),
        ("LO", ["4.25 mm", "3.25mm"]),
        ("LO", "4.25,3.25"),
        ("LO", ["4.25D+00", "325d-2"]),
        ("LO", [" 4.25", "3.25\0"]),
        ("FD", [4.25, 3.25]),
    ],
)
def test_two_numbers_are_read_however_they_are_written(vr, text):
    np.testing.assert_array_equal(numbers(item(vr, text), "PixelSpacing", 2), (4.25, 3.25))
    said = " ".join(note.text for note in misread([item(vr, text)]))
    assert ("read as 4.25, 3.25" in said) == (vr != "FD")


@pytest.mark.parametrize("text", ["about 4", "4.25\\", "4,25,3", "x", "1,234.5\\2"])
def test_what_cannot_be_read_is_said_and_not_called_absent(text):
    assert numbers(item("UT", text), "PixelSpacing", 2) is None
    (note,) = misread([item("UT", text)])
    assert note.text == "the pixel size is written so that no number can be read from it"
    assert misread([Dataset()]) == []


def test_one_number_holds_both_ways_and_equal_ones_are_one():
    np.testing.assert_array_equal(numbers(item("DS", "4.0"), "PixelSpacing", 2), (4, 4))
    assert "one number: 4 mm both ways" in misread([item("DS", "4.0")])[0].text
    assert number(item("DS", ["2", "2"], "RescaleSlope"), "RescaleSlope") == 2
    assert number(item("DS", ["2", "3"], "RescaleSlope"), "RescaleSlope") == 0
    for slopes, said in ((["2", "2"], "all of them 2"), (["2", "3"], "none is used")):
        (note,) = misread([item("DS", slopes, "RescaleSlope")])
        assert "written so that it is several numbers" in note.text
        assert said in note.text


def test_a_count_with_a_point_is_a_count():
    made = Dataset()
    made.add_new(0x00280008, "LO", "6.0")
    assert integer(made, "NumberOfFrames", 1) == 6
    made.add_new(0x00280008, "LO", "6.5")
    assert integer(made, "NumberOfFrames", 1) == 1


def opened(tmp_path, **written):
    """Return the cube of a scan with elements as texts of a kind that takes any."""
    ds = nm()
    for keyword, text in written.items():
        tag = ds.data_element(keyword).tag if keyword in ds else None
        ds.add_new(tag or 0x00281053, "LO", text)
    (case,) = open_paths([write(ds, tmp_path / "scan")]).cases
    return case.main


def test_a_scan_of_decimal_commas_has_its_sizes_and_its_scale(tmp_path):
    cube = opened(
        tmp_path,
        PixelSpacing=["4,25", "3,25"],
        SpacingBetweenSlices="-4,5",
        RescaleSlope="0,50",
    )
    assert cube.spacing == (4.5, 4.25, 3.25)
    assert cube.axes[0].step == -4.5
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0] * 0.5)
    said = " ".join(note.text for note in cube.notes)
    assert said.count("written so that") == 3
    assert "no pixel size" not in said


@pytest.mark.parametrize(
    ("slope", "values", "unit"), [(["2", "2"], 2.0, "counts"), ("two", 1.0, "")]
)
def test_a_slope_is_read_or_there_is_no_unit(tmp_path, slope, values, unit):
    cube = opened(tmp_path, RescaleSlope=slope)
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0] * values)
    assert cube.unit == unit
    said = " ".join(note.text for note in cube.notes)
    assert "written so that" in said
    assert ("no number can be read" in said) == (not unit)


def test_an_unreadable_count_of_frames_is_no_single_frame(tmp_path):
    ds = nm()
    ds.add_new(0x00280008, "LO", "five")
    opened = open_paths([write(ds, tmp_path / "scan")])
    assert not opened.cases
    assert "number of frames is written so" in opened.refusals[0].reason
