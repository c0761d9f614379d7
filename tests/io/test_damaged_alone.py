"""A damaged file costs itself alone, and nothing unpacks without end."""

import bz2
import errno
import gzip
import lzma
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from astropy.io import fits

from cubeview import io
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_path, open_paths
from cubeview.io.dicom import cases as dicom_cases
from cubeview.io.fits import unpack
from cubeview.io.opened import Opened, one_refused
from cubeview.paths import cache_dir
from tests.io.dicom.nm_files import nm, write

CUBE = np.random.default_rng(3).normal(100, 9, (6, 16, 16)).astype(np.float32)


def fits_bytes(values=CUBE):
    path = cache_dir() / "made.fits"
    fits.PrimaryHDU(values).writeto(path, overwrite=True)
    return path.read_bytes()


def tiled(path, kind="RICE_1"):
    values = (CUBE * 10).astype(np.int32)
    tile = {"HCOMPRESS_1": (1, 16, 16)}.get(kind, (1, 1, 16))
    hdu = fits.CompImageHDU(values, compression_type=kind, tile_shape=tile)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["RICE_1", "HCOMPRESS_1", "GZIP_2", "PLIO_1"])
def test_damaged_tiles_are_refused_and_the_rest_of_the_folder_opens(tmp_path, kind):
    sound = tiled(tmp_path / "sound.fits", kind)
    random = np.random.default_rng(11)
    for number in range(12):
        bad = bytearray(sound)
        for place in random.integers(2880 * 2, len(bad), 6):
            bad[place] = random.integers(256)
        (tmp_path / f"bad{number:02}.fits").write_bytes(bad)
    opened = open_paths([tmp_path])
    assert any(case.main.source.path.name == "sound.fits" for case in opened.cases)
    assert len(opened.cases) + len(opened.refusals) == 13


@pytest.mark.parametrize(
    "error", [TypeError, struct.error, OverflowError, SystemError, RuntimeError]
)
def test_whatever_a_decoder_raises_is_damage_of_that_file(tmp_path, monkeypatch, error):
    tiled(tmp_path / "a.fits")
    (tmp_path / "b.fits").write_bytes(fits_bytes())

    def fails(*_):
        raise error("odd")

    monkeypatch.setattr(unpack, "_write_image", fails)
    opened = open_paths([tmp_path])
    assert [case.main.source.path.name for case in opened.cases] == ["b.fits"]
    assert "damaged or cut short" in opened.refusals[0].reason


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_not_called_damage(tmp_path, monkeypatch, number):
    tiled(tmp_path / "a.fits")

    def full(*_):
        raise OSError(number, "no room")

    monkeypatch.setattr(unpack, "_write_image", full)
    with pytest.raises(CubeviewError, match=r"could not be unpacked into .* \(no room\)"):
        open_path(tmp_path / "a.fits")


@pytest.mark.parametrize("sides", [5000, 0, -3, 2**40])
def test_tiles_larger_than_memory_are_refused(tmp_path, sides):
    path = tmp_path / "a.fits"
    tiled(path)
    with fits.open(path, disable_image_compression=True, mode="update") as hdus:
        for n in (1, 2, 3):
            hdus[1].header[f"ZTILE{n}"] = sides
    with pytest.raises(CubeviewError, match="tiles of"):
        open_path(path)


def test_a_fault_of_a_reader_costs_the_file_it_falls_over(tmp_path, monkeypatch):
    (tmp_path / "a.fits").write_bytes(fits_bytes())
    (tmp_path / "b.fits").write_bytes(fits_bytes())
    real = io.READERS[0].read

    def read(paths, **more):
        if any(path.name == "a.fits" for path in paths):
            raise KeyError("fault")
        return real(paths, **more)

    monkeypatch.setattr(io, "READERS", (io.Reader("FITS", io.READERS[0].sniff, read),))
    opened = open_paths([tmp_path])
    assert [case.main.source.path.name for case in opened.cases] == ["b.fits"]
    (refusal,) = opened.refusals
    assert "a.fits: damaged, or of a kind nobody has met (KeyError)" in refusal.reason


def test_one_scan_that_cannot_be_sorted_leaves_the_others(tmp_path, monkeypatch):
    for number in (1, 2):
        write(nm(), tmp_path / f"{number}.dcm")
    real = dicom_cases._sort

    def sort(path, found):
        if path.name == "1.dcm":
            raise RecursionError
        real(path, found)

    monkeypatch.setattr(dicom_cases, "_sort", sort)
    opened = open_paths([tmp_path])
    assert len(opened.cases) == len(opened.refusals) == 1


