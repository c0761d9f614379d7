"""Voxels read by position equal the array that was written, whatever its type and order."""

import os

import numpy as np
import pytest
from astropy.io import fits

from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_path
from cubeview.io.voxels import byterange, store

SHAPE = (40, 12, 9)


def save(tmp_path, data, **cards):
    path = tmp_path / "cube.fits"
    header = fits.Header()
    for key, value in cards.items():
        header[key] = value
    fits.PrimaryHDU(data, header).writeto(path, overwrite=True)
    return path


def check(cube, expected):
    assert np.array_equal(cube.pixels.read(), expected, equal_nan=True)
    for axis, index in [(0, 0), (0, -1), (1, 5), (2, 8)]:
        plane = cube.pixels.plane(axis, index)
        assert np.array_equal(plane, np.take(expected, index, axis), equal_nan=True)
        assert plane.dtype == np.float32
        assert plane.flags.c_contiguous
    assert np.array_equal(cube.pixels.spectrum(3, 4), expected[:, 3, 4], equal_nan=True)
    for box in [
        (slice(2, 7), slice(1, 9), slice(0, 9)),
        (slice(0, 40), slice(3, 4), slice(2, 8)),
        (slice(39, 60), slice(0, 1), slice(8, 9)),
        (slice(5, 5), slice(0, 1), slice(0, 1)),
    ]:
        assert np.array_equal(cube.pixels.box(box), expected[box], equal_nan=True)


@pytest.mark.parametrize("dtype", ["u1", ">i2", ">i4", ">i8", ">f4", ">f8"])
def test_every_number_type(dtype, tmp_path):
    rng = np.random.default_rng(1)
    data = rng.integers(0, 200, SHAPE).astype(dtype)
    check(open_path(save(tmp_path, data))[0].main, data.astype(np.float32))


def test_scaled_integers_with_blanks(tmp_path):
    data = np.random.default_rng(2).integers(-500, 500, SHAPE).astype(">i2")
    path = tmp_path / "cube.fits"
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(BSCALE=0.25, BZERO=10.0, BLANK=-32768)
    hdu.data[3, 2, 1] = -32768
    raw = hdu.data.copy()
    hdu.writeto(path)
    with fits.open(path, do_not_scale_image_data=True) as hdus:
        raw = hdus[0].data.astype(float)
    expected = (10.0 + 0.25 * raw).astype(np.float32)
    expected[raw == -32768] = np.nan
    assert np.isnan(expected).sum() == 1
    check(open_path(path)[0].main, expected)


def test_large_unsigned_integers_keep_their_low_bits(tmp_path):
    data = np.full(SHAPE, 2**31, dtype=np.uint32)
    data[1] += 256
    path = save(tmp_path, data)
    cube = open_path(path)[0].main
    assert np.array_equal(cube.pixels.exact((slice(0, 2), slice(0, 1), slice(0, 1))).ravel(),
                          [2.0**31, 2.0**31 + 256])  # fmt: skip


def test_infinite_is_no_data(tmp_path):
    data = np.ones(SHAPE, ">f8")
    data[0, 0, :3] = np.inf, -np.inf, 1e300
    plane = open_path(save(tmp_path, data))[0].main.pixels.plane(0, 0)
    assert np.isnan(plane[0, :3]).all()
    assert np.isfinite(plane[1:]).all()


def test_spectra_of_a_wide_cube_are_read_in_many_pieces(tmp_path):
    data = np.random.default_rng(3).normal(size=(120, 64, 64)).astype(">f4")
    cube = open_path(save(tmp_path, data))[0].main
    assert np.array_equal(cube.spectrum(63, 63), data[:, 63, 63])
    assert np.array_equal(cube.plane(1, 30), data[:, 30])
    assert np.array_equal(cube.plane(2, 30), data[:, :, 30])


def test_the_same_without_pread(tmp_path, monkeypatch):
    """Windows has neither pread nor advice on reading."""
    for name in ("pread", "posix_fadvise"):
        monkeypatch.delattr(os, name, raising=False)
    data = np.random.default_rng(4).normal(size=(120, 64, 64)).astype(">f4")
    cube = open_path(save(tmp_path, data))[0].main
    assert np.array_equal(cube.spectrum(10, 20), data[:, 10, 20])
    assert np.array_equal(cube.plane(1, 30), data[:, 30])
    assert np.array_equal(cube.pixels.read(), data)


def test_a_vanished_file_says_so(tmp_path):
    path = save(tmp_path, np.zeros(SHAPE, ">f4"))
    cube = open_path(path)[0].main
    path.unlink()
    with pytest.raises(CubeviewError, match="moved or deleted") as caught:
        cube.plane(0, 0)
    assert str(path) in str(caught.value)
    with pytest.raises(CubeviewError):
        cube.spectrum(0, 0)


def test_a_changed_file_says_so(tmp_path):
    path = save(tmp_path, np.zeros(SHAPE, ">f4"))
    cube = open_path(path)[0].main
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(CubeviewError, match="changed since"):
        cube.spectrum(0, 0)
    with pytest.raises(CubeviewError, match="changed since"):
        cube.pixels.read()


def test_a_file_that_ends_while_read_says_so(tmp_path):
    """On a network disk the length may lie."""
    path = save(tmp_path, np.zeros((120, 64, 64), ">f4"))
    pixels = open_path(path)[0].main.pixels
    with path.open("r+b") as stream:
        stream.truncate(500_000)
    stamp = byterange.Stamp.of(path)
    pixels = store.FitsPixels(path, pixels.layout, stamp, path)
    with pytest.raises(CubeviewError, match="ended while"):
        pixels.spectrum(0, 0)


def test_a_cube_larger_than_memory_is_refused_with_numbers(tmp_path, monkeypatch):
    cube = open_path(save(tmp_path, np.zeros(SHAPE, ">f4")))[0].main
    monkeypatch.setattr(store, "physical_memory", lambda: 10_000)
    with pytest.raises(CubeviewError, match="of memory and this machine has"):
        cube.pixels.read()


def test_reading_reports_and_can_be_cancelled(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_SLAB", 4 * 12 * 9 * 4)
    cube = open_path(save(tmp_path, np.zeros(SHAPE, ">f4")))[0].main
    seen = []
    cube.pixels.read(lambda fraction, text: seen.append(fraction))
    assert seen == pytest.approx([0.1 * step for step in range(10)])

    def cancel(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        cube.pixels.read(cancel)
