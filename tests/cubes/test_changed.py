"""Cubes in other units and sums of two: known formulas, errors, grids, files."""

import json
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.cli import main
from cubeview.cubes.changed import in_unit, rebinned
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.together import combined, divided, logarithm
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from tests.helpers.viewcases import sky_case
from tests.measure.sky.test_moments import AXIS
from tests.measure.sky.test_moments import cube as optical
from tests.measure.sky.test_spectrum import BEAM, CHANNELS, cube


def test_janskys_a_beam_are_kelvins_by_the_beam_and_back():
    hot = in_unit(cube(6), "K")
    # NRAO: T = 1.222e6 I / (nu² major minor), of Jy/beam, GHz and arcsec.
    factor = 1.222e6 / (CHANNELS**2 * BEAM[0] * BEAM[1])
    np.testing.assert_allclose(hot.spectrum(2, 2), 3.0 * factor, rtol=1e-3)
    np.testing.assert_allclose(hot.uncertainty.spectrum(2, 2), factor, rtol=1e-3)
    assert hot.unit == "K"
    back = in_unit(hot, "mJy / beam")
    np.testing.assert_allclose(back.plane(0, 3), 3000.0, rtol=1e-5)
    part = slice(1, 3), slice(2, 4), slice(0, 5)
    np.testing.assert_array_equal(hot.box(part), hot.pixels.read()[part])
    again = pickle.loads(pickle.dumps(hot))
    np.testing.assert_array_equal(again.plane(0, 1), hot.plane(0, 1))


def test_flux_densities_change_between_wavelength_and_frequency():
    sky = optical(4, noise=0.0, level=50.0)
    found = in_unit(sky, "uJy")
    angstrom_per_hz = AXIS**2 / 2.99792458e18
    expected = sky.spectrum(1, 1) * 1e-20 * angstrom_per_hz / 1e-29
    np.testing.assert_allclose(found.spectrum(1, 1), expected, rtol=1e-3)


def test_a_sum_has_the_errors_of_both_and_a_difference_of_one_grid_only():
    one, other = cube(6), cube(6, sigma=2.0)
    milli = replace(in_unit(other, "mJy / beam"), mask=ArrayPixels(np.eye(6)[None].repeat(21, 0)))
    made = combined(one, milli, -1)
    assert np.nanmax(np.abs(made.plane(0, 2))) < 1e-5
    assert np.isnan(made.plane(0, 2)).sum() == 6
    assert made.uncertainty.plane(0, 2) == pytest.approx(np.sqrt(5.0), rel=1e-5)
    assert combined(one, one, 1).spectrum(2, 2) == pytest.approx(6.0)
    moved = one.wcs.deepcopy()
    moved.wcs.crpix += 0.5
    axis = replace(one.axes[0], values=one.axes[0].values + 0.005)
    for wrong, why in (
        (cube(5), "voxels"),
        (replace(one, wcs=moved), "one grid"),
        (replace(one, axes=(axis, *one.axes[1:])), "one grid"),
        (optical(6), "voxels|one kind"),
    ):
        with pytest.raises(CubeviewError, match=why):
            combined(one, wrong, 1)


def test_larger_voxels_hold_means_and_lie_where_those_they_are_made_of_lay():
    rng = np.random.default_rng(2)
    values = rng.normal(5.0, 1.0, (len(CHANNELS), 13, 12))
    values[4, 3, 3] = np.nan
    sky = cube(13, values=np.pad(values, ((0, 0), (0, 0), (0, 1))))
    mask = np.zeros(sky.shape)
    mask[5, 2, 2] = 1
    large = rebinned(replace(sky, mask=ArrayPixels(mask)), (2, 3, 4))
    assert large.shape == (10, 4, 3)
    block = np.where(mask > 0, np.nan, sky.pixels.array)[4:6, 0:3, 0:4]
    assert large.plane(0, 2)[0, 0] == pytest.approx(np.nanmean(block), rel=1e-5)
    block = sky.pixels.array[4:6, 3:6, 0:4]
    assert large.spectrum(1, 0)[2] == pytest.approx(np.nanmean(block), rel=1e-5)
    assert large.uncertainty.spectrum(1, 0)[2] == pytest.approx(1 / np.sqrt(23), rel=1e-5)
    assert large.world(0, 1, 2) == pytest.approx(sky.world(0.5, 4, 9.5), rel=1e-9)
    pull = (large.pixels.read()[..., :2] - 5.0) / large.uncertainty.read()[..., :2]
    assert 0.8 < pull.std() < 1.2
    again = pickle.loads(pickle.dumps(large))
    np.testing.assert_array_equal(again.plane(0, 1), large.plane(0, 1))
    with pytest.raises(CubeviewError, match="do not fit"):
        rebinned(sky, (1, 14, 1))


