from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import Cancelled
from cubeview.io import open_path
from cubeview.io.voxels.cache import CachedPixels
from cubeview.io.voxels.white import white_light


@pytest.fixture
def cube(tmp_path):
    values = np.random.default_rng(1).normal(2, 1, (40, 30, 20)).astype(np.float32)
    values[:, 3, 4] = np.nan
    values[5:, 6, 7] = np.nan
    fits.PrimaryHDU(values).writeto(tmp_path / "a.fits")
    return values, open_path(tmp_path / "a.fits")[0].main


def test_white_light_is_the_mean_of_what_is_there(cube, monkeypatch):
    monkeypatch.setattr("cubeview.io.voxels.white._SLAB", 4 * 30 * 20 * 7)
    values, whole = cube
    white = white_light(whole)
    assert np.isnan(white[3, 4])
    assert white[6, 7] == pytest.approx(values[:5, 6, 7].mean(), rel=1e-5)
    np.testing.assert_allclose(white[10], values[:, 10].mean(axis=0), rtol=1e-5)


def test_white_light_comes_from_the_copy(cube, monkeypatch):
    _, whole = cube
    expected = white_light(whole)
    pixels = CachedPixels(whole.pixels)
    pixels.build()
    monkeypatch.setattr(type(whole.pixels), "box", None)  # nobody reads the cube again
    found = white_light(replace(whole, pixels=pixels))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_flagged_voxels_do_not_count(cube):
    values, whole = cube
    flags = np.zeros(values.shape, np.float32)
    flags[:30, 8, 9] = 1
    flags[:, 8, 10] = 1
    masked = replace(whole, mask=ArrayPixels(flags))
    white = white_light(masked)
    assert white[8, 9] == pytest.approx(values[30:, 8, 9].mean(), rel=1e-5)
    assert np.isnan(white[8, 10])
    pixels = CachedPixels(whole.pixels)
    pixels.build()
    np.testing.assert_allclose(white_light(replace(masked, pixels=pixels)), white, rtol=1e-5)


def test_white_light_can_be_cancelled(cube):
    def report(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        white_light(cube[1], report)
