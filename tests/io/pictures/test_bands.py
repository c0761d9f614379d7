"""Bands of one field are one picture: in one file, or in files whose names differ in the band."""

import numpy as np
import pytest
from astropy.io import fits

from cubeview.io import open_paths
from cubeview.io.pictures.bands import band_of, from_long_to_short


def header(band="", ra=150.0):
    out = fits.Header()
    out["CTYPE1"], out["CTYPE2"], out["CUNIT1"], out["CUNIT2"] = (
        "RA---TAN",
        "DEC--TAN",
        "deg",
        "deg",
    )
    out["CRVAL1"], out["CRVAL2"], out["CRPIX1"], out["CRPIX2"] = ra, 2.0, 3.0, 2.5
    out["CDELT1"], out["CDELT2"] = -1e-4, 1e-4
    if band:
        out["FILTER"] = band
    return out


def write(path, band, *, level=0.0, shape=(4, 5), ra=150.0):
    fits.PrimaryHDU(np.full(shape, level, "f4"), header(band, ra)).writeto(path)


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("g DECam SDSS c0001 4720.0 1520.0", "g"),
        ("F814W", "F814W"),
        ("ngc1300-r", "r"),
        ("red", "red"),
        ("ngc1300", ""),
        ("g and r", ""),
    ],
)
def test_what_a_name_says(text, band):
    assert band_of(text) == band


def test_red_comes_first():
    assert from_long_to_short(["g", "u", "r", "H"]) == ["H", "r", "g", "u"]
    assert from_long_to_short(["F435W", "F814W", "F606W"]) == ["F814W", "F606W", "F435W"]


def test_files_of_three_bands_are_one_picture(tmp_path):
    for level, band in enumerate("gri"):
        write(tmp_path / f"field-{band}.fits", "", level=level)
    write(tmp_path / "other-g.fits", "g", level=9)
    one, other = open_paths([tmp_path]).cases
    assert (one.name, one.roles, other.roles) == ("field", ("i", "r", "g"), ("light",))
    assert [float(cube.pixels.read().mean()) for cube in one.cubes.values()] == [2, 1, 0]
    assert any("bands i, r, g put together" in note.text for note in one.notes)


@pytest.mark.parametrize("wrong", [{"shape": (5, 5)}, {"ra": 150.001}])
def test_other_shapes_and_places_stay_apart(tmp_path, wrong):
    write(tmp_path / "field-g.fits", "g")
    write(tmp_path / "field-r.fits", "r", **wrong)
    assert [case.roles for case in open_paths([tmp_path]).cases] == [("light",)] * 2


def test_bands_of_one_file_with_noise_and_mask(tmp_path):
    shape = (4, 5)
    hdus = [fits.PrimaryHDU()]
    for level, band in ((1.0, "g"), (2.0, "r")):
        hdus.append(fits.ImageHDU(np.full(shape, level, "f4"), header(band), name=f"SCI_{band}"))
        hdus.append(fits.ImageHDU(np.full(shape, 4.0, "f4"), name=f"VAR_{band}"))
    fits.HDUList(hdus).writeto(tmp_path / "field.fits")
    (case,) = open_paths([tmp_path / "field.fits"]).cases
    assert case.roles == ("r", "g")
    assert case.cubes["r"].pixels.read().max() == 2.0
    assert case.cubes["g"].uncertainty.read().max() == 2.0
    assert case.main.spacing[1:] == pytest.approx((0.36, 0.36))


def test_a_picture_without_a_place_says_that_it_has_no_scale(tmp_path):
    fits.PrimaryHDU(np.zeros((4, 5), "f4")).writeto(tmp_path / "a.fits")
    (case,) = open_paths([tmp_path / "a.fits"]).cases
    assert any(note.text.startswith("no scale") for note in case.notes)
