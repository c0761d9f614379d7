"""A scale that makes numbers no float32 holds: no value there, and said."""

import struct

import numpy as np
import pytest
from astropy.io import fits

from cubeview.io import open_path
from cubeview.io.info import describe
from tests.io.test_damaged_alone import nifti


@pytest.mark.parametrize(
    ("dtype", "scale"), [("i2", 1e38), ("i2", -1e300), ("f4", 1e38), ("i4", 1e35)]
)
def test_values_beyond_float32_are_none_and_the_scale_is_named(tmp_path, dtype, scale):
    values = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)
    values[0, 0, 1] = 30_000
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(values).writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
        hdus[0].header["BSCALE"] = scale
    (case,) = open_path(path)
    read = case.main.pixels.read()
    assert read[0, 0, 0] == 0
    assert np.isnan(read[0, 0, 1])
    assert not np.isinf(read).any()
    assert not np.isinf(case.main.plane(0, 0)).any()
    assert any(f"BSCALE = {scale:g}" in note for note in describe(case)[0]["notes"])


def test_a_usual_scale_is_not_spoken_of(tmp_path):
    path = tmp_path / "a.fits"
    hdu = fits.PrimaryHDU(np.arange(60, dtype=np.float32).reshape(3, 4, 5))
    hdu.scale("int16", bscale=0.01, bzero=32768)
    hdu.writeto(path)
    (case,) = open_path(path)
    assert "BSCALE" not in str(describe(case)[0]["notes"])


@pytest.mark.parametrize("slope", [1e38, 3e38])
def test_a_slope_of_nifti_too(tmp_path, slope):
    head = bytearray(nifti((4, 4, 4), 4, 352, 16))
    struct.pack_into("<2f", head, 112, slope, 0)
    path = tmp_path / "a.nii"
    path.write_bytes(bytes(head) + np.arange(64, dtype="<i2").tobytes())
    (case,) = open_path(path)
    read = case.main.pixels.read()
    assert np.isnan(read).sum() > 50
    assert not np.isinf(read).any()
    assert any("scl_slope" in note for note in describe(case)[0]["notes"])
