"""Images of an interval and continua of every kind: planted values, scatter, a foreign judge."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cli import main
from cubeview.cubes.cube import ArrayPixels
from cubeview.errors import CubeviewError
from cubeview.io.export.fits import write_cube
from cubeview.measure.sky.continuum import Windows
from cubeview.measure.sky.images import IMAGES, interval_images
from cubeview.measure.sky.moments import moments
from tests.measure.sky.test_moments import AXIS, CENTRE, LINE, PEAK, WIDTH, WINDOWS, cube

INSIDE = np.abs(AXIS - np.mean(LINE)) <= np.ptp(LINE) / 2
PROFILE = PEAK * np.exp(-0.5 * ((AXIS - CENTRE) / WIDTH) ** 2)[INSIDE]
LEVEL = 50.0
TRUTH = {
    "sum": PROFILE.sum(),
    "mean": PROFILE.mean(),
    "max": PROFILE.max(),
    "median": np.median(PROFILE),
    "ew": PROFILE.sum() * 1.25 / LEVEL,
}


def test_planted_values_come_back_without_noise():
    made = interval_images(
        cube(4, noise=0.0, level=LEVEL), *LINE, IMAGES, continuum=Windows(WINDOWS)
    )
    for one in made.images:
        assert one.values == pytest.approx(TRUTH[one.name], rel=1e-4, abs=2e-5)
    assert [one.unit for one in made.images] == [made.images[0].unit] * 4 + ["Angstrom"]


@pytest.mark.parametrize("known", [True, False])
def test_errors_are_as_large_as_the_values_scatter(known):
    noisy = cube(level=LEVEL, known=known, seed=11)
    names = ("sum", "mean", "ew")
    for one in interval_images(noisy, *LINE, names, continuum=Windows(WINDOWS)).images:
        pull = (one.values - TRUTH[one.name]) / one.sigma
        assert abs(pull.mean()) < 0.15
        assert 0.9 < pull.std() < 1.1
    flat = (6590.0, 6618.0)
    (one,) = interval_images(cube(level=LEVEL, seed=12), *flat, ["median"]).images
    pull = (one.values - LEVEL) / one.sigma
    assert abs(pull.mean()) < 0.15
    assert 0.9 < pull.std() < 1.1


@pytest.mark.parametrize("how", ["polynomial", "robust", "median"])
def test_cosmic_rays_in_the_windows_spoil_the_plain_fit_only(how):
    clean = cube(12, level=LEVEL, known=False)
    values = clean.pixels.array.copy()
    beside = np.flatnonzero(~INSIDE)
    struck = np.random.default_rng(1).permuted(np.tile(beside[:, None], (1, 144)), axis=0)[:3]
    values.reshape(len(AXIS), -1)[struck, np.arange(144)] += 300.0
    windows = Windows(WINDOWS, how, 1)
    (found,) = moments(replace(clean, pixels=ArrayPixels(values)), *LINE, orders=[0],
                       continuum=windows).moments  # fmt: skip
    pull = (found.values - PROFILE.sum() * 1.25) / found.sigma
    off = abs(np.median(found.values) - PROFILE.sum() * 1.25)
    if how == "polynomial":
        assert off > 300
    else:
        assert off < 5
        assert 0.85 < pull.std() < 1.15


def test_a_bent_continuum_needs_its_degree():
    bent = cube(6, noise=0.1)
    curve = 0.02 * (AXIS - 6560.0) ** 2
    bent = replace(bent, pixels=ArrayPixels(bent.pixels.array + curve[:, None, None]))
    fluxes = [
        np.median(
            moments(bent, *LINE, orders=[0], continuum=Windows(WINDOWS, degree=n)).moments[0].values
        )
        for n in (1, 2)
    ]
    assert abs(fluxes[0] - PROFILE.sum() * 1.25) > 100
    assert fluxes[1] == pytest.approx(PROFILE.sum() * 1.25, abs=0.5)


def test_gaps_are_left_out_and_empty_spaxels_blank():
    holed = cube(4, level=LEVEL)
    values = holed.pixels.array.copy()
    values[:, 0, 0] = np.nan
    values[np.flatnonzero(INSIDE)[0], 1, 1] = np.nan
    names = ("sum", "mean", "max", "median")
    made = interval_images(replace(holed, pixels=ArrayPixels(values)), *LINE, names).images
    inside = values[INSIDE].reshape(INSIDE.sum(), -1)[:, 1:]
    expected = (np.nansum(inside, 0), np.nanmean(inside, 0), np.nanmax(inside, 0),
                np.nanmedian(inside, 0))  # fmt: skip
    for one, value in zip(made, expected, strict=True):
        assert np.isnan(one.values[0, 0])
        assert np.isnan(one.sigma[0, 0])
        np.testing.assert_allclose(one.values.ravel()[1:], value, rtol=1e-5)


def test_what_cannot_be_made_is_said():
    with pytest.raises(CubeviewError, match="needs a continuum"):
        interval_images(cube(4), *LINE, ["ew"])
    with pytest.raises(CubeviewError, match="choose of sum, mean"):
        interval_images(cube(4), *LINE, ["mode"])
    for wrong in (Windows(WINDOWS, degree=9), Windows(((6502.0, 6505.0),), degree=5)):
        with pytest.raises(CubeviewError, match=r"choose 0 to 5|fewer than 7"):
            moments(cube(4), *LINE, continuum=wrong)


def test_the_command_writes_images_and_replaces_nothing_unasked(tmp_path, capsys):
    path, out = tmp_path / "cube.fits", tmp_path / "images.fits"
    write_cube(cube(6, level=LEVEL), path)
    command = ["moments", str(path), "--from", "6540", "--to", "6586", "--out", str(out), "--json"]
    command += ["--image", "mean,ew", "--continuum", "6502:6535,6590:6618", "--fit", "robust"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    with fits.open(out) as parts:
        assert [part.name for part in parts[1:]] == ["MEAN", "MEAN_ERR", "EW", "EW_ERR"]
        assert np.nanmedian(parts["EW"].data) == pytest.approx(told["images"][1]["median"])
        assert parts["EW"].header["BUNIT"] == "Angstrom"
        assert "lies 3 standard deviations off" in "".join(parts["EW"].header["HISTORY"])
    assert told["moments"] == []
    kept = out.read_bytes()
    assert main(command) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_bytes() == kept
    assert main([*command, "--overwrite", "--order", "1"]) == 0
    assert len(json.loads(capsys.readouterr().out)["moments"]) == 1
    assert main([*command, "--overwrite", "--mask", "3"]) == 2


def test_where_no_noise_can_be_told_none_is_claimed():
    whole = cube(3, known=False)
    made = interval_images(whole, AXIS[0], AXIS[-1], ["sum", "mean", "max", "median"]).images
    for one in made:
        assert np.isfinite(one.values).all()
        assert np.isnan(one.sigma).all(), one.name
