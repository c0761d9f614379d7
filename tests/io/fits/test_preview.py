"""The first plane of a compressed cube is there before the rest, and right."""

import bz2
import gzip

import numpy as np
import pytest
from astropy.io import fits

from cubeview.io import open_paths
from cubeview.io.fits import unpack as fits_unpack
from cubeview.paths import cache_dir

SHAPE = (40, 12, 15)
RNG = np.random.default_rng(11)
FLUX = RNG.normal(size=SHAPE).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Unpack so little at a time that the end is many steps away."""
    monkeypatch.setattr(fits_unpack, "_BLOCK", 4096)


class Seen(list):
    """What was shown, and how many bytes of the copy were written by then."""

    def __call__(self, preview):
        (part,) = (cache_dir() / "unpacked").glob("*.part")
        self.append((preview, part.stat().st_size))


def header(*names, **cards):
    out = fits.Header([(f"CTYPE{n}", name) for n, name in enumerate(names, 1)])
    out.update(cards)
    return out


SKY = ("RA---TAN", "DEC--TAN", "AWAV")


def packed(tmp_path, *images, tool=gzip.compress):
    """Return a packed file of images (data, header, name) and its length unpacked."""
    path = tmp_path / "plain.fits"
    hdus = [fits.ImageHDU(data, head, name=name) for data, head, name in images]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    made = tmp_path / "cube.fits.gz"
    made.write_bytes(tool(path.read_bytes()))
    return made, path.stat().st_size


def tiled(tmp_path, data, **cards):
    image = fits.CompImageHDU(data, header(*SKY), compression_type="RICE_1")
    image.header.update(cards)
    path = tmp_path / "cube.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    return path


@pytest.mark.parametrize("tool", [gzip.compress, bz2.compress])
def test_a_packed_cube_shows_its_first_plane_before_the_end(tool, tmp_path):
    path, size = packed(tmp_path, (FLUX, header(*SKY), "DATA"), tool=tool)
    seen = Seen()
    (case,) = open_paths([path], first=seen).cases
    ((preview, written),) = seen
    assert written < size / 2
    assert (preview.name, preview.index) == ("cube.fits.gz", 0)
    assert preview.plane.dtype == np.float32
    assert not preview.plane.flags.writeable
    assert np.array_equal(preview.plane, FLUX[0])
    assert np.array_equal(case.main.pixels.read(), FLUX)


def test_tiles_show_their_first_plane_scaled_and_without_blanks(tmp_path):
    data = RNG.integers(-1000, 1000, SHAPE).astype(np.int16)
    data[0, 3, 4] = -32768
    path = tiled(tmp_path, data, BSCALE=0.5, BZERO=3.0, BLANK=-32768)
    seen = Seen()
    (case,) = open_paths([path], first=seen).cases
    ((preview, written),) = seen
    (copy,) = (cache_dir() / "unpacked").iterdir()
    assert written < copy.stat().st_size / 2
    expected = 3.0 + 0.5 * data[0]
    expected[3, 4] = np.nan
    assert np.allclose(preview.plane, expected, equal_nan=True)
    assert np.array_equal(preview.plane, case.main.pixels.plane(0, 0), equal_nan=True)


def test_tiles_in_a_packed_file_show_one_plane_once(tmp_path):
    data = RNG.integers(-1000, 1000, SHAPE).astype(np.int16)
    path = tmp_path / "cube.fits.fz.gz"
    path.write_bytes(gzip.compress(tiled(tmp_path, data).read_bytes()))
    seen = []
    assert open_paths([path], first=seen.append).cases
    assert [preview.index for preview in seen] == [0]
    assert np.array_equal(seen[0].plane, data[0])


@pytest.mark.parametrize(("empty", "shown"), [(0, 0), (3, 3), (16, None)])
def test_blank_planes_are_passed_over_but_not_for_ever(empty, shown, tmp_path):
    data = FLUX.copy()
    data[:empty] = np.nan
    data[:empty:2] = 0.0
    path, _ = packed(tmp_path, (data, header(*SKY), "DATA"))
    seen = []
    assert open_paths([path], first=seen.append).cases
    assert [preview.index for preview in seen] == ([] if shown is None else [shown])
    assert all(np.array_equal(preview.plane, data[preview.index]) for preview in seen)


def test_stokes_are_no_channels(tmp_path):
    data = RNG.normal(size=(10, 2, 12, 15)).astype(np.float32)
    path, size = packed(tmp_path, (data, header(*SKY[:2], "STOKES", "FREQ"), "DATA"))
    seen = Seen()
    assert len(open_paths([path], first=seen).cases) == 2
    ((preview, written),) = seen
    assert written < size
    assert np.array_equal(preview.plane, data[0, 0])


@pytest.mark.parametrize(
    "images",
    [
        [(FLUX, header("AWAV", *SKY[:2]), "DATA")],
        [(np.abs(FLUX), header(*SKY), "STAT")],
        [(np.ones((50, 60), np.float32), None, "DATA")],
    ],
    ids=["channels fastest", "noise alone", "flat"],
)
def test_nothing_is_shown_where_there_is_no_plane_of_a_cube(images, tmp_path):
    path, _ = packed(tmp_path, *images)
    seen = []
    open_paths([path], first=seen.append)
    assert seen == []


def test_the_flux_behind_its_noise_is_what_is_shown(tmp_path):
    images = (np.abs(FLUX), header(*SKY), "STAT"), (FLUX, header(*SKY), "DATA")
    path, _ = packed(tmp_path, *images)
    seen = []
    open_paths([path], first=seen.append)
    assert np.array_equal(seen[0].plane, FLUX[0])


def test_plain_files_and_those_unpacked_before_show_nothing(tmp_path):
    path, _ = packed(tmp_path, (FLUX, header(*SKY), "DATA"))
    assert open_paths([path]).cases
    seen = []
    for known in (path, tmp_path / "plain.fits"):
        assert open_paths([known], first=seen.append).cases
    assert seen == []


def test_a_damaged_stream_is_refused_after_its_first_plane(tmp_path):
    path, _ = packed(tmp_path, (FLUX, header(*SKY), "DATA"))
    path.write_bytes(path.read_bytes()[:-8000])
    seen = []
    (refusal,) = open_paths([path], first=seen.append).refusals
    assert "damaged or cut short" in refusal.reason
    assert np.array_equal(seen[0].plane, FLUX[0])
    assert not list((cache_dir() / "unpacked").iterdir())


def test_an_absurd_axis_is_refused_as_ever(tmp_path):
    path, _ = packed(tmp_path, (FLUX, header(*SKY), "DATA"))
    data = bytearray(gzip.decompress(path.read_bytes()))
    at = data.index(b"NAXIS3  =")
    data[at : at + 80] = f"NAXIS3  = {10**9:>20}".encode().ljust(80)
    path.write_bytes(gzip.compress(bytes(data)))
    seen = []
    (refusal,) = open_paths([path], first=seen.append).refusals
    assert "no cube is that long" in refusal.reason
    assert seen == []
