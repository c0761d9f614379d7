"""Test cubes for the benchmarks: made once in a folder, as large as asked for."""

import gzip
import os
import shutil
import statistics
import time

import numpy as np
from astropy.io import fits

FULL = (3681, 320, 320)
SMALL = (1200, 320, 320)
SPARSE = (12_500, 1000, 1000)  # 50 GB that take no room
_SLAB = 64


def load():
    """Return what else the machine is doing, for the figures' sake."""
    if not hasattr(os, "getloadavg"):
        return "load unknown"
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def evict(*paths):
    """Take files out of the system's memory; the next read comes from the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def timed(work):
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def median_ms(times):
    return 1000 * statistics.median(times)


def ratio(slow, fast):
    """Median of the ratios, round by round: what loads the machine loads both."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def _header(shape, name):
    header = fits.ImageHDU(name=name).header
    header["BITPIX"] = -32
    header["NAXIS"] = len(shape)
    for number, length in enumerate(reversed(shape), 1):
        header.insert("PCOUNT", (f"NAXIS{number}", length))
    sky = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "AWAV", "CUNIT1": "deg",
        "CUNIT2": "deg", "CUNIT3": "Angstrom", "CRPIX1": 160.0, "CRPIX2": 160.0, "CRPIX3": 1.0,
        "CRVAL1": 150.0, "CRVAL2": 2.0, "CRVAL3": 4750.0, "CDELT1": -5.6e-5, "CDELT2": 5.6e-5,
        "CDELT3": 1.25, "BUNIT": "10**(-20)*erg/s/cm**2/Angstrom",
    }  # fmt: skip
    for key, value in sky.items():
        header[key] = value
    return header


def _rotated_border(height, width):
    """No data outside a square turned by 15 degrees, as in combined MUSE fields."""
    y, x = np.indices((height, width)) - np.array([height, width])[:, None, None] / 2
    turn = np.deg2rad(15)
    across, up = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return np.maximum(abs(across), abs(up)) > 0.42 * min(height, width)


def _write(stream, shape, name, border, variance):
    stream.write(_header(shape, name).tostring().encode("ascii"))
    rng = np.random.default_rng(len(name))
    for start in range(0, shape[0], _SLAB):
        part = rng.standard_normal((min(_SLAB, shape[0] - start), *shape[1:]), dtype=np.float32)
        if variance:
            np.abs(part, out=part)
        part[:, border] = np.nan
        stream.write(part.astype(">f4").tobytes())
    stream.write(bytes(-stream.tell() % 2880))


def muse(folder, shape, noise=True):
    """DATA and STAT (variance), float32."""
    path = folder / f"muse_{shape[0]}.fits"
    if path.exists():
        return path
    border = _rotated_border(*shape[1:])
    with path.with_suffix(".part").open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode("ascii"))
        _write(stream, shape, "DATA", border, variance=False)
        if noise:
            _write(stream, shape, "STAT", border, variance=True)
    path.with_suffix(".part").rename(path)
    return path


def sparse(folder, shape=SPARSE):
    path = folder / "sparse_50GB.fits"
    with path.open("wb") as stream:
        stream.write(fits.PrimaryHDU().header.tostring().encode("ascii"))
        stream.write(_header(shape, "DATA").tostring().encode("ascii"))
        size = stream.tell() + 4 * int(np.prod(shape))
        stream.truncate(size + -size % 2880)
    return path


def others(folder, depth=400):
    """The same field as 4-D, as scaled integers and packed; by name."""
    shape = (depth, 320, 320)
    values = np.random.default_rng(3).normal(0, 1, shape).astype(">f4")
    values[:, _rotated_border(*shape[1:])] = np.nan
    paths = {name: folder / name for name in ("alma4d.fits", "int16.fits", "rice_planes.fits.fz",
                                              "rice_bricks.fits.fz", "packed.fits.gz")}  # fmt: skip
    if all(path.exists() for path in paths.values()):
        return paths
    stored = np.where(np.isnan(values), -32768, np.rint(values * 1000)).astype(">i2")
    fits.PrimaryHDU(values[None]).writeto(paths["alma4d.fits"], overwrite=True)
    scaled = fits.PrimaryHDU(stored)
    scaled.header.update(BSCALE=0.001, BZERO=0.0, BLANK=-32768)
    scaled.writeto(paths["int16.fits"], overwrite=True)
    for name, tile in (("rice_planes.fits.fz", (1, 320, 320)), ("rice_bricks.fits.fz", (32,) * 3)):
        packed = fits.CompImageHDU(stored, compression_type="RICE_1", tile_shape=tile)
        packed.writeto(paths[name], overwrite=True)
    with (
        paths["alma4d.fits"].open("rb") as plain,
        gzip.open(paths["packed.fits.gz"], "wb", compresslevel=1) as out,
    ):
        shutil.copyfileobj(plain, out)
    return paths
