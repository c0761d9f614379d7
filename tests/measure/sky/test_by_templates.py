"""Planted redshifts come back, from galaxies, quasars and stars, whatever the file is like."""

import numpy as np
import pytest

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.measure.sky import templates as t
from cubeview.measure.sky.by_templates import redshift_at, redshift_of
from cubeview.measure.sky.scan import placed, scanned
from cubeview.measure.sky.spectrum import smoothed

SDSS = 10 ** (3.58 + 1e-4 * np.arange(3800))


def template(name):
    return next(one for one in t.templates() if one.name == name)


def planted(name, number, z, wave=SDSS, signal=8.0, seed=1):
    one = template(name)
    weights = one.single[number] if len(one.single) else np.eye(len(one.basis))[0]
    values = np.nan_to_num(weights @ one.at(z, wave))
    sigma = np.full(len(wave), np.mean(np.abs(values)) / signal)
    return values + np.random.default_rng(seed).normal(0.0, sigma), sigma


@pytest.mark.parametrize(
    ("name", "z", "kind", "off"),
    [
        ("galaxy", 0.0873, "galaxy", 3e-4),
        ("galaxy", 0.731, "galaxy", 6e-4),
        ("quasar.LOZ", 1.234, "quasar", 3e-3),
        ("quasar.HIZ", 2.0, "quasar", 3e-3),
        ("star.M", 0.0004, "star M", 4e-4),
        ("star.A", -0.0005, "star A", 4e-4),
    ],
)
def test_a_planted_redshift_comes_back(name, z, kind, off):
    values, sigma = planted(name, 5, z)
    found = redshift_of(SDSS, values * 1e-17, sigma * 1e-17)  # numbers as small as files hold
    assert found.z == pytest.approx(z, abs=off)
    assert found.type == kind
    assert found.agree is None
    assert len(found.candidates) == 5
    rising = [one.delta_chi2 for one in found.candidates]
    assert rising == sorted(rising)
    assert rising[0] == 0
    assert found.low < found.z < found.high
    assert 0.8 < found.reduced_chi2 < 1.2
    model = found.drawn[0]
    good = np.isfinite(model)
    assert np.corrcoef(model[good], values[good])[0, 1] > 0.7


def test_coarse_channels_and_gaps_move_nothing():
    wave = 12500 + 13.4 * np.arange(448)
    values, sigma = planted("galaxy", 11, 1.4, wave, signal=15)
    values[100:130] = np.nan
    found = redshift_of(wave, values, sigma)
    assert found.z == pytest.approx(1.4, abs=2e-3)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    wave = SDSS[::3]
    held = []
    for seed in range(8):
        values, sigma = planted("galaxy", 20 + seed, 0.2, wave, signal=4, seed=seed)
        found = redshift_of(wave, values, sigma, between=(0.19, 0.21))
        held.append(found.low <= 0.2 <= found.high)
    assert sum(held) >= 4


def test_noise_alone_is_not_believed():
    rng = np.random.default_rng(3)
    found = redshift_of(SDSS, rng.normal(1.0, 1.0, len(SDSS)), np.ones(len(SDSS)))
    assert any("no redshift can be trusted" in text for text in found.cautions)


def test_the_fit_of_one_redshift_is_that_of_least_squares():
    values, sigma = planted("galaxy", 3, 0.3)
    data = placed(SDSS, values, sigma)
    one = template("galaxy")
    scan = scanned(data, one, 0.29, 0.31)
    place = len(scan.z) // 2
    rows = one.at(scan.z[place], SDSS)
    bent = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(SDSS)), 2).T
    design = np.concatenate([rows, bent]) / sigma
    theirs, *_ = np.linalg.lstsq(design.T, values / sigma, rcond=None)
    left = np.sum((values / sigma - theirs @ design) ** 2)
    assert data.total - scan.free[place] == pytest.approx(left, rel=1e-3)


def test_between_keeps_to_its_redshifts():
    values, sigma = planted("galaxy", 5, 0.0873)
    found = redshift_of(SDSS, values, sigma, between=(0.5, 0.6))
    assert all(0.5 <= one.z <= 0.6 for one in found.candidates)


def cube(values, unit="Angstrom", medium="vacuum", scale=1.0):
    axis = Axis("Wavelength", "spectral", unit, SDSS * scale, medium=medium)
    return Cube((axis, plain_axis(1, "y"), plain_axis(1, "x")),
                ArrayPixels(values[:, None, None]), "spectrum")  # fmt: skip


def test_air_is_brought_to_vacuum_and_nm_to_angstrom():
    values, _ = planted("galaxy", 5, 0.2, signal=30)
    vacuum = redshift_at(cube(values, "nm", scale=0.1), between=(0.19, 0.21))
    air = redshift_at(cube(values, medium="air"), between=(0.19, 0.21))
    assert vacuum.z == pytest.approx(0.2, abs=2e-4)
    assert air.z - vacuum.z == pytest.approx(2.8e-4 * 1.2, rel=0.15)
    assert any("no noise" in text for text in air.cautions)
    unknown = redshift_at(cube(values, medium=""), between=(0.19, 0.21))
    assert any("in vacuum" in text for text in unknown.cautions)


def test_too_little_is_refused():
    with pytest.raises(CubeviewError, match="Only 7 channels"):
        redshift_of(SDSS[:7], np.ones(7), np.ones(7))
    with pytest.raises(CubeviewError, match="No template reaches"):
        redshift_of(np.linspace(10, 20, 100), np.ones(100), np.ones(100))


def test_a_running_mean_is_weighted_and_says_its_error():
    values = np.array([1.0, 2.0, np.nan, 4.0, 9.0])
    mean, error = smoothed(values, np.array([1.0, 1.0, 1.0, 1.0, 2.0]), 3)
    assert mean[0] == 1.5
    assert np.isnan(mean[2])
    assert mean[4] == pytest.approx((4 + 9 / 4) / 1.25)
    assert error[0] == pytest.approx(2**-0.5)
    assert smoothed(values, None, 1)[0] is values
