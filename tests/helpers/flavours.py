"""Small files as the pipelines and cameras write them, for flavours of which no real file is here.

Each function writes one file or folder and returns what to open. Layouts from the pipelines' own
manuals; numbers are planted.
"""

import zipfile

import numpy as np
from astropy.io import fits
from nibabel import Nifti1Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from tests.io.dicom.nm_files import coded, nm, truth
from tests.io.dicom.nm_files import write as save_dicom
from tests.io.dicom.volume_files import enhanced, single

RNG = np.random.default_rng(9)
FLUX = RNG.normal(10, 1, (8, 6, 7)).astype(np.float32)
NOISE = RNG.uniform(0.5, 1, FLUX.shape).astype(np.float32)


def sky(**cards):
    """Return a header with a sky of 0.2 arcsec and a third axis as given."""
    header = fits.Header()
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CUNIT1="deg", CUNIT2="deg")
    header.update(CRVAL1=150.1, CRVAL2=2.2, CRPIX1=4.0, CRPIX2=3.0)
    header.update(CDELT1=-5.6e-5, CDELT2=5.6e-5, CRPIX3=1.0)
    header.update(cards)
    return header


def matrix(**cards):
    """Return the same header with a CD matrix for the sky."""
    header = sky(**cards)
    for key in ("CDELT1", "CDELT2"):
        header[key.replace("CDELT", "CD") + "_" + key[-1]] = header.pop(key)
    return header


def hdus(path, *parts, **primary):
    """Write an empty primary with these cards, and named images."""
    first = fits.PrimaryHDU(header=fits.Header(primary))
    images = [fits.ImageHDU(data, header, name=name) for name, data, header in parts]
    fits.HDUList([first, *images]).writeto(path)
    return path


def one(path, data, header, **cards):
    """Write a cube into the primary."""
    header = header.copy()
    header.update(cards)
    fits.PrimaryHDU(data, header).writeto(path)
    return path


def manga(folder):
    wcs = matrix(CTYPE3="WAVE-LOG", CUNIT3="Angstrom", CRVAL3=3621.6, CD3_3=0.834)
    wave = 3621.6 * np.exp(0.834 / 3621.6 * np.arange(8))
    flux = wcs.copy()
    flux["BUNIT"] = "1E-17 erg/s/cm^2/Ang/spaxel"
    return hdus(
        folder / "manga-7443-12703-LOGCUBE.fits",
        ("FLUX", FLUX, flux),
        ("IVAR", NOISE**-2, wcs),
        ("MASK", np.where(NOISE > 0.9, 1 << 10, 1).astype(np.int32), wcs),
        ("WAVE", wave, None),
        ("SPECRES", wave, None),
        TELESCOP="SDSS 2.5-M",
        INSTRUME="MaNGA",
    )


def sami(folder):
    wcs = sky(CTYPE3="AWAV", CUNIT3="Angstrom", CRVAL3=3700.0, CDELT3=1.05)
    wcs.update(BUNIT="10**(-16) erg /s /cm**2 /angstrom /pixel", INSTRUME="AAOMEGA-SAMI")
    path = one(folder / "sami_blue.fits", FLUX, wcs)
    for name, data in (
        ("VARIANCE", NOISE),
        ("WEIGHT", NOISE),
        ("COVAR", np.zeros((2, 3, 3, 6, 7), np.float32)),
    ):
        fits.append(path, data, fits.Header({"EXTNAME": name}))
    return path


def califa(folder):
    header = fits.Header({"CRVAL3": 3745.0, "CDELT3": 2.0, "CRPIX3": 1.0, "INSTRUME": "PMAS"})
    header.update(BUNIT="1e-16 erg/s/cm^2/AA")
    path = one(folder / "califa.V500.rscube.fits", FLUX, header)
    fits.append(path, NOISE, fits.Header({"EXTNAME": "ERROR"}))
    fits.append(path, NOISE, fits.Header({"EXTNAME": "ERRWEIGHT"}))
    fits.append(path, (NOISE > 0.9).astype(np.int16), fits.Header({"EXTNAME": "BADPIX"}))
    return path


