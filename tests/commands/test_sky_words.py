"""What the commands of the sky say of input that makes no sense, and what to do about it."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cli import main
from cubeview.cubes.doubt import believed
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from cubeview.io.masks import read_mask
from cubeview.measure.sky.fit import fit_line
from cubeview.measure.sky.lines import rest_frequency_hz
from tests.helpers.viewcases import sky_case

SHAPE = (40, 4, 5)


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(0)
    cube = sky_case(SHAPE, rng.normal(5, 1, SHAPE), np.ones(SHAPE)).main
    write_cube(replace(cube, unit="", quantity_unit=None), tmp_path / "cube.fits")
    return tmp_path / "cube.fits"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "--line", "OIII5008", "--mask", "nan", "--out", "a.fits"], "“nan” is no number"),
        (["moments", "--from", "5000", "--to", "5010", "--mask", "nan", "--out", "a.fits"],
         "“nan” is no number"),
        (["lines", "--at", "5010", "2", "150", "--z", "nan"], "“nan” is no number"),
        (["cutout", "--box", "-3:5", "--out", "a.fits"], "write --box=VALUE"),
        (["fit", "--line", "OIII5008", "--mask", "-1", "--out", "a.fits"], "0 or more"),
        (["convert", "--spectral", "velocity", "--rest", "5 parsec", "--out", "a.fits"],
         "no rest value"),
        (["convert", "--unit", "K", "--out", "a.fits"], "Correct what was guessed"),
        (["fit", "--line", "Ha", "--z", "5", "--out", "a.fits"], "at redshifts from -0.238"),
        (["fit", "--line", "OIII5008", "--out", "f.txt"], "choose such a name"),
    ],
)  # fmt: skip
def test_it_is_refused_with_what_to_do(source, capsys, monkeypatch, words, said):
    monkeypatch.chdir(source.parent)
    try:
        status = main([words[0], str(source), *words[1:]])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    told = capsys.readouterr().err
    assert said in told
    assert not [path for path in source.parent.iterdir() if path.suffix in (".txt",)]


def test_noise_that_can_be_none_is_not_measured_with(source, tmp_path):
    whole = open_path(source)[0].main
    assert believed(whole) is whole
    with fits.open(source) as parts:
        parts["STAT"].data *= 1e-34
        parts.writeto(tmp_path / "faint.fits")
    cube = open_path(tmp_path / "faint.fits")[0].main
    assert any("can hardly be the noise" in note.text for note in cube.notes)
    found = fit_line(cube, rest_frequency_hz("OIII5008"), 0.0, window_kms=1200)
    assert any("scatter" in text for text in found.words)
    # the user may say that it is one
    from cubeview.cubes.guesses import corrected

    said = corrected(cube, {"error meaning": "variance"})
    assert believed(said).uncertainty is not None


def test_voxels_of_a_mask_without_a_number_are_told_of(tmp_path):
    values = np.zeros(SHAPE, np.float32)
    values[3:5] = 1
    values[0, 0, :3] = np.nan
    path = tmp_path / "mask.fits"
    fits.PrimaryHDU(values).writeto(path)
    mask = read_mask(path)
    assert mask.notes == ("3 voxels hold no number (NaN) and count as no label",)
    assert mask.voxels == {1: 40}


def test_a_spectrum_has_no_rows_to_tell_of(tmp_path, capsys):
    (tmp_path / "one.csv").write_text(
        "wavelength,flux\n" + "".join(f"{5000 + i},{i % 7}\n" for i in range(50))
    )
    assert main(["info", str(tmp_path / "one.csv")]) == 0
    told = capsys.readouterr().out
    assert "  y (" not in told
    assert "5000" in told
