"""Spectra of every survey come out with the planted places, values, noise and bad channel."""

import pickle

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.guesses import corrected, questions
from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from cubeview.io.export.spectrum import Trace, write_spectrum
from tests.helpers.spectrum_flavours import BAD, FLUX, SIGMA, SPECTRA, WAVE, N

LINEAR = ("MUSE spectrum (MPDAF)",)
VACUUM = ("SDSS spec", "SDSS spSpec", "LAMOST", "LAMOST, a table", "DESI coadd, two targets")


@pytest.mark.parametrize(("flavour", "make"), SPECTRA, ids=[name for name, _ in SPECTRA])
def test_what_was_planted_comes_back(tmp_path, flavour, make):
    opened = open_paths([make(tmp_path)])
    assert not opened.refusals
    assert len(opened.cases) == (2 if "two targets" in flavour else 1)
    case = opened.cases[0]
    cube = case.main
    assert case.kind == cube.kind == "spectrum"
    assert cube.shape == (N, 1, 1)
    axis = cube.axes[0]
    assert axis.kind == "spectral"
    scale = {"nm": 10.0, "Angstrom": 1.0}[axis.unit]
    places = WAVE if flavour not in LINEAR else WAVE[0] + np.arange(N)
    np.testing.assert_allclose(axis.values * scale, places, rtol=3e-7)
    values = cube.spectrum(0, 0)
    good = np.arange(N) != BAD
    np.testing.assert_allclose(values[good], FLUX[good], rtol=2e-6)
    assert np.isnan(values[BAD])
    np.testing.assert_allclose(cube.uncertainty.spectrum(0, 0)[good], SIGMA[good], rtol=2e-5)
    medium = "vacuum" if flavour in VACUUM else "air" if flavour in LINEAR else ""
    assert axis.medium == medium
    assert medium or any(note.about == "medium" for note in cube.notes)
    assert (pickle.loads(pickle.dumps(cube)).spectrum(0, 0)[good] == values[good]).all()


def save(path, hdu):
    fits.HDUList([hdu]).writeto(path)
    return path


def test_a_spectrum_without_places_is_refused_with_what_to_give(tmp_path):
    with pytest.raises(CubeviewError, match="at which wavelengths: give it CTYPE1"):
        open_path(save(tmp_path / "a.fits", fits.PrimaryHDU(FLUX)))


def test_values_that_are_all_nan_are_refused(tmp_path):
    header = fits.Header({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 500.0, "CDELT1": 0.1})
    with pytest.raises(CubeviewError, match="no values but NaN"):
        open_path(save(tmp_path / "a.fits", fits.PrimaryHDU(FLUX * np.nan, header)))


def test_flagged_everywhere_is_said_and_shown(tmp_path):
    header = fits.Header({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 500.0, "CDELT1": 0.1})
    parts = [fits.PrimaryHDU(), fits.ImageHDU(FLUX, header, name="DATA"),
             fits.ImageHDU(np.ones(N, "i4"), name="DQ")]  # fmt: skip
    fits.HDUList(parts).writeto(tmp_path / "a.fits")
    cube = open_path(tmp_path / "a.fits")[0].main
    assert np.isfinite(cube.spectrum(0, 0)).all()
    assert "every channel is flagged" in cube.notes[0].text
    assert cube.notes[0].level == "guess"


def test_of_many_columns_the_one_taken_is_named(tmp_path):
    lines = ["wave,flux_opt,flux_opt_err,flux_box,flux_box_err,flux_model"]
    lines += [f"{5000 + n},{n},1,{2 * n},3,{n}" for n in range(5)]
    (tmp_path / "many.csv").write_text("\n".join(lines))
    cube = open_path(tmp_path / "many.csv")[0].main
    assert cube.spectrum(0, 0).tolist() == [0, 1, 2, 3, 4]
    assert cube.uncertainty.spectrum(0, 0).tolist() == [1] * 5
    (said,) = [note for note in cube.notes if "there are also" in note.text]
    assert said.level == "guess"
    assert "flux_box" in said.text


def test_channels_out_of_order_are_put_in_order_and_placeless_ones_left_out(tmp_path):
    text = "wave flux\n5003 3\n5001 1\n0 9\n5002 2\nnan 9\n"
    (tmp_path / "a.txt").write_text(text)
    cube = open_path(tmp_path / "a.txt")[0].main
    assert cube.axes[0].values.tolist() == [5001, 5002, 5003]
    assert cube.spectrum(0, 0).tolist() == [1, 2, 3]
    assert sum(note.level == "repair" for note in cube.notes) == 2


