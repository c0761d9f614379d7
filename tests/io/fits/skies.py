"""Headers of small sky cubes with a spectrum."""

from astropy.io import fits


def header(**cards):
    """Return a header with wavelengths in air from 5000 Angstrom, and what else is given."""
    out = fits.Header()
    out.update(
        CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CTYPE3="AWAV", CRVAL1=150.0, CRVAL2=2.0,
        CRVAL3=5000.0, CRPIX1=1.0, CRPIX2=1.0, CRPIX3=1.0, CDELT1=-1e-4, CDELT2=1e-4, CDELT3=2.0,
        CUNIT1="deg", CUNIT2="deg", CUNIT3="Angstrom",
    )  # fmt: skip
    out.update(cards)
    return out
