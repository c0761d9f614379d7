from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.region import window_at
from cubeview.errors import CubeviewError
from cubeview.learn.models.prepared import to_cube
from cubeview.learn.sky.prepare import (
    SkyConfig,
    channel_sigma,
    prepare_sky,
    prepare_window,
    scatter,
)
from cubeview.simulate.sky.field import simulate_field

CONFIG = SkyConfig()


def sky_case(flux, sigma=None, axis=None):
    spectral = axis or Axis(
        "Wavelength", "spectral", "Angstrom", 6000 + 1.25 * np.arange(len(flux)), medium="air"
    )
    axes = (spectral, *(plain_axis(n, name) for n, name in zip(flux.shape[1:], "yx", strict=True)))
    noise = None if sigma is None else ArrayPixels(sigma)
    cube = Cube(axes, ArrayPixels(flux), "sky", uncertainty=noise)
    return Case("field", "sky", {"flux": cube})


def at(case, z, y, x):
    return replace(case, window=window_at(case.main, z, y, x))


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    sigma = 3.0 * np.exp(0.3 * rng.standard_normal((60, 1, 1))) * np.ones((60, 50, 40))
    return sigma * rng.standard_normal(sigma.shape), sigma


@pytest.mark.parametrize("place", [(30, 25, 20), (3, 2, 38), (59, 49, 0), (0, 20, 20)])
def test_a_planted_voxel_comes_back_to_its_own_place(noise, place):
    flux, sigma = noise
    flux = flux.copy()
    flux[place] = 200 * sigma[place]
    case = at(sky_case(flux, sigma), *place)
    prepared = prepare_sky(case, CONFIG)
    assert prepared.input.shape == (2, 32, 32, 32)
    assert prepared.input.dtype == np.float32
    peak = np.unravel_index(prepared.input[0].argmax(), (32, 32, 32))
    assert peak == (16, 16, 16)
    values, box = to_cube(prepared.input[0], prepared, "flux")
    found = np.unravel_index(np.nanargmax(values), values.shape)
    assert tuple(f + s.start for f, s in zip(found, box, strict=True)) == place
    assert all(s.start >= 0 and s.stop <= n for s, n in zip(box, flux.shape, strict=True))


def test_beyond_the_cube_there_is_no_data(noise):
    prepared = prepare_sky(at(sky_case(*noise), 0, 25, 20), CONFIG)
    assert (prepared.input[0, :16] == 0).all()
    assert (prepared.input[1, :16] == CONFIG.noise_limit).all()
    assert (prepared.input[0, 16:] != 0).all()


def test_a_cube_smaller_than_the_window_is_padded():
    rng = np.random.default_rng(1)
    case = at(sky_case(rng.standard_normal((500, 12, 20)), np.ones((500, 12, 20))), 100, 6, 10)
    prepared = prepare_sky(case, CONFIG)
    known = prepared.input[1] < CONFIG.noise_limit
    assert known.sum() == 32 * 12 * 20
    assert known[:, 10:22, 6:26].all()


def test_the_unit_and_a_wrong_scale_of_sigma_do_not_matter(noise):
    flux, sigma = noise
    first, none = prepare_window(flux[:32, :32, :32], sigma[:32, :32, :32], CONFIG)
    second, _ = prepare_window(1e-20 * flux[:32, :32, :32], 2e-20 * sigma[:32, :32, :32], CONFIG)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)
    assert none == ()
    assert scatter(flux / sigma) == pytest.approx(1.0, abs=0.03)
    _, cautions = prepare_window(flux[:32, :32, :32], 0.1 * sigma[:32, :32, :32], CONFIG)
    assert "times too small" in cautions[0]


def test_without_uncertainty_it_is_estimated_and_said(noise):
    flux, sigma = noise
    prepared = prepare_sky(at(sky_case(flux), 30, 25, 20), CONFIG)
    assert "no uncertainty" in prepared.cautions[0]
    with_it = prepare_sky(at(sky_case(flux, sigma), 30, 25, 20), CONFIG)
    assert np.abs(prepared.input[1] - with_it.input[1]).max() < 0.2
    star = 50.0 * np.exp(-0.1 * ((np.arange(50) - 25.0) ** 2))[:, None] * np.ones(40)
    estimated = channel_sigma(flux + star)[:, 0, 0]
    np.testing.assert_allclose(estimated, sigma[:, 0, 0], rtol=0.15)


def test_blank_voxels_stay_finite(noise):
    flux, sigma = (a.copy() for a in noise)
    flux[20:30, 10, 10] = np.nan
    sigma[25:35, 20:30, 5] = 0
    for given in (sigma, None):
        prepared = prepare_sky(at(sky_case(flux, given), 25, 20, 12), CONFIG)
        assert np.isfinite(prepared.input).all()


def test_flat_data_is_no_division_by_zero():
    for sigma in (None, np.ones((40, 40, 40))):
        prepared = prepare_sky(at(sky_case(np.zeros((40, 40, 40)), sigma), 20, 20, 20), CONFIG)
        assert np.isfinite(prepared.input).all()


def test_what_cannot_be_judged_says_what_to_do(noise):
    case = sky_case(*noise)
    with pytest.raises(CubeviewError, match="Put the cursor on a source"):
        prepare_sky(case, CONFIG)
    with pytest.raises(CubeviewError, match="not a sky cube"):
        prepare_sky(replace(case, kind="heart"), CONFIG)
    blank = sky_case(np.full((40, 40, 40), np.nan))
    with pytest.raises(CubeviewError, match="no data at this place"):
        prepare_sky(at(blank, 20, 20, 20), CONFIG)


def test_coarse_channels_are_cautioned(noise):
    coarse = Axis("Wavelength", "spectral", "um", 1 + 0.01 * np.arange(60), medium="vacuum")
    prepared = prepare_sky(at(sky_case(*noise, axis=coarse), 30, 25, 20), CONFIG)
    assert "km/s wide" in prepared.cautions[-1]


def test_a_planted_line_of_a_field_stands_in_the_middle_of_its_window():
    field = simulate_field(3)
    for source in field.catalogue:
        if source.label == "emission line" and source.peak_sn > 12:
            case = at(field.case, *source.voxel)
            values = prepare_sky(case, CONFIG).input[0]
            middle = values[8:25, 13:20, 13:20]
            assert middle.max() > 0.7 * values[:, 8:25, 8:25].max()
