"""Pixels of real DICOM files against python-gdcm, and made sky cubes against WCSLIB."""

import gdcm
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from cubeview.errors import CubeviewError
from cubeview.io import open_path
from cubeview.io.dicom.file import check_pixels, decode, read_dataset
from tests.helpers import flavours
from tests.io.fits.test_files import check_against_astropy

FOLDERS = ("nm", "dicom_other", "spect_physionet", "spect_rest_stress", "dicom_series")
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81"}
"""Syntaxes in which two correct decoders may differ by a grey level or two."""


def gdcms_pixels(path):
    """Return the stored values as gdcm decodes them, None where it cannot."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    if not reader.Read():
        return None
    image = reader.GetImage()
    shape = tuple(image.GetDimension(n) for n in range(image.GetNumberOfDimensions()))[::-1]
    form = image.GetPixelFormat()
    signed = form.GetPixelRepresentation() == 1
    dtype = np.dtype(f"{'i' if signed else 'u'}{form.GetBitsAllocated() // 8}")
    buffer = image.GetBuffer().encode("utf-8", errors="surrogateescape")
    values = np.frombuffer(buffer, dtype)
    return values.reshape((-1, *shape[-2:])) if values.size == np.prod(shape) else None


def test_pixels_are_those_gdcm_decodes(shared_data):
    compared = set()
    for folder in FOLDERS:
        for path in sorted((shared_data / folder).rglob("*")):
            if not path.is_file() or path.suffix in (".gz", ".txt") or path.stat().st_size > 3e6:
                continue
            try:
                header = read_dataset(path, pixels=True)
                check_pixels(header, path)
                ours = decode(header, path)
            except CubeviewError:
                continue
            theirs = gdcms_pixels(path)
            if theirs is None or theirs.shape != ours.shape:
                continue
            syntax = str(header.file_meta.TransferSyntaxUID)
            difference = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max()
            assert difference <= (2 if syntax in LOSSY else 0), path
            compared.add(syntax)
    # Implicit and explicit, JPEG lossless, JPEG 2000 and JPEG-LS at least.
    assert len(compared) >= 5, compared


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
