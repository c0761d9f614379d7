"""Small spectra as surveys and pipelines write them, all holding the same planted values."""

import numpy as np
from astropy.io import fits
from astropy.table import Table

N, BAD = 200, 7
LOGLAM = 3.6 + 1e-4 * np.arange(N)
WAVE = 10**LOGLAM
FLUX = (5 + 0.01 * np.arange(N) + 3 * np.exp(-0.5 * ((np.arange(N) - 120) / 3) ** 2)).astype("f4")
SIGMA = (0.1 + 0.001 * np.arange(N)).astype("f4")
IVAR = np.where(np.arange(N) == BAD, 0, SIGMA**-2.0)
FLAGS = (np.arange(N) == BAD).astype("i4")


def _table(folder, name, columns, extname="", units=(), **cards):
    given = [
        fits.Column(key, form, array=array, unit=dict(units).get(key))
        for key, form, array in columns
    ]
    table = fits.BinTableHDU.from_columns(given, name=extname)
    primary = fits.PrimaryHDU()
    primary.header.update(cards)
    return _save(folder / name, [primary, table])


def _save(path, hdus):
    fits.HDUList(hdus).writeto(path)
    return path


def _linear(**cards):
    return fits.Header({"CTYPE1": "LINEAR", "CRVAL1": 3.6, "CD1_1": 1e-4, "CRPIX1": 1.0,
                        "DC-FLAG": 1, **cards})  # fmt: skip


def sdss_spec(folder):
    columns = [("flux", "E", FLUX), ("loglam", "E", LOGLAM), ("ivar", "E", IVAR),
               ("and_mask", "J", FLAGS), ("model", "E", FLUX)]  # fmt: skip
    return _table(folder, "spec-1.fits", columns, "COADD", TELESCOP="SDSS 2.5-M", VACUUM=True,
                  BUNIT="1E-17 erg/cm^2/s/Ang")  # fmt: skip


def sdss_spspec(folder):
    sigma = np.where(FLAGS, 0, SIGMA)
    rows = np.stack([FLUX, FLUX - 5, sigma, FLAGS, FLUX]).astype("f4")
    header = _linear(TELESCOP="SDSS 2.5-M", VACUUM=1, BUNIT="1.0E-17 erg/cm/s/Ang")
    header["WAT1_001"] = "wtype=linear label=Wavelength units=Angstroms"
    return _save(folder / "spSpec-1.fit", [fits.PrimaryHDU(rows, header)])


def lamost(folder):
    rows = np.stack([FLUX, IVAR, WAVE, FLAGS, FLAGS]).astype("f8")
    return _save(folder / "lamost.fits", [
        fits.PrimaryHDU(rows, _linear(TELESCOP="LAMOST", VACUUM="T"))
    ])  # fmt: skip


def lamost_table(folder):
    columns = [(name, f"{N}{form}", array[None]) for name, form, array in (
        ("FLUX", "E", FLUX), ("IVAR", "E", IVAR), ("WAVELENGTH", "D", WAVE),
        ("ANDMASK", "E", FLAGS), ("ORMASK", "E", FLAGS))]  # fmt: skip
    return _table(folder, "lamost8.fits", columns, "COADD", TELESCOP="LAMOST")


def desi(folder):
    parts = [fits.PrimaryHDU()]
    # The arms share twenty channels, each measured with half the weight in either.
    half = np.where((np.arange(N) >= 90) & (np.arange(N) < 110), 0.5, 1.0)
    for arm, where in (("B", slice(0, 110)), ("R", slice(90, N))):
        parts += [
            fits.ImageHDU(WAVE[where], name=f"{arm}_WAVELENGTH"),
            fits.ImageHDU(np.stack([FLUX, FLUX + 9])[:, where], name=f"{arm}_FLUX"),
            fits.ImageHDU(np.stack([IVAR * half] * 2)[:, where], name=f"{arm}_IVAR"),
            fits.ImageHDU(np.stack([FLAGS] * 2)[:, where], name=f"{arm}_MASK"),
            fits.ImageHDU(np.zeros((2, 5, len(WAVE[where])), "f4"), name=f"{arm}_RESOLUTION"),
        ]
    parts[2].header["BUNIT"] = "10**-17 erg/(s cm2 Angstrom)"
    column = fits.Column("TARGETID", "K", array=np.array([39627, 39628]))
    return _save(folder / "coadd.fits", [
        *parts, fits.BinTableHDU.from_columns([column], name="FIBERMAP")
    ])  # fmt: skip


