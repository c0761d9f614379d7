"""Pixels of real DICOM files against gdcm's, and made sky cubes against WCSLIB."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.io import open_path
from cubeview.io.dicom.file import decode, read_dataset
from tests.helpers import flavours
from tests.io.fits.test_files import check_against_astropy

GDCM = Path(__file__).parent / "dicom" / "gdcm.json"
"""What gdcm 3.2.6 decodes from real files: the syntax, and the CRC-32 of the stored values as
32-bit integers, or some of them where two correct decoders may differ by a grey level or two."""


def test_pixels_are_those_gdcm_decodes(shared_data):
    compared = set()
    for name, (syntax, theirs) in json.loads(GDCM.read_text()).items():
        header = read_dataset(shared_data / name, pixels=True)
        assert header.file_meta.TransferSyntaxUID == syntax
        ours = decode(header, shared_data / name).astype("<i4")
        if isinstance(theirs, int):
            assert zlib.crc32(ours.tobytes()) == theirs, name
        else:
            assert np.abs(ours.ravel()[:: ours.size // 16] - theirs).max() <= 2, name
        compared.add(syntax)
    # Implicit, explicit, deflated; RLE, JPEG, JPEG lossless, JPEG-LS, JPEG 2000 with and without.
    assert len(compared) == 9


SKY = [
    (name, make)
    for name, make in flavours.SIMULATED
    if make.__name__ not in ("califa", "gmos", "tiled", "osiris")
    and name.split(",")[0].split()[0] in ("MaNGA", "SAMI", "KMOS", "KCWI", "JWST", "CASA", "HI")
]


@pytest.mark.parametrize(("name", "make"), SKY, ids=[name for name, _ in SKY])
def test_made_sky_cubes_lie_where_wcslib_puts_them(tmp_path, name, make):
    path = make(tmp_path)
    case = open_path(path)[0]
    check_against_astropy(case.main, path)


def test_osiris_lies_where_wcslib_puts_it(tmp_path):
    path = flavours.osiris(tmp_path)
    cube = open_path(path)[0].main
    np.testing.assert_allclose(cube.axes[0].values, 2173.0 + 0.25 * np.arange(8))
    np.testing.assert_array_equal(cube.pixels.read(), flavours.FLUX)
    header = fits.getheader(path)
    header["CRVAL1"] = 2173.0
    with np.errstate(all="ignore"):
        oracle = WCS(header).celestial
    for y, x in ((0, 0), (5, 6), (2, 3)):
        # The file runs wavelength, RA, Dec.
        ra, dec = oracle.wcs_pix2world(x, y, 0)
        assert cube.world(0, y, x)[1:] == pytest.approx((float(dec), float(ra)), abs=1e-10)
