"""Position and velocity along a path: against a planted disc, interpolation by scipy, and noise."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from scipy.ndimage import map_coordinates

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import CubeviewError
from cubeview.io.export.pv import Path2d, write_pv
from cubeview.measure.sky.pv import position_velocity
from tests.helpers.viewcases import sky_case

SHAPE = (40, 31, 33)
SPEEDS = Axis("Velocity", "spectral", "km/s", -195 + 10.0 * np.arange(40), convention="radio")


def cube_of(values, noise=None, **changes):
    cube = sky_case(SHAPE, values, noise).main
    return replace(cube, axes=(SPEEDS, *cube.axes[1:]), **changes)


def disc():
    """A thin disc seen from the side: v = 120 tanh(r / 4) along columns, of 15 km/s dispersion."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    speed = 120 * np.tanh((x - 16) / 4.0)
    bright = np.exp(-0.5 * ((y - 15) / 2.0) ** 2)
    line = np.exp(-0.5 * ((SPEEDS.values[:, None, None] - speed) / 15.0) ** 2)
    return bright * line


def test_a_planted_disc_gives_its_rotation():
    made = position_velocity(cube_of(disc()), [(15, 4), (15, 28)], 1.0)
    centre = (made.values * SPEEDS.values[:, None]).sum(0) / made.values.sum(0)
    x = made.places[:, 1]
    np.testing.assert_allclose(centre, 120 * np.tanh((x - 16) / 4.0), atol=0.6)
    np.testing.assert_allclose(made.offsets, (x - 4) * 0.2)  # arcsec to a spaxel
    assert made.offset_unit == "arcsec"
    # straight across it nothing turns
    across = position_velocity(cube_of(disc()), [(8, 16), (22, 16)])
    centre = (across.values * SPEEDS.values[:, None]).sum(0) / across.values.sum(0)
    np.testing.assert_allclose(centre, 0, atol=1e-6)


def test_a_path_wider_than_the_cube_is_refused():
    with pytest.raises(CubeviewError, match="wider than the cube"):
        position_velocity(cube_of(disc()), [(8, 16), (22, 16)], 1e7)


def test_it_agrees_with_scipy_along_any_line_and_with_means_over_a_width():
    values = np.random.default_rng(1).normal(0, 1, SHAPE)
    path = [(3.3, 4.1), (20.7, 9.2), (25.0, 29.6)]
    made = position_velocity(cube_of(values), path)
    for z in (0, 17, 39):
        there = map_coordinates(values[z], made.places.T, order=1)
        np.testing.assert_allclose(made.values[z], there, atol=1e-5)
    # over a width: the mean of lines side by side, weighed alike
    wide = position_velocity(cube_of(values), [(10, 5), (10, 25)], 1.0)  # 5 spaxels
    aside = (np.arange(10) + 0.5) / 2 - 2.5
    lines = [
        map_coordinates(values[5], [np.full(len(wide.offsets), 10 - a), wide.places[:, 1]], order=1)
        for a in aside
    ]
    np.testing.assert_allclose(wide.values[5], np.mean(lines, axis=0), atol=1e-5)


def test_errors_are_those_of_the_noise():
    rng = np.random.default_rng(2)
    sigma = rng.uniform(0.5, 2.0, SHAPE)
    made = position_velocity(
        cube_of(rng.normal(0, 1, SHAPE) * sigma, sigma), [(6.4, 3.2), (24.8, 28.9)], 0.7
    )
    pulls = made.values / made.sigma
    assert np.std(pulls) == pytest.approx(1.0, abs=0.06)
    # without an uncertainty they are measured
    other = position_velocity(cube_of(rng.normal(0, 1, SHAPE) * 3.0), [(6.4, 3.2), (24.8, 28.9)])
    assert np.std(other.values / other.sigma) == pytest.approx(1.0, abs=0.1)
    assert "DER_SNR" in " ".join(other.words)


