"""Units as files write them, and those that would never be done with."""

import time

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.unit import LONGEST, check_length, unit_of
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.info import describe

ENDLESS = (
    "10**99999999999",
    "10^-99999999999 erg/s",
    "m**99999999999",
    "10+99999999999 Jy",
    "m(1/99999999999999)",
    "9999999999999999999 **99999 Jy",
    "Jy " * 20_000,
)


@pytest.mark.parametrize("text", ENDLESS)
def test_a_unit_without_end_is_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(ValueError, match="too long or too large"):
        unit_of(text)
    assert parse_unit(text) is None
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "text", ["0 Jy", "-1 Jy", "1e99999 Jy", "10**400 Jy", "FLAM9999999", "m**(1/0)"]
)
def test_a_scale_that_is_no_positive_number_makes_no_unit(text):
    assert parse_unit(text) is None
    with pytest.raises(ValueError, match="unit"):
        unit_of(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10**-20 erg/s/cm**2/Angstrom", 1e-13),
        ("1e-17 erg s-1 cm-2 Angstrom-1", 1e-10),
        ("FLAM16", 1e-9),
        ("5.0000000001e-20 W", 5.0000000001e-20),
        ("123456789 Hz", 123456789.0),
        ("Jy/beam", 1e-26),
    ],
)
def test_units_of_surveys_are_read_as_before(text, value):
    assert parse_unit(text).decompose().scale == pytest.approx(value)
    check_length("x" * LONGEST)


@pytest.mark.parametrize("key", ["BUNIT", "CUNIT3", "CUNIT1"])
@pytest.mark.parametrize("text", ENDLESS[:2])
def test_a_cube_with_such_a_unit_opens_at_once_and_says_so(tmp_path, key, text):
    header = fits.Header(
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "WAVE", "CUNIT1": "deg",
         "CUNIT2": "deg", "CUNIT3": "Angstrom", "CRVAL3": 5000.0, "CDELT3": 1.25, "CRPIX3": 1.0,
         "CDELT1": -1e-4, "CDELT2": 1e-4}
    )  # fmt: skip
    header[key] = text
    path = tmp_path / "cube.fits"
    fits.PrimaryHDU(np.ones((6, 5, 4), np.float32), header).writeto(path)
    start = time.perf_counter()
    (case,) = open_path(path)
    assert time.perf_counter() - start < 5
    notes = " ".join(describe(case)[0]["notes"])
    assert (key if key.startswith("C") else "unit") in notes


@pytest.mark.parametrize("key", ["BUNIT", "OBJECT", "HIERARCH ESO A"])
def test_a_text_continued_without_end_is_refused_at_once(tmp_path, key):
    first = [f"{key:<8}= 'Jy &'", *["CONTINUE  'Jy Jy &'"] * 20_000, "CONTINUE  'Jy'", "END"]
    sizes = ["NAXIS   = 3", "NAXIS1  = 4", "NAXIS2  = 4", "NAXIS3  = 4"]
    lines = ["SIMPLE  =                    T", "BITPIX  = -32", *sizes, *first]
    text = "".join(line.ljust(80) for line in lines)
    path = tmp_path / "cube.fits"
    path.write_bytes(text.ljust(-(-len(text) // 2880) * 2880).encode() + bytes(2880))
    start = time.perf_counter()
    with pytest.raises(CubeviewError, match="continued over more than 1,000 lines"):
        open_path(path)
    assert time.perf_counter() - start < 3