def sixdf(folder):
    variance = np.where(FLAGS, 0, SIGMA**2)
    rows = np.stack([FLUX, variance, FLUX, WAVE])
    return _save(folder / "6df.fits", [
        fits.PrimaryHDU(), fits.ImageHDU(rows, name="SPECTRUM VR")
    ])  # fmt: skip


def mpdaf(folder):
    header = fits.Header({"CTYPE1": "WAVE-TAB", "CUNIT1": "Angstrom"})
    header = fits.Header({"CTYPE1": "AWAV", "CUNIT1": "Angstrom", "CRVAL1": WAVE[0],
                          "CDELT1": 1.0, "CRPIX1": 1.0})  # fmt: skip
    return _save(folder / "muse.fits", [
        fits.PrimaryHDU(),
        fits.ImageHDU(FLUX, header, name="DATA"),
        fits.ImageHDU(SIGMA**2, header, name="STAT"),
        fits.ImageHDU(FLAGS, header, name="DQ"),
    ])  # fmt: skip


def xshooter(folder):
    columns = [(name, f"{N}{form}", array[None]) for name, form, array in (
        ("WAVE", "D", WAVE / 10), ("FLUX", "D", FLUX), ("ERR", "D", SIGMA),
        ("QUAL", "J", FLAGS), ("SNR", "D", FLUX / SIGMA), ("FLUX_REDUCED", "D", FLUX + 1),
        ("ERR_REDUCED", "D", SIGMA + 1))]  # fmt: skip
    units = {"WAVE": "nm", "FLUX": "erg cm-2 s-1 Angstrom-1", "ERR": "erg cm-2 s-1 Angstrom-1"}
    return _table(folder, "xs.fits", columns, "SPECTRUM", units.items(), INSTRUME="XSHOOTER")


def iraf(folder):
    sigma = np.where(FLAGS, 0, SIGMA)
    rows = np.stack([FLUX, FLUX + 1, FLUX * 0, sigma]).astype("f4")[:, None]
    header = _linear(WAT0_001="system=multispec", BUNIT="erg/cm2/s/A")
    header["WAT1_001"] = "wtype=linear label=Wavelength units=Angstroms"
    bands = (
        "spectrum - background fit, weights variance, clean no",
        "raw - background fit, weights none",
        "background - background fit",
        "sigma - of",
    )
    for number, band in enumerate(bands, start=1):
        header[f"BANDID{number}"] = band
    return _save(folder / "apall.fits", [fits.PrimaryHDU(rows, header)])


def _columns():
    return Table({"wavelength": WAVE, "flux": FLUX, "err": np.where(FLAGS, np.nan, SIGMA)},
                 units={"wavelength": "Angstrom", "flux": "erg / (s cm2 Angstrom)"})  # fmt: skip


def ecsv(folder):
    _columns().write(folder / "one.ecsv", format="ascii.ecsv")
    return folder / "one.ecsv"


def votable(folder):
    _columns().write(folder / "one.vot", format="votable")
    return folder / "one.vot"


def comma_separated(folder):
    lines = ["wavelength [nm],flux (Jy),flux_err"]
    lines += [
        f"{w / 10!r},{f!r},{s!r}"
        for w, f, s in zip(
            WAVE.tolist(), FLUX.tolist(), np.where(FLAGS, 0, SIGMA).tolist(), strict=True
        )
    ]
    (folder / "one.csv").write_text("\n".join(lines))
    return folder / "one.csv"


def numbers(folder):
    np.savetxt(folder / "one.dat", np.stack([WAVE, FLUX, np.where(FLAGS, 0, SIGMA)], 1))
    return folder / "one.dat"


SPECTRA = (
    ("SDSS spec", sdss_spec),
    ("SDSS spSpec", sdss_spspec),
    ("LAMOST", lamost),
    ("LAMOST, a table", lamost_table),
    ("DESI coadd, two targets", desi),
    ("6dF", sixdf),
    ("MUSE spectrum (MPDAF)", mpdaf),
    ("X-shooter", xshooter),
    ("IRAF, bands of apall", iraf),
    ("Spectrum, ECSV", ecsv),
    ("Spectrum, VOTable", votable),
    ("Spectrum, CSV", comma_separated),
    ("Spectrum, columns of numbers", numbers),
)
