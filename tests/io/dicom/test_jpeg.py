"""JPEG of every kind DICOM knows: sound streams are decoded, damaged ones do no harm."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames

from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.dicom.file import decode
from cubeview.io.dicom.jpeg import sound_jpeg
from tests.io.dicom.nm_files import nm, truth, write

FILES = (
    "dicom_other/CT_Philips_jpegll.dcm",
    "dicom_other/PT_GE_jpegll_GH184.dcm",
    "nm/NM1_JPLL.dcm",
    "nm/NM1_JLSL.dcm",
    "dicom_other/JPEG-lossy.dcm",
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
        ({"frame": b"\xff\xc2\x00\x0b\x10\x00\x01\x00\x02\x01\x01\x11\x00"}, "foreign"),
        ({"frame": b"\xff\xc0\x00\x0b\x10\x00\x01\x00\x02\x01\x01\x11\x00"}, "size"),
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


LS_PARTS = {
    "start": b"\xff\xd8",
    "comment": b"\xff\xfe\x00\x06JANE",
    "frame": b"\xff\xf7\x00\x0b\x10\x00\x01\x00\x02\x01\x01\x11\x00",
    "presets": b"\xff\xf8\x00\x0d\x01" + bytes(10),
    "scan": b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00",
    "pixels": b"\x12\xff\x7f\x34",
    "end": b"\xff\xd9",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"frame": b"\xff\xf7\x00\x0b\x10\xff\xff\xff\xff\x01\x01\x11\x00"}, "size"),
        # A size of its own, and a code table, which JPEG-LS has none of.
        ({"presets": b"\xff\xf8\x00\x0d\x04" + bytes(10)}, "foreign"),
        ({"presets": PARTS["table"]}, "foreign"),
        ({"pixels": b"\x12\xff\x80\x34"}, "damaged"),
        ({"end": b""}, "cut short"),
    ],
)
def test_jpeg_ls_is_taken_apart_too(changed, said):
    sound = {**LS_PARTS, "comment": b""}
    assert sound_jpeg(b"".join(LS_PARTS.values()), 1, 2) == b"".join(sound.values())
    with pytest.raises(ValueError, match=said):
        sound_jpeg(b"".join({**LS_PARTS, **changed}.values()), 1, 2)


def test_a_forgotten_end_of_the_spectrum_is_put_right(shared_data):
    """Sequential JPEG always has 64 coefficients; this scanner's header says one."""
    ds = pydicom.dcmread(shared_data / "dicom_other" / "JPEG-lossy.dcm")
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    scan = frame.index(b"\xff\xda\x00\x08\x01")
    assert frame[scan + 7 : scan + 10] == b"\0\0\0"
    sound = sound_jpeg(frame, ds.Rows, ds.Columns)
    assert b"\xff\xda\x00\x08\x01" + frame[scan + 5 : scan + 7] + b"\0\x3f\0" in sound


@pytest.mark.parametrize("name", FILES)
def test_real_files_are_sound(shared_data, name):
    ds = pydicom.dcmread(shared_data / name)
    for frame in generate_frames(ds.PixelData, number_of_frames=1):
        assert sound_jpeg(frame, ds.Rows, ds.Columns)


def test_a_damaged_codestream_is_refused(shared_data, tmp_path):
    """Its header asks for more memory than the picture needs, or for none that makes sense."""
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


@pytest.mark.parametrize("name", FILES)
def test_no_damage_ends_the_program_or_asks_for_more_than_the_image(shared_data, name):
    ds = pydicom.dcmread(shared_data / name)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    rng = np.random.default_rng(1)
    for number in range(12):
        damaged = bytearray(frame if number % 3 else frame[: rng.integers(len(frame) // 2)])
        for place in rng.integers(min(len(damaged), 600 if number % 2 else 10**9), size=3):
            damaged[place] = rng.integers(256)
        ds.PixelData = encapsulate([bytes(damaged)])
        try:
            values = decode(ds, Path(name))
        except CubeviewError:
            continue
        assert number % 3, "cut short, and read all the same"
        assert values.shape == (1, ds.Rows, ds.Columns)


def test_an_empty_item_behind_the_last_frame_is_no_frame(shared_data):
    """As some encoders of JPEG-LS leave it."""
    ds = pydicom.dcmread(shared_data / "dicom_other" / "emri_small_jpeg_ls_lossless.dcm")
    whole = decode(ds, Path("whole"))
    end = b"\xfe\xff\xdd\xe0"
    items = ds.PixelData.partition(end)[0]
    offsets = 8 + int.from_bytes(items[4:8], "little")
    ds.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + items[offsets:] + b"\xfe\xff\x00\xe0\0\0\0\0"
    np.testing.assert_array_equal(decode(ds, Path("more")), whole)


def test_signed_values_keep_their_sign_in_an_unsigned_jpeg_2000_stream(shared_data):
    ds = pydicom.dcmread(shared_data / "dicom_other" / "emri_small_jpeg_2k_lossless.dcm")
    stored = decode(ds, Path("as it is"))
    ds.PixelRepresentation, ds.BitsStored = 1, int(stored.max()).bit_length()
    half = 1 << (ds.BitsStored - 1)
    expected = (stored.astype(int) + half) % (2 * half) - half
    assert expected.min() < 0
    np.testing.assert_array_equal(decode(ds, Path("signed")), expected)


def scan_in(tmp_path, syntax, data, **extra):
    path = write(nm(**extra), tmp_path / "scan")
    ds = pydicom.dcmread(path)
    ds.file_meta.TransferSyntaxUID, ds.PixelData = syntax, data
    ds.save_as(path, enforce_file_format=True)
    return path


def test_the_swapped_pixels_of_ge_are_read_and_not_called_compressed(tmp_path):
    ds = nm(PixelData=truth().astype(">u2").tobytes())
    path = write(ds, tmp_path / "scan", pydicom.uid.ImplicitVRLittleEndian)
    plain, swapped = b"1.2.840.10008.1.2\0", b"1.2.840.113619.5.2"
    content = path.read_bytes()
    assert content.count(plain) == 1
    path.write_bytes(content.replace(plain, swapped))
    (case,) = open_path(path)
    np.testing.assert_array_equal(case.main.pixels.read(), truth()[0])
    assert any("not compressed" in note.text for note in case.notes)


def test_pixels_in_items_that_are_not_compressed_are_read(tmp_path):
    frames = [frame.astype("<u2").tobytes() for frame in truth()[0]]
    (case,) = open_path(scan_in(tmp_path, "1.2.840.10008.1.2.1.98", encapsulate(frames)))
    np.testing.assert_array_equal(case.main.pixels.read(), truth()[0])


def test_a_syntax_nobody_knows_is_not_called_compressed(tmp_path):
    with pytest.raises(CubeviewError, match="outside the standard") as caught:
        open_path(scan_in(tmp_path, "1.2.826.0.1.99", truth().astype("<u2").tobytes()))
    assert "compressed" not in str(caught.value)