def test_a_beam_makes_errors_larger():
    noise = np.full(SHAPE, 1.0)
    alone = position_velocity(cube_of(disc(), noise), [(15, 4), (15, 28)], 1.0)
    beam = cube_of(disc(), noise, beam=(0.8, 0.8, 0.0))
    shared = position_velocity(beam, [(15, 4), (15, 28)], 1.0)
    ratio = np.nanmedian(shared.sigma / alone.sigma)
    # by simulation: noise smoothed to that beam, its scatter over that of one spaxel
    from scipy.ndimage import gaussian_filter

    made = gaussian_filter(
        np.random.default_rng(4).normal(size=(40, 31, 33)), (0, 4 / np.sqrt(8 * np.log(2)) / 2**0.5,
        4 / np.sqrt(8 * np.log(2)) / 2**0.5), mode="wrap")  # fmt: skip
    made /= made.std()
    found = position_velocity(cube_of(made), [(15, 4), (15, 28)], 1.0)
    one = position_velocity(cube_of(np.random.default_rng(5).normal(size=SHAPE)),
                            [(15, 4), (15, 28)], 1.0)  # fmt: skip
    assert ratio > 1.5
    assert ratio == pytest.approx(found.values.std() / one.values.std(), rel=0.15)


def test_what_is_unknown_stays_so():
    values = disc()
    values[:, 15, 10] = np.nan
    masked = np.zeros(SHAPE)
    masked[:, 15, 20] = 1
    cube = cube_of(values, np.ones(SHAPE), mask=ArrayPixels(masked))
    made = position_velocity(cube, [(15, -4), (15, 28)])
    x = made.places[:, 1]
    for place in (-3, 10, 20):
        assert np.isnan(made.values[:, np.argmin(np.abs(x - place))]).all()
    assert np.isfinite(made.values[:, np.argmin(np.abs(x - 14))]).all()


@pytest.mark.parametrize(
    ("path", "width", "said"),
    [
        ([(3, 3), (3, 3)], 0.0, "apart"),
        ([(3, 3)], 0.0, "apart"),
        ([(80, 80), (90, 90)], 0.0, "beside"),
        ([(3, 3), (9, 9)], -1.0, "width"),
        ([(3, 3), (np.nan, 9)], 0.0, "numbers"),
    ],
)
def test_what_is_no_path_is_refused(path, width, said):
    with pytest.raises(CubeviewError, match=said):
        position_velocity(cube_of(np.zeros(SHAPE)), path, width)


def test_the_file_says_offset_and_velocity_to_astropy(tmp_path):
    cube = cube_of(disc(), np.ones(SHAPE))
    made = position_velocity(cube, [(5, 4), (25, 28)], low=-100, high=100)
    written = Path2d(made.offsets, made.offset_unit, made.places, made.values, made.sigma,
                     made.unit, made.channels[0])  # fmt: skip
    write_pv(cube, written, tmp_path / "pv.fits", ("source SHA-256 ab12", *made.words))
    with fits.open(tmp_path / "pv.fits") as parts:
        header = parts["PV"].header
        assert (header["CTYPE1"], header["CUNIT1"]) == ("OFFSET", "arcsec")
        wcs = WCS(header)
        offset, speed = wcs.wcs_pix2world(7, 0, 0)
        assert offset * 3600 == pytest.approx(made.offsets[7]) or offset == pytest.approx(
            made.offsets[7]
        )
        assert speed == pytest.approx(-95e3)
        np.testing.assert_allclose(parts["PV_ERR"].data, made.sigma, rtol=1e-6)
        path = parts["PATH"].data
        ends = SkyCoord(path["longitude"], path["latitude"], unit="deg")
        assert ends[0].separation(ends[-1]).arcsec == pytest.approx(made.offsets[-1], rel=1e-5)
        assert "ab12" in str(parts[0].header["HISTORY"])
        assert parts["PV"].header["BUNIT"] == "Jy"
