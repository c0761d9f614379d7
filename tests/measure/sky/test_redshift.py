"""Redshifts of planted spectra by their lines, with doubt; lists of the user's own."""

import json
from dataclasses import replace

import numpy as np
import pytest
from astropy import units

from cubeview.cli import main
from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.spectral import refractive_index
from cubeview.errors import CubeviewError
from cubeview.io.export.fits import write_cube
from cubeview.io.line_lists import read_lines
from cubeview.measure.sky.lines import DARK, lines_of, optical_lines, rest_frequency_hz
from cubeview.measure.sky.redshift import identify, redshift_of
from tests.measure.sky.test_moments import cube

LINES = optical_lines()
REST = {n: (hz * units.Hz).to_value("AA", units.spectral()) for n, hz in LINES.items()}
X = np.arange(4750.0, 9350.0, 1.25)
BRIGHT = ("OII3727", "OII3730", "Hb", "OIII4960", "OIII5008", "Ha", "NII6585", "SII6718")


def spectrum(z, sn, names, rng):
    flux = 20 + 3 * np.sin(X / 900) + rng.normal(size=len(X))
    for name in names:
        at = REST[name] * (1 + z)
        width = at * 110 / 3e5
        area = sn * 1.22 * np.sqrt(2 * np.sqrt(np.pi) * width * 1.25)
        flux += area / width / np.sqrt(2 * np.pi) * np.exp(-0.5 * ((X - at) / width) ** 2)
    return flux


@pytest.mark.parametrize("known", [True, False])
def test_planted_redshifts_come_back_within_their_errors(known):
    rng = np.random.default_rng(4)
    pulls = []
    for z in rng.uniform(0, 0.8, 30):
        flux = spectrum(z, 8, BRIGHT, rng)
        sigma = np.ones(len(X)) if known else None
        found = redshift_of(X, flux, sigma, LINES, high=1.2, dark=DARK)
        assert not found.doubts
        best = found.candidates[0]
        assert best.z == pytest.approx(z, abs=0.001)
        pulls.append((best.z - z) / best.error)
    assert abs(np.median(pulls)) < 0.4
    # Lines that blend, as those of [O II], make the errors larger than need be.
    assert 0.2 < np.std(pulls) < 1.2


def test_noise_and_a_single_line_are_doubted():
    rng = np.random.default_rng(5)
    for names in ((), ("Ha",), ("OII3727",)):
        flux = spectrum(0.1, 12, names, rng)
        assert redshift_of(X, flux, None, LINES, dark=DARK).doubts


def test_lines_are_named_at_a_redshift():
    flux = spectrum(0.2, 20, ("Hb", "OIII5008"), np.random.default_rng(6))
    seen = {one.name: one for one in identify(X, flux, np.ones(len(X)), 0.2, LINES)}
    assert {"Hb", "OIII5008"} <= set(seen)
    assert "Ha" not in seen
    assert seen["Hb"].centre == pytest.approx(REST["Hb"] * 1.2, abs=0.6)
    with pytest.raises(CubeviewError, match="fewer than 20"):
        identify(X, np.full(len(X), np.nan), None, 0.2, LINES)


def test_the_users_own_list(tmp_path):
    air = 6564.61 / float(refractive_index(0.656461))
    path = tmp_path / "lines.csv"
    path.write_text(f"name,wavelength,medium\nmine,{air},air\nother,5008.24,vacuum\n")
    found = read_lines(path)
    assert found["mine"] == pytest.approx(rest_frequency_hz("Ha"), rel=1e-7)
    (line,) = lines_of("Mine", found)
    assert line.members[0][0] == found["mine"]
    path.write_text("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: name, datatype: string}\n"
                    "# - {name: wavelength, unit: nm, datatype: float64}\n"
                    "# - {name: medium, datatype: string}\n"
                    "name wavelength medium\nHa 656.461 vacuum\n")  # fmt: skip
    assert read_lines(path)["Ha"] == pytest.approx(rest_frequency_hz("Ha"), rel=1e-6)
    for wrong in ("", "a,b\n1,2\n", "name,wavelength,medium\nx,-3,air\n",
                  "name,wavelength,medium\nx,5000,water\n"):  # fmt: skip
        path.write_text(wrong)
        with pytest.raises(CubeviewError, match=r"lines\.csv"):
            read_lines(path)


def test_the_command_finds_the_redshift_in_the_medium_of_the_cube(tmp_path, capsys):
    rng = np.random.default_rng(7)
    flux = spectrum(0.3, 12, BRIGHT, rng)
    whole = cube(4)
    axis = Axis("Wavelength", "spectral", "Angstrom", X / refractive_index(X / 1e4), type="AWAV",
                medium="air")  # fmt: skip
    values = np.repeat(flux, 16).reshape(-1, 4, 4)
    whole = replace(
        whole,
        axes=(axis, *whole.axes[1:]),
        pixels=ArrayPixels(values),
        uncertainty=ArrayPixels(np.ones_like(values)),
    )
    path = tmp_path / "cube.fits"
    write_cube(whole, path)
    place = [str(v) for v in whole.world(1000, 2, 2)]
    assert main(["lines", str(path), "--at", *place, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["z"] == pytest.approx(0.3, abs=0.0005)
    assert told["doubts"] == []
    assert main(["lines", str(path), "--at", *place, "--z", "0.3"]) == 0
    assert "OIII5008" in capsys.readouterr().out
    assert main(["lines", str(path), "--at", "7000", "80", "10"]) == 2
