from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes import aperture
from cubeview.cubes.aperture import aperture_spectrum
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.region import Circle, circle_on
from cubeview.errors import Cancelled
from tests.helpers.viewcases import sky_case

SHAPE = (50, 24, 30)


@pytest.fixture
def cube():
    rng = np.random.default_rng(0)
    values = rng.normal(5, 1, SHAPE)
    values[7, 10, 12] = np.nan
    values[20] = np.nan
    return sky_case(SHAPE, values, noise=rng.uniform(0.5, 2, SHAPE)).main


def inside(circle):
    """Return the share of each voxel inside, counted on a fine grid, a single voxel for none."""
    if not circle.radius:
        return np.pad([[1.0]], [(12, 11), (15, 14)])
    fine = 40
    y, x = ((np.arange(n * fine) + 0.5) / fine - 0.5 for n in SHAPE[1:])
    off = ((y[:, None] - circle.y) / circle.stretch) ** 2 + (x[None] - circle.x) ** 2
    return (off <= circle.radius**2).reshape(SHAPE[1], fine, SHAPE[2], fine).mean(axis=(1, 3))


def covered(circle):
    share = np.zeros(SHAPE[1:])
    rows, columns, weights = circle.cover(SHAPE)
    share[rows, columns] = weights
    return share


CIRCLES = [
    Circle(10, 12, 5),
    Circle(10.4, 12.3, 4.7),
    Circle(0, 29, 6),
    Circle(12, 15, 0),
    Circle(12, 15, 90),
    Circle(10.4, 12.4, 0.1),
    Circle(10.2, 12.6, 1.0),
    Circle(11.0, 14.0, 4.0, 0.3),
    Circle(11.0, 14.0, 2.0, 3.5),
]


@pytest.mark.parametrize("circle", CIRCLES)
def test_each_voxel_counts_by_the_share_inside(circle):
    np.testing.assert_allclose(covered(circle), inside(circle), atol=0.02)


@pytest.mark.parametrize("centre", [(12.0, 15.0), (12.5, 15.5), (11.7, 14.2)])
@pytest.mark.parametrize(("radius", "stretch"), [(0.2, 1.0), (1.0, 1.0), (1.5, 0.4), (7.3, 1.3)])
def test_the_area_is_that_of_the_circle(centre, radius, stretch):
    circle = Circle(*centre, radius, stretch)
    assert covered(circle).sum() == pytest.approx(np.pi * radius**2 * stretch, rel=1e-9)


def test_a_circle_on_the_sky_is_round_there():
    """Spaxels of KCWI are slices: 1.36 by 0.29 arcsec."""
    cube = sky_case(SHAPE).main
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cdelt = [-1.36 / 3600, 0.29 / 3600]
    wcs.wcs.set()
    circle = circle_on(replace(cube, wcs=wcs), 10.0, 12.0, 5.0)
    assert circle.radius * 1.36 == pytest.approx(1.45)
    assert circle.radius * circle.stretch * 0.29 == pytest.approx(1.45)
    assert circle_on(replace(cube, wcs=None), 10.0, 12.0, 5.0) == Circle(10.0, 12.0, 5.0)


def test_a_circle_beside_the_cube_holds_nothing(cube):
    assert not Circle(-20, 5, 6).cover(SHAPE)[2].size
    found = aperture_spectrum(cube, Circle(-20, 5, 6))
    assert found.voxels == 0
    assert np.isnan(found.values).all()


@pytest.mark.parametrize("by_rows", [False, True])
@pytest.mark.parametrize("circle", CIRCLES[:3])
def test_sum_mean_and_noise(cube, circle, by_rows, monkeypatch):
    monkeypatch.setattr(aperture, "_SLAB", 500)
    share = covered(circle)
    values, noise = (pixels.read() for pixels in (cube.pixels, cube.uncertainty))
    known = np.isfinite(values)
    filled = (known * share).sum(axis=(1, 2))
    total = np.where(filled, np.nansum(values * share, axis=(1, 2)), np.nan)
    sigma = np.sqrt(np.where(known, (noise * share) ** 2, 0).sum(axis=(1, 2)))
    sigma[filled == 0] = np.nan
    found = aperture_spectrum(cube, circle, by_rows=by_rows)
    np.testing.assert_allclose(found.values, total, rtol=1e-5)
    np.testing.assert_allclose(found.sigma, sigma, rtol=1e-5)
    assert (found.voxels, found.share) == (pytest.approx(share.sum()), 1.0)
    mean = aperture_spectrum(cube, circle, "mean", by_rows=by_rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        np.testing.assert_allclose(mean.values, total / filled, rtol=1e-5)
        np.testing.assert_allclose(mean.sigma, sigma / filled, rtol=1e-5)


def test_masked_voxels_do_not_count(cube):
    mask = np.zeros(SHAPE)
    mask[:, 10, 10:13] = 1
    masked = replace(cube, mask=ArrayPixels(mask))
    all_of_it, rest = (aperture_spectrum(c, Circle(10, 12, 5)).values for c in (cube, masked))
    np.testing.assert_allclose(all_of_it[0] - rest[0], cube.pixels.read()[0, 10, 10:13].sum(), 1e-5)


def test_one_voxel_is_its_own_spectrum(cube):
    found = aperture_spectrum(cube, Circle(10, 12, 0))
    np.testing.assert_array_equal(found.values, cube.spectrum(10, 12))


@pytest.mark.parametrize("by_rows", [False, True])
def test_it_is_told_bit_by_bit(cube, by_rows, monkeypatch):
    monkeypatch.setattr(aperture, "_SLAB", 500)
    monkeypatch.setattr(aperture, "_PARTIAL_S", 0.0)
    parts, seen = [], []
    end = aperture_spectrum(
        cube,
        Circle(12, 15, 8),
        by_rows=by_rows,
        report=lambda fraction, text: seen.append(fraction),
        partial=parts.append,
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(parts) == len(seen) - 1
    assert all(0 < part.share < 1 for part in parts)
    first = parts[0].values
    if by_rows:  # every channel at once, about as high as in the end
        good = np.isfinite(end.values)
        assert np.isfinite(first).sum() >= good.sum() - 1
        assert np.nanmedian(first / end.values) == pytest.approx(1, abs=0.1)
    else:  # exact as far as it goes
        known = np.isfinite(first)
        np.testing.assert_array_equal(first[known], end.values[known])
        assert known.sum() < 10


def test_it_can_be_stopped(cube):
    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        aperture_spectrum(cube, Circle(12, 15, 8), report=stop)
