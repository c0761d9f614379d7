import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.dicom.jpeg import sound_jpeg

FILES = (
    "dicom_other/CT_Philips_jpegll.dcm",
    "dicom_other/PT_GE_jpegll_GH184.dcm",
    "nm/NM1_JPLL.dcm",
)

# One row of two pixels: table of categories 0 and 1, predictor 1, three bytes of pixels.
PARTS = {
    "start": b"\xff\xd8",
    "comment": b"\xff\xfe\x00\x06JANE",
    "frame": b"\xff\xc3\x00\x0b\x10\x00\x01\x00\x02\x01\x01\x11\x00",
    "table": b"\xff\xc4\x00\x15\x00" + bytes([0, 2, *[0] * 14]) + b"\x00\x01",
    "scan": b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00",
    "pixels": b"\x12\xff\x00\x34",
    "end": b"\xff\xd9",
}


def built(**changed):
    return b"".join({**PARTS, **changed}.values())


def test_a_sound_stream_keeps_its_image_and_loses_its_comment():
    assert sound_jpeg(built(), 1, 2) == built(comment=b"")
    assert sound_jpeg(built() + bytes(9), 1, 2) == built(comment=b"")
    assert sound_jpeg(built(end=b"\xff\xff\xff\xd9"), 1, 2) == built(comment=b"")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"start": b"\xff\xd7"}, "start"),
        ({"comment": b"\xff\xfe\x00\x01JANE"}, "join"),
        ({"frame": b"\xff\xc3\x00\x0b\x10\x00\x09\x00\x02\x01\x01\x11\x00"}, "size"),
        ({"frame": b"\xff\xc0\x00\x0b\x10\x00\x01\x00\x02\x01\x01\x11\x00"}, "foreign"),
        ({"frame": b""}, "foreign"),
        ({"table": b""}, "scan header"),
        ({"table": b"\xff\xc4\x00\x15\x00" + bytes([0, 5, *[0] * 14]) + b"\x00\x01"}, "code table"),
        ({"table": b"\xff\xc4\x00\x15\x00" + bytes([3, *[0] * 15]) + b"\x00\x01"}, "code table"),
        ({"table": b"\xff\xc4\x00\x15\x00" + bytes([0, 2, *[0] * 14]) + b"\x00\x63"}, "code table"),
        ({"scan": b"\xff\xda\x00\x08\x01\x01\x00\x09\x00\x00"}, "scan header"),
        ({"pixels": b"\x12\xff\xc4\x34"}, "damaged"),
        ({"end": b""}, "cut short"),
        ({"pixels": b"", "end": b"", "scan": b""}, "before its pixels"),
    ],
)
def test_what_is_wrong_is_said(changed, said):
    with pytest.raises(ValueError, match=said):
        sound_jpeg(built(**changed), 1, 2)


@pytest.mark.parametrize("name", FILES)
def test_real_files_are_sound(shared_data, name):
    ds = pydicom.dcmread(shared_data / name)
    for frame in generate_frames(ds.PixelData, number_of_frames=1):
        assert sound_jpeg(frame, ds.Rows, ds.Columns)


def test_a_damaged_codestream_is_refused(shared_data, tmp_path):
    """Decoding this one unchecked aborts the process."""
    ds = pydicom.dcmread(shared_data / "nm" / "NM1_JPLL.dcm")
    ds.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.SliceVector, ds.PixelRepresentation = [1], 0
    data = bytearray(ds.PixelData)
    place = data.index(b"\xff\xc3") + 3
    data[place] = np.uint8(data[place] + 9)
    ds.PixelData = bytes(data)
    ds.save_as(tmp_path / "bad")
    with pytest.raises(CubeviewError, match=r"compressed as JPEG Lossless.*damaged"):
        open_path(tmp_path / "bad")
