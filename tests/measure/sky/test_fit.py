"""Fits of planted lines: values, errors, velocities and files."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy import constants
from astropy.io import fits

from cubeview.cli import main
from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.measure.sky.fit import fit_line
from cubeview.measure.sky.gaussians import fit_gaussians
from cubeview.measure.sky.lines import Line, lines_of, rest_frequency_hz
from tests.measure.sky.planted import REDSHIFT, RESOLUTION, planted
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
    assert found.values.shape == (3, 5)


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


@pytest.mark.parametrize(
    ("name", "sn", "given"),
    [
        ("OIII", 12, {}),
        ("Ha,NII", 12, {}),
        ("SII", 12, {"sign": -1}),
        ("Ha", 60, {"components": 2}),
    ],
)
def test_tied_lines_and_components_come_back_within_their_errors(name, sn, given):
    observed, truth = planted(name, sn, 300, **given)
    found = fit_line(observed, lines_of(name), REDSHIFT, resolution=RESOLUTION, **given)
    for key, value in truth.items():
        pull = ((found.maps[key] - value) / found.maps[f"{key}_ERR"]).ravel()
        known = pull[np.isfinite(pull)]
        assert len(known) > 270
        middle = np.median(known)
        # Of 300 the spread itself is known to 7 %.
        assert abs(middle) < 0.25
        assert 0.8 < 1.4826 * np.median(np.abs(known - middle)) < 1.2


def test_a_doublet_has_its_ratio_and_helps_the_line_that_is_tied_to_it():
    observed, truth = planted("OIII", 8, 300)
    tied = fit_line(observed, lines_of("OIII"), REDSHIFT)
    alone = fit_line(observed, lines_of("OIII5008"), REDSHIFT, window_kms=1000)
    for maps in (tied.maps, alone.maps):
        assert np.nanmedian(maps["FLUX"] / truth["FLUX"]) == pytest.approx(1, abs=0.03)
    assert np.nanmedian(tied.maps["FLUX_ERR"] / alone.maps["FLUX_ERR"]) < 0.97
    assert "1 to 0.336" in tied.words[0]


def test_velocities_of_a_radio_axis_are_tied_by_frequencies():
    # Two lines of one gas on an axis of radio velocities of the first.
    shift, ratio = 120.0, 0.7
    first = 115.2712018e9
    second = first * (1 - 2000 / KMS)
    speeds = np.arange(-1500.0, 3500.0, 20.0)
    lines = (Line("A", ((first, 1.0),)), Line("B", ((second, 1.0),)))
    other = KMS * (1 - second / first * (1 - shift / KMS))
    values = np.exp(-0.5 * ((speeds - shift) / 60) ** 2)
    values += ratio * np.exp(-0.5 * ((speeds - other) / 60) ** 2)
    noise = 0.02 * np.random.default_rng(1).normal(size=(len(speeds), 3, 3))
    whole = cube(3)
    axis = replace(
        whole.axes[0], name="Velocity", unit="km/s", values=speeds, convention="radio",
        rest=first, rest_unit="Hz", medium="",
    )  # fmt: skip
    pixels = ArrayPixels(values[:, None, None] + noise)
    moving = replace(whole, axes=(axis, *whole.axes[1:]), pixels=pixels, uncertainty=None)
    found = fit_line(moving, lines, 0.0)
    assert np.median(found.maps["VELOCITY"]) == pytest.approx(shift, abs=1)
    assert np.median(found.maps["FLUX_B"] / found.maps["FLUX_A"]) == pytest.approx(ratio, abs=0.02)
    axis = replace(axis, convention="relativistic")
    with pytest.raises(CubeviewError, match="one by one"):
        fit_line(replace(moving, axes=(axis, *whole.axes[1:])), lines, 0.0)


def test_a_fit_can_be_cancelled_and_what_cannot_be_fitted_is_said():
    observed, _ = planted("Ha", 10, 4)

    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_line(observed, lines_of("Ha"), REDSHIFT, report=stop)
    with pytest.raises(CubeviewError, match="1 to 3"):
        fit_line(observed, lines_of("Ha"), REDSHIFT, components=4)
    with pytest.raises(CubeviewError, match="named twice"):
        lines_of("SII,SII6718")
    assert [line.name for line in lines_of("Ha,NII,SII")] == ["Ha", "NII", "SII6718", "SII6733"]


def test_the_command_fits_lines_that_move_together(tmp_path, capsys):
    observed, truth = planted("Ha,NII", 30, 20)
    twice = (slice(None), [0, 0])
    observed = replace(
        observed,
        axes=(observed.axes[0], replace(observed.axes[1], values=[2.0, 2.0001]), observed.axes[2]),
        pixels=ArrayPixels(observed.pixels.array[twice]),
        uncertainty=ArrayPixels(observed.uncertainty.array[twice]),
    )
    path, out = tmp_path / "cube.fits", tmp_path / "maps.fits"
    write_cube(observed, path)
    command = ["fit", str(path), "--line", "Ha,NII", "--z", str(REDSHIFT), "--out", str(out)]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(line["rest_hz"]) for line in told["lines"]] == [1, 2]
    with fits.open(out) as parts:
        assert np.corrcoef(parts["FLUX_NII"].data[0], truth["FLUX_NII"])[0, 1] > 0.98
        assert parts["FWHM_ERR"].header["BUNIT"] == "km/s"
        assert "1 to 0.328" in "".join(parts["VELOCITY"].header["HISTORY"])


def test_the_velocity_field_of_a_real_galaxy(shared_data):
    """NGC 4324, CARMA CO(1-0): 1665 km/s, turning about the axis of its disc, which lies at 54°.

    Source: Cappellari et al. 2011, MNRAS 413:813 (velocity); Krajnovic et al. 2011, MNRAS 414:2923.
    """
    galaxy = open_path(shared_data / "radio" / "co_carma_ngc4324.fits")[0].main
    found = fit_line(galaxy, lines_of("CO10"), 0.0056, window_kms=600, least_sn=5)
    velocity = found.maps["VELOCITY"]
    seen = np.isfinite(velocity)
    assert seen.sum() > 100
    assert np.median(velocity[seen]) == pytest.approx(1665, abs=15)
    y, x = np.nonzero(seen)
    plane = np.stack([np.ones(len(x)), x, y], axis=1)
    slope = np.linalg.lstsq(plane, velocity[seen], rcond=None)[0][1:]
    east, north = np.linalg.solve(galaxy.wcs.pixel_scale_matrix.T, slope)
    receding = np.degrees(np.arctan2(east, north))
    assert (receding - 54) % 180 == pytest.approx(0, abs=20)