def test_what_cannot_be_told_is_said():
    for sky, unit, why in (
        (cube(4, beam=None), "K", "no beam"),
        (cube(4), "kg", "cannot be told"),
        (cube(4), "nonsense", "no unit"),
        (replace(cube(4), quantity_unit=None), "K", "not understood"),
        (cube(4), "10**30 GJy / beam", "too small"),
    ):
        with pytest.raises(CubeviewError, match=why):
            in_unit(sky, unit)


def test_the_command_writes_a_cube_in_kelvins_and_velocities(tmp_path, capsys):
    path, out = tmp_path / "cube.fits", tmp_path / "k.fits"
    write_cube(cube(8), path)
    command = ["convert", str(path), "--out", str(out), "--json"]
    change = ["--unit", "K", "--spectral", "velocity", "--rest", "115.1 GHz"]
    assert main([*command, "--minus", str(path), *change]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["unit"] == "K"
    made = open_path(out)[0].main
    assert np.abs(made.plane(0, 0)).max() == 0
    assert made.axes[0].unit == "km / s"
    assert made.beam == pytest.approx(BEAM)
    with fits.open(out) as parts:
        assert "minus source SHA-256" in "".join(parts[0].header["HISTORY"])
        assert parts["DATA"].header["BUNIT"] == "K"
    command[3] = str(tmp_path / "binned.fits")
    assert main([*command, "--rebin", "3", "2", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [7, 4, 4]
    assert main([*command, "--overwrite"]) == 2
    assert "what is to change" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["cdelt", "cd", "turned", "turned cd"])
def test_blocks_lie_where_their_middles_were(how):
    one = cube(6)
    wcs = one.wcs.deepcopy()
    if how.startswith("turned"):
        wcs.wcs.pc = [[0.8, -0.6], [0.6, 0.8]]
    if how.endswith("cd"):
        matrix = wcs.pixel_scale_matrix
        header = wcs.to_header()
        for key in [key for key in header if key.startswith(("PC", "CDELT"))]:
            del header[key]
        for row in range(2):
            for column in range(2):
                header[f"CD{row + 1}_{column + 1}"] = matrix[row, column]
        wcs = WCS(header)
        assert wcs.wcs.has_cd()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = rebinned(replace(one, wcs=wcs), (1, 3, 2)).wcs
    for y, x in ((0, 0), (1, 2)):
        expected = wcs.wcs_pix2world(2 * x + 0.5, 3 * y + 1.0, 0)
        np.testing.assert_allclose(found.wcs_pix2world(x, y, 0), expected, rtol=0, atol=1e-10)


def test_a_ratio_has_the_errors_of_both_and_no_value_over_nothing():
    rng = np.random.default_rng(8)
    truth, over = rng.uniform(20, 40, (3, 20, 20)), rng.uniform(10, 20, (3, 20, 20))
    one = sky_case((3, 20, 20), truth + rng.normal(0, 0.5, truth.shape), np.full(truth.shape, 0.5))
    two = sky_case((3, 20, 20), over + rng.normal(0, 0.2, truth.shape), np.full(truth.shape, 0.2))
    made = divided(one.main, two.main)
    pulls = (made.pixels.read() - truth / over) / made.uncertainty.read()
    assert pulls.std() == pytest.approx(1.0, abs=0.05)
    assert abs(pulls.mean()) < 0.1
    empty = replace(two.main, pixels=ArrayPixels(np.zeros(truth.shape)))
    assert np.isnan(divided(one.main, empty).pixels.read()).all()
    assert "errors" in divided(one.main, replace(two.main, uncertainty=None)).notes[-1].text
    with pytest.raises(CubeviewError, match="cut or match"):
        divided(one.main, sky_case((3, 20, 19)).main)


def test_a_logarithm_has_its_errors():
    values, sigma = np.full((2, 3, 4), 100.0), np.full((2, 3, 4), 1.0)
    values[0, 0, 0] = -1.0
    made = logarithm(sky_case((2, 3, 4), values, sigma).main)
    found = made.pixels.read()
    assert np.isnan(found[0, 0, 0])
    assert found[1, 2, 3] == pytest.approx(2.0)
    assert made.uncertainty.read()[1, 2, 3] == pytest.approx(0.01 / np.log(10), rel=1e-5)
    assert made.unit == "log(Jy)"


def test_cubes_of_two_beams_are_not_added_nor_divided():
    narrow = replace(cube(), beam=(4.0, 3.0, 20.0))
    for beam in ((8.0, 6.0, 20.0), (4.0, 3.0, 80.0)):
        wide = replace(narrow, beam=beam)
        for made in (lambda w=wide: combined(narrow, w, 1), lambda w=wide: divided(narrow, w)):
            with pytest.raises(CubeviewError, match="smooth both to one beam"):
                made()
    combined(narrow, replace(narrow, beam=(4.01, 3.01, 201.0)), 1)
