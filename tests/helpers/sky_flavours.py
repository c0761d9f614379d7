"""More small FITS cubes as pipelines write them: odd names, tables, frames and masks."""

import numpy as np
from astropy.io import fits

from tests.helpers.flavours import FLUX, NOISE, hdus, matrix, one, sky

AIR = {"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRVAL3": 5790.0, "CD3_3": 0.5}


def weave(folder):
    wcs = matrix(**AIR)
    return hdus(
        folder / "stackcube.fits",
        ("RED_DATA", FLUX, wcs),
        ("RED_IVAR", NOISE**-2, wcs),
        ("RED_DATA_NOSS", FLUX + 9, wcs),
        ("RED_IVAR_NOSS", NOISE**-2 / 4, wcs),
        ("RED_SENSFUNC", np.ones(8), None),
        INSTRUME="WEAVE",
    )


def pypeit(folder):
    wcs = matrix(**{**AIR, "CTYPE3": "WAVE"})
    wcs["FLUXUNIT"] = "10^-17 erg/s/cm^2/Ang/arcsec^2"
    parts = [("FLUX", FLUX, wcs), ("SIG", NOISE, wcs), ("BPM", (NOISE > 0.9).astype("u1"), wcs)]
    return hdus(folder / "spec3d.fits", *parts, ("WAVE", 5790 + 0.5 * np.arange(8), None))


def spire(folder):
    wcs = matrix(CTYPE3="Frequency&", CUNIT3="GHz", CRVAL3=446.7, CD3_3=0.3)
    wcs["BUNIT"] = "W m-2 Hz-1 sr-1"
    parts = [("image", FLUX, wcs), ("error", NOISE, wcs), ("coverage", FLUX, wcs)]
    flag = ("flag", np.zeros(FLUX.shape, "i4"), None)
    return hdus(folder / "spire.fits", *parts, flag, INSTRUME="SPIRE")


def manga_analysis(folder):
    wcs = sky(CTYPE3="WAVE-LOG", CUNIT3="m", CRVAL3=3.6216e-7, CDELT3=8.339e-11)
    mask = np.zeros(FLUX.shape, "i4")
    mask[4, 2, 2], mask[5, 2, 2] = 4, 64
    names = {"MASKNAME": "MANGA_DAPSPECMASK", "INSTRUME": "MaNGA"}
    parts = [("FLUX", FLUX, wcs), ("IVAR", NOISE**-2, wcs), ("MASK", mask, wcs)]
    return hdus(
        folder / "dap.fits", *parts, ("MODEL", FLUX, wcs), ("MODEL_MASK", mask, wcs), **names
    )


def fermi(folder):
    names = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CTYPE3": "photon energy"}
    header = sky(**names, CUNIT3="MeV", CRVAL3=50.0, CDELT3=0.36, BUNIT="ph cm-2 s-1 MeV-1 sr-1")
    column = fits.Column("Energy", "D", unit="MeV", array=np.geomspace(50, 5e4, 8))
    table = fits.BinTableHDU.from_columns([column], name="ENERGIES")
    path = folder / "diffuse.fits"
    fits.HDUList([fits.PrimaryHDU(FLUX, header), table]).writeto(path)
    return path


def aips(folder):
    header = sky(CTYPE3="VELO-HEL", CRVAL3=250000.0, CDELT3=-2576.4, VELREF=2, BUNIT="JY/BEAM")
    header.update(EPOCH=1950.0, RESTFREQ=1.420405752e9)
    header.add_history("AIPS   CLEAN BMAJ=  3.8158E-03 BMIN=  3.4928E-03 BPA= -40.24")
    return one(folder / "aips.fits", FLUX, header)


def iraf(folder):
    header = matrix(CTYPE3="LINEAR", CRVAL3=3.5563, CD3_3=1e-4)
    header["DC-FLAG"] = 1
    header["WAT3_001"] = "wtype=linear label=Wavelength units=Angstroms"
    return one(folder / "iraf.fits", FLUX, header)


def faraday(folder):
    header = sky(CTYPE3="FDEP", CUNIT3="rad/m^2", CRVAL3=-1.0, CDELT3=0.25, BUNIT="Jy/beam")
    return one(folder / "fdf.fits", FLUX, header)


def all_sky(folder):
    names = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRPIX1": 1.0}
    names |= {"CRVAL1": 0.0, "CRVAL2": 0.0}
    header = sky(CTYPE3="VRAD", CRVAL3=-30.0, CDELT3=3.0, BUNIT="K")
    header.update(names, CDELT1=50.0, CDELT2=25.0)
    return one(folder / "allsky.fits", FLUX, header)


def pacs(folder):
    column = fits.Column("Wavelength", "D", unit="um", array=65.12 + 0.29 * np.arange(8) ** 1.1)
    table = fits.BinTableHDU.from_columns([column], name="WAVELENGTH")
    path = folder / "pacs.fits"
    fits.HDUList([fits.PrimaryHDU(FLUX, sky(BUNIT="Jy/pixel")), table]).writeto(path)
    return path


def log_unit(folder):
    header = matrix(CTYPE3="WAVE", CUNIT3="log(Angstrom)", CRVAL3=3.5563, CD3_3=1e-4)
    return one(folder / "loglam.fits", FLUX, header)


def frame_in_the_type(folder):
    header = sky(CTYPE3="VRAD-LSRK", CUNIT3="km/s", CRVAL3=1000.0, CDELT3=1.0, BUNIT="K")
    return one(folder / "lsrk.fits", FLUX, header)


def flat(folder):
    names = {"CTYPE1": "GLON-FLT", "CTYPE2": "GLAT-FLT", "CRVAL1": 120.0, "CRVAL2": 0.0}
    header = sky(CTYPE3="VELO-LSR", CRVAL3=-60000.0, CDELT3=-824.46, BUNIT="K")
    header.update(names)
    return one(folder / "flt.fits", FLUX, header)


def misspelt(folder):
    header = sky(CTYPE3="FREQ", CUNIT3="Hz", CRVAL3=1.42e9, CDELT3=1e4)
    header.update(CTYPE1="RA-TAN", CTYPE2="DEC-TAN")
    return one(folder / "ratan.fits", FLUX, header)


def osiris_quality(folder):
    wcs = matrix(**AIR)
    nine = np.full(FLUX.shape, 9, "u1")
    parts = [("SCI", FLUX, wcs), ("NOISE", NOISE, wcs), ("QUALITY", nine, wcs)]
    return hdus(folder / "osiris.fits", *parts, INSTRUME="OSIRIS")


MORE = (
    ("WEAVE, one arm", weave),
    ("PypeIt", pypeit),
    ("Herschel SPIRE", spire),
    ("MaNGA analysis cube", manga_analysis),
    ("Fermi, energies in a table", fermi),
    ("AIPS, beam in HISTORY, FK4", aips),
    ("IRAF, logarithms of wavelength", iraf),
    ("Faraday depth", faraday),
    ("All the sky from l = 0, no unit of velocity", all_sky),
    ("Wavelengths in a table of their own", pacs),
    ("Logarithms by their unit", log_unit),
    ("Frame of velocity in the type", frame_in_the_type),
    ("Projection nobody knows", flat),
    ("Sky axes misspelt", misspelt),
    ("OSIRIS with quality", osiris_quality),
)
