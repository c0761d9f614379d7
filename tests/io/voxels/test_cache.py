"""The copy of a cube gives the numbers of the file, costs nobody his work and goes when it must."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from astropy.io import fits

from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_path
from cubeview.io.voxels import cache, spectra
from cubeview.io.voxels.cache import CachedPixels, caches_of
from cubeview.paths import cache_dir

SHAPE = (60, 24, 20)


@pytest.fixture(autouse=True)
def small_cubes_count(monkeypatch):
    monkeypatch.setattr(cache, "CACHED_FROM", 0)
    monkeypatch.setattr(spectra, "_SLAB", 4 * 7 * 24 * 20)
    monkeypatch.setattr(cache, "_KEEP_FREE", 0)  # or a disk that is nearly full fails the tests


def values_of(shape=SHAPE, seed=1):
    values = np.random.default_rng(seed).normal(3.0, 1.0, shape).astype(">f4")
    values[:, :3] = np.nan
    values[5, 7, 9] = np.inf
    return values


def save(tmp_path, values, name="cube.fits", noise=None):
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(values, name="DATA")]
    if noise is not None:
        hdus.append(fits.ImageHDU(noise, name="STAT"))
    path = tmp_path / name
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return path


def opened(path):
    cube = open_path(path)[0].main
    assert isinstance(cube.pixels, CachedPixels)
    return cube


def files(kind="*"):
    return sorted((cache_dir() / "spectra").glob(kind))


def check(pixels, expected):
    for axis, index in ((0, 3), (1, 0), (1, 7), (2, -1), (2, 9)):
        plane = pixels.plane(axis, index)
        assert plane.dtype == np.float32
        np.testing.assert_array_equal(plane, np.take(expected, index, axis))
    np.testing.assert_array_equal(pixels.spectrum(7, 9), expected[:, 7, 9])
    for box in (
        (slice(0, 60), slice(2, 8), slice(3, 9)),
        (slice(4, 50), slice(7, 8), slice(9, 11)),
        (slice(2, 4), slice(0, 24), slice(0, 20)),
        (slice(5, 99), slice(20, 99), slice(0, 0)),
    ):
        np.testing.assert_array_equal(pixels.box(box), expected[box])


@pytest.mark.parametrize("fallback", [False, True])
def test_the_copy_gives_the_numbers_of_the_file(fallback, tmp_path, monkeypatch):
    if fallback:  # Windows has none of these
        for name in ("pread", "posix_fadvise", "posix_fallocate"):
            monkeypatch.delattr(os, name, raising=False)
    values = values_of()
    pixels = opened(save(tmp_path, values)).pixels
    expected = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    check(pixels, expected)
    assert not pixels.ready
    pixels.build()
    assert pixels.ready
    check(pixels, expected)
    assert [file.suffix for file in files()] == [".spectra"]


def test_blocks_of_rows_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(spectra, "_SMALLEST_BLOCK", 5 * 60 * 20 * 4)
    monkeypatch.setattr(cache, "physical_memory", lambda: None)
    values = values_of()
    pixels = opened(save(tmp_path, values)).pixels
    pixels.build()
    check(pixels, np.where(np.isfinite(values), values, np.nan).astype(np.float32))
    summary = pixels.summary()
    assert np.nanmax(np.abs(summary.mean - 3)) < 0.5
    assert summary.filled.sum() == np.isfinite(values).sum()


def test_one_pass_tells_image_spectrum_holes_and_percentiles(tmp_path):
    values = values_of()
    values[11] = np.nan
    pixels = opened(save(tmp_path, values)).pixels
    assert pixels.summary() is None
    pixels.build()
    summary = pixels.summary()
    plain = np.where(np.isfinite(values), values, np.nan).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(summary.white, np.nanmean(plain, axis=0), rtol=1e-6)
        np.testing.assert_allclose(summary.mean, np.nanmean(plain, axis=(1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(summary.filled, np.isfinite(plain).sum(axis=0))
    assert np.isfinite(summary.sample).all()
    assert len(summary.sample) > 1000
    np.testing.assert_allclose(
        np.percentile(summary.sample, [5, 95]), np.nanpercentile(plain, [5, 95]), atol=0.15
    )


def test_noise_and_flags_are_copied_as_they_are_shown(tmp_path):
    noise = np.random.default_rng(2).uniform(0.1, 4.0, SHAPE).astype(">f4")
    cube = opened(save(tmp_path, values_of(), noise=noise))
    assert len(caches_of(cube)) == 2
    before = cube.uncertainty.spectrum(5, 6)
    for pixels in caches_of(cube):
        pixels.build()
    np.testing.assert_array_equal(cube.uncertainty.spectrum(5, 6), before)
    np.testing.assert_allclose(before, np.sqrt(noise[:, 5, 6]), rtol=1e-6)
    assert len(files("*.spectra")) == 2


def test_flags_take_a_byte_each(tmp_path):
    flags = np.random.default_rng(3).integers(0, 2, SHAPE).astype(np.int32)
    file = opened(save(tmp_path, flags)).pixels.original
    pixels = CachedPixels(cache.FlagPixels(file, SHAPE[0]))
    pixels.build()
    np.testing.assert_array_equal(pixels.spectrum(5, 6), flags[:, 5, 6])
    assert pixels.spectrum(5, 6).dtype == np.float32
    assert pixels.stored_as.itemsize == 1


def test_scaled_integers_with_blanks(tmp_path):
    hdu = fits.PrimaryHDU(np.arange(np.prod(SHAPE), dtype=">i2").reshape(SHAPE))
    hdu.header.update(BSCALE=0.5, BZERO=7.0, BLANK=12)
    path = tmp_path / "cube.fits"
    hdu.writeto(path)
    pixels = opened(path).pixels
    expected = pixels.original.read()
    pixels.build()
    check(pixels, expected)


def test_a_small_cube_gets_no_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CACHED_FROM", 4 * np.prod(SHAPE) + 1)
    cube = open_path(save(tmp_path, values_of()))[0].main
    assert not caches_of(cube)


def test_a_second_opening_uses_the_copy(tmp_path):
    path = save(tmp_path, values_of())
    opened(path).pixels.build()
    assert opened(path).pixels.ready


def test_a_changed_file_gets_another_copy(tmp_path):
    path = save(tmp_path, values_of())
    former = opened(path).pixels
    former.build()
    save(tmp_path, values_of(seed=5))
    with pytest.raises(CubeviewError, match="changed since"):
        former.spectrum(7, 9)
    pixels = opened(path).pixels
    assert not pixels.ready
    pixels.build()
    np.testing.assert_array_equal(pixels.spectrum(8, 9), values_of(seed=5)[:, 8, 9])


@pytest.mark.parametrize("harm", ["gone", "short", "touched"])
def test_a_harmed_copy_is_left_alone(harm, tmp_path):
    values = values_of()
    pixels = opened(save(tmp_path, values)).pixels
    pixels.build()
    file = files("*.spectra")[0]
    if harm == "gone":
        file.unlink()
    elif harm == "short":
        file.write_bytes(file.read_bytes()[:9000])
    else:
        os.utime(file)
    np.testing.assert_array_equal(pixels.spectrum(8, 9), values[:, 8, 9])
    assert not pixels.ready


def test_a_damaged_head_is_no_copy(tmp_path):
    path = save(tmp_path, values_of())
    opened(path).pixels.build()
    with files("*.spectra")[0].open("r+b") as stream:
        stream.write(b"\xff{]")
    pixels = opened(path).pixels
    assert not pixels.ready
    pixels.build()
    assert pixels.ready


def test_a_cancelled_copy_leaves_nothing(tmp_path):
    pixels = opened(save(tmp_path, values_of())).pixels
    seen = []

    def stop(fraction, text):
        seen.append(fraction)
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        pixels.build(report=stop)
    assert seen == sorted(seen)
    assert not files()
    assert not pixels.ready
    pixels.build()
    assert pixels.ready


def test_a_killed_window_leaves_the_next_one_free(tmp_path, own_home, monkeypatch):
    path = save(tmp_path, values_of())
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom cubeview.io import open_path\n"
        "from cubeview.io.voxels import cache\n"
        "cache.CACHED_FROM = 0\n"
        "def report(f, t):\n    print('at it', flush=True)\n    time.sleep(30)\n"
        f"open_path(Path({str(path)!r}))[0].main.pixels.build(report=report)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with child:
        child.stdout.readline()
        child.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        child.wait()
    assert {file.suffix for file in files()} == {".lock", ".part"}
    monkeypatch.setattr(cache, "_STALE_S", 0.2)
    monkeypatch.setattr(cache, "_ABANDONED_S", 0.2)
    time.sleep(0.3)
    pixels = opened(path).pixels
    assert not pixels.ready
    pixels.build()
    assert pixels.ready
    assert [file.suffix for file in files()] == [".spectra"]


def test_two_windows_make_one_copy(tmp_path, monkeypatch):
    path = save(tmp_path, values_of())
    written = []
    write = cache.write_spectra

    def slow(*args):
        written.append(args)
        time.sleep(0.3)
        write(*args)

    monkeypatch.setattr(cache, "write_spectra", slow)
    windows = [opened(path).pixels for _ in range(3)]
    threads = [threading.Thread(target=pixels.build) for pixels in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1
    assert all(pixels.ready for pixels in windows)


def test_waiting_for_another_window_can_be_cancelled(tmp_path):
    pixels = opened(save(tmp_path, values_of())).pixels
    pixels.lock.parent.mkdir()
    pixels.lock.touch()

    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        pixels.build(report=stop)
    assert pixels.lock.exists()


def test_the_copy_longest_out_of_use_goes_first(tmp_path):
    paths = [save(tmp_path, values_of(seed=n), f"{n}.fits") for n in range(3)]
    copies = []
    for path in paths[:2]:
        pixels = opened(path).pixels
        pixels.build()
        copies.append(pixels)
    size = max(file.stat().st_size for file in files("*.spectra"))
    os.utime(copies[0]._path, ns=(1, copies[0]._path.stat().st_mtime_ns))
    assert opened(paths[0]).pixels.ready  # used again
    os.utime(copies[1]._path, ns=(2, copies[1]._path.stat().st_mtime_ns))
    opened(paths[2]).pixels.build(budget=int(2.9 * size) + 1_000_000)
    assert [opened(path).pixels.ready for path in paths] == [True, False, True]


def test_no_room_is_said_with_numbers(tmp_path, monkeypatch):
    path = save(tmp_path, values_of())
    pixels = opened(path).pixels
    with pytest.raises(CubeviewError, match="are allowed") as caught:
        pixels.build(budget=1000)
    assert str(path) in str(caught.value)
    monkeypatch.setattr(cache, "_KEEP_FREE", 1 << 60)
    with pytest.raises(CubeviewError, match="are free"):
        pixels.build()
    assert not files()


def test_a_full_disk_is_no_traceback(tmp_path, monkeypatch):
    pixels = opened(save(tmp_path, values_of())).pixels

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spectra, "_reserve", full)
    with pytest.raises(CubeviewError, match="cache cannot be written"):
        pixels.build()
    assert not files()


def test_reading_goes_on_while_the_copy_is_made(tmp_path):
    values = values_of()
    pixels = opened(save(tmp_path, values)).pixels
    wrong = []

    def look():
        for _ in range(200):
            if not np.array_equal(pixels.spectrum(8, 9), values[:, 8, 9]):
                wrong.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    pixels.build()
    reader.join()
    assert not wrong