def kmos(folder):
    wcs = matrix(CTYPE3="WAVE", CUNIT3="um", CRVAL3=1.92, CD3_3=2.1e-4)
    parts = []
    for unit in (2, 7):
        parts += [(f"IFU.{unit}.DATA", FLUX * unit, wcs), (f"IFU.{unit}.NOISE", NOISE, wcs)]
    return hdus(folder / "kmos.fits", *parts, INSTRUME="KMOS", TELESCOP="ESO-VLT-U1")


def kcwi(folder):
    wcs = matrix(CTYPE3="AWAV", CUNIT3="Angstrom", CRVAL3=3500.0, CD3_3=0.5, BUNIT="FLAM16")
    wcs.update(CD1_1=-1.9e-4, INSTRUME="KCWI")
    path = one(folder / "kb180101_00010_icubes.fits", FLUX, wcs)
    one(folder / "kb180101_00010_vcubes.fits", NOISE, wcs)
    one(folder / "kb180101_00010_mcubes.fits", (NOISE > 0.9).astype(np.uint8), wcs)
    return path


def osiris(folder):
    header = fits.Header({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": "2173.0", "CDELT1": 0.25})
    header.update(CRPIX1=1, CTYPE2="RA---TAN", CTYPE3="DEC--TAN", CRVAL2=83.8, CRVAL3=-5.4)
    header.update(CRPIX2=4, CRPIX3=3, CDELT2=-1.4e-5, CDELT3=1.4e-5, CUNIT2="deg", CUNIT3="deg")
    header["INSTRUME"] = "OSIRIS"
    path = one(folder / "s180101_a010001_Kn3_050.fits", FLUX.transpose(1, 2, 0), header)
    fits.append(path, NOISE.transpose(1, 2, 0), fits.Header({"EXTNAME": "NOISE"}))
    return path


def sinfoni(folder):
    wcs = matrix(CTYPE3="WAVE", CUNIT3="MICRON", CRVAL3=1.95, CDELT3=2.45e-4)
    return one(folder / "out_cube_obj00.fits", FLUX, wcs, INSTRUME="SINFONI", BUNIT="ADU")


def gmos(folder):
    header = sky(CTYPE3="LAMBDA", CRVAL3=4200.0, CDELT3=0.9)
    parts = (("SCI", FLUX, header), ("VAR", NOISE, None), ("DQ", (NOISE > 0.9) * 1, None))
    return hdus(folder / "gmos.fits", *parts, INSTRUME="GMOS-N", TELESCOP="Gemini-North")


def _jwst(folder, name, sci, *more):
    parts = (("SCI", FLUX, sci), ("ERR", NOISE, None), ("DQ", (NOISE > 0.9) * 513, None))
    parts += (("WMAP", NOISE, None),)
    primary = {"TELESCOP": "JWST", "INSTRUME": "NIRSPEC"}
    path = hdus(folder / name, *parts, **primary)
    for table in more:
        with fits.open(path, mode="append") as file:
            file.append(table)
    return path


def jwst(folder):
    wcs = sky(CTYPE3="WAVE", CUNIT3="um", CRVAL3=0.97, CDELT3=6.4e-4, BUNIT="MJy/sr")
    return _jwst(folder, "jw01_nirspec_g140m_s3d.fits", wcs)


def jwst_table(folder):
    wcs = sky(CTYPE3="WAVE-TAB", CUNIT3="um", CRVAL3=1.0, CDELT3=1.0, BUNIT="MJy/sr")
    wcs.update(PS3_0="WCS-TABLE", PS3_1="wavelength")
    waves = np.linspace(0.6, 5.3, 8) ** 1.1
    column = fits.Column("wavelength", "8D", array=[waves], dim="(1,8)", unit="um")
    table = fits.BinTableHDU.from_columns([column], name="WCS-TABLE")
    return _jwst(folder, "jw01_nirspec_prism_s3d.fits", wcs, table)


def casa(folder):
    header = sky(CTYPE3="FREQ", CUNIT3="Hz", CRVAL3=2.305e11, CDELT3=-4.8e5, RESTFRQ=2.30538e11)
    header.update(CTYPE4="STOKES", CRVAL4=1.0, CDELT4=1.0, CRPIX4=1.0, BUNIT="Jy/beam")
    header.update(CASAMBM=True, SPECSYS="LSRK", VELREF=257, TELESCOP="ALMA", ORIGIN="CASA 6.4")
    path = one(folder / "alma_stokes.fits", np.stack([FLUX, FLUX / 9]), header)
    beams = [
        fits.Column("BMAJ", "1E", "arcsec", array=np.linspace(1.5, 1.6, 8)),
        fits.Column("BMIN", "1E", "arcsec", array=np.linspace(1.0, 1.1, 8)),
        fits.Column("BPA", "1E", "deg", array=np.full(8, 30.0)),
    ]
    table = fits.BinTableHDU.from_columns(beams, name="BEAMS")
    with fits.open(path, mode="append") as file:
        file.append(table)
    return path


def _velocity(code, **cards):
    def made(folder):
        header = sky(CTYPE3=code, CRVAL3=1.2e6, CDELT3=-5.2e3, RESTFRQ=1.420405752e9)
        header.update(BUNIT="JY/BEAM", BMAJ=0.01, BMIN=0.01, BPA=0.0, TELESCOP="ATCA", **cards)
        return one(folder / f"{code}.fits", FLUX, header)

    return made


vrad = _velocity("VRAD", CUNIT3="m/s", SPECSYS="LSRK")
vopt = _velocity("VOPT", CUNIT3="m/s", SPECSYS="BARYCENT")
velo_lsr = _velocity("VELO-LSR", VELREF=257)
felo_hel = _velocity("FELO-HEL")


def scaled(folder):
    header = sky(CTYPE3="VRAD", CUNIT3="km/s", CRVAL3=-300.0, CDELT3=1.3, ORIGIN="HI4PI")
    header.update(BSCALE=0.01, BZERO=5.0, BLANK=-32768, BUNIT="K")
    stored = (FLUX * 100).astype(np.int16)
    stored[:, 0] = -32768
    image = fits.PrimaryHDU(np.zeros_like(stored), header)
    image.data = stored
    image.header.update(BSCALE=0.01, BZERO=5.0, BLANK=-32768)
    image.writeto(folder / "hi.fits")
    return folder / "hi.fits"


def tiled(folder):
    wcs = matrix(CTYPE3="AWAV", CUNIT3="Angstrom", CRVAL3=4750.0, CD3_3=1.25)
    stored = (FLUX * 100).astype(np.int16)
    image = fits.CompImageHDU(stored, wcs, name="DATA", tile_shape=(3, 2, 7))
    primary = fits.PrimaryHDU(header=fits.Header({"INSTRUME": "MUSE"}))
    fits.HDUList([primary, image]).writeto(folder / "muse.fits.fz")
    return folder / "muse.fits.fz"


def _nm(name, **changes):
    def made(folder):
        ds = nm(Manufacturer="CAMERAS", ManufacturerModelName="ONE", **changes)
        return save_dicom(ds, folder / name)

    return made


def gated(folder):
    ds = nm(slots=4, Manufacturer="CAMERAS", ManufacturerModelName="ONE")
    return save_dicom(ds, folder / "gated.dcm")


windows = _nm(
    "windows.dcm",
    stored=truth(2),
    SliceVector=[1, 2, 3, 4, 5] * 2,
    EnergyWindowVector=[1] * 5 + [2] * 5,
)
bare = _nm("bare.dcm", SpacingBetweenSlices=None, SliceThickness=None, PixelSpacing=None)


def mapped(folder):
    item = Dataset()
    item.RealWorldValueSlope, item.RealWorldValueIntercept = 2.5, 0.0
    item.MeasurementUnitsCodeSequence = coded("Bq/ml", "UCUM", "becquerel per millilitre")
    ds = nm(RealWorldValueMappingSequence=Sequence([item]))
    return save_dicom(ds, folder / "quantitative.dcm")


def _planar(kind, **vectors):
    def made(folder):
        gone = {"SliceVector": None, "NumberOfSlices": None, "SpacingBetweenSlices": None}
        ds = nm(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"], stored=truth(2), **gone)
        for keyword, values in vectors.items():
            setattr(ds, keyword, values)
        return save_dicom(ds, folder / "planar.dcm")

    return made


gated_projections = _planar(
    "GATED TOMO", TimeSlotVector=[1] * 5 + [2] * 5, AngularViewVector=[1, 2, 3, 4, 5] * 2
)
gated_planar = _planar("GATED", TimeSlotVector=list(range(1, 11)))
dynamic = _planar("DYNAMIC", TimeSliceVector=list(range(1, 11)))


def _series(modality, places, **extra):
    def made(folder):
        series = generate_uid()
        for number, place in enumerate(places, 1):
            more = {key: value(number) for key, value in extra.items()}
            save_dicom(single(modality, number, place, series, **more), folder / f"{number}.dcm")
        return folder

    return made


pet = _series(
    "PT",
    [0, 4, 8, 12],
    RescaleSlope=lambda n: n,
    RescaleIntercept=lambda n: 0,
    Units=lambda n: "BQML",
)
gap = _series("CT", [12, 0, 8, 16], RescaleSlope=lambda n: 1, RescaleIntercept=lambda n: -1024)


padded = _series(
    "CT",
    [0, 4, 8],
    RescaleSlope=lambda n: 1,
    RescaleIntercept=lambda n: -1024,
    PixelPaddingValue=lambda n: 100,
)
timed = _series(
    "PT",
    [0, 4, 0, 4],
    AcquisitionTime=lambda n: f"10{(n - 1) // 2:02d}00",
    RescaleSlope=lambda n: 2,
    Units=lambda n: "BQML",
)


def a_file_a_slice(folder):
    for number in range(1, 6):
        ds = nm(stored=truth()[:, number - 1], SeriesInstanceUID="1.2.3.7", InstanceNumber=number)
        ds.StudyInstanceUID, ds.SliceVector = "1.2.3", number
        save_dicom(ds, folder / f"{number}.dcm")
    return folder


unnumbered = _nm("unnumbered.dcm", SliceVector=None, NumberOfSlices=None)
commas = _nm("commas.dcm")


def decimal_commas(folder):
    path = commas(folder)
    ds = dcmread(path)
    ds.add_new("PixelSpacing", "LO", ["4,25", "3,25"])
    ds.save_as(path)
    return path


def many_frames(folder):
    ds = single("PT", 1, 0.0, NumberOfFrames=3, RescaleSlope=12.5, Units="BQML")
    ds.SpacingBetweenSlices, ds.PixelData = 2.5, ds.PixelData * 3
    return save_dicom(ds, folder / "frames.dcm")


def capture(folder):
    ds = single("PT", 1, 0.0, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    return save_dicom(ds, folder / "capture.dcm")


def swapped(folder):
    """Write pixels in GE's own order of bytes, under a syntax of as many characters."""
    ds = nm(PixelData=truth().astype(">u2").tobytes())
    path = save_dicom(ds, folder / "swapped.dcm", ImplicitVRLittleEndian)
    own = (b"1.2.840.10008.1.2\0", b"1.2.840.113619.5.2")
    path.write_bytes(path.read_bytes().replace(*own))
    return path


def qform(folder):
    """Write a NIfTI volume whose sform is announced and empty."""
    image = Nifti1Image(np.zeros((5, 4, 3), np.int16), np.diag([3.0, 4.0, 5.0, 1.0]))
    image.set_qform(image.affine, code=1)
    path = folder / "empty_sform.nii"
    image.to_filename(path)
    content = bytearray(path.read_bytes())
    content[280:328] = bytes(48)
    path.write_bytes(content)
    return path


def tilted(folder):
    series = generate_uid()
    for number in range(1, 5):
        place = np.array((10.0, -20.0, 30.0)) + number * np.array((-4.0, 0.0, 1.0))
        ds = single("CT", number, 0, series, position=place)
        save_dicom(ds, folder / f"{number}.dcm")
    return folder


def enhanced_ct(folder):
    return save_dicom(enhanced("CT", [8, 0, 4]), folder / "enhanced.dcm")


def disc(folder):
    gap(folder)
    records = []
    for path in sorted(folder.glob("*.dcm")):
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", [path.name]
        records.append(record)
    index = Dataset()
    index.FileSetID = "DISC"
    index.SOPClassUID = "1.2.840.10008.1.3.10"
    index.SOPInstanceUID = generate_uid()
    index.DirectoryRecordSequence = Sequence(records)
    return save_dicom(index, folder / "DICOMDIR")


def zipped(folder):
    path = gated(folder)
    with zipfile.ZipFile(folder / "study.zip", "w") as archive:
        archive.write(path, "study/IM0001")
    path.unlink()
    return folder / "study.zip"


def no_preamble(folder):
    path = save_dicom(nm(), folder / "IM0001", ImplicitVRLittleEndian)
    content = path.read_bytes()
    # The data set alone, without preamble and file meta group.
    length = int.from_bytes(content[140:144], "little")
    path.write_bytes(content[144 + length :])
    return path


SIMULATED = (
    ("MaNGA LOGCUBE", manga),
    ("SAMI", sami),
    ("CALIFA", califa),
    ("KMOS, IFU chosen", kmos),
    ("KCWI with sibling files", kcwi),
    ("OSIRIS, wavelength first", osiris),
    ("SINFONI", sinfoni),
    ("GMOS, Gemini pipeline", gmos),
    ("JWST s3d", jwst),
    ("JWST s3d, WAVE-TAB", jwst_table),
    ("CASA, Stokes, beam table, falling frequency", casa),
    ("HI, VRAD", vrad),
    ("HI, VOPT", vopt),
    ("HI, VELO-LSR", velo_lsr),
    ("HI, FELO-HEL", felo_hel),
    ("HI, scaled integers with BLANK", scaled),
    ("Tile-compressed .fz", tiled),
    ("NM RECON GATED TOMO", gated),
    ("NM RECON TOMO, two energy windows", windows),
    ("NM RECON TOMO, real-world values", mapped),
    ("NM RECON TOMO without sizes", bare),
    ("NM GATED TOMO", gated_projections),
    ("NM GATED", gated_planar),
    ("NM DYNAMIC", dynamic),
    ("PET series, slope per slice", pet),
    ("CT series with a gap", gap),
    ("CT series, tilted gantry", tilted),
    ("Enhanced CT, frames out of order", enhanced_ct),
    ("NM RECON TOMO, a file a slice", a_file_a_slice),
    ("NM RECON TOMO that numbers no slices", unnumbered),
    ("NM RECON TOMO with decimal commas", decimal_commas),
    ("NM RECON TOMO in GE's private syntax", swapped),
    ("PET frames told apart by time", timed),
    ("PET, many frames, all said at the top", many_frames),
    ("PET capture", capture),
    ("CT series with padding", padded),
    ("NIfTI-1, sform empty", qform),
    ("DICOMDIR", disc),
    ("Zip archive", zipped),
    ("DICOM without preamble", no_preamble),
)
