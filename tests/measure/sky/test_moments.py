"""Moments of planted lines: values, errors, masks and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.cli import main
from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.measure.sky.images import IMAGES, interval_images
from cubeview.measure.sky.interval import squared
from cubeview.measure.sky.moments import moments

CENTRE, WIDTH, PEAK, SIGMA = 6563.0, 4.0, 20.0, 1.0
AXIS = np.arange(6500.0, 6620.0, 1.25)
LINE = (6540.0, 6586.0)
WINDOWS = ((6502.0, 6535.0), (6590.0, 6618.0))


def cube(side=24, noise=SIGMA, level=0.0, slope=0.0, known=True, seed=3):
    """A Gaussian line over a sloping continuum, the same in every spaxel."""
    rng = np.random.default_rng(seed)
    line = PEAK * np.exp(-0.5 * ((AXIS - CENTRE) / WIDTH) ** 2)
    base = level + slope * (AXIS - AXIS[0])
    values = (line + base)[:, None, None] + noise * rng.normal(size=(len(AXIS), side, side))
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], [8, 8]
    wcs.wcs.cdelt, wcs.wcs.radesys = [-5e-5, 5e-5], "ICRS"
    celestial = [Axis(name, "celestial", "deg", np.arange(side) * 5e-5) for name in ("Dec", "RA")]
    spectral = Axis("Wavelength", "spectral", "Angstrom", AXIS, type="AWAV", medium="air")
    return Cube(
        axes=(spectral, *celestial),
        pixels=ArrayPixels(values.astype(np.float32)),
        kind="sky",
        unit="10**-20 erg s-1 cm-2 Angstrom-1",
        quantity_unit=units.Unit(1e-20 * units.erg / units.s / units.cm**2 / units.AA),
        uncertainty=ArrayPixels(np.full(values.shape, noise, np.float32)) if known else None,
        wcs=wcs,
    )


def test_a_line_without_noise_has_the_moments_of_a_gaussian():
    zero, one, two = moments(cube(noise=0.0), *LINE).moments
    assert zero.values == pytest.approx(PEAK * WIDTH * np.sqrt(2 * np.pi), rel=1e-4)
    assert one.values == pytest.approx(CENTRE, abs=1e-3)
    assert two.values == pytest.approx(WIDTH**2, rel=1e-3)
    assert (zero.unit, one.unit, two.unit) == ("10**-20 erg s-1 cm-2", "Angstrom", "Angstrom2")


@pytest.mark.parametrize("known", [True, False])
def test_errors_are_as_large_as_the_values_scatter(known):
    found = moments(cube(known=known, seed=5), *LINE)
    truth = (PEAK * WIDTH * np.sqrt(2 * np.pi), CENTRE, WIDTH**2)
    for one, value in zip(found.moments, truth, strict=True):
        pull = (one.values - value) / one.sigma
        assert abs(pull.mean()) < 0.15
        assert 0.9 < pull.std() < 1.1
    assert ("own uncertainty" in found.noise) == known


@pytest.mark.parametrize("known", [True, False])
def test_a_continuum_is_taken_off_and_its_scatter_serves_as_noise(known):
    sloping = cube(level=50.0, slope=0.3, known=known)
    found = moments(sloping, *LINE, continuum=WINDOWS)
    plain = moments(cube(), *LINE)
    for one, other in zip(found.moments, plain.moments, strict=True):
        assert np.median(one.values) == pytest.approx(np.median(other.values), rel=0.02)
    # What the continuum adds to the errors is as large as it makes the values scatter.
    truth = (PEAK * WIDTH * np.sqrt(2 * np.pi), CENTRE, WIDTH**2)
    for one, value in zip(found.moments, truth, strict=True):
        assert 0.9 < ((one.values - value) / one.sigma).std() < 1.1
    untouched = moments(sloping, *LINE, orders=[0])
    assert np.median(untouched.moments[0].values) > 10 * np.median(plain.moments[0].values)


def test_voxels_below_the_mask_are_left_out_and_empty_spaxels_are_blank():
    values = cube().pixels.array.copy()
    values[:, 0, 0] = np.nan
    values[:, 1, 1] = -1.0
    found = moments(replace(cube(), pixels=ArrayPixels(values)), *LINE, orders=[0], least_sn=3.0)
    (zero,) = found.moments
    assert np.isnan(zero.values[[0, 1], [0, 1]]).all()
    inside = np.abs(AXIS - np.mean(LINE)) <= np.ptp(LINE) / 2
    kept = np.where(values >= 3.0, values, 0.0)[inside]
    expected = 1.25 * np.nan_to_num(kept).sum(axis=0)
    seen = np.isfinite(zero.values)
    np.testing.assert_allclose(zero.values[seen], expected[seen], rtol=1e-5)


def test_what_cannot_be_made_is_said():
    with pytest.raises(CubeviewError, match="cube goes from 6500"):
        moments(cube(), 5000, 5010)
    with pytest.raises(CubeviewError, match="choose 0, 1 or 2"):
        moments(cube(), *LINE, orders=[3])
    with pytest.raises(CubeviewError, match="fewer than 3"):
        moments(cube(), *LINE, continuum=[(6500.0, 6502.0)])
    axes = (replace(cube().axes[0], kind="index"), *cube().axes[1:])
    with pytest.raises(CubeviewError, match="no spectral axis"):
        moments(replace(cube(), axes=axes), *LINE)


def test_the_command_writes_what_astropy_opens(tmp_path, capsys):
    path, out = tmp_path / "cube.fits", tmp_path / "line.fits"
    write_cube(cube(), path)
    command = ["moments", str(path), "--from", "6540", "--to", "6586", "--out", str(out), "--json"]
    assert main([*command, "--continuum", "6502:6535,6590:6618", "--mask", "2"]) == 0
    command.insert(-1, "--overwrite")
    told = json.loads(capsys.readouterr().out)
    with fits.open(out) as parts:
        names = [part.name for part in parts[1:]]
        assert names == [f"MOMENT{n}{e}" for n in (0, 1, 2) for e in ("", "_ERR")]
        middle = WCS(parts[1].header).wcs_pix2world(7, 7, 0)
        np.testing.assert_allclose(middle, (150.0, 2.0), atol=1e-9)
        assert "continuum" in str(parts[1].header["HISTORY"])
        assert told["flux"] == pytest.approx(np.nansum(parts[1].data, dtype=float))
        assert np.nanmedian(parts[3].data) == pytest.approx(told["moments"][1]["median"])
    assert told["moments"][0]["unit"] == "10**-20 erg s-1 cm-2"
    assert told["axis"]["medium"] == "air"
    assert told["sky_frame"] == "ICRS"
    assert main([*command, "--rest", "6562.8 Angstrom"]) == 2
    assert "km / s" in capsys.readouterr().err
    assert main([*command[:-1], "--mask", "1000"]) == 0
    assert "nothing was left" in capsys.readouterr().out
    for wrong in (["--out", str(path)], ["--order", "a"], ["--continuum", "1-2"]):
        assert main([*command, *wrong]) == 2


def test_moments_and_images_agree_with_spectral_cube(tmp_path):
    """The same numbers as the usual library, where it is installed."""
    spectral_cube = pytest.importorskip("spectral_cube")
    path = tmp_path / "cube.fits"
    write_cube(cube(), path)
    theirs = spectral_cube.SpectralCube.read(path, hdu=1)
    found = moments(open_path(path)[0].main, *LINE)
    slab = theirs[found.channels[0] : found.channels[1] + 1]
    for one in found.moments:
        expected = slab.moment(order=one.order).value
        scale = 1e10 ** (0, 1, 2)[one.order] if slab.spectral_axis.unit == units.m else 1.0
        np.testing.assert_allclose(one.values, expected * scale, rtol=1e-5)
    for image in interval_images(open_path(path)[0].main, *LINE, IMAGES[:4]).images:
        expected = getattr(slab, image.name)(axis=0).value
        np.testing.assert_allclose(image.values, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("unit", "square"), [("m/s", "m2 s-2"), ("Angstrom", "Angstrom2"), ("", ""), ("x?", "(x?)2")]
)
def test_a_square_of_a_unit_is_a_square(unit, square):
    assert squared(unit) == square
