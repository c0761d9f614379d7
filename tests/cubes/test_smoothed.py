"""Smoothing: against astropy and radio_beam, planted sources, and noise that is measured after."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units
from astropy.convolution import Gaussian1DKernel, convolve

from cubeview.cubes.beam import between, covariance, kernel_of
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.smoothed import along_spectrum, on_sky, to_beam
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError
from tests.helpers.viewcases import sky_case

SHAPE = (12, 41, 43)  # spaxels of 0.2 arcsec


def cube_of(values, noise=None, beam=None, unit="Jy"):
    cube = sky_case(np.shape(values), values, noise).main
    return replace(cube, beam=beam, unit=unit, quantity_unit=parse_unit(unit))


def point(shape=SHAPE):
    values = np.zeros(shape)
    values[:, 20, 21] = 3.0
    return values


@pytest.mark.parametrize(("own", "wanted"), [
    ((1.0, 0.7, 30.0), (1.6, 1.2, -40.0)), ((0.8, 0.8, 0.0), (1.5, 1.0, 110.0)),
])  # fmt: skip
def test_what_lies_between_two_beams_is_that_of_radio_beam(own, wanted):
    radio_beam = pytest.importorskip("radio_beam")

    def theirs(major, minor, angle):
        return radio_beam.Beam(major * units.arcsec, minor * units.arcsec, angle * units.deg)

    judge = theirs(*wanted).deconvolve(theirs(*own))
    found = between(own, wanted)
    expected = covariance(
        (judge.major.to_value("arcsec"), judge.minor.to_value("arcsec"), judge.pa.to_value("deg"))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    # and on the spaxels it is their kernel
    cube = cube_of(point(), beam=own)
    kernel = kernel_of(cube, found)
    size = kernel.shape[::-1]
    drawn = judge.as_kernel(0.2 * units.arcsec, x_size=size[0], y_size=size[1]).array
    np.testing.assert_allclose(kernel, drawn / drawn.sum(), atol=2e-5)


def test_a_point_source_keeps_its_flux_and_per_beam_its_peak():
    made = on_sky(cube_of(point()), 1.2)
    np.testing.assert_allclose(np.array(made.pixels.read()).sum(axis=(1, 2)), 3.0, rtol=1e-5)
    # a point in Jy/beam is the beam itself; to a larger one it keeps its peak, and the flux
    own, wanted = (0.9, 0.7, 20.0), (1.5, 1.3, 50.0)
    cube = cube_of(np.zeros(SHAPE), beam=own, unit="Jy/beam")
    y, x = np.mgrid[-20:21, -21:22]
    from cubeview.cubes.beam import _gaussian

    values = np.broadcast_to(2.0 * _gaussian(cube, covariance(own), y, x), SHAPE)
    made = to_beam(cube_of(values, beam=own, unit="Jy/beam"), wanted)
    plane = made.pixels.plane(0, 3)
    assert plane.max() == pytest.approx(2.0, rel=1e-3)
    assert made.beam == pytest.approx(wanted)
    np.testing.assert_allclose(plane, 2.0 * _gaussian(cube, covariance(wanted), y, x), atol=3e-3)
    before = values[3].sum() / (own[0] * own[1])
    assert plane.sum() / (wanted[0] * wanted[1]) == pytest.approx(before, rel=1e-3)


def test_it_is_what_astropy_makes_of_it_also_around_what_is_unknown():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, SHAPE)
    values[:, 5:8, 9] = np.nan
    cube = cube_of(values)
    made = on_sky(cube, 0.9)
    kernel = kernel_of(cube, covariance((0.9, 0.9, 0.0)))
    how = {"boundary": "fill", "fill_value": np.nan, "preserve_nan": True}
    judge = convolve(values[4], kernel, **how)
    np.testing.assert_allclose(made.pixels.plane(0, 4), judge, atol=1e-5)
    part = made.pixels.box((slice(4, 5), slice(0, 9), slice(3, 12)))
    np.testing.assert_allclose(part[0], judge[:9, 3:12], atol=1e-5)
    along = along_spectrum(cube, 2.5)
    sigma = 2.5 / np.sqrt(8 * np.log(2))
    reach = int(np.ceil(4 * sigma))
    judge = convolve(values[:, 11, 12], Gaussian1DKernel(sigma, x_size=2 * reach + 1), **how)
    np.testing.assert_allclose(along.pixels.spectrum(11, 12), judge, atol=2e-4)


def test_boxes_and_hanning_and_masks():
    values = np.zeros(SHAPE)
    values[6] = 4.0
    np.testing.assert_allclose(
        along_spectrum(cube_of(values), 1, "hanning").pixels.spectrum(3, 3)[5:8], (1, 2, 1)
    )
    np.testing.assert_allclose(
        along_spectrum(cube_of(values), 5, "box").pixels.spectrum(3, 3)[3:10],
        (0, 0.8, 0.8, 0.8, 0.8, 0.8, 0),
    )
    masked = np.zeros(SHAPE)
    masked[7] = 1
    cube = replace(cube_of(values), mask=ArrayPixels(masked))
    found = along_spectrum(cube, 1, "hanning")
    assert found.mask is None
    np.testing.assert_allclose(found.pixels.spectrum(3, 3)[5:9], (1, 8 / 3, np.nan, 0))


@pytest.mark.parametrize("change", [
    lambda cube: on_sky(cube, 1.0), lambda cube: along_spectrum(cube, 3.0),
])  # fmt: skip
def test_errors_are_the_scatter_of_what_is_smoothed(change):
    rng = np.random.default_rng(1)
    sigma = 1.0 + rng.random(SHAPE)
    made = change(cube_of(rng.normal(0, 1, SHAPE) * sigma, sigma))
    pulls = np.array(made.pixels.read()) / made.uncertainty.read()
    assert pulls.std() == pytest.approx(1.0, abs=0.03)
    assert "share their noise" in made.notes[-1].text


def test_noise_of_a_beam_goes_down_by_what_is_left_of_it():
    from scipy.signal import fftconvolve

    own, wanted = (0.9, 0.9, 0.0), (1.5, 1.5, 0.0)
    shape = (40, 61, 61)
    blank = cube_of(np.zeros(shape), np.ones(shape), own, "Jy/beam")
    # noise whose correlation is a Gaussian of the beam's size
    kernel = kernel_of(blank, covariance(own) / 2)[None]
    noise = fftconvolve(np.random.default_rng(3).normal(size=shape), kernel, "same", axes=(1, 2))
    noise /= noise[:, 10:-10, 10:-10].std()
    made = to_beam(cube_of(noise, np.ones(shape), own, "Jy/beam"), wanted)
    inner = slice(5, 6), slice(15, 45), slice(15, 45)
    all_ = slice(0, 40), slice(15, 45), slice(15, 45)
    told = float(made.uncertainty.box(inner).mean())
    assert made.pixels.box(all_).std() == pytest.approx(told, rel=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: to_beam(c, (2.0, 2.0, 0.0)), "no beam"),
        (lambda c: to_beam(replace(c, beam=(1.0, 1.0, 0.0)), (1.5, 0.9, 0.0)), "wider"),
        (lambda c: to_beam(replace(c, beam=(1.0, 1.0, 0.0)), (0.9, 1.5, 0.0)), "minor"),
        (lambda c: on_sky(replace(c, wcs=None), 1.0), "no sky"),
        (lambda c: on_sky(replace(c, unit="Jy/beam", quantity_unit=parse_unit("Jy/beam")), 1.0),
         "beam"),
        (lambda c: on_sky(c, -1.0), "above 0"),
        (lambda c: along_spectrum(c, 4, "box"), "odd"),
        (lambda c: along_spectrum(c, np.nan), "above 0"),
        (lambda c: along_spectrum(c, 400), "fewer"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change, said):
    with pytest.raises(CubeviewError, match=said):
        change(cube_of(point()))


def test_kernels_wider_than_the_cube_are_refused_before_they_are_made():
    with pytest.raises(CubeviewError, match="wider than the cube"):
        on_sky(cube_of(point()), 1e6)
    with pytest.raises(CubeviewError, match="smooth over fewer"):
        along_spectrum(cube_of(point()), 1e9)