def test_who_cancels_is_heard():
    with pytest.raises(Cancelled), one_refused(cache_dir(), []):
        raise Cancelled
    assert Opened((), ()) == Opened((), ())


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_member_of_an_archive_is_refused(tmp_path, method):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("a.fits", fits_bytes())
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    (tmp_path / "b.fits").write_bytes(fits_bytes())
    opened = open_paths([tmp_path])
    assert len(opened.cases) == 1
    assert "damaged" in opened.refusals[0].reason


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_only_what_the_header_announces_is_unpacked(tmp_path, suffix, pack):
    sound = fits_bytes()
    path = tmp_path / f"a.fits.{suffix}"
    path.write_bytes(pack.compress(sound + bytes(12 << 20)))
    start = time.perf_counter()
    (case,) = open_path(path)
    assert time.perf_counter() - start < 3
    assert case.main.shape == CUBE.shape
    (copy,) = (cache_dir() / "unpacked").glob("*.fits")
    assert copy.stat().st_size == len(sound)


def test_two_parts_are_unpacked_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_BLOCK", 1000)
    path = tmp_path / "a.fits"
    noise = fits.ImageHDU(CUBE, name="STAT")
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(CUBE, name="DATA"), noise]).writeto(path)
    packed = tmp_path / "b.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    (case,) = open_path(packed)
    assert case.main.uncertainty is not None
    (copy,) = (cache_dir() / "unpacked").glob("*.fits")
    assert copy.read_bytes() == path.read_bytes()


def test_a_file_that_unpacks_to_far_more_than_it_can_hold_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "_MOST_BYTES", 1 << 20)
    monkeypatch.setattr(unpack, "_MOST_TIMES", 10)
    path = tmp_path / "a.fits.bz2"
    path.write_bytes(bz2.compress(fits_bytes(np.zeros((40, 200, 200), np.float32))))
    with pytest.raises(CubeviewError, match="refused"):
        open_path(path)
    assert not list((cache_dir() / "unpacked").iterdir())


def test_a_tail_behind_the_last_part_costs_nothing(tmp_path):
    path = tmp_path / "a.fits"
    with path.open("wb") as out:
        out.write(fits_bytes())
        out.truncate(256 << 20)
    start = time.perf_counter()
    (case,) = open_path(path)
    assert time.perf_counter() - start < 3
    np.testing.assert_array_equal(case.main.plane(0, 2), CUBE[2])


def test_more_parts_than_any_file_has_are_refused(tmp_path):
    path = tmp_path / "a.fits"
    cards = ("XTENSION= 'IMAGE   '", "BITPIX  = 8", "NAXIS   = 0", "PCOUNT  = 0", "GCOUNT  = 1")
    one = "".join(card.ljust(80) for card in (*cards, "END")).ljust(2880).encode()
    path.write_bytes(fits_bytes() + one * 5000)
    start = time.perf_counter()
    with pytest.raises(CubeviewError, match="more than 4,000 parts"):
        open_path(path)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("last", ["part 9", "cube 7 "])
def test_many_parts_can_be_cancelled(last, tmp_path):
    """Each part and each cube of a file says how far it is, and stops there."""
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), *[fits.ImageHDU(CUBE) for _ in range(12)]]).writeto(path)
    seen = []

    def report(fraction, text):
        seen.append(text)
        if text.startswith(last):
            raise Cancelled

    with pytest.raises(Cancelled):
        open_paths([path], report=report)
    assert seen[-1].startswith(last)


def nifti(shape, code, offset, bits):
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    struct.pack_into("<2h", head, 70, code, bits)
    struct.pack_into("<8f", head, 76, 1, 2, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, offset)
    head[344:348] = b"n+1\0"
    return bytes(head)


def test_a_volume_far_behind_its_header_is_refused_without_unpacking_there(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti((4, 4, 4), 16, 1.5e9, 32) + bytes(1000)))
    with pytest.raises(CubeviewError, match="voxel offset"):
        open_path(path)


def test_a_volume_takes_no_memory_before_it_is_there(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti((500, 500, 500), 64, 352, 64) + bytes(5 << 20)))
    tracemalloc.start()
    with pytest.raises(CubeviewError, match="cut short"):
        open_path(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 30
    tracemalloc.stop()


def test_a_large_volume_can_be_cancelled(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(nifti((64, 64, 64), 16, 352, 32) + bytes(64**3 * 4)))

    def stop(fraction, text):
        if "reading" in text:
            raise Cancelled

    with pytest.raises(Cancelled):
        open_path(path, report=stop)