def test_what_was_guessed_can_be_said_otherwise(tmp_path):
    (tmp_path / "a.txt").write_text("wave flux error\n" + "".join(f"5{n} 1 4\n" for n in range(9)))
    cube = open_path(tmp_path / "a.txt")[0].main
    asked = {question.key for question in questions(cube)}
    assert {"spectral unit", "medium", "error meaning", "value unit"} <= asked
    answers = {"spectral unit": "nm", "medium": "air", "error meaning": "variance"}
    told = corrected(cube, answers)
    assert (told.kind, told.axes[0].unit, told.axes[0].medium) == ("spectrum", "nm", "air")
    assert told.uncertainty.spectrum(0, 0).tolist() == [2] * 9


@pytest.mark.parametrize(
    "text",
    ["case,label\n1,a\n2,b\n3,c\n", "1 2\n3\n4 5\n", "x y\n3 1\n2 1\n1 1\n", "5 1\n4 1\n3 1\n"],
)
def test_other_text_is_no_spectrum(tmp_path, text):
    (tmp_path / "list.csv").write_text(text)
    assert not open_paths([tmp_path]).refusals  # passed over in a folder
    with pytest.raises(CubeviewError, match="neither"):
        open_path(tmp_path / "list.csv")


def test_arms_of_desi_meet_as_their_weighted_mean(tmp_path):
    cases = open_path(dict(SPECTRA)["DESI coadd, two targets"](tmp_path))
    assert [case.name for case in cases] == ["coadd [target 39627]", "coadd [target 39628]"]
    good = np.arange(N) != BAD
    np.testing.assert_allclose(cases[1].main.spectrum(0, 0)[good], FLUX[good] + 9, rtol=1e-6)


@pytest.mark.parametrize("form", ["fits", "ecsv", "vot", "csv"])
def test_what_is_exported_opens_again(tmp_path, form):
    cube = open_path(dict(SPECTRA)["MUSE spectrum (MPDAF)"](tmp_path))[0].main
    values, sigma = (pixels.spectrum(0, 0) for pixels in (cube, cube.uncertainty))
    trace = Trace(values, sigma, "1e-20 erg / (Angstrom s cm2)")
    write_spectrum(cube, [trace], tmp_path / f"out.{form}", ["history"])
    again = open_path(tmp_path / f"out.{form}")[0].main
    np.testing.assert_allclose(again.axes[0].values, cube.axes[0].values)
    np.testing.assert_array_equal(again.spectrum(0, 0), values)
    good = np.isfinite(values)
    np.testing.assert_array_equal(again.uncertainty.spectrum(0, 0)[good], sigma[good])
    assert "Angstrom" in again.unit
    if form in ("fits", "ecsv"):
        assert again.axes[0].medium == "air"


def test_more_spectra_than_are_opened_are_refused_with_the_number(tmp_path, monkeypatch):
    monkeypatch.setattr("cubeview.io.fits.spectrum.MOST", 1)
    with pytest.raises(CubeviewError, match="2 spectra in one file"):
        open_path(dict(SPECTRA)["DESI coadd, two targets"](tmp_path))


@pytest.mark.parametrize(
    ("flavour", "form"),
    [("SDSS spec", "SDSS-III/IV spec"), ("SDSS spSpec", "SDSS-I/II spSpec"),
     ("Spectrum, ECSV", "ECSV")],
)  # fmt: skip
def test_specutils_reads_the_same(tmp_path, flavour, form):
    specutils = pytest.importorskip("specutils")
    path = dict(SPECTRA)[flavour](tmp_path)
    theirs = specutils.Spectrum.read(path, format=form)
    cube = open_path(path)[0].main
    if flavour != "SDSS spSpec":  # 2.4 puts the first pixel one too far: CRPIX1 counts from 1
        places = theirs.spectral_axis.to_value("Angstrom")
        np.testing.assert_allclose(places, cube.axes[0].values, 1e-7)
    good = np.arange(N) != BAD
    np.testing.assert_allclose(theirs.flux.value[good], cube.spectrum(0, 0)[good], 1e-6)
    if theirs.uncertainty is not None:
        power = -0.5 if theirs.uncertainty.uncertainty_type == "ivar" else 1.0
        sigma = theirs.uncertainty.array[good] ** power
        np.testing.assert_allclose(sigma, cube.uncertainty.spectrum(0, 0)[good], 1e-4)
