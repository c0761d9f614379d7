"""Pictures of common formats: their values kept, and what is wrong with them said."""

import pickle
import struct
import zlib

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cubeview.cubes.plane import frame_of
from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from cubeview.io.pictures import reader

RNG = np.random.default_rng(7)


def png(values, colour_type, size=None):
    """Write a PNG of 16 bits by hand: Pillow writes no colours so fine."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    size = size or values.shape[1::-1]
    head = struct.pack(">IIBBBBB", *size, 16, colour_type, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def opened(path):
    (case,) = open_path(path)
    return case, np.stack([cube.pixels.read()[0] for cube in case.cubes.values()], axis=-1)


@pytest.mark.parametrize(("mode", "suffix"), [("L", "png"), ("RGB", "png"), ("RGB", "webp")])
def test_eight_bits_are_kept(tmp_path, mode, suffix):
    shape = (5, 7) if mode == "L" else (5, 7, 3)
    values = RNG.integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / f"a.{suffix}", lossless=True)
    case, found = opened(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(found, values.reshape(5, 7, -1))
    assert case.roles == (("light",) if mode == "L" else ("red", "green", "blue"))
    assert (case.kind, case.name, case.main.shape) == ("picture", "a", (1, 5, 7))
    assert case.main.facts["shades"] == "256"
    assert [note.text for note in case.notes] == [reader.NO_SCALE]


@pytest.mark.parametrize(("colours", "kind"), [(1, 0), (3, 2), (4, 6)])
def test_sixteen_bits_are_kept(tmp_path, colours, kind):
    values = RNG.integers(0, 65536, (6, 9, colours))
    if colours == 4:
        values[..., 3] = 65535
        values[2, 3, 3] = 0
    (tmp_path / "a.png").write_bytes(png(values, kind))
    case, found = opened(tmp_path / "a.png")
    wanted = values[..., : min(colours, 3)].astype(float)
    if colours == 4:
        wanted[2, 3] = np.nan
        assert any("transparent" in note.text for note in case.notes)
    np.testing.assert_array_equal(found, wanted)
    assert case.main.facts["shades"] == "65,536"


def test_floating_values_and_a_scale_by_imagej(tmp_path):
    values = RNG.normal(size=(4, 6)).astype(np.float32)
    words = "ImageJ=1.53\nunit=micron\n"
    tags = {270: words, 282: 4.0}  # four pixels a micrometre
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo=tags)
    case, found = opened(tmp_path / "a.tif")
    np.testing.assert_array_equal(found[..., 0], values)
    assert case.main.spacing == (1.0, pytest.approx(0.25e-3), pytest.approx(0.25e-3))
    assert case.notes == ()
    assert "shades" not in case.main.facts


def test_rows_run_down_and_a_camera_is_turned(tmp_path):
    values = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    exif = Image.Exif()
    exif[274] = 6  # the camera stood on its side
    Image.fromarray(values).save(tmp_path / "a.png", exif=exif)
    case, found = opened(tmp_path / "a.png")
    np.testing.assert_array_equal(found[..., 0], np.rot90(values, -1))
    assert frame_of(case.main, 0).downward


@pytest.mark.parametrize(
    ("mode", "said"),
    [("CMYK", "printing colours"), ("P", ""), ("1", ""), ("animated", "first of 2")],
)
def test_unusual_pictures_are_read_and_said(tmp_path, mode, said):
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    if mode == "animated":
        more = [Image.new("RGB", (7, 5), (9, 9, 9))]
        Image.new("RGB", (7, 5)).save(path, save_all=True, append_images=more)
    else:
        Image.new(mode, (7, 5)).save(path)
    case, _ = opened(path)
    assert case.main.shape == (1, 5, 7)
    assert said in " ".join(note.text for note in case.notes)


def test_a_picture_as_wide_as_a_street_is_refused_before_it_is_decoded(tmp_path):
    (tmp_path / "a.png").write_bytes(png(np.zeros((0, 0, 3)), 2, size=(40_000, 30_000)))
    with pytest.raises(CubeviewError, match=r"more pixels than the 134,217,728"):
        open_path(tmp_path / "a.png")


def test_how_many_values_are_read(tmp_path, monkeypatch):
    Image.new("RGB", (8, 5)).save(tmp_path / "a.png")
    monkeypatch.setattr(reader, "MOST_VALUES", 8 * 5 * 3)
    assert open_path(tmp_path / "a.png")
    monkeypatch.setattr(reader, "MOST_VALUES", 8 * 5 * 3 - 1)
    with pytest.raises(CubeviewError, match="8 × 5 pixels of three colours are more than the 119"):
        open_path(tmp_path / "a.png")


@pytest.mark.parametrize("what", ["cut short", "no picture", "LAB"])
def test_what_cannot_be_read_is_said(tmp_path, what):
    path = tmp_path / "a.tif"
    Image.new("LAB", (7, 5)).save(path)
    if what != "LAB":
        path = tmp_path / "a.png"
        Image.fromarray(RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
        data = path.read_bytes()
        path.write_bytes(data[:900] if what == "cut short" else data[:8] + b"nothing of a picture")
    (refusal,) = open_paths([path]).refusals
    assert refusal.reason.startswith(f"{path}: ")
    assert {"LAB": "mode LAB", "cut short": "cut short", "no picture": "begins like a picture"}[
        what
    ] in refusal.reason
    assert "send us" not in refusal.reason


def test_values_are_given_back_and_decoded_again(tmp_path):
    values = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    (case,) = open_path(tmp_path / "a.png")
    green = pickle.loads(pickle.dumps(case.cubes["green"].pixels))
    np.testing.assert_array_equal(green.read()[0], values[..., 1])
    Image.fromarray(255 - values).save(tmp_path / "a.png")
    green.drop()
    with pytest.raises(CubeviewError, match="has changed"):
        green.read()


def test_beside_a_cube_a_picture_is_a_look_at_it(tmp_path):
    fits.PrimaryHDU(np.zeros((3, 4, 5), "f4")).writeto(tmp_path / "cube.fits")
    Image.new("L", (7, 5)).save(tmp_path / "look.png")
    assert [case.kind for case in open_paths([tmp_path]).cases] == ["volume"]
    named = open_paths([tmp_path / "look.png", tmp_path]).cases
    assert sorted(case.kind for case in named) == ["picture", "volume"]
