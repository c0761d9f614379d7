"""Fits of planted lines: values, errors, velocities and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy import constants
from astropy.io import fits

from cubeview.cli import main
from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import CubeviewError
from cubeview.io.export.fits import write_cube
from cubeview.measure.sky.fit import PARAMETERS, fit_gaussians, fit_line
from cubeview.measure.sky.lines import rest_frequency_hz
from tests.measure.sky.test_moments import AXIS, cube

KMS = constants.c.to_value("km/s")
X = np.arange(-1500.0, 1500.0, 55.0)


def spectra(sn, count=600, sign=1, seed=1):
    """Lines of a signal-to-noise ratio of their area, over a slope, with noise of 1."""
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(-200, 200, count), rng.uniform(80, 200, count)
    flux = sign * sn * np.sqrt(2 * np.sqrt(np.pi) * width * 55.0) * 1.22
    line = np.exp(-0.5 * ((X - centre[:, None]) / width[:, None]) ** 2)
    line *= (flux / width / np.sqrt(2 * np.pi))[:, None]
    values = line + 20.0 + 0.002 * X + rng.normal(size=(count, len(X)))
    return values, np.stack([flux, centre, width], axis=1)


@pytest.mark.parametrize(("sn", "sign"), [(10, 1), (30, 1), (30, -1)])
@pytest.mark.parametrize("known", [True, False])
def test_planted_lines_come_back_within_their_errors(sn, sign, known):
    values, truth = spectra(sn, sign=sign)
    found = fit_gaussians(X, values, np.ones_like(values) if known else None, sign=sign)
    pull = (found.values[:, :3] - truth) / found.errors[:, :3]
    middle = np.median(pull, axis=0)
    assert (np.abs(middle) < 0.12).all()
    spread = 1.4826 * np.median(np.abs(pull - middle), axis=0)
    assert (np.abs(spread - 1) < 0.12).all()
    assert np.median(found.values[:, 3]) == pytest.approx(20.0, abs=0.05)


@pytest.mark.parametrize("known", [True, False])
def test_the_size_of_the_unit_changes_nothing(known):
    values, _ = spectra(20, count=50)
    noise = np.ones_like(values) if known else None
    one = fit_gaussians(X, values, noise)
    tiny = fit_gaussians(X, values * 1e-17, None if noise is None else noise * 1e-17)
    scale = np.array([1e-17, 1, 1, 1e-17, 1e-17])
    np.testing.assert_allclose(tiny.values, one.values * scale, rtol=1e-5)
    np.testing.assert_allclose(tiny.errors, one.errors * scale, rtol=1e-5)


@pytest.mark.parametrize("convention", ["radio", "optical"])
def test_an_axis_of_velocities_keeps_its_definition(convention):
    redshift = 0.1
    middle = KMS * (redshift / (1 + redshift) if convention == "radio" else redshift)
    speeds = (middle + np.linspace(-600, 600, len(AXIS))) * 1000.0
    values = 30 * np.exp(-0.5 * ((speeds / 1000 - middle - 40) / 60) ** 2)
    noise = 0.3 * np.random.default_rng(3).normal(size=(len(AXIS), 4, 4))
    whole = cube(4)
    axis = replace(
        whole.axes[0], name="Velocity", unit="m/s", values=speeds, convention=convention,
        rest=115.2712e9, rest_unit="Hz", medium="",
    )  # fmt: skip
    moving = replace(
        whole,
        axes=(axis, *whole.axes[1:]),
        pixels=ArrayPixels((values[:, None, None] + noise).astype(np.float32)),
    )
    found = fit_line(moving, rest_frequency_hz("CO10"), redshift)
    assert np.median(found.maps["VELOCITY"]) == pytest.approx(middle + 40, abs=2)
    # Another line lies elsewhere on the same axis, and is looked for there.
    with pytest.raises(CubeviewError, match="Another redshift"):
        fit_line(moving, rest_frequency_hz("CO21"), redshift)


def test_gaps_are_left_out_and_empty_spectra_stay_blank():
    values, truth = spectra(100, count=3)
    values[0, ::7] = np.nan
    values[1] = np.nan
    values[2, 5:] = np.nan
    found = fit_gaussians(X, values, None)
    np.testing.assert_allclose(found.values[0, :3], truth[0], rtol=0.1, atol=5)
    assert np.isnan(found.values[1:]).all()
    assert np.isnan(found.errors[1:]).all()
    assert found.values.shape == (3, len(PARAMETERS))


def moving(side=12):
    """H-alpha at a redshift of 0.0003 in air, its velocity rising by 10 km/s along x."""
    shifts = 10.0 * (np.arange(side) - side / 2)
    air = 6562.80
    centre = air * (1.0003) * (1 + shifts / KMS / 1.0)
    values = 40 * np.exp(-0.5 * ((AXIS[:, None] - centre) / 3.0) ** 2)
    values = np.repeat(values[:, None, :], side, axis=1) + 5.0
    rng = np.random.default_rng(2)
    values = values + 0.5 * rng.normal(size=values.shape)
    whole = cube(side)
    return replace(
        whole,
        pixels=ArrayPixels(values.astype(np.float32)),
        uncertainty=ArrayPixels(np.full(values.shape, 0.5, np.float32)),
    ), shifts


def test_velocities_are_from_the_redshift_in_the_medium_of_the_axis():
    observed, shifts = moving()
    found = fit_line(observed, rest_frequency_hz("Ha"), 0.0003)
    velocity = np.median(found.maps["VELOCITY"], axis=0)
    np.testing.assert_allclose(velocity, shifts, atol=3.0)
    assert np.median(found.maps["DISPERSION"]) == pytest.approx(3.0 / 6564.8 * KMS, rel=0.02)
    area = 40 * 3.0 * np.sqrt(2 * np.pi)
    assert np.median(found.maps["FLUX"]) == pytest.approx(area, rel=0.01)
    assert np.median(found.maps["EW"]) == pytest.approx(area / 5.0, rel=0.03)
    assert found.units["FLUX"] == "10**-20 erg s-1 cm-2"
    assert found.units["EW"] == "Angstrom"
    narrow = fit_line(observed, rest_frequency_hz("Ha"), 0.0003, resolution=1500.0)
    instrument = KMS / 1500.0 / 2.35482
    expected = np.sqrt((3.0 / 6564.8 * KMS) ** 2 - instrument**2)
    assert np.median(narrow.maps["DISPERSION"]) == pytest.approx(expected, rel=0.05)


def test_what_is_too_faint_has_a_flux_but_no_velocity():
    found = fit_line(cube(noise=60.0), rest_frequency_hz("Ha"), 0.0, least_sn=8.0)
    faint = found.maps["SN"] < 8
    assert faint.any()
    assert np.isnan(found.maps["VELOCITY"][faint]).all()
    assert np.isfinite(found.maps["FLUX"][faint]).mean() > 0.8


def test_lines_are_known_by_name_or_value():
    assert rest_frequency_hz("co10") == pytest.approx(115.2712018e9)
    assert rest_frequency_hz("6564.61 Angstrom") == pytest.approx(rest_frequency_hz("Ha"))
    for wrong in ("Hx", "5", "3 kg", "-2 GHz"):
        with pytest.raises(CubeviewError, match="name one of"):
            rest_frequency_hz(wrong)
    with pytest.raises(CubeviewError, match="Another redshift"):
        fit_line(cube(4), rest_frequency_hz("Ha"), 2.0)


def test_the_command_writes_maps(tmp_path, capsys):
    observed, _ = moving()
    path, out = tmp_path / "cube.fits", tmp_path / "maps.fits"
    write_cube(observed, path)
    assert (
        main(["fit", str(path), "--line", "Ha", "--z", "0.0003", "--out", str(out), "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    with fits.open(out) as parts:
        assert parts["VELOCITY"].header["BUNIT"] == "km/s"
        middle = np.nanmedian(parts["VELOCITY"].data)
        assert "z = 0.0003" in str(parts["FLUX"].header["HISTORY"])
    assert told["maps"]["velocity"]["median"] == pytest.approx(middle, abs=1e-3)
    assert told["maps"]["flux"]["unit"] == "10**-20 erg s-1 cm-2"
    assert main(["fit", str(path), "--line", "Hx", "--out", str(out)]) == 2
    assert "name one of" in capsys.readouterr().err
